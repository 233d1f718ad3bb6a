"""Benchmarks that come from other packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainbench.benchmarks.behavior_score import BehaviorScore
from brainbench.benchmarks.score import Score
from brainbench.errors import DataError
from brainbench.models import Model, load_model


@dataclass(frozen=True)
class PluggedBenchmark:
    """A plugin's benchmark, held to what brainbench's own give.

    Parameters
    ----------
    identifier : the name it is registered under.
    made : what the plugin made: ``identifier``, ``version`` and ``made(model)``.
    """

    identifier: str
    made: Any

    @property
    def dataset(self) -> str:
        """First part of the identifier."""
        return self.identifier.partition(".")[0]

    @property
    def version(self) -> int:
        """The plugin's own."""
        return int(self.made.version)

    def __call__(self, model: str | Path | Model) -> Score | BehaviorScore:
        """Score a model.

        Raises
        ------
        DataError
            When the plugin gives no score of this benchmark.
        """
        given = self.made(load_model(model))
        if not isinstance(given, Score | BehaviorScore):
            raise DataError(
                f"{self.identifier} gives {type(given).__name__}, not Score or BehaviorScore"
            )
        if given.benchmark != self.identifier:
            raise DataError(f"{self.identifier} gives a score of {given.benchmark}")
        return given
