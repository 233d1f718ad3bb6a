"""The kinds of benchmarks: a new one is a folder beside this file, and a line in it."""

from __future__ import annotations

from brainbench.benchmarks.base import OwnBenchmark
from brainbench.benchmarks.behavior.benchmark import BehaviorBenchmark
from brainbench.benchmarks.controlled.benchmark import ControlledBenchmark
from brainbench.benchmarks.difficulty.benchmark import DifficultyBenchmark
from brainbench.benchmarks.ladder.benchmark import LadderBenchmark
from brainbench.benchmarks.published.benchmark import AlignmentBenchmark

# in the order their benchmarks are listed on each dataset
KINDS: tuple[type[OwnBenchmark], ...] = (
    LadderBenchmark,
    ControlledBenchmark,
    AlignmentBenchmark,
    BehaviorBenchmark,
    DifficultyBenchmark,
)
