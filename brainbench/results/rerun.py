"""What makes a run again, from its record: as options by name, as a command, as a YAML file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from brainbench.guidance.options import EPOCHS, GUIDANCE_SUITES, SEEDS
from brainbench.guidance.shift_limit import SHIFT_LIMIT
from brainbench.models import ModelOptions
from brainbench.reasoning import TaskOptions
from brainbench.results.record import Record
from brainbench.results.wording import clip

# what a list of names is joined by, on the command line; of other lists each is an option
SEPARATORS = {"benchmarks": ",", "tasks": ",", "guidance_rois": ",", "nuisance": ",",
              "guidance_methods": ",", "guidance_forms": ",", "guidance_recipes": ",",
              "guidance_tests": ";", "guidance_arms": ";"}  # fmt: skip
# what is written as JSON there
AS_JSON = ("samples",)
_DEFAULTS: dict[str, Any] = {
    **vars(ModelOptions()),
    **vars(TaskOptions()),
    "protocol": "controlled",
    "seed": 0,
    "limit": None,
    "untrained_activations": None,
}


def rerun_options(record: Record) -> dict[str, Any] | None:
    """Options of ``brainbench evaluate`` that make the run again, by name; defaults left out.

    Parameters
    ----------
    record : of any run that was asked for with names.

    Returns
    -------
    Plain values, as ``--config`` reads them from YAML; None where the model, or the data, were
    objects in memory.
    """
    model, own = record.model, _own(record)
    if own is None or (model.source is None and not model.builtin):
        return None
    # nano is meant where none is named
    found: dict[str, Any] = {} if model.source is None else {"model": model.source}
    found |= own
    if record.benchmarks:
        found["benchmarks"] = list(record.benchmarks)
    tasks = record.config.get("tasks")
    if isinstance(tasks, list):
        found["tasks"] = [str(name) for name in tasks]
    found |= _guidance(record.config.get("guidance"))
    for name, value in _settings(record.config):
        if _plain(value) != _plain(_DEFAULTS.get(name, value)):
            found[name] = value
    return found


def rerun_command(record: Record) -> str | None:
    """``brainbench evaluate …``; None where the model, or the data, were objects in memory."""
    options = rerun_options(record)
    if options is None:
        return None
    words = [word for name, value in options.items() for word in option_words(name, value)]
    return clip(shlex.join(["brainbench", "evaluate", *words]), 4000)


def rerun_yaml(record: Record) -> str | None:
    """The same as a file for ``brainbench evaluate --config``."""
    options = rerun_options(record)
    if options is None:
        return None
    head = f"# brainbench evaluate --config FILE makes run {record.run_id} again\n"
    return head + yaml.safe_dump(options, sort_keys=False, allow_unicode=True, width=100)


def option_words(name: str, value: Any) -> list[str]:
    """An option as words of the command line; none where there is nothing to say.

    Parameters
    ----------
    name : of the option, with underscores.
    value : True for a flag; a list of names; a map of names to values; text or a number.
    """
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return [flag]
    if value is False and name == "fewshot_as_multiturn":
        return [f"--no-{flag[2:]}"]
    if isinstance(value, Mapping) and name in AS_JSON:
        return [flag, json.dumps(value)] if value else []
    if isinstance(value, Mapping):
        return (
            [flag, ",".join(f"{key}={_word(one)}" for key, one in value.items())] if value else []
        )
    if isinstance(value, list | tuple) and name in SEPARATORS:
        return [flag, SEPARATORS[name].join(map(str, value))] if value else []
    if isinstance(value, list | tuple):
        return [part for one in value for part in (flag, str(one))]
    return [] if value is False or value is None else [flag, str(value)]


def _word(value: Any) -> str:
    """As in ``do_sample=true``."""
    named = {True: "true", False: "false", None: "none"}
    return named[value] if value is None or isinstance(value, bool) else str(value)


def _own(record: Record) -> dict[str, Any] | None:
    """How somebody's own data were read; None where they were in memory."""
    if not any(dataset.own for dataset in record.datasets):
        return {}
    pairs = record.config.get("own")
    if not isinstance(pairs, list) or not pairs:
        return None
    found: dict[str, Any] = {}
    for flag, value in (map(str, pair[:2]) for pair in pairs if isinstance(pair, list)):
        name = flag.removeprefix("--").replace("-", "_")
        # one that may be given again
        found[name] = [*found.get(name, []), value] if name == "select" else value
    return found


def _settings(config: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Options that the command knows, those of the model too."""
    options = config.get("options")
    given = {**config, **(options if isinstance(options, Mapping) else {})}
    return [(name, given[name]) for name in _DEFAULTS if name in given]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _limit(limits: Sequence[Any]) -> str | None:
    """As the option takes it; runs from before there was one chose without."""
    limit = next(iter(limits), None)
    if limit == SHIFT_LIMIT:
        return None
    return f"{limit:g}" if isinstance(limit, float | int) else "none"


def _guidance(chosen: Any) -> dict[str, Any]:
    """The suite whose ways of guiding were tried, and how much of it."""
    if not isinstance(chosen, Mapping):
        return {}
    suites = {modes: suite for suite, modes in GUIDANCE_SUITES.items()}
    rois, tests, arms, methods = (
        [str(one) for one in found] if isinstance(found := chosen.get(name), list) else []
        for name in ("rois", "tests", "arms", "methods")
    )
    extents = chosen.get("extents")
    ways = {
        mode: extent
        for mode, extent in (extents.items() if isinstance(extents, Mapping) else ())
        if isinstance(extent, Mapping)
    }
    tiers = {str(extent.get("tier")) for extent in ways.values()}
    trained = ways.get("finetuning", {})
    epochs = trained.get("epochs")
    if epochs == EPOCHS.get(trained.get("tier")):  # type: ignore[arg-type]
        # of the published form they were asked for all the same
        epochs = trained.get("published_epochs")
    counts = [
        len(seeds)
        for extent in ways.values()
        if isinstance(seeds := extent.get("seeds"), list | tuple)
        and len(seeds) != SEEDS.get(extent.get("tier"))  # type: ignore[arg-type]
    ]
    found = {
        "suite": suites.get(tuple(ways), "guidance"),
        "dataset": chosen.get("dataset"),
        # the built-in model is steered in full, and trained in the reduced tier
        "tier": tiers.pop() if len(tiers) == 1 else None,
        "guidance_rois": rois,
        "guidance_tests": tests,
        "guidance_arms": arms,
        "guidance_methods": methods,
        "guidance_answers": chosen.get("answers"),
        "guidance_limit": _limit([extent.get("limit") for extent in ways.values()]),
        "guidance_forms": next((e["forms"] for e in ways.values() if e.get("forms")), None),
        "guidance_recipes": trained.get("recipes"),
        "seeds": next(iter(counts), None),
        "epochs": epochs,
    }
    return {name: value for name, value in found.items() if value}
