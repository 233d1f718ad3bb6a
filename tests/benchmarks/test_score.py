"""Each kind of score puts itself into a record; one of a new kind is kept whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from simulated_records import controlled, empty, gain, published, search

from brainbench.benchmarks import BenchmarkScore
from brainbench.errors import DataError
from brainbench.results import Record


class Toy(BenchmarkScore):
    kind = "toy"
    r: float
    warnings: tuple[str, ...] = ()

    @property
    def headline(self) -> float:
        return self.r


def toy(**fields: Any) -> Toy:
    return Toy(**{"benchmark": "a.b.c-toy", "version": 2, "dataset": "a", "r": 0.5, **fields})


def test_a_kind_without_a_list_of_its_own_comes_back_whole() -> None:
    record = empty()
    record.add(toy(warnings=("some",)))
    record.add(published())
    read = Record.model_validate_json(record.model_dump_json())
    assert read == record
    (kept,) = read.other
    assert (kept.kind, kept.benchmark, kept.version, kept.dataset) == ("toy", "a.b.c-toy", 2, "a")
    assert (kept.value, kept.notes, kept.warnings) == (0.5, ("some",), ("some",))
    assert Toy.read_from(read) == [toy(warnings=("some",))]
    assert toy().by_person == {}
    assert toy().facts == {}


def test_a_score_that_has_other_fields_now_is_told() -> None:
    record = empty()
    record.add(toy())
    del record.other[0].score["r"]
    with pytest.raises(DataError, match=r"the record's toy scores cannot be read"):
        Toy.read_from(record)
    record.other[0].kind = "another"
    assert Toy.read_from(record) == []


def test_records_without_other_kinds_are_written_as_ever() -> None:
    record = empty()
    record.add(published())
    assert "other" not in json.loads(record.model_dump_json(indent=1))
    assert "other" not in record.model_dump()
    assert "other" not in record.model_dump(exclude={"timing"})
    record.add(toy())
    assert [one["value"] for one in json.loads(record.model_dump_json())["other"]] == [0.5]
    assert set(record.model_dump(include={"other"})) == {"other"}


def test_every_kind_knows_where_it_belongs() -> None:
    fields = (
        "published",
        "controlled",
        "accuracy",
        "gains",
        "searches",
        "other",
    )
    given = {
        "published": published(), "controlled": controlled(), "gains": gain(), "searches": search(),
        "other": toy(),
    }  # fmt: skip
    for place, score in given.items():
        record = empty()
        record.add(score)
        found = {name for name in fields if getattr(record, name)}
        assert found == {place}


def test_a_score_must_say_which_number_it_is() -> None:
    class Silent(BenchmarkScore):
        kind = "silent"

    with pytest.raises(TypeError, match="headline"):
        Silent(benchmark="a.b.c", version=1, dataset="a")  # type: ignore[abstract]


@pytest.mark.parametrize("make", [published, controlled])
def test_the_headline_is_the_mean_or_middle_of_people(make: Any) -> None:
    score = make()
    people = list(score.by_person.values())
    assert len(people) == score.n_subjects
    assert min(people) <= score.headline <= max(people)
    assert score.facts["protocol"] == score.kind
