"""The base of every kind of score, and how a score of a new kind stands in a record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from brainbench.errors import DataError
from brainbench.shown import ShownScore


class OtherScore(ShownScore, BaseModel):
    """A score in a record that has no list of its own for scores of this kind."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    benchmark: str
    version: int
    dataset: str
    value: float | None
    """The headline; None where it is undefined."""
    notes: tuple[str, ...] = ()
    """What a reader of the score should know."""
    score: dict[str, Any]
    """The whole score."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Its notes: nothing else is known of a score of this kind."""
        return self.notes


class BenchmarkScore(ShownScore, BaseModel, ABC):
    """What a model got on one benchmark; the base of every kind of score.

    Fields of the subclass are the numbers. Its ``kind`` names it in records.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[str]

    benchmark: str
    version: int
    dataset: str

    @property
    @abstractmethod
    def headline(self) -> float | None:
        """The one number that stands for the score; None where it is undefined."""

    @property
    def by_person(self) -> Mapping[str, float | None]:
        """The same number for each person; empty where it has none."""
        return {}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What another tool should have with the headline, by name; ``ceiling`` is one of them, and
        ``error`` where the spread of the headline is another than its standard error over people.
        """
        return {}

    def add_to(self, record: Any) -> None:
        """Put the score into a record.

        By default among the record's ``other`` scores, whole; a kind with a list of its own in
        the record overrides this.

        Parameters
        ----------
        record : a :class:`~brainbench.results.Record`, whose package lies above this one.
        """
        record.other.append(
            OtherScore(
                kind=self.kind,
                benchmark=self.benchmark,
                version=self.version,
                dataset=self.dataset,
                value=self.headline,
                notes=tuple(getattr(self, "warnings", ())),
                score=self.model_dump(mode="json"),
            )
        )

    @classmethod
    def read_from(cls, record: Any) -> list[Self]:
        """Scores of this kind among a record's ``other`` ones.

        Raises
        ------
        DataError
            When one does not have the fields of this kind.
        """
        try:
            return [cls.model_validate(one.score) for one in record.other if one.kind == cls.kind]
        except ValueError as error:
            raise DataError(f"the record's {cls.kind} scores cannot be read: {error}") from error
