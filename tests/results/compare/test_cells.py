"""Cells of two runs, paired over people; what does not fit is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats
from simulated_records import controlled, empty, full, published

from brainbench.results import Record
from brainbench.results.compare.alignment import compare_cells
from brainbench.results.compare.comparison import ComparisonRow, Refusal


def of(*scores: Any) -> Record:
    record = empty()
    for score in scores:
        record.add(score)
    return record


def split(before: Record, after: Record) -> tuple[dict[str, ComparisonRow], list[Refusal]]:
    found = list(compare_cells(before, after))
    rows = {f"{row.name} {row.metric}": row for row in found if isinstance(row, ComparisonRow)}
    return rows, [row for row in found if isinstance(row, Refusal)]


NAME = "xiao2026.language.syllogistic-ridge"


def test_r_is_paired_over_people() -> None:
    before, after = controlled(seed=1), controlled(seed=2)
    rows, refused = split(of(before), of(after))
    assert refused == []
    row = rows[f"{NAME} r"]
    expected = stats.ttest_rel([p.r for p in after.subjects], [p.r for p in before.subjects])
    assert row.p == pytest.approx(expected.pvalue)
    assert row.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert (row.baseline, row.other) == (before.raw.value, after.raw.value)
    assert row.difference == pytest.approx(after.raw.value - before.raw.value)
    assert (row.protocol, row.over, row.n) == ("controlled", "people", 8)


def test_unique_variance_is_no_surer_than_the_records_say() -> None:
    before, after = controlled(seed=1), controlled(seed=2)
    row = split(of(before), of(after))[0][f"{NAME} unique R²"]
    paired = stats.ttest_rel(
        [p.unique_r2 for p in after.subjects], [p.unique_r2 for p in before.subjects]
    ).confidence_interval(0.95)
    # both records say ± 0.002
    apart = after.unique_r2.value - before.unique_r2.value
    assert row.interval is not None
    assert row.interval[0] == pytest.approx(min(paired[0], apart - 0.002 * math.sqrt(2)))
    assert row.interval[1] == pytest.approx(max(paired[1], apart + 0.002 * math.sqrt(2)))
    # of the interval over people as if independent, the wider
    assert row.p == pytest.approx(
        2 * stats.norm.sf(stats.norm.ppf(0.975) * abs(apart) / 0.002 / math.sqrt(2))
    )


def test_equal_unique_variance_has_the_width_that_the_records_have() -> None:
    score = controlled(seed=1)
    row = split(of(score), of(score))[0][f"{NAME} unique R²"]
    assert row.interval == pytest.approx((-0.002 * math.sqrt(2), 0.002 * math.sqrt(2)))
    assert (row.difference, row.p, row.reading) == (0.0, 1.0, "identical")


def test_people_share_items_so_their_agreement_alone_is_not_sure() -> None:
    """r of every person rises by the same 0.01, about; over items the records say ± 0.06."""
    before = controlled(seed=1)
    wide = before.raw.model_copy(update={
        "items_interval": (before.raw.value - 0.06, before.raw.value + 0.06)
    })  # fmt: skip
    before = before.model_copy(update={"raw": wide})
    people = tuple(p.model_copy(update={"r": p.r + 0.01 + i / 9999})
                   for i, p in enumerate(before.subjects))  # fmt: skip
    value = float(sum(p.r for p in people) / len(people))
    ends = (value - 0.06, value + 0.06)
    raw = before.raw.model_copy(update={"value": value, "items_interval": ends})
    after = before.model_copy(update={"raw": raw, "subjects": people})
    row = split(of(before), of(after))[0][f"{NAME} r"]
    assert row.interval == pytest.approx(
        (row.difference - 0.06 * math.sqrt(2), row.difference + 0.06 * math.sqrt(2))
    )
    assert row.p is not None
    assert row.p > 0.5
    assert row.reading == "inconclusive"


def test_one_or_two_people_tell_no_error() -> None:
    for count in (1, 2):
        before, after = (
            score.model_copy(update={"subjects": score.subjects[:count]})
            for score in (controlled(seed=1), controlled(seed=2))
        )
        rows, _ = split(of(before), of(after))
        for row in rows.values():
            assert row.interval is row.p is None
            assert row.reading in ("higher", "lower")


def test_published_scores_are_paired_over_people_too() -> None:
    before, after = published(seed=1), published(seed=1, shift=-0.1)
    row = split(of(before), of(after))[0][f"{NAME} r at the best layer"]
    assert row.difference == pytest.approx(-0.1)
    assert (row.baseline, row.other) == (before.raw, after.raw)
    assert row.protocol == "published"


def test_behaviour_is_paired_over_people() -> None:
    record = full()
    rows, _ = split(record, record)
    row = rows["ds003076.behavior.all-consistency κ of errors"]
    assert (row.difference, row.reading) == (0.0, "identical")
    # not [0, 0]: the record's own interval over items has width
    assert row.interval is not None
    assert row.interval[0] < -0.01 < 0.01 < row.interval[1]
    assert row.baseline == record.behavior[0].error_consistency.value


def test_a_run_beside_itself_differs_in_nothing() -> None:
    record = full()
    rows, refused = split(record, record)
    assert refused == []
    assert len(rows) == 2 * 3 + 1
    assert {row.reading for row in rows.values()} == {"identical"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (controlled(version=4), "other benchmark version: 3 and 4"),
        (controlled(readout="localised"), "other readout: all units and localised"),
        (controlled(n_items=34), "other number of items: 36 and 34"),
        (controlled(n_voxels=99), "other number of voxels: 100 and 99"),
        (controlled(subjects=controlled().subjects[:-1]), "other people"),
        (published(), "other protocol: controlled and published"),
    ],
)
def test_another_design_is_refused(changed: Any, reason: str) -> None:
    rows, (refusal,) = split(of(controlled()), of(changed))
    assert rows == {}
    assert (refusal.name, refusal.reason, refusal.lost) == (NAME, reason, True)


@pytest.mark.parametrize("score", [controlled(), published()])
def test_other_data_are_refused(score: Any) -> None:
    before, after = of(score), of(score)
    after.datasets[0].data_sha256 = "e" * 64
    rows, (refusal,) = split(before, after)
    assert rows == {}
    assert refusal.reason == f"other data: {'d' * 64} and {'e' * 64}"


def test_what_only_one_run_has_is_named() -> None:
    _, refused = split(of(controlled(), controlled("md")), of(controlled(), controlled("dr")))
    assert [(one.name, one.reason) for one in refused] == [
        ("xiao2026.md.syllogistic-ridge", "only the baseline has it"),
        ("xiao2026.dr.syllogistic-ridge", "only the other run has it"),
    ]
    assert not any(one.lost for one in refused)


def test_what_the_other_run_was_asked_for_and_lacks_is_lost() -> None:
    after = of(controlled())
    after.benchmarks = {"xiao2026.md.syllogistic-ridge": 3}
    _, refused = split(of(controlled(), controlled("md"), controlled("dr")), after)
    assert [(one.name, one.lost) for one in refused] == [
        ("xiao2026.md.syllogistic-ridge", True),
        ("xiao2026.dr.syllogistic-ridge", False),
    ]


def test_people_whose_r_is_gone_are_told_and_lost() -> None:
    score = controlled()
    people = tuple(
        person.model_copy(update={"r": math.nan}) if i < 2 else person
        for i, person in enumerate(score.subjects)
    )
    fewer = of(score.model_copy(update={"subjects": people}))
    rows, (refusal,) = split(of(score), fewer)
    assert rows[f"{NAME} r"].n == 6
    assert (refusal.reason, refusal.lost) == ("r: 8 and 6 people have a number, 6 both", True)
    _, (refusal,) = split(fewer, of(score))
    assert (refusal.reason, refusal.lost) == ("r: 6 and 8 people have a number, 6 both", False)


def test_people_without_a_number_are_left_out_and_nobody_is_a_refusal() -> None:
    def blind(count: int) -> Record:
        record = full()
        (row,) = record.behavior
        people = [
            person.model_copy(update={"error_consistency": None if i < count else math.nan})
            if i < 2 * count
            else person
            for i, person in enumerate(row.people)
        ]
        record.behavior[0] = row.model_copy(update={"people": tuple(people)})
        return record

    rows, refused = split(full(), blind(1))
    assert rows["ds003076.behavior.all-consistency κ of errors"].n == 6
    assert [(one.reason, one.lost) for one in refused] == [
        ("κ of errors: 8 and 6 people have a number, 6 both", False)
    ]
    _, refused = split(full(), blind(4))
    assert refused[-1].reason == "κ of errors: no person has a number in both"
    assert refused[-1].lost
    _, refused = split(blind(4), full())
    assert not refused[-1].lost
