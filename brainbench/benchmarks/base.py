"""The protocol of benchmarks, and what brainbench's own kinds have in common.

A kind of score is a folder of this package: a class of benchmarks (:class:`Benchmark`) and a
class of scores (:class:`BenchmarkScore`). The class of benchmarks stands in
``brainbench.benchmarks.kinds``; a run, its record and the command line know it by this protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, Self, TypeVar

from brainbench.benchmarks.cell import POOLED
from brainbench.benchmarks.inputs import Inputs, Needs, Scoring
from brainbench.benchmarks.score import BenchmarkScore
from brainbench.benchmarks.steps import check_numbers
from brainbench.datasets import Card, Recording, load_behavior, load_card, load_recording
from brainbench.models import Model, load_model

AnyCell = TypeVar("AnyCell", bound="CellBenchmark")


class Benchmark(Protocol):
    """Something a model is scored on: Brain-Score's interface, and what a run of many needs.

    Attributes
    ----------
    identifier : ``<dataset>.<what of it>.<reasoning type>-<metric>``.
    dataset : name of the dataset.
    version : whole number, raised when a change of the code changes a score.
    ceiling : what people reach, in the unit of the headline; None where that is unknown.
    bibtex : citation of the dataset.
    needs : the data that it is scored on.
    kind : benchmarks of one kind and dataset are scored as a group.
    about : what ``brainbench show`` prints of it, by name.
    code : hash of the code of another package that it is made by, under its identifier; None
        for the hash where the code cannot be read. Empty for brainbench's own.
    """

    @property
    def identifier(self) -> str: ...

    @property
    def dataset(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def ceiling(self) -> float | None: ...

    @property
    def bibtex(self) -> str: ...

    @property
    def needs(self) -> Needs: ...

    @property
    def kind(self) -> str: ...

    @property
    def about(self) -> Mapping[str, object]: ...

    @property
    def code(self) -> Mapping[str, str | None]: ...

    def __call__(self, model: str | Path | Model) -> BenchmarkScore:
        """Score one model, or what names one, on this benchmark alone."""
        ...

    @classmethod
    def check_group(cls, group: Sequence[Self], inputs: Inputs, limit: int | None) -> None:
        """Raise ``DataError`` when the data are too few, before a model is asked for anything.

        Parameters
        ----------
        group : benchmarks of this kind and one dataset.
        inputs : the data they need; nothing of the model yet.
        limit : only the first items of each reasoning type.
        """
        ...

    @classmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[BenchmarkScore]:
        """Score a model on benchmarks of this kind and one dataset.

        They share what can be shared: folds, decompositions, corrections for multiple tests.

        Parameters
        ----------
        group : the benchmarks.
        inputs : the data they need, and what the model gave for them.
        scoring : seed, limit, and where finished steps are kept.

        Yields
        ------
        One score for each benchmark, in any order.
        """
        ...


class OwnBenchmark(ABC):
    """What brainbench's own kinds of benchmark have in common.

    A subclass is a frozen dataclass with ``dataset`` and ``reasoning_type``.

    Attributes
    ----------
    protocol : under which ``--protocol`` its benchmarks are; None: under each. Two kinds with the
        same identifiers have different protocols.
    given : the recording of somebody's own data; None: the dataset is loaded by its name.
    """

    protocol: ClassVar[str | None] = None
    dataset: str
    reasoning_type: str
    given: Recording | None = None

    @classmethod
    @abstractmethod
    def of_dataset(cls, card: Card) -> list[Self]:
        """All benchmarks of this kind on a dataset, in the order they are listed."""

    @property
    @abstractmethod
    def identifier(self) -> str:
        """``<dataset>.<what of it>.<reasoning type>-<metric>``."""

    @property
    @abstractmethod
    def version(self) -> int:
        """Grows when a change of the code changes a score."""

    @property
    @abstractmethod
    def ceiling(self) -> float | None:
        """What people reach, in the unit of the headline; None where that is unknown."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """The data that it is scored on."""

    @classmethod
    @abstractmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[BenchmarkScore]:
        """Score a model on benchmarks of this kind and one dataset, sharing what can be shared.

        Parameters
        ----------
        group : the benchmarks.
        inputs : the data they need, and what the model gave for them.
        scoring : seed, limit, and where finished steps are kept.

        Yields
        ------
        One score for each benchmark, in any order.
        """

    @property
    def kind(self) -> str:
        """Benchmarks of one kind and dataset are scored as a group."""
        return type(self).__name__

    @property
    def bibtex(self) -> str:
        """Citation of the dataset."""
        return self.card.citation

    @property
    def card(self) -> Card:
        """Of its dataset."""
        return load_card(self.dataset) if self.given is None else self.given.card

    def record_of(self, rois: Sequence[str]) -> Recording:
        """Responses of some ROIs of its dataset, loaded by its name where they are not given."""
        return load_recording(self.dataset, rois) if self.given is None else self.given

    @property
    def about(self) -> dict[str, object]:
        """What ``brainbench show`` prints of it, by name."""
        card = self.card
        return {
            "dataset": f"{card.name} {card.version}",
            "people": len(card.subjects),
            "reasoning_type": self.reasoning_type,
        }

    @property
    def code(self) -> dict[str, str | None]:
        """Empty: the hash of a run holds brainbench's own code already."""
        return {}

    @classmethod  # noqa: B027  (most kinds have nothing to check)
    def check_group(cls, group: Sequence[Self], inputs: Inputs, limit: int | None) -> None:
        """Raise ``DataError`` when the data are too few; a kind that can tell overrides it.

        Parameters
        ----------
        group : benchmarks of this kind and one dataset.
        inputs : the data they need; nothing of the model yet.
        limit : only the first items of each reasoning type; None for all.
        """

    def __call__(
        self, model: str | Path | Model, seed: int = 0, limit: int | None = None
    ) -> BenchmarkScore:
        """Score a model, or what names one, on this benchmark alone.

        Parameters
        ----------
        seed : of everything that is drawn.
        limit : only the first items of each reasoning type.
        """
        check_numbers(seed, limit)
        needs, recorded, answered = self.needs, None, None
        if needs.rois:
            recorded = self.record_of(needs.rois)
        if needs.answers:
            answered = load_behavior(self.dataset).select(needs.answers, limit)
        inputs = Inputs(load_model(model), recorded=recorded, answered=answered)
        # too few items are an error before the model is asked
        self.check_group([self], inputs, limit)
        scores = self.score_group([self], inputs.read_out(needs), Scoring(seed, limit))
        return next(iter(scores))


