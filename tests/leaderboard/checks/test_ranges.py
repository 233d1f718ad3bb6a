"""What no number can be, in the parts of a record whose schema is anything at all."""

from __future__ import annotations

from typing import Any

import pytest

from brainbench.leaderboard.checks.ranges import range_faults


def faults(content: Any) -> list[str]:
    return [f"{told.field}: {told.problem}" for told in range_faults(content)]


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"interval": 5}, "accuracy.t.interval: is 5, not the two ends of an interval"),
        ({"x_interval": []}, "accuracy.t.x_interval: is [], not the two ends"),
        ({"a_range": [1, 2, 3]}, "accuracy.t.a_range: is [1, 2, 3], not the two ends"),
        ({"interval": ["a", "b"], "value": 1.0}, "interval: is ['a', 'b'], not the two ends"),
        ({"interval": {"0": 1}}, "interval: is {'0': 1}, not the two ends"),
        ({"interval": [0.4, 0.2]}, "accuracy.t.interval: runs backwards, from 0.4 to 0.2"),
        ({"interval": [0.1, 0.2], "value": 0.9}, "is 0.1 to 0.2, far from its value 0.9"),
        ({"null_mean": -1e6}, "null_mean: is -1e+06, which lies outside -1 to 1"),
    ],
)
def test_intervals_that_are_none(metrics: dict[str, Any], reason: str) -> None:
    found = faults({"accuracy": {"t": metrics}})
    assert len(found) == 1
    assert reason in found[0]


def test_what_is_fine() -> None:
    fine = {"interval": [0.1, 0.3], "value": 0.2, "x_interval": None, "alias": "t", "done": True}
    assert faults({"accuracy": {"t": fine}}) == []
