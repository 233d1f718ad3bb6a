"""Inputs of a run: the datasets of its benchmarks, and the model's states and answers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from brainbench.benchmarks import Benchmark, Inputs, untrained_twins
from brainbench.datasets import Behavior, Recording, load_behavior, load_recording
from brainbench.datasets.cards import plugged_datasets
from brainbench.errors import DataError
from brainbench.models import (
    DEFAULT_MODEL,
    Activations,
    Answers,
    Model,
    load_model,
    read_activations,
    read_answers,
)
from brainbench.problems import Problem
from brainbench.progress import Progress, counting
from brainbench.run.settings import Settings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Datasets by name.

    Attributes
    ----------
    recordings : those whose brain responses are predicted, with the ROIs that are scored.
    behaviors : those whose answers are compared, with the items that are asked.
    others : those of plugins whose benchmarks read the data themselves.
    twins : those of the recordings that untrained networks are read out on too.
    """

    recordings: dict[str, Recording]
    behaviors: dict[str, Behavior]
    others: dict[str, Recording] = field(default_factory=dict)
    twins: frozenset[str] = frozenset()

    @property
    def datasets(self) -> dict[str, Recording | Behavior]:
        """Each dataset once, whatever it is used for."""
        return {**self.behaviors, **self.recordings, **self.others}


@dataclass(frozen=True)
class Readings:
    """The model's output by dataset: states for recordings, answers for behaviour.

    ``untrained`` holds states of untrained networks of its shape, or why there are none;
    only where a benchmark asks for them.
    """

    states: dict[str, Activations]
    answers: dict[str, Answers]
    untrained: dict[str, list[Activations] | str]

    @property
    def warnings(self) -> list[str]:
        """Warnings of the model about the datasets, each once."""
        read: list[Activations | Answers] = [*self.states.values(), *self.answers.values()]
        return list(dict.fromkeys(text for one in read for text in one.warnings))


def check_model(model: Model, benchmarks: Sequence[Benchmark]) -> None:
    """Raise ``UsageError``, before anything is fetched, when answers are needed and not given.

    Parameters
    ----------
    model : that is evaluated.
    benchmarks : all that it is scored on.
    """
    needed = any(benchmark.needs.answers for benchmark in benchmarks)
    if needed and "answer" not in dir(model):
        read_answers(model, ())  # it says why


def load_data(benchmarks: Sequence[Benchmark], limit: int | None) -> Data:
    """Load every dataset once; of behaviour only the items of the benchmarks, up to the limit.

    Parameters
    ----------
    benchmarks : their datasets, ROIs and reasoning types are loaded.
    limit : items of each reasoning type, for behaviour only; None: all.
    """
    rois: dict[str, dict[str, None]] = {}
    own: dict[str, Recording] = {}
    types: dict[str, dict[str, None]] = {}
    twins: set[str] = set()
    alone: set[str] = set()
    for benchmark in benchmarks:
        name, needs = benchmark.dataset, benchmark.needs
        given = getattr(benchmark, "given", None)  # plugins' benchmarks have none
        if given is not None:
            own[name] = given
        if needs.rois:
            rois.setdefault(name, {}).update(dict.fromkeys(needs.rois))
        if needs.answers:
            types.setdefault(name, {}).update(dict.fromkeys(needs.answers))
        if needs.rois and needs.untrained:
            twins.add(name)
        if not needs:
            alone.add(name)

    def progress(path: str, number: int, count: int) -> None:
        if number == 1:
            _LOG.info("checking %d files of the dataset", count)

    others = sorted(alone & plugged_datasets().keys() - rois.keys())
    return Data(
        {
            name: own.get(name) or load_recording(name, tuple(areas), None, progress)
            for name, areas in rois.items()
        },
        {
            name: load_behavior(name, None, progress).select(tuple(asked), limit)
            for name, asked in types.items()
        },
        {name: load_recording(name, None, None, progress) for name in others},
        frozenset(twins),
    )


Group = tuple[list[Benchmark], Inputs]