@dataclass(frozen=True)
class CellBenchmark(OwnBenchmark):
    """One ROI of one dataset, inside one reasoning type or over all.

    Parameters
    ----------
    dataset : name of a dataset.
    roi : one of its ROIs.
    reasoning_type : ``all``, ``syllogistic`` or ``transitive``.
    given : the recording, where it is somebody's own.

    Attributes
    ----------
    metric : last word of the identifier.
    """

    metric: ClassVar[str] = "ridge"
    dataset: str
    roi: str
    reasoning_type: str
    given: Recording | None = field(default=None, repr=False, compare=False)

    @property
    def identifier(self) -> str:
        """``<dataset>.<roi>.<type>-<metric>``."""
        return f"{self.dataset}.{self.roi}.{self.reasoning_type}-{self.metric}"

    @classmethod
    def of_dataset(cls, card: Card) -> list[Self]:
        """Every ROI, over all items and inside each reasoning type."""
        return [cls(card.name, roi, kind) for roi in card.rois for kind in types_of(card)]

    @property
    def needs(self) -> Needs:
        """Responses of its ROI."""
        return Needs(rois=(self.roi,))

    @property
    def about(self) -> dict[str, object]:
        """What ``brainbench show`` prints of it, by name."""
        voxels = self.card.rois[self.roi]
        return super().about | {"needs": "activations", "roi": self.roi, "voxels": voxels}


def by_type(group: Sequence[AnyCell]) -> dict[str, dict[str, AnyCell]]:
    """Reasoning type → ROI → benchmark, as they share a cell."""
    found: dict[str, dict[str, AnyCell]] = {}
    for benchmark in group:
        found.setdefault(benchmark.reasoning_type, {})[benchmark.roi] = benchmark
    return found


def types_of(card: Card) -> tuple[str, ...]:
    """Reasoning types of a dataset, all of them together first."""
    return (POOLED, *card.reasoning_types)
