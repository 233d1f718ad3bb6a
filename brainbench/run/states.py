"""Reading a model out, and nothing else: what runs of it share lies in the cache afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brainbench.datasets import Recording
from brainbench.models import LanguageModel, Model
from brainbench.progress import Progress, no_progress
from brainbench.reasoning.backends import on_backend
from brainbench.run.evaluate import choose_benchmarks
from brainbench.run.inputs import (
    Readings,
    check_groups,
    check_model,
    load_data,
    load_models,
    read_model,
)
from brainbench.run.own_data import choose_own
from brainbench.run.record import loading_warnings
from brainbench.run.settings import Settings


def read_states(
    model: str | Path | Model | None = None,
    *,
    benchmarks: Sequence[str] | None = None,
    suite: str | None = None,
    dataset: str | None = None,
    own: Recording | None = None,
    settings: Settings | None = None,
    report: Progress = no_progress,
) -> Readings:
    """Read a model out on what :func:`.evaluate` with the same arguments would score.

    Parameters
    ----------
    model, benchmarks, suite, dataset, own, settings : as of :func:`.evaluate`.
    report : called as prompts are read.

    Returns
    -------
    States and answers, which the cache keeps too: whoever evaluates the model on the same data
    afterwards needs no weights for them.

    Raises
    ------
    BrainbenchError
        As :func:`.evaluate` does before anything is scored.
    """
    chosen = settings or Settings()
    scored, untrained = load_models(model, chosen, report)
    if own is not None:
        wanted, _ = choose_own(own, benchmarks, chosen)
    else:
        wanted = choose_benchmarks(scored, benchmarks, suite, dataset, chosen.protocol)
    check_model(scored, wanted)
    data = load_data(wanted, chosen.limit)
    check_groups(wanted, scored, data, chosen.limit)
    scored = on_backend(scored, chosen.task_options, chosen.seed)
    try:
        readings = read_model(scored, data, untrained)
        loading_warnings(scored, chosen)  # kept with the states: a run asks for them too
    finally:
        if isinstance(scored, LanguageModel):
            scored.close()
    return readings
