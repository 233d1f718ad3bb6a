"""What a run was asked for, whether or not it came out: what it lacks of that is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainbench.guidance.rows import HELD_OUT
from brainbench.guidance.score import GuidanceScore
from brainbench.results.record import Record


def asked_benchmark(record: Record, name: str) -> bool:
    """Whether a benchmark of alignment or behaviour was asked for.

    Parameters
    ----------
    record : of the run.
    name : identifier of the benchmark.
    """
    return name in record.benchmarks


def asked_task(record: Record, name: str) -> bool:
    """Whether a task, or the problems of a dataset, were asked for.

    Parameters
    ----------
    record : of the run.
    name : of the task, or of the dataset.
    """
    return name in record.tasks or any(row.dataset == name for row in record.behavior)


def asked_gain(record: Record, score: GuidanceScore) -> bool:
    """Whether this way of guiding was asked for, on this test.

    Parameters
    ----------
    record : of the run that may lack the score.
    score : of the other run; its mode, dataset, ROI and test are looked for.
    """
    chosen = _guidance(record)
    tests = chosen.get("tests")
    return (
        score.mode in _names(chosen.get("extents"))
        and chosen.get("dataset") == score.dataset
        and score.roi in _names(chosen.get("rois"))
        and (not tests or score.test == HELD_OUT or score.test in _names(tests))
    )


def asked_arm(baseline: Record, other: Record, arm: str) -> bool:
    """Whether an arm of the baseline was asked of the other run; those of plugins are by name.

    Parameters
    ----------
    baseline, other : records of the two runs.
    arm : what guided is held against; True where the baseline did not choose it by name.
    """
    if arm not in _names(_guidance(baseline).get("arms")):
        return True
    return arm in _names(_guidance(other).get("arms"))


def _guidance(record: Record) -> Mapping[str, Any]:
    found = record.config.get("guidance")
    return found if isinstance(found, Mapping) else {}


def _names(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | Mapping) else []
