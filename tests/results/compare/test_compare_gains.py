"""What guidance brought in two runs."""

from __future__ import annotations

from typing import Any

import pytest
from simulated_records import empty, gain

from brainbench.results import Record
from brainbench.results.compare.comparison import Refusal, Row
from brainbench.results.compare.gains import compare_gains


def of(*scores: Any) -> Record:
    record = empty()
    for score in scores:
        record.add(score)
    return record


def test_gains_are_held_beside_each_other_arm_by_arm() -> None:
    before, after = gain(1), gain(1, shift=-0.2)
    found = [row for row in compare_gains(of(before), of(after)) if isinstance(row, Row)]
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
    (first, *_) = [row for row in compare_gains(of(score), of(gain(1))) if isinstance(row, Row)]
    assert first.interval is None
    assert first.difference == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (gain(n_items=100), "other number of test items: 240 and 100"),
        (gain(tier="full"), "other tier: reduced and full"),
        (gain(n_people=3), "other number of people: 8 and 3"),
        (gain(test_type="all"), "other reasoning type of the test: syllogistic and all"),
    ],
)
def test_another_test_is_refused(changed: Any, reason: str) -> None:
    (found,) = compare_gains(of(gain()), of(changed))
    assert isinstance(found, Refusal)
    assert found.reason == reason


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