def group_benchmarks(
    benchmarks: Sequence[Benchmark], model: Model, data: Data, readings: Readings | None = None
) -> list[Group]:
    """Benchmarks of one kind and dataset, with what they are scored on.

    Those that need no responses of the brain come first, for they take no time; those that read
    the data themselves come last.

    Parameters
    ----------
    readings : what the model gave; None while it was not asked.
    """
    groups: dict[tuple[type[Benchmark], str, str], list[Benchmark]] = {}
    for one in benchmarks:
        groups.setdefault((type(one), one.kind, one.dataset), []).append(one)

    def place(group: list[Benchmark]) -> int:
        needs = [one.needs for one in group]
        return 2 if not any(needs) else int(any(each.rois for each in needs))

    return [
        (group, _inputs(group[0].dataset, model, data, readings))
        for group in sorted(groups.values(), key=place)
    ]


def _inputs(name: str, model: Model, data: Data, readings: Readings | None) -> Inputs:
    """Everything that was loaded of a dataset, and what the model gave for it."""
    recorded, answered = data.recordings.get(name), data.behaviors.get(name)
    if readings is None:
        return Inputs(model, recorded=recorded, answered=answered)
    return Inputs(
        model,
        recorded=recorded,
        states=readings.states.get(name),
        answered=answered,
        given=readings.answers.get(name),
        untrained=readings.untrained.get(name, "no benchmark asks for untrained networks"),
    )


@contextlib.contextmanager
def naming_limit(limit: int | None) -> Iterator[None]:
    """Name the limit in an error, for it may be why there are too few items or runs."""
    try:
        yield
    except DataError as error:
        if limit is None:
            raise
        raise DataError(f"{error} (with --limit {limit})") from error


def check_groups(
    benchmarks: Sequence[Benchmark], model: Model, data: Data, limit: int | None
) -> None:
    """Check the data of everything that is scored, before the model is asked.

    Parameters
    ----------
    benchmarks : all that are scored.
    model : that is evaluated; it is not asked here.
    data : the datasets of the benchmarks.
    limit : items of each reasoning type that were loaded; None: all.

    Raises
    ------
    DataError
        When there are too few items or runs for folds, or a person lacks a run.
    """
    for group, inputs in group_benchmarks(benchmarks, model, data):
        group[0].check_group(group, inputs, limit)


def load_models(
    model: str | Path | Model | None, settings: Settings, report: Progress
) -> tuple[Model, Model | None]:
    """The model that is scored, and what gives the states of untrained networks, if a file does.

    Parameters
    ----------
    model : see :func:`brainbench.load_model`; the built-in one by default.
    """
    scored = load_model(
        DEFAULT_MODEL if model is None else model,
        settings.options,
        progress=counting(report, "reading the model out"),
    )
    path = settings.untrained_activations
    return scored, None if path is None else load_model(path)


def read_model(model: Model, data: Data, untrained: Model | None = None) -> Readings:
    """Read a model out on every dataset, before anything is scored.

    Parameters
    ----------
    untrained : gives the states of untrained networks, where brainbench cannot make them.

    Raises
    ------
    UsageError
        When answers are needed of a model that gives activations only.
    DataError
        When what it gives does not fit a dataset.
    """
    # answers first: an activation file, which has none, is an error at once
    answers = _read_each(model, data.behaviors)
    states = {name: read_activations(model, r.problems) for name, r in data.recordings.items()}
    drawn: dict[str, list[Activations] | str] = {}
    for name, recording in data.recordings.items():
        if name not in data.twins:
            continue
        if untrained is None:
            drawn[name] = untrained_twins(model, recording)
        else:
            drawn[name] = [read_activations(untrained, recording.problems)]
    return Readings(states, answers, drawn)


def _read_each(model: Model, behaviors: Mapping[str, Behavior]) -> dict[str, Answers]:
    """The model's answers by dataset; the same problems are asked once."""
    asked: dict[tuple[Problem, ...], Answers] = {}
    for behavior in behaviors.values():
        if behavior.problems not in asked:
            asked[behavior.problems] = read_answers(model, behavior.problems)
    return {name: asked[behavior.problems] for name, behavior in behaviors.items()}
