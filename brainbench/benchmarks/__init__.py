"""dataset × ROI × reasoning type × protocol → Score; dataset × reasoning type → BehaviorScore."""

from brainbench.benchmarks.alignment import (
    VERSION,
    AlignmentBenchmark,
    Checkpoint,
    Memory,
    Report,
    Step,
    check_numbers,
    score_benchmarks,
)
from brainbench.benchmarks.behavior import (
    BEHAVIOR_VERSION,
    BehaviorBenchmark,
    score_behavior,
)
from brainbench.benchmarks.behavior_score import (
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
from brainbench.benchmarks.controlled import (
    ControlledBenchmark,
    score_controlled,
    untrained_twins,
)
from brainbench.benchmarks.controlled_score import (
    ControlledPerson,
    ControlledRow,
    ControlledScore,
    Estimate,
    NestedLayer,
)
from brainbench.benchmarks.plugged import PluggedBenchmark
from brainbench.benchmarks.registry import (
    PROTOCOLS,
    SUITES,
    Benchmark,
    list_benchmarks,
    load_benchmark,
    select_benchmarks,
    suite_patterns,
)
from brainbench.benchmarks.score import Control, LayerScore, Score, SubjectScore

__all__ = [
    "ANSWER_MEASURES",
    "BEHAVIOR_VERSION",
    "IN_WORDS",
    "ITEM_MEASURES",
    "MEASURES",
    "PROTOCOLS",
    "SUITES",
    "VERSION",
    "AlignmentBenchmark",
    "BehaviorBenchmark",
    "BehaviorControl",
    "BehaviorScore",
    "Benchmark",
    "Checkpoint",
    "Control",
    "ControlledBenchmark",
    "ControlledPerson",
    "ControlledRow",
    "ControlledScore",
    "Estimate",
    "ItemCorrelation",
    "LayerScore",
    "LeftOut",
    "Measure",
    "Memory",
    "NestedLayer",
    "PersonAgreement",
    "PluggedBenchmark",
    "Report",
    "Score",
    "Statistic",
    "Step",
    "SubjectScore",
    "check_numbers",
    "list_benchmarks",
    "load_benchmark",
    "score_behavior",
    "score_benchmarks",
    "score_controlled",
    "select_benchmarks",
    "suite_patterns",
    "untrained_twins",
]
