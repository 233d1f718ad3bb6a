"""A run on data of somebody's own: what is scored, and what a reader of it must know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from brainbench.benchmarks import Benchmark, benchmarks_of
from brainbench.datasets import Behavior, Recording, list_datasets
from brainbench.datasets.own.read import load_own_folder
from brainbench.errors import DataError, UnknownNameError
from brainbench.models import LanguageModel, Model
from brainbench.paths import user_path
from brainbench.problems import Text
from brainbench.run.settings import Settings


def find_own(
    dataset: str | None, select: Mapping[str, Sequence[str]] | None = None
) -> Recording | None:
    """The dataset folder that ``--dataset`` names; None where it names one of brainbench's.

    Parameters
    ----------
    dataset : a name or a path; a name that there is comes first.
    select : of a folder, column → the labels that are kept.

    Raises
    ------
    UsageError, DataError
        When it is a path, and no finished dataset folder lies there.
    """
    if dataset is None or dataset in list_datasets():
        return None
    path = user_path(dataset)
    if not (path.is_dir() or len(Path(dataset).parts) > 1):
        return None
    return load_own_folder(path, select)


def choose_own(
    recording: Recording, patterns: Sequence[str] | None, settings: Settings
) -> tuple[list[Benchmark], tuple[str, ...]]:
    """Benchmarks of somebody's own recording, and why there are not more.

    Parameters
    ----------
    recording : the data.
    patterns : names or patterns (``*`` and ``?``); None for all that the data allow.
    settings : protocol and limit.

    Raises
    ------
    UnknownNameError
        When a pattern matches nothing.
    DataError
        When the data allow nothing.
    """
    allowed = benchmarks_of(recording, settings.protocol, settings.limit)
    name = recording.card.name
    if not allowed.benchmarks:
        raise DataError(f"nothing can be scored on {name}: " + "; ".join(allowed.lacking))
    known = [one.identifier for one in allowed.benchmarks]
    for pattern in patterns or ():
        if not any(fnmatchcase(one, pattern) for one in known):
            raise UnknownNameError("benchmark", pattern, known)
    chosen: list[Benchmark] = [
        one
        for one in allowed.benchmarks
        if patterns is None or any(fnmatchcase(one.identifier, each) for each in patterns)
    ]
    return chosen, tuple(f"{name}: {text}" for text in allowed.lacking)


def own_notes(dataset: Recording | Behavior, model: Model, settings: Settings) -> list[str]:
    """What a reader of scores on somebody's own data must know.

    Parameters
    ----------
    dataset : any dataset of the run; of brainbench's own there is nothing to say.
    model : that is scored.
    settings : of the run.
    """
    if not isinstance(dataset, Recording) or dataset.origin is None:
        return []
    origin = dataset.origin
    notes = [f"own data, from {origin.file}: nobody else can hold these scores against the people"]
    notes += origin.notes
    notes += [f"left out: {text}" for text in origin.left_out]
    if dataset.card.nuisance:
        named = ", ".join(dataset.card.nuisance)
        notes.append(f"{named}: on the ladder taken out on the rung of condition")
    if isinstance(dataset.problems[0], Text) and isinstance(model, LanguageModel):
        notes.append(
            "texts are read as they stand, each by itself: in no prompt, in no chat format"
        )
        if settings.options.prompt_template is not None:
            notes.append("--prompt-template: no effect, nothing is asked about texts")
    return notes


def own_options(datasets: Iterable[Recording | Behavior]) -> dict[str, Any]:
    """Entry of a record's ``config`` that says how somebody's own data were read; else nothing.

    Parameters
    ----------
    datasets : of the run.
    """
    origins = [one.origin for one in datasets if isinstance(one, Recording) and one.origin]
    return {"own": [list(pair) for one in origins for pair in one.options]} if origins else {}
