"""``brainbench evaluate --suite guidance --plan``."""

from __future__ import annotations

from dataclasses import replace

from brainbench.calibration.guidance_plan import read_summary, render_plan
from brainbench.cli.console import stdout
from brainbench.errors import UsageError
from brainbench.guidance.options import GUIDANCE_SUITES, SEEDS, GuidanceOptions
from brainbench.models import load_model
from brainbench.run import Settings

GAIN = 0.05


def check_plan(plan: bool, gain: float | None, suite: str | None) -> None:
    """Refuse options of a plan that do not go together.

    Parameters
    ----------
    plan : whether one was asked for.
    gain : that is to be found, if it was given.
    suite : name of the suite.

    Raises
    ------
    UsageError
        Of ``--gain`` without ``--plan``, of a gain that is none, and of another suite.
    """
    if gain is not None and not plan:
        raise UsageError("--gain goes with --plan: what is found is not chosen")
    if gain is not None and not 0.0 < gain < 1.0:
        raise UsageError(f"--gain is a difference of two AUC, above 0 and below 1, not {gain:g}")
    if plan and suite not in GUIDANCE_SUITES:
        raise UsageError(f"--plan goes with --suite {', '.join(GUIDANCE_SUITES)}")


def print_plan(
    model: str | None,
    suite: str,
    dataset: str | None,
    guiding: GuidanceOptions,
    settings: Settings,
    gain: float | None,
) -> None:
    """Print what each tier could find, and how long it takes. Nothing is run.

    Parameters
    ----------
    model : as of ``--model``; the built-in one by default.
    suite : of guidance.
    dataset : whose people guide.
    guiding : options of guidance.
    settings : of the run; how the model is opened.
    gain : in AUC, that is to be found.
    """
    from brainbench.run.guidance_plan import plan_seconds

    options = replace(guiding, modes=GUIDANCE_SUITES[suite], dataset=dataset)
    seconds = plan_seconds(options, load_model(model or "nano", settings.options), settings)
    seeds = SEEDS if options.seeds is None else dict.fromkeys(SEEDS, options.seeds)
    stdout.print(render_plan(read_summary(), GAIN if gain is None else gain, seconds, seeds))
