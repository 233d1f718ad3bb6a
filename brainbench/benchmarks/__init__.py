"""dataset × ROI × reasoning type × protocol → Score."""

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
from brainbench.benchmarks.registry import (
    PROTOCOLS,
    SUITES,
    list_benchmarks,
    load_benchmark,
    select_benchmarks,
    suite_patterns,
)
from brainbench.benchmarks.score import Control, LayerScore, Score, SubjectScore

__all__ = [
    "PROTOCOLS",
    "SUITES",
    "VERSION",
    "AlignmentBenchmark",
    "Checkpoint",
    "Control",
    "LayerScore",
    "Memory",
    "Report",
    "Score",
    "Step",
    "SubjectScore",
    "check_numbers",
    "list_benchmarks",
    "load_benchmark",
    "score_benchmarks",
    "select_benchmarks",
    "suite_patterns",
]
