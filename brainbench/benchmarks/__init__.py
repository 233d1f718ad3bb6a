"""What a model is scored on; each kind of score has a folder, and a line in ``kinds``."""

from brainbench.benchmarks.base import Benchmark, CellBenchmark, OwnBenchmark
from brainbench.benchmarks.behavior.benchmark import (
    BEHAVIOR_VERSION,
    BehaviorBenchmark,
    score_behavior,
)
from brainbench.benchmarks.behavior.score import (
    ANSWER_MEASURES,
    IN_WORDS,
    ITEM_MEASURES,
    MEASURES,
    BehaviorControl,
    BehaviorScore,
    ItemCorrelation,
    LeftOut,
    Measure,
    PersonAgreement,
    Statistic,
)
from brainbench.benchmarks.controlled.benchmark import (
    ControlledBenchmark,
    score_controlled,
)
from brainbench.benchmarks.controlled.score import (
    ControlledLayer,
    ControlledPerson,
    ControlledRow,
    ControlledScore,
    Estimate,
    Extrapolation,
    NestedLayer,
    Reliability,
    Similarity,
)
from brainbench.benchmarks.difficulty.benchmark import DifficultyBenchmark, score_difficulty
from brainbench.benchmarks.difficulty.score import DifficultyScore
from brainbench.benchmarks.inputs import Inputs, Needs, Scoring, check_contrast, untrained_twins
from brainbench.benchmarks.ladder.benchmark import LadderBenchmark
from brainbench.benchmarks.ladder.score import LadderContext, LadderRow, LadderScore
from brainbench.benchmarks.own_data import Allowed, benchmarks_of
from brainbench.benchmarks.plugin import PluggedBenchmark
from brainbench.benchmarks.protocols import DEFAULT_PROTOCOL, EVERY_PROTOCOL
from brainbench.benchmarks.published.benchmark import (
    VERSION,
    AlignmentBenchmark,
    score_benchmarks,
)
from brainbench.benchmarks.published.score import (
    PublishedLayer,
    PublishedPerson,
    PublishedRow,
    PublishedScore,
)

# as brainbench itself names it
from brainbench.benchmarks.published.score import PublishedScore as Score
from brainbench.benchmarks.registry import (
    PROTOCOLS,
    SUITES,
    list_benchmarks,
    load_benchmark,
    select_benchmarks,
    suite_patterns,
    versions_of,
)
from brainbench.benchmarks.score import BenchmarkScore, OtherScore
from brainbench.benchmarks.steps import Memory, StepStore, check_numbers

__all__ = [
    "ANSWER_MEASURES",
    "BEHAVIOR_VERSION",
    "DEFAULT_PROTOCOL",
    "EVERY_PROTOCOL",
    "IN_WORDS",
    "ITEM_MEASURES",
    "MEASURES",
    "PROTOCOLS",
    "SUITES",
    "VERSION",
    "AlignmentBenchmark",
    "Allowed",
    "BehaviorBenchmark",
    "BehaviorControl",
    "BehaviorScore",
    "Benchmark",
    "BenchmarkScore",
    "CellBenchmark",
    "ControlledBenchmark",
    "ControlledLayer",
    "ControlledPerson",
    "ControlledRow",
    "ControlledScore",
    "DifficultyBenchmark",
    "DifficultyScore",
    "Estimate",
    "Extrapolation",
    "Inputs",
    "ItemCorrelation",
    "LadderBenchmark",
    "LadderContext",
    "LadderRow",
    "LadderScore",
    "LeftOut",
    "Measure",
    "Memory",
    "Needs",
    "NestedLayer",
    "OtherScore",
    "OwnBenchmark",
    "PersonAgreement",
    "PluggedBenchmark",
    "PublishedLayer",
    "PublishedPerson",
    "PublishedRow",
    "PublishedScore",
    "Reliability",
    "Score",
    "Scoring",
    "Similarity",
    "Statistic",
    "StepStore",
    "benchmarks_of",
    "check_contrast",
    "check_numbers",
    "list_benchmarks",
    "load_benchmark",
    "score_behavior",
    "score_benchmarks",
    "score_controlled",
    "score_difficulty",
    "select_benchmarks",
    "suite_patterns",
    "untrained_twins",
    "versions_of",
]
