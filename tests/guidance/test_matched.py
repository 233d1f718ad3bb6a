"""Arms at equal shift: between two doses, never beyond the grid."""

from __future__ import annotations

from typing import Any

import pytest

from brainbench.guidance.matched import arms_at_shift, unmatched
from brainbench.guidance.rows import ArmRow, Dose, NeutralShift


def dose(arm: str, strength: float, kl: float | None, auc: float | None, **more: Any) -> Dose:
    held: dict[str, Any] = {"layers": "all", "accuracy": 0.5, "true_rate": 0.5, "valid": 1.0}
    shift = None if kl is None else NeutralShift(kl=kl, rise=kl)
    return Dose(arm=arm, strength=strength, auc=auc, shift=shift, **{**held, **more})


def line(arm: str, factor: float, areas: tuple[float, ...], **more: Any) -> list[Dose]:
    """Doses whose shift grows as the square of the strength."""
    return [dose(arm, 2.0**i, factor * 4.0**i, area, **more) for i, area in enumerate(areas)]


def test_an_arm_is_read_where_its_shift_is_guideds() -> None:
    doses = [
        *line("guided", 0.02, (0.5, 0.7, 0.6)),
        *line("permuted fMRI", 0.01, (0.4, 0.6, 0.8)),
        *line("label only", 1.0, (0.4, 0.6, 0.8)),
    ]
    permuted, label = arms_at_shift(doses)
    assert (permuted.arm, permuted.layers, permuted.guided_auc) == ("permuted fMRI", "all", 0.7)
    # 0.08 lies half of a step above 0.04, in logarithms
    assert permuted.shift == 0.08
    assert permuted.strength == pytest.approx(2.0 * 2.0**0.5)
    assert permuted.auc == pytest.approx(0.7)
    # at 0.02, 0.08 and not at 0.32, which is beyond its grid
    assert (permuted.n_doses, permuted.mean_gain) == (2, pytest.approx(0.0))
    assert (label.strength, label.auc, label.accuracy) == (None, None, None)
    assert (label.mean_gain, label.n_doses) == (None, 0)


def test_guided_is_held_to_the_limit_and_its_own_layers() -> None:
    doses = [
        *line("guided", 0.02, (0.5, 0.6, 0.9)),
        *line("guided", 0.02, (0.4, 0.4, 0.4), layers="middle"),
        *line("label only", 0.02, (0.1, 0.2, 0.3)),
        *line("label only", 0.02, (0.9, 0.9, 0.9), layers="middle"),
    ]
    (free,), (held,), (beyond,) = (arms_at_shift(doses, limit) for limit in (None, 0.1, 0.001))
    assert (free.guided_auc, free.auc) == (0.9, pytest.approx(0.3))
    assert (held.guided_auc, held.auc, held.n_doses) == (0.6, pytest.approx(0.2), 4)
    assert held.mean_gain == pytest.approx((0.4 + 0.4 - 0.5 - 0.5) / 4)
    assert beyond.shift == 0.02


@pytest.mark.parametrize("doses", [[], [dose("guided", 1.0, None, 0.5)],
                                   [dose("guided", 1.0, 0.1, None)],
                                   [dose("label only", 1.0, 0.1, 0.5)]])  # fmt: skip
def test_without_shifts_or_areas_nothing_is_compared(doses: list[Dose]) -> None:
    assert arms_at_shift(doses) == []


def test_arms_that_differ_more_than_twofold_are_not_matched() -> None:
    def arm(name: str, kl: float | None) -> ArmRow:
        return ArmRow(
            arm=name, n_seeds=1, strength=1.0, threshold=None, auc=None, accuracy=0.5,
            accuracy_at_threshold=None, balanced_accuracy=None, dprime=None, true_rate=0.5,
            valid=1.0, shift=None if kl is None else NeutralShift(kl=kl, rise=0.0),
        )  # fmt: skip

    arms = [
        arm("unguided", 0.0), arm("guided", 0.1), arm("permuted fMRI", 0.19),
        arm("label only", 0.21), arm("random fMRI", 0.04), arm("label as fMRI", None),
    ]  # fmt: skip
    assert [each.arm for each in unmatched(arms)] == ["label only", "random fMRI"]
    assert unmatched(arms[2:]) == []
    assert [each.arm for each in unmatched([arm("guided", 0.0), arm("label only", 0.0)])] == []
