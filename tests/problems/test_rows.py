"""Rows say of themselves what their text proves, or it is told."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from brainbench.problems import (
    Problem,
    classify,
    make_set,
    order_variants,
    row_faults,
    row_words,
    to_problem,
    to_row,
)
from brainbench.problems.files import CARD, data_faults

PROBLEM = make_set("transitive", 3, 1, seed=2)[0]
ROW = to_row(PROBLEM, "test")


def test_a_problem_comes_back_from_its_row() -> None:
    for variant in order_variants(PROBLEM):
        again = to_problem(json.loads(json.dumps(to_row(variant, "train", 2))))
        assert again == variant
        assert not list(row_faults(to_row(variant, "train", 2)))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("valid", not ROW["valid"], "its text proves"),
        ("negated", not ROW["negated"], "its text proves"),
        ("premises_needed", 1, "its text proves"),
        ("premises_needed", True, "is True"),
        ("reasoning_type", "syllogistic", "its text proves 'transitive'"),
        ("split", "dev", "there are train, validation, test"),
        ("conclusion", "Colourless ideas sleep", "cannot be proven"),
        ("premises", "text", "is 'text'"),
        ("order", None, "is None"),
        ("believable", True, "not known"),
        ("distractors", [0, 1, 2, 3], "of 3 premises"),
        ("denials", 1, "the text has 0"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(field: str, value: Any, told: str) -> None:
    faults = dict(row_faults({**ROW, field: value}))
    assert told in faults["premises" if field == "conclusion" else field]


def test_a_missing_field_is_told() -> None:
    row = {key: value for key, value in ROW.items() if key != "valid"}
    assert list(row_faults(row)) == [("valid", "is missing")]


def test_a_needed_premise_is_no_distractor() -> None:
    valid = next(p for p in make_set("transitive", 3, 1) if p.condition.valid)
    faults = dict(row_faults(to_row(valid, "test", distractors=[0, 1, 2])))
    assert "are needed" in faults["distractors"]


def test_a_belief_is_held_against_the_world() -> None:
    premises = ("All roses are hofs", "All hofs are dogs")
    kind, condition = classify(premises, "All roses are dogs")
    row = to_row(Problem("x", kind, premises, "All roses are dogs", condition), "test")
    assert not list(row_faults({**row, "believable": False}))
    assert dict(row_faults({**row, "believable": True}))["believable"]


def test_words_are_terms() -> None:
    row = {"premises": ["All trabs are hofs", "Ann is a trab"], "conclusion": "Ann is a hof"}
    assert row_words(row) == {"trab", "hof", "ann"}


class TestFiles:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        self.write(tmp_path, [ROW])
        return tmp_path

    def write(self, folder: Path, held: list[Any], **entry: Any) -> None:
        content = "".join(json.dumps(row) + "\n" for row in held).encode()
        (folder / "some.jsonl").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        card = {"files": {"some.jsonl": {"sha256": sha256, "rows": {"test": len(held)}, **entry}}}
        (folder / CARD).write_text(yaml.safe_dump(card))

    def told(self, folder: Path) -> list[tuple[str, str]]:
        for fault in data_faults(folder):
            assert fault.file.startswith(str(folder))
            assert fault.remedy
        return [(fault.field, fault.problem) for fault in data_faults(folder)]

    def test_whole_files_have_none(self, data: Path, tmp_path_factory: Any) -> None:
        assert self.told(data) == []
        assert self.told(tmp_path_factory.mktemp("empty")) == []

    def test_an_edited_file(self, data: Path) -> None:
        with (data / "some.jsonl").open("a") as file:
            file.write("\n")
        ((field, problem), *_) = self.told(data)
        assert field == "sha256"
        assert "has been edited: expected" in problem

    def test_a_missing_file(self, data: Path) -> None:
        (data / "some.jsonl").unlink()
        assert self.told(data) == [("file", "is missing, though card.yaml lists it")]

    def test_a_file_that_is_not_listed(self, data: Path) -> None:
        (data / "more.jsonl").write_text("")
        assert self.told(data) == [("file", "is not in card.yaml")]

    def test_problems_without_a_card(self, data: Path) -> None:
        (data / CARD).unlink()
        assert self.told(data) == [("file", "is missing beside some.jsonl")]

    @pytest.mark.parametrize("text", ["[", "files: 3", "title: x", "files: {some.jsonl: 3}"])
    def test_a_broken_card(self, data: Path, text: str) -> None:
        (data / CARD).write_text(text)
        assert [field for field, _ in self.told(data)] == ["files"]

    def test_an_unproven_label(self, data: Path) -> None:
        self.write(data, [{**ROW, "valid": not ROW["valid"]}])
        (first, _) = self.told(data)
        assert first[0] == f"line 1 ({ROW['id']}), valid"
        assert "not proven" in first[1]

    def test_many_faults_are_counted(self, data: Path) -> None:
        self.write(data, [{**ROW, "valid": not ROW["valid"]}] * 9)
        told = self.told(data)
        assert ("rows", "4 more faults in rows") in told
        assert sum("not proven" in problem for _, problem in told) == 5

    def test_what_is_no_row(self, data: Path) -> None:
        (data / "some.jsonl").write_text('{"a": \n3\n')
        problems = [problem for _, problem in self.told(data)]
        assert any("is not JSON" in problem for problem in problems)
        assert "is not a problem" in problems

    def test_other_counts(self, data: Path) -> None:
        self.write(data, [ROW], rows={"test": 2})
        assert self.told(data) == [("rows", "has 1 proven rows of test, card.yaml says 2")]

    def test_an_identifier_twice(self, data: Path) -> None:
        self.write(data, [ROW, ROW])
        assert self.told(data) == [(f"id {ROW['id']}", "comes twice")]

    def test_one_base_of_two_problems(self, data: Path) -> None:
        other = to_row(make_set("transitive", 3, 1, seed=3)[0], "test")
        self.write(data, [ROW, {**other, "base_id": ROW["base_id"]}])
        (told,) = self.told(data)
        assert told[1] == f"is not {ROW['base_id']} in another order"

    def test_splits_that_share_words(self, data: Path) -> None:
        other = {**ROW, "id": "other", "base_id": "other", "split": "train"}
        self.write(data, [ROW, other], rows={})
        (told,) = self.told(data)
        assert told[0] == "split"
        assert "words are in other splits too" in told[1]
