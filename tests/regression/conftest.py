"""Runs whose parts are kept, so that a metric can be broken without computing them again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from golden_files import alone
from simulated_behavior import people, sharing

from brainbench.benchmarks import BehaviorBenchmark, BehaviorScore, score_behavior
from brainbench.datasets import Behavior
from brainbench.models import PHANTOM_FILE, Answers, load_model
from brainbench.results import Record
from brainbench.run import evaluate

POOLED = "phantom.signal.all-ridge"


@dataclass(frozen=True)
class ControlledRun:
    """The shipped activations under the controlled protocol.

    Of cells over both reasoning types together, which take longest, it is one.
    """

    asked: ClassVar = ["phantom.*.syllogistic-ridge", "phantom.*.transitive-ridge", POOLED]

    record: Record

    @staticmethod
    def held(name: str) -> bool:
        """Whether a golden number is of a cell that was asked for."""
        return ".all-ridge" not in name or name.startswith(POOLED)


@pytest.fixture(scope="session")
def controlled_run(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> ControlledRun:
    folder = tmp_path_factory.mktemp("controlled")
    return ControlledRun(evaluate(PHANTOM_FILE, benchmarks=ControlledRun.asked, output_path=folder))


@dataclass(frozen=True)
class Answered:
    """Simulated people and the built-in model, asked the same problems."""

    people: Behavior
    nano: Answers

    def scores(self) -> list[BehaviorScore]:
        """The three benchmarks of behaviour, by the code as it is now."""
        kinds = ("all", "syllogistic", "transitive")
        benchmarks = [BehaviorBenchmark("ds003076", kind) for kind in kinds]
        return list(score_behavior(benchmarks, self.people, self.nano))


@pytest.fixture(scope="session")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    right = sharing(0.7)
    right[np.random.default_rng(1).random(right.shape) < 0.05] = np.nan
    shown = people(right)
    nano: Any = load_model("nano")
    with alone(tmp_path_factory.mktemp("answered")):
        return Answered(shown, nano.answer(shown.problems))
