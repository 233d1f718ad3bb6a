"""What a run works on: the datasets of its benchmarks, and what the model gives for them."""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from brainbench.benchmarks import (
    AlignmentBenchmark,
    BehaviorBenchmark,
    Benchmark,
    ControlledBenchmark,
    PluggedBenchmark,
    untrained_twins,
)
from brainbench.benchmarks.cell import prepare_cell
from brainbench.benchmarks.controlled.cell import ControlledCell
from brainbench.datasets import Behavior, Recording, load_behavior, load_recording
from brainbench.datasets.cards import plugged_datasets
from brainbench.errors import DataError
from brainbench.models import Activations, Answers, Model, read_activations, read_answers

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Datasets by name.

    Attributes
    ----------
    recordings : those whose brain responses are predicted, with the ROIs that are scored.
    behaviors : those whose answers are compared, with the items that are asked.
    others : those of plugins that plugins' own benchmarks alone are of; they read them themselves.
    """

    recordings: dict[str, Recording]
    behaviors: dict[str, Behavior]
    others: dict[str, Recording] = field(default_factory=dict)

    @property
    def datasets(self) -> dict[str, Recording | Behavior]:
        """Each dataset once, whatever it is used for."""
        return {**self.behaviors, **self.recordings, **self.others}


@dataclass(frozen=True)
class Readings:
    """What a model gave, by dataset: states for recordings, answers for behaviour.

    ``untrained`` holds states of untrained networks of its shape, or why there are none;
    only where the controlled protocol asks for them.
    """

    states: dict[str, Activations]
    answers: dict[str, Answers]
    untrained: dict[str, list[Activations] | str]

    @property
    def warnings(self) -> list[str]:
        """What it said of them, each once."""
        read: list[Activations | Answers] = [*self.states.values(), *self.answers.values()]
        return list(dict.fromkeys(text for one in read for text in one.warnings))


def check_model(model: Model, benchmarks: Sequence[Benchmark]) -> None:
    """Raise ``UsageError``, before anything is fetched, when answers are needed and not given."""
    needed = any(isinstance(benchmark, BehaviorBenchmark) for benchmark in benchmarks)
    if needed and "answer" not in dir(model):
        read_answers(model, ())  # it says why


def load_data(benchmarks: Sequence[Benchmark], limit: int | None) -> Data:
    """Load every dataset once; of behaviour only the items of the benchmarks, up to the limit."""
    rois: dict[str, dict[str, None]] = {}
    types: dict[str, dict[str, None]] = {}
    for benchmark in benchmarks:
        if isinstance(benchmark, AlignmentBenchmark | ControlledBenchmark):
            rois.setdefault(benchmark.dataset, {})[benchmark.roi] = None
        elif isinstance(benchmark, BehaviorBenchmark):
            types.setdefault(benchmark.dataset, {}).update(dict.fromkeys(benchmark.reasoning_types))

    def progress(path: str, number: int, count: int) -> None:
        if number == 1:
            _LOG.info("checking %d files of the dataset", count)

    plugged = {b.dataset for b in benchmarks if isinstance(b, PluggedBenchmark)}
    others = sorted(plugged & plugged_datasets().keys() - rois.keys())
    return Data(
        {name: load_recording(name, tuple(areas), None, progress) for name, areas in rois.items()},
        {
            name: load_behavior(name, None, progress).select(tuple(asked), limit)
            for name, asked in types.items()
        },
        {name: load_recording(name, None, None, progress) for name in others},
    )


@contextlib.contextmanager
def limit_told(limit: int | None) -> Iterator[None]:
    """Name the limit in an error, for it may be why there are too few items or runs."""
    try:
        yield
    except DataError as error:
        if limit is None:
            raise
        raise DataError(f"{error} (with --limit {limit})") from error


def check_cells(benchmarks: Sequence[Benchmark], data: Data, limit: int | None) -> None:
    """Make the folds of everything that brain responses are scored on, before a model is asked.

    Raises
    ------
    DataError
        When there are too few items or runs for folds, or a person lacks a run.
    """
    alignment, controlled, *_ = split_benchmarks(benchmarks)
    rois: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for benchmark in [*alignment, *controlled]:
        whole_runs = isinstance(benchmark, ControlledBenchmark)
        rois[benchmark.dataset, benchmark.reasoning_type, whole_runs].append(benchmark.roi)
    for (name, kind, whole_runs), areas in rois.items():
        cell = prepare_cell(data.recordings[name], kind, areas, limit)
        if whole_runs:
            _ = ControlledCell(cell, seed=0).folds


def read_model(
    model: Model, data: Data, *, controlled: bool = False, untrained: Model | None = None
) -> Readings:
    """Ask a model for everything that is scored, before anything is.

    Parameters
    ----------
    controlled : whether untrained networks of its shape are asked too.
    untrained : gives their states, where brainbench cannot make them.

    Raises
    ------
    UsageError
        When answers are needed of a model that gives activations only.
    DataError
        When what it gives does not fit a dataset.
    """
    # answers first: a file of activations is told at once that it has none
    answers = {name: read_answers(model, b.problems) for name, b in data.behaviors.items()}
    states = {name: read_activations(model, r.problems) for name, r in data.recordings.items()}
    drawn: dict[str, list[Activations] | str] = {}
    for name, recording in data.recordings.items() if controlled else ():
        if untrained is None:
            drawn[name] = untrained_twins(model, recording)
        else:
            drawn[name] = [read_activations(untrained, recording.problems)]
    return Readings(states, answers, drawn)


def split_benchmarks(
    benchmarks: Sequence[Benchmark],
) -> tuple[
    list[AlignmentBenchmark],
    list[ControlledBenchmark],
    list[BehaviorBenchmark],
    list[PluggedBenchmark],
]:
    """Alignment as published and controlled, behaviour, plugins: each in the order given."""
    return (
        [b for b in benchmarks if isinstance(b, AlignmentBenchmark)],
        [b for b in benchmarks if isinstance(b, ControlledBenchmark)],
        [b for b in benchmarks if isinstance(b, BehaviorBenchmark)],
        [b for b in benchmarks if isinstance(b, PluggedBenchmark)],
    )
