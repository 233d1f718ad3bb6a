"""P values and their null fit each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from synthetic_runs import make_run

from brainbench.benchmarks import ControlledScore
from brainbench.leaderboard.checks.alignment import WIDEST_NULL, controlled_faults
from brainbench.statistics.inference import p_value

SCORES = make_run(0, kinds=("controlled",))[0].controlled
Change = Callable[[list[dict[str, Any]]], None]


def faults(change: Change) -> list[str]:
    content = [score.model_dump() for score in SCORES]
    change(content)
    scores = [ControlledScore.model_validate(one) for one in content]
    return [f"{told.field}: {told.problem}" for told in controlled_faults(scores)]


def first(part: str, **values: Any) -> Change:
    return lambda scores: scores[0][part].update(values)


def test_whole_scores_have_no_fault() -> None:
    assert faults(lambda scores: None) == []


@pytest.mark.parametrize("shape", ["normal", "long to the left", "long to the right", "mostly 0"])
@pytest.mark.parametrize("width", [0.0005, 0.004, WIDEST_NULL])
def test_what_was_measured_against_its_draws_is_never_refused(shape: str, width: float) -> None:
    """Any value among any draws of this width, at both ends and among equals."""
    rng = np.random.default_rng(3)
    draw = {
        "normal": lambda: rng.normal(size=1000),
        "long to the left": lambda: -(rng.exponential(size=1000) ** 2),
        "long to the right": lambda: rng.exponential(size=1000) ** 2,
        "mostly 0": lambda: -rng.exponential(size=1000) * (rng.random(1000) < 0.1),
    }[shape]
    for _ in range(6):
        null = draw()
        null *= width / null.std()
        for value in (rng.choice(null), null.max(), null.min(), null.max() + 0.1, null.min() - 0.1):
            estimate = {"value": float(value), "null_mean": float(null.mean()),
                        "p": p_value(float(value), null)}  # fmt: skip
            found = faults(lambda scores, new=estimate: scores[0]["unique_r2_stacked"].update(new))
            assert found == [], (value, null.mean())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            first("unique_r2_stacked", value=0.0, null_mean=-0.2, p=980 / 1001),
            "unique_r2_stacked.null_mean: is -0.2; the value is 0.2 above it, and with p 0.979021 "
            "no more than 0.00732299 above",
        ),
        (first("unique_r2_stacked", value=0.0, null_mean=-0.001, p=1.0), "no more than 0 above"),
        (
            first("unique_r2_stacked", value=0.0, null_mean=0.001, p=1 / 1001),
            "the value is 0.001 below it, and with p 0.000999001 no more than 0 below",
        ),
        (first("unique_r2", null_mean=-0.9), "unique_r2.null_mean: is -0.9; the value is"),
        (first("raw", p=0.9999), "raw.p: is 0.9999, which 1000 permutations cannot give"),
        (lambda s: s[0]["layers"][0].update(p=0.7), "layers[0].p: is 0.7, which 200"),
        (
            first("reference", value=0.0, interval=(0.1, 0.2)),
            "reference.value: is 0, though its interval is above 0",
        ),
        (
            lambda s: s[0]["subjects"][0].update(unique_r2=0.7, nuisance_r2=0.6),
            "unique_r2: and nuisance_r2 add up to 1.3, more than all variance",
        ),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_told(change: Change, reason: str) -> None:
    found = faults(change)
    assert any(reason in fault for fault in found), found


def test_cells_that_stand_twice_are_told() -> None:
    def twice(scores: list[dict[str, Any]]) -> None:
        scores += [dict(score) for score in scores]

    assert sum("stands twice" in fault for fault in faults(twice)) == 6
