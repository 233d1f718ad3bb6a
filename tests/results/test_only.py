"""One benchmark or task of a record."""

from __future__ import annotations

import pytest
from scorecards import passed
from simulated_records import full

from brainbench.errors import UnknownNameError
from brainbench.results import Record, only
from brainbench.results.only import names_of


@pytest.fixture(scope="module")
def record() -> Record:
    made = full()
    made.add(passed("run"))
    return made


def test_every_name_gives_its_own_scores_alone(record: Record) -> None:
    names = names_of(record)
    assert len(names) == len(set(names)) > 7
    for name in names:
        assert names_of(only(record, name)) == [name]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("xiao2026.language", ["xiao2026.language.syllogistic-ridge",
                               "xiao2026.language.transitive-ridge"]),
        ("*quick_a", ["brainbench_quick_a"]),
        ("xiao2026.brain.all-ladder", ["xiao2026.brain.all-ladder"]),
    ],
)  # fmt: skip
def test_a_name_stands_for_what_begins_with_it(record: Record, name: str, kept: list[str]) -> None:
    found = only(record, name)
    assert names_of(found) == kept
    assert bool(found.ladder) == ("ladder" in name)


def test_a_wrong_name_is_answered_with_the_nearest(record: Record) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'brainbench_quick_a'"):
        only(record, "brainbench_quik_a")
