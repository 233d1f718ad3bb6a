"""Benchmarks that come from other packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from brainbench.benchmarks.behavior.score import BehaviorScore
from brainbench.benchmarks.controlled.score import ControlledScore
from brainbench.benchmarks.published.score import Score
from brainbench.errors import DataError
from brainbench.models import Model, load_model
from brainbench.source import code_sha256


@dataclass(frozen=True)
class PluggedBenchmark:
    """A plugin's benchmark, held to what brainbench's own give.

    Parameters
    ----------
    identifier : the name it is registered under.
    make : gives ``version`` and ``benchmark(model)``; called when first needed.
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

    @cached_property
    def code_sha256(self) -> str | None:
        """Hash of the code that it is made by; None where that cannot be read."""
        return code_sha256(self.make, self._made)

    @cached_property
    def _made(self) -> Any:
        try:
            return self.make()
        # whatever other people's code raises, it is told with the benchmark's name
        except Exception as error:
            raise DataError(f"{self.identifier} cannot be made: {error}") from error

    def __call__(self, model: str | Path | Model) -> Score | ControlledScore | BehaviorScore:
        """Score a model.

        Raises
        ------
        DataError
            When the plugin gives no score of this benchmark.
        """
        given = self._made(load_model(model))
        if not isinstance(given, Score | ControlledScore | BehaviorScore):
            raise DataError(
                f"{self.identifier} gives {type(given).__name__}, "
                "not Score, ControlledScore or BehaviorScore"
            )
        if given.benchmark != self.identifier:
            raise DataError(f"{self.identifier} gives a score of {given.benchmark}")
        return given
