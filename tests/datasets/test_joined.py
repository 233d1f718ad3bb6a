"""Adults and children side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brainbench.datasets import Behavior, joined, load_behavior, load_card, load_recording
from brainbench.errors import DataError, UsageError

PARTS = ("ds003076", "ds002886")


@pytest.fixture(scope="module")
def loaded(shared: Path) -> dict[str, Behavior]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
        return {name: load_behavior(name) for name in (*PARTS, "deduction73")}


def test_the_card_holds_what_its_parts_hold() -> None:
    card, parts = load_card("deduction73"), [load_card(name) for name in PARTS]
    assert card.requires == PARTS
    assert card.subjects == tuple(s for part in parts for s in part.subjects)
    assert card.missing_runs == parts[0].missing_runs | parts[1].missing_runs
    for part in parts:
        assert card.dropped == part.dropped
        assert card.condition_differences == part.condition_differences
        assert (card.items, card.type_items, card.runs) == (part.items, part.type_items, part.runs)
        assert part.citation.strip() in card.citation


def test_everybody_is_there_as_in_the_parts(loaded: dict[str, Behavior]) -> None:
    joint, adults, children = (loaded[name] for name in ("deduction73", *PARTS))
    assert joint.problems == adults.problems == children.problems
    assert joint.subjects == [*adults.subjects, *children.subjects]
    for name in ("accuracy", "answer", "response_time"):
        parts = np.concatenate([adults.values(name), children.values(name)], axis=1)
        np.testing.assert_array_equal(joint.values(name), parts)
    assert joint.groups.tolist() == ["adults"] * 17 + ["children"] * 56
    assert joint.ages.tolist() == [*load_card(PARTS[0]).ages.values(),
                                   *load_card(PARTS[1]).ages.values()]  # fmt: skip
    assert joint.data_sha256 == joint.card.data_sha256(*map(load_card, PARTS))


def test_some_people_in_the_order_asked_for(loaded: dict[str, Behavior], mirror: Path) -> None:
    some = load_behavior("deduction73", ("sub-002", "sub-1001"))
    assert some.subjects == ["sub-002", "sub-1001"]
    assert some.groups.tolist() == ["children", "adults"]
    whole = loaded["deduction73"]
    columns = [whole.subjects.index(subject) for subject in some.subjects]
    np.testing.assert_array_equal(some.values("answer"), whole.values("answer")[:, columns])
    alone = load_behavior("deduction73", "sub-1026")
    assert alone.problems == whole.problems


def test_other_problems_are_refused_and_named(loaded: dict[str, Behavior]) -> None:
    one, other = (loaded[name] for name in PARTS)
    joined.require_same_problems(one, other)
    changed = list(other.problems)
    changed[3] = replace(changed[3], conclusion="All zeds are red")
    text = (
        r"ds003076 and ds002886 cannot be joined, their problems differ: syllogistic-01-03 .* "
        r"against syllogistic-01-03 .*All zeds are red"
    )
    with pytest.raises(DataError, match=text):
        joined.require_same_problems(one, replace(other, problems=tuple(changed)))
    changed = [*other.problems[1:], other.problems[0]]
    with pytest.raises(DataError, match=r"syllogistic-01-00 .* against syllogistic-01-01"):
        joined.require_same_problems(one, replace(other, problems=tuple(changed)))
    with pytest.raises(DataError, match="hold 70 and 69 problems"):
        joined.require_same_problems(one, replace(other, problems=other.problems[1:]))


def test_a_dataset_that_does_not_name_groups_says_so(loaded: dict[str, Behavior]) -> None:
    adults = loaded["ds003076"]
    assert set(adults.groups) == {"adults"}
    bare = replace(adults, responses=adults.responses.drop_vars(["group", "age"]))
    with pytest.raises(DataError, match="ds003076 does not say the group of its people"):
        _ = bare.groups
    with pytest.raises(DataError, match="ds003076 does not say the age of its people"):
        _ = bare.ages


def test_it_holds_no_brains() -> None:
    with pytest.raises(UsageError, match="deduction73 holds the problems and people's answers"):
        load_recording("deduction73")
