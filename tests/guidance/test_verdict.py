"""What may be claimed, and what is said of it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from brainbench.guidance.arms import LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.rows import Change, Difference
from brainbench.guidance.verdict import claim_p, decide_verdict, read_gains, unmeasured

UP, FLAT, DOWN = (0.05, 0.02, 0.08, 0.001), (-0.01, -0.03, 0.02, 0.6), (-0.1, -0.15, -0.05, 0.001)
# its interval is above 0, its p is not below 0.05
NEARLY = (0.03, 0.001, 0.06, 0.051)


def difference(against: str, **changes: tuple[float, float, float, float] | None) -> Difference:
    """Value, both ends of the interval, p of each metric; FLAT unless given."""
    every: dict[str, Any] = dict.fromkeys(
        ("auc", "accuracy_at_threshold", "accuracy", "true_rate"), FLAT
    )
    return Difference(
        against=against,
        n_seeds=5,
        changes=[
            Change(metric=m, value=c[0], interval=c[1:3], p=c[3])
            for m, c in {**every, **changes}.items()
            if c is not None
        ],
        mcnemar_p=None,
        mcnemar_gained=None,
        mcnemar_lost=None,
    )


def both(**changes: Any) -> list[Difference]:
    return [difference(PERMUTED, **changes), difference(LABEL_ONLY, **changes)]


WIN = {"auc": UP, "accuracy_at_threshold": UP}


class TestVerdict:
    def test_a_claim_needs_a_rise_and_no_fall_against_both_arms(self) -> None:
        assert decide_verdict(both(**WIN)) == "brain signals help"
        for arm, (metric, bad) in product((0, 1), (*(("auc", c) for c in (FLAT, DOWN, NEARLY)),
                                                   ("accuracy_at_threshold", DOWN))):  # fmt: skip
            rows = both(**WIN)
            rows[arm] = difference((PERMUTED, LABEL_ONLY)[arm], **{**WIN, metric: bad})
            assert decide_verdict(rows) == "not shown to help"

    @pytest.mark.parametrize("accuracy", [UP, FLAT, NEARLY])
    def test_accuracy_at_the_threshold_need_not_rise(self, accuracy: Any) -> None:
        rows = both(auc=UP, accuracy_at_threshold=accuracy)
        assert decide_verdict(rows) == "brain signals help"

    def test_each_comparison_is_tested_at_the_level_of_the_claim(self) -> None:
        """Intersection–union: nothing is multiplied by the number of comparisons or of arms."""
        just = {"auc": (0.05, 0.001, 0.1, 0.049), "accuracy_at_threshold": (0.05, 0.001, 0.1, 0.06)}
        others = [difference(arm) for arm in (UNGUIDED, "random fMRI", "random direction")]
        assert decide_verdict([*others, *both(**just)]) == "brain signals help"

    def test_a_comparison_without_p_passes_nothing(self) -> None:
        rows = both(**WIN)
        rows[1].changes[0].p = None
        assert decide_verdict(rows) == "not shown to help"

    def test_too_little_of_anything_is_inconclusive(self) -> None:
        assert decide_verdict(both(**WIN), ["reduced tier"]) == "inconclusive"
        assert decide_verdict(both(), ["1 seed"]) == "inconclusive"
        assert decide_verdict([]) == "inconclusive"
        for arm in (0, 1):
            assert decide_verdict(both(**WIN)[arm : arm + 1]) == "inconclusive"
        for metric in WIN:
            assert decide_verdict(both(**{**WIN, metric: None})) == "inconclusive"

    def test_an_interval_that_was_not_drawn_is_no_interval(self) -> None:
        rows = both(**WIN)
        rows[0].changes[0].interval = None
        assert decide_verdict(rows) == "inconclusive"
        assert unmeasured(rows) == [f"no AUC against {PERMUTED}"]

    def test_no_shift_of_bias_counts_whatever_it_does_to_accuracy(self) -> None:
        shifted = {"true_rate": UP, "accuracy": UP, "accuracy_at_threshold": UP}
        assert decide_verdict(both(**shifted)) == "not shown to help"
        # nor does it stand in the way
        assert decide_verdict(both(**WIN, true_rate=DOWN)) == "brain signals help"

    def test_other_arms_take_no_part(self) -> None:
        others = [difference("random fMRI", auc=DOWN), difference(UNGUIDED)]
        assert decide_verdict([*others, *both(**WIN)]) == "brain signals help"


class TestReading:
    def test_a_shift_of_bias_is_called_one(self) -> None:
        shifted = {"true_rate": (0.21, 0.18, 0.24, 0.001), "accuracy": (0.04, 0.02, 0.06, 0.001)}
        rows = [difference(UNGUIDED, **shifted), *both(**shifted)]
        assert read_gains(rows) == (
            "Against unguided, guided answers True more often (+21.0 points) and its accuracy "
            "rises (+4.0 points), but its log-odds separate True from False no better than "
            "permuted fMRI (Δ AUC -0.010 [-0.030, 0.020]) and label only (Δ AUC -0.010 [-0.030, "
            "0.020]): a shift of answer bias, not reasoning."
        )

    def test_a_gain_is_called_one(self) -> None:
        text = read_gains([difference(UNGUIDED, auc=UP, accuracy=UP), *both(**WIN)])
        assert (
            "does not clearly change how often it answers True (-1.0 points) and its accuracy "
            "rises (+5.0 points);"
        ) in text
        assert "better than permuted fMRI (Δ AUC 0.050 [0.020, 0.080]) and label only" in text
        assert text.endswith("and more are right at the validation threshold.")
        assert "bias" not in text

    def test_what_labels_bring_too_is_not_credited_to_signals(self) -> None:
        rows = [
            difference(UNGUIDED, auc=UP, accuracy=UP, true_rate=UP),
            difference(PERMUTED, **WIN),
            difference(LABEL_ONLY),
        ]
        text = read_gains(rows)
        assert "no better than label only (Δ AUC -0.010 [-0.030, 0.020]): what is gained" in text
        assert "over unguided (Δ AUC 0.050 [0.020, 0.080]) may be had from labels alone." in text
        assert "permuted" not in text

    def test_worse_and_nearly_better_are_told_apart(self) -> None:
        worse = read_gains([difference(UNGUIDED, auc=DOWN, true_rate=UP), *both(auc=DOWN)])
        assert "worse than permuted fMRI" in worse
        assert "a shift of answer bias" not in worse
        assert "not clearly better than" in read_gains(both(auc=NEARLY))

    def test_a_threshold_that_fails_is_named(self) -> None:
        text = read_gains(both(auc=UP, accuracy_at_threshold=DOWN))
        assert text.endswith(
            "but accuracy at the validation threshold falls below that of permuted fMRI "
            "(-10.0 points [-15.0, -5.0]) and label only (-10.0 points [-15.0, -5.0])."
        )
        assert "threshold" not in read_gains(both(auc=UP))

    def test_what_is_lacking_is_said(self) -> None:
        text = read_gains([difference(PERMUTED, auc=None)], ["reduced tier"])
        assert "without log-odds of two answers, bias and reasoning cannot be separated" in text
        assert text.endswith(
            "At most inconclusive: reduced tier; no AUC against permuted fMRI; no arm 'label only'."
        )
        assert read_gains([]) == "Nothing to compare guided with."

    @pytest.mark.parametrize("only", [UNGUIDED, "random fMRI"])
    def test_any_arm_alone_can_be_read(self, only: str) -> None:
        text = read_gains([difference(only, auc=UP)])
        assert f"better than {only} (Δ AUC 0.050 [0.020, 0.080])." in text
        assert f"no better than {only} (" in read_gains([difference(only)])

    @pytest.mark.parametrize("points", [-37.5, -0.1, 12.0])
    def test_an_interval_about_0_is_not_called_the_same(self, points: float) -> None:
        says = (points / 100, points / 100 - 0.5, points / 100 + 0.5, 0.4)
        text = read_gains([difference(UNGUIDED, true_rate=says)])
        assert (
            f"guided does not clearly change how often it answers True ({points:+.1f} points)"
            in text
        )
        assert "as often" not in text

    def test_what_is_the_same_is_called_so(self) -> None:
        text = read_gains([difference(UNGUIDED, true_rate=(0.0, 0.0, 0.0, 1.0))])
        assert "guided answers True as often (+0.0 points)" in text


class TestClaim:
    def test_p_is_the_larger_of_the_two(self) -> None:
        rows = both(**WIN)
        rows[1] = difference(LABEL_ONLY, auc=(0.05, 0.001, 0.1, 0.03), accuracy_at_threshold=UP)
        assert claim_p([difference(UNGUIDED), *rows]) == 0.03

    def test_a_fall_is_not_a_rise_however_clear(self) -> None:
        assert claim_p(both(auc=DOWN, accuracy_at_threshold=UP)) == 1.0
        assert claim_p(both(auc=UP, accuracy_at_threshold=DOWN)) == 1.0

    def test_no_p_where_one_of_them_has_none(self) -> None:
        rows = both(**WIN)
        assert claim_p(rows[:1]) is None
        rows[0].changes[0].p = None
        assert claim_p(rows) is None
