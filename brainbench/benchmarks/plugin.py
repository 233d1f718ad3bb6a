"""Benchmarks that come from other packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from brainbench.benchmarks.inputs import Inputs, Needs, Scoring
from brainbench.benchmarks.score import BenchmarkScore
from brainbench.errors import DataError
from brainbench.models import Model, load_model
from brainbench.source import code_sha256


@dataclass(frozen=True)
class PluggedBenchmark:
    """A plugin's benchmark, checked to give what brainbench's own give.

    A plugin's benchmark needs ``version`` and ``benchmark(model)``: it is then scored by itself.
    With ``score_group`` too, and ``kind`` and ``needs``, its data are loaded with those of the run,
    and benchmarks of one kind and dataset are scored together; see
    :class:`~brainbench.benchmarks.base.Benchmark`, whose ``check_group``, ``ceiling``, ``bibtex``
    and ``about`` are used where it has them.

    Parameters
    ----------
    identifier : the name it is registered under.
    make : gives the plugin's benchmark; called when first needed.
    """

    identifier: str
    make: Callable[[], Any]

    @property
    def dataset(self) -> str:
        """First part of the identifier."""
        return self.identifier.partition(".")[0]

    @property
    def version(self) -> int:
        """The plugin's own.

        Raises
        ------
        DataError
            When it has none.
        """
        given = getattr(self._made, "version", None)
        if type(given) is not int:
            raise DataError(f"{self.identifier} has the version {given!r}, not a whole number")
        return given

    @property
    def ceiling(self) -> float | None:
        """The plugin's own; None where it has none."""
        given: float | None = getattr(self._made, "ceiling", None)
        return given

    @property
    def bibtex(self) -> str:
        """The plugin's own; empty where it has none."""
        return str(getattr(self._made, "bibtex", ""))

    @property
    def needs(self) -> Needs:
        """The plugin's own; nothing where it has no ``score_group`` to use it.

        Raises
        ------
        DataError
            When it is something else.
        """
        given = getattr(self._made, "needs", Needs())
        if not isinstance(given, Needs):
            raise DataError(f"{self.identifier} needs {type(given).__name__}, not Needs")
        return given if self._in_groups else Needs()

    @property
    def kind(self) -> str:
        """The plugin's own; where it is scored by itself, its identifier."""
        given = getattr(self._made, "kind", type(self._made).__name__)
        return str(given) if self._in_groups else self.identifier

    @property
    def about(self) -> dict[str, object]:
        """What ``brainbench show`` prints of it, by name."""
        return {"from": "a plugin", **getattr(self._made, "about", {})}

    @property
    def code(self) -> dict[str, str | None]:
        """Hash of the code that it is made by, under its identifier."""
        return {self.identifier: self.code_sha256}

    @cached_property
    def code_sha256(self) -> str | None:
        """Hash of the code that it is made by; None where that cannot be read."""
        return code_sha256(*self.made_by)

    @property
    def made_by(self) -> tuple[Any, ...]:
        """What the plugin gave: the function, and what it made."""
        return self.make, self._made

    @cached_property
    def _made(self) -> Any:
        try:
            return self.make()
        # whatever other people's code raises, the error names the benchmark
        except Exception as error:
            raise DataError(f"{self.identifier} cannot be made: {error}") from error

    @property
    def _in_groups(self) -> bool:
        return hasattr(self._made, "score_group")

    def __call__(self, model: str | Path | Model) -> BenchmarkScore:
        """Score a model.

        Raises
        ------
        DataError
            When the plugin gives no score of this benchmark.
        """
        given = self._checked(self._made(load_model(model)))
        if given.benchmark != self.identifier:
            raise DataError(f"{self.identifier} gives a score of {given.benchmark}")
        return given

    @classmethod
    def check_group(cls, group: Sequence[Self], inputs: Inputs, limit: int | None) -> None:
        """Have the plugin check its data, where it does."""
        check = getattr(group[0]._made, "check_group", None)
        if check is not None:
            check([one._made for one in group], inputs, limit)

    @classmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[BenchmarkScore]:
        """Score a model on benchmarks of one kind, together where the plugin does that.

        Raises
        ------
        DataError
            When the plugin does not give one score for each.
        """
        first = group[0]
        if not first._in_groups:
            for benchmark in group:
                yield benchmark(inputs.model)
            return
        lacking = {one.identifier for one in group}
        for given in first._made.score_group([one._made for one in group], inputs, scoring):
            score = first._checked(given)
            if score.benchmark not in lacking:
                raise DataError(
                    f"{first.kind} gives a score of {score.benchmark}, which was not asked for or "
                    f"was scored already; asked for: {', '.join(sorted(lacking)) or 'nothing more'}"
                )
            lacking.remove(score.benchmark)
            yield score
        if lacking:
            raise DataError(f"{first.kind} gives no score of {', '.join(sorted(lacking))}")

    def _checked(self, given: object) -> BenchmarkScore:
        if not isinstance(given, BenchmarkScore):
            raise DataError(
                f"{self.identifier} gives {type(given).__name__}, not Score, ControlledScore, "
                "BehaviorScore or a BenchmarkScore of its own"
            )
        return given
