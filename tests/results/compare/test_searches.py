"""The targeted search of two runs: two numbers for each arm, and no verdict."""

from __future__ import annotations

import math
from typing import Any

import pytest
from simulated_records import empty, search

from brainbench.guidance.rows import SearchRow
from brainbench.results import Record
from brainbench.results.compare.comparison import ComparisonRow, Refusal
from brainbench.results.compare.judging import got_worse
from brainbench.results.compare.searches import compare_searches


def of(**fields: Any) -> Record:
    record = empty()
    record.add(search().model_copy(update=fields))
    return record


def test_shares_of_flipped_answers_stand_beside_each_other_and_are_not_judged() -> None:
    after = of()
    after.searches[0].rows[0].flipped = 0.3
    found = list(compare_searches(of(), after))
    assert [(row.metric, row.reading) for row in found if isinstance(row, ComparisonRow)] == [
        ("flipped, guided", "lower"), ("flipped, label only", "equal")
    ]  # fmt: skip
    (row, _) = found
    assert isinstance(row, ComparisonRow)
    assert (row.baseline, row.other, row.n) == (0.5, 0.3, 40)
    assert row.difference == pytest.approx(-0.2)
    assert row.interval is row.p is row.stderr is None
    assert not got_worse(row)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"site": "hidden"}, "other site: attention and hidden"),
        ({"loss": "pearson"}, "other loss: cosine and pearson"),
        ({"centring": "raw"}, "other centring: none and raw"),
        ({"n_people": 3}, "other number of people: 8 and 3"),
        ({"n_wrong": 13}, "other items that the model has wrong: 12 and 13"),
        ({"n_pairs": 41}, "other number of pairs: 40 and 41"),
    ],
)
def test_another_search_is_refused(changed: dict[str, Any], reason: str) -> None:
    (found,) = compare_searches(of(), of(**changed))
    assert isinstance(found, Refusal)
    assert (found.reason, found.lost) == (reason, False)


def test_other_data_other_searches_and_other_arms_are_refused() -> None:
    after = of()
    after.datasets[0].data_sha256 = "e" * 64
    (found,) = compare_searches(of(), after)
    assert isinstance(found, Refusal)
    assert found.reason.startswith("other data")
    told = [one.reason for one in compare_searches(of(), of(roi="md")) if isinstance(one, Refusal)]
    assert told == ["only the baseline has it", "only the other run has it"]
    after = of()
    after.searches[0].rows[0].flipped = math.nan
    after.searches[0].rows[1].arm = "random direction"
    after.searches[0].rows[1].one_direction = True
    told = [one.reason for one in compare_searches(of(), after) if isinstance(one, Refusal)]
    assert told == [
        "guided: only the baseline has it",
        "label only: only the baseline has it",
        "random direction: only the other run has it",
    ]


def test_a_random_direction_that_was_drawn_anew_is_held_against_no_other() -> None:
    held = search().rows[0].model_dump() | {"arm": "random direction"}
    before, after = (
        of(rows=[SearchRow(**held | {"one_direction": kept})]) for kept in (None, True)
    )
    told = [one.reason for one in compare_searches(before, after) if isinstance(one, Refusal)]
    assert told == [
        "random restarts: only the baseline has it",
        "random direction: only the other run has it",
    ]
