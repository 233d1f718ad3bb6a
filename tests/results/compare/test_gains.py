"""What guidance brought in two runs."""

from __future__ import annotations

import math
from typing import Any

import pytest
from simulated_records import empty, gain

from brainbench.results import Record
from brainbench.results.compare.comparison import ComparisonRow, Refusal
from brainbench.results.compare.gains import compare_gains


def of(*scores: Any) -> Record:
    record = empty()
    for score in scores:
        record.add(score)
    return record


def test_gains_are_held_beside_each_other_arm_by_arm() -> None:
    before, after = gain(1), gain(1, shift=-0.2)
    found = [row for row in compare_gains(of(before), of(after)) if isinstance(row, ComparisonRow)]
    assert [(row.name.rpartition(" against ")[2], row.metric) for row in found] == [
        ("unguided", "gain in AUC"),
        ("unguided", "gain in accuracy at the threshold"),
        ("item-permuted", "gain in AUC"),
        ("item-permuted", "gain in accuracy at the threshold"),
    ]
    for row in found:
        assert row.difference == pytest.approx(-0.2)
        # ± 0.03 each, as if independent
        assert row.interval == pytest.approx((-0.2 - 0.03 * 2**0.5, -0.2 + 0.03 * 2**0.5))
        assert (row.over, row.n, row.reading) == ("nothing", 40, "worse")


def test_without_intervals_there_is_a_difference_only() -> None:
    score = gain(1)
    for difference in score.differences:
        for change in difference.changes:
            change.interval = None
    (first, *_) = [
        row for row in compare_gains(of(score), of(gain(1))) if isinstance(row, ComparisonRow)
    ]
    assert first.interval is first.p is None
    assert (first.difference, first.reading) == (0, "equal")


def test_an_interval_of_a_record_without_width_tells_no_error() -> None:
    score = gain(1)
    for difference in score.differences:
        for change in difference.changes:
            change.interval = (change.value, change.value)
    (first, *_) = [
        row for row in compare_gains(of(score), of(gain(2))) if isinstance(row, ComparisonRow)
    ]
    assert first.interval is first.p is None
    assert first.reading in ("higher", "lower")


def test_a_p_value_says_what_the_interval_says_and_no_gain_differs_by_more_than_two() -> None:
    def wide(value: float, half: float) -> Any:
        score = gain(1)
        for difference in score.differences:
            for change in difference.changes:
                change.value, change.interval = value, (value - half, value + half)
        return of(score)

    def first(after: Any) -> ComparisonRow:
        return next(
            r for r in compare_gains(wide(0.0, 0.03), after) if isinstance(r, ComparisonRow)
        )

    edge = 0.03 * 2**0.5
    assert first(wide(edge, 0.03)).p == pytest.approx(0.05)
    assert first(wide(-edge, 0.03)).p == pytest.approx(0.05)
    assert first(wide(-1.0, 1.5)).interval == pytest.approx((-2.0, 0.50030), abs=1e-4)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (gain(n_items=100), "other number of test items: 240 and 100"),
        (gain(tier="full"), "other tier: reduced and full"),
        (gain(n_people=3), "other number of people: 8 and 3"),
        (gain(test_type="all"), "other reasoning type of the test: syllogistic and all"),
        (gain(site="hidden"), "other site: attention and hidden"),
        (gain(n_permutations=1), "other number of permutations: 2 and 1"),
    ],
)
def test_another_test_is_refused(changed: Any, reason: str) -> None:
    (found,) = compare_gains(of(gain()), of(changed))
    assert isinstance(found, Refusal)
    assert (found.reason, found.lost) == (reason, True)


def test_other_layers_are_no_reason_to_refuse() -> None:
    found = list(compare_gains(of(gain()), of(gain(layers=[0, 1]))))
    assert [type(one) for one in found] == [ComparisonRow] * 4


def refusals(before: Any, after: Any) -> list[tuple[str, str, bool]]:
    return [
        (one.name.rpartition("/")[2], one.reason, one.lost)
        for one in compare_gains(before, after)
        if isinstance(one, Refusal)
    ]


def test_arms_and_metrics_that_one_run_lacks_are_named() -> None:
    def fewer(keep: Any) -> Record:
        score = gain()
        score.differences[:] = [one for one in score.differences if keep(one)]
        return of(score)

    without = fewer(lambda one: one.against != "item-permuted")
    name = "three premises against item-permuted"
    assert refusals(of(gain()), without) == [(name, "only the baseline has it", True)]
    assert refusals(without, of(gain())) == [(name, "only the other run has it", False)]

    bare = of(gain())
    for difference in bare.gains[0].differences:
        difference.changes[0].value = math.nan
        del difference.changes[1]
    reasons = [
        (f"{metric}: only the baseline has it", True)
        for metric in ("gain in AUC", "gain in accuracy at the threshold")
    ]
    assert [told[1:] for told in refusals(of(gain()), bare)] == reasons * 2
    assert not any(lost for *_, lost in refusals(bare, of(gain())))


def test_the_arm_of_a_plugin_is_lost_only_where_it_was_asked_for() -> None:
    before, after = of(gain()), of(gain())
    del after.gains[0].differences[1]
    before.config["guidance"] = {"arms": ["item-permuted"]}
    assert [lost for *_, lost in refusals(before, after)] == [False]
    after.config["guidance"] = {"arms": ["item-permuted"]}
    assert [lost for *_, lost in refusals(before, after)] == [True]


@pytest.mark.parametrize(
    ("asked", "lost"),
    [
        ({}, True),
        ({"extents": {"finetuning": {}}}, False),
        ({"rois": ["md"]}, False),
        ({"dataset": "simulated_signal"}, False),
        ({"tests": ["propositional"]}, False),
        ({"tests": ["three premises"]}, True),
        ({"rois": 3}, False),
        (None, False),
    ],
)
def test_a_way_of_guiding_is_lost_only_where_it_was_asked_for(asked: Any, lost: bool) -> None:
    after = of()
    told = {"dataset": "xiao2026", "rois": ["language"], "extents": {"steering": {}}, "tests": []}
    after.config["guidance"] = None if asked is None else told | asked
    assert [one for *_, one in refusals(of(gain()), after)] == [lost]
    if asked == {"tests": ["propositional"]}:
        # read whatever tests are asked for
        held_out = of(gain(test="held-out scanner items"))
        assert [one for *_, one in refusals(held_out, after)] == [True]


def test_other_data_and_other_ways_are_refused() -> None:
    after = of(gain())
    after.datasets[0].data_sha256 = "e" * 64
    (found,) = compare_gains(of(gain()), after)
    assert isinstance(found, Refusal)
    assert found.reason.startswith("other data")
    refused = list(compare_gains(of(gain()), of(gain(roi="md"))))
    assert [one.reason for one in refused if isinstance(one, Refusal)] == [
        "only the baseline has it", "only the other run has it"
    ]  # fmt: skip
