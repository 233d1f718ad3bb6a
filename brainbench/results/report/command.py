"""The command that makes a run again, from its record."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from brainbench.guidance.options import EPOCHS, GUIDANCE_SUITES
from brainbench.models import ModelOptions
from brainbench.reasoning import TaskOptions
from brainbench.results.record import Record
from brainbench.results.wording import clip

_DEFAULTS: dict[str, Any] = {
    **vars(ModelOptions()),
    **vars(TaskOptions()),
    "protocol": "controlled",
    "seed": 0,
    "limit": None,
    "untrained_activations": None,
}


def rerun_command(record: Record) -> str | None:
    """``brainbench evaluate …``; None where the model, or the data, were objects in memory."""
    model = record.model
    if model.source is None and not model.builtin:
        return None
    words = ["brainbench", "evaluate"]
    if model.source is not None:  # else nano, which is meant where none is named
        words += ["--model", model.source]
    own = _own(record)
    if own is None:
        return None
    words += own
    if record.benchmarks:
        words += ["--benchmarks", ",".join(record.benchmarks)]
    tasks = record.config.get("tasks")
    if isinstance(tasks, list):
        words += ["--tasks", ",".join(map(str, tasks))]
    words += _guidance(record.config.get("guidance"))
    for name, value in _settings(record.config):
        if value != _DEFAULTS.get(name, value):
            words += _flag(name, value)
    return clip(shlex.join(words), 4000)


def _own(record: Record) -> list[str] | None:
    """How somebody's own data were read; None where they were in memory."""
    if not any(dataset.own for dataset in record.datasets):
        return []
    pairs = record.config.get("own")
    if not isinstance(pairs, list) or not pairs:
        return None
    return [str(word) for pair in pairs if isinstance(pair, list) for word in pair[:2]]


def _settings(config: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Options that the command knows, those of the model too."""
    options = config.get("options")
    given = {**config, **(options if isinstance(options, Mapping) else {})}
    return [(name, given[name]) for name in _DEFAULTS if name in given]


def _guidance(chosen: Any) -> list[str]:
    """The suite whose ways of guiding were tried, and how much of it."""
    if not isinstance(chosen, Mapping):
        return []
    suites = {modes: suite for suite, modes in GUIDANCE_SUITES.items()}
    rois, tests, arms = (
        [str(one) for one in found] if isinstance(found := chosen.get(name), list) else []
        for name in ("rois", "tests", "arms")
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
        epochs = None
    words = ["--suite", suites.get(tuple(ways), "guidance")]
    for flag, value in (
        ("--dataset", chosen.get("dataset")),
        # the built-in model is steered in full, and trained in the reduced tier
        ("--tier", tiers.pop() if len(tiers) == 1 else None),
        ("--guidance-rois", ",".join(rois)),
        ("--guidance-tests", ";".join(tests)),
        ("--guidance-arms", ";".join(arms)),
        ("--epochs", epochs),
    ):
        words += [flag, str(value)] if value else []
    return words


def _flag(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return [flag]
    if isinstance(value, Mapping):
        return [flag, ",".join(f"{key}={one}" for key, one in value.items())] if value else []
    if isinstance(value, list | tuple):
        return [part for one in value for part in (flag, str(one))]
    return [] if value is False or value is None else [flag, str(value)]
