"""Tests are the problems of their files, no more and no fewer, or an error."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from brainbench.datasets import folio
from brainbench.errors import DataError
from brainbench.guidance.evaluation import test_sets as module
from brainbench.guidance.evaluation.cached_prompts import Question
from brainbench.guidance.evaluation.test_sets import (
    FOLIO,
    TESTS,
    choice_tokens,
    items_of,
    load_test,
    read_set,
    read_validation,
)
from brainbench.models import LanguageModel
from brainbench.reasoning.checks.tasks import tasks_folder

Tiny = Callable[..., LanguageModel]
DATA = tasks_folder() / "data"
SETS = sorted({name for test in TESTS.values() for name in test.sets})


def rows_of(name: str, split: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [row for row in rows if row["split"] == split]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Task files that may be damaged."""
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.setattr(module, "tasks_folder", lambda: tmp_path)
    return tmp_path / "data"


class TestSets:
    @pytest.mark.parametrize("split", ["test", "validation"])
    @pytest.mark.parametrize("name", SETS)
    def test_problems_are_those_of_the_file(self, name: str, split: str) -> None:
        rows = rows_of(name, split)
        found = read_set(name, split, all_orders=True)
        assert [problem.identifier for problem in found] == [row["id"] for row in rows]
        assert [problem.condition.valid for problem in found] == [row["valid"] for row in rows]
        assert [list(problem.premises) for problem in found] == [row["premises"] for row in rows]
        once = read_set(name, split)
        assert [p.identifier for p in once] == [row["id"] for row in rows if row["order"] == 0]
        bases = [problem.base_id for problem in once]
        assert len(set(bases)) == len(bases) == len({row["base_id"] for row in rows})

    def test_a_limit_keeps_whole_problems(self) -> None:
        found = read_set("syllogistic_4", "test", all_orders=True, limit=3)
        bases = list(dict.fromkeys(row["base_id"] for row in rows_of("syllogistic_4", "test")))
        assert [p.base_id for p in found] == [base for base in bases[:3] for _ in range(6)]

    @pytest.mark.parametrize(("limit", "kept"), [(1, [0, 2]), (2, [0, 1, 2]), (3, [0, 1, 2])])
    def test_few_problems_have_both_answers(self, limit: int, kept: list[int]) -> None:
        every = read_validation(["syllogistic_3"])
        assert [problem.condition.valid for problem in every[:3]] == [True, True, False]
        assert read_validation(["syllogistic_3"], limit=limit) == [every[i] for i in kept]

    def test_an_edited_file_is_refused(self, copied: Path) -> None:
        assert read_set("transitive_3", "test")
        path = copied / "transitive_3.jsonl"
        path.write_text(path.read_text("utf-8").replace('"valid": true', '"valid": false', 1))
        with pytest.raises(DataError, match=r"transitive_3.jsonl is not the file that card.yaml"):
            read_set("transitive_3", "test")
        assert read_set("syllogistic_3", "test"), "others are as they were"

    def test_what_is_missing_is_named(self, copied: Path) -> None:
        (copied / "transitive_4.jsonl").unlink()
        with pytest.raises(DataError, match=r"transitive_4.jsonl or its card cannot be read"):
            read_set("transitive_4", "test")
        card = yaml.safe_load((copied / "card.yaml").read_text("utf-8"))
        del card["files"]["transitive_5.jsonl"]
        (copied / "card.yaml").write_text(yaml.safe_dump(card), "utf-8")
        with pytest.raises(DataError, match=r"transitive_5.jsonl or its card cannot be read"):
            read_set("transitive_5", "test")
        (copied / "card.yaml").write_text("files: [", "utf-8")
        with pytest.raises(DataError, match="cannot be read"):
            read_set("transitive_3", "test")
        (copied / "card.yaml").unlink()
        with pytest.raises(DataError, match="restore it, or make it"):
            read_set("transitive_3", "test")


class TestLoading:
    @pytest.mark.parametrize("name", [name for name in TESTS if name != FOLIO])
    def test_questions_of_a_test_in_all_orders(self, name: str, tiny: Tiny) -> None:
        found = load_test(tiny(), name, all_orders=True, limit=4)
        for questions, split in ((found.questions, "test"), (found.validation, "validation")):
            expected = []
            for each in TESTS[name].sets:
                rows = rows_of(each, split)
                bases = list(dict.fromkeys(row["base_id"] for row in rows))[:4]
                expected += [row for row in rows if row["base_id"] in bases]
            assert [q.identifier for q in questions] == [row["id"] for row in expected]
            assert [q.base_id for q in questions] == [row["base_id"] for row in expected]
            assert [q.order for q in questions] == [row["order"] for row in expected]
            assert [q.label for q in questions] == [0 if row["valid"] else 1 for row in expected]
            assert {q.kind for q in questions} == {TESTS[name].kind}
        assert found.items.n_base == 4 * len(TESTS[name].sets)
        assert not {q.base_id for q in found.questions} & {q.base_id for q in found.validation}

    def test_each_problem_once(self, tiny: Tiny) -> None:
        found = load_test(tiny(), "propositional", all_orders=False)
        assert len(found.questions) == found.items.n_base == found.items.n_items == 256
        assert len(found.validation) == 64
        assert not found.items.order.any()

    @pytest.mark.parametrize("name", [name for name in TESTS if name != FOLIO])
    def test_few_problems_hold_both_labels(self, name: str) -> None:
        """Of the first eight of each file, as ``--limit 8`` leaves them."""
        for split in ("test", "validation"):
            rows = [p for each in TESTS[name].sets for p in read_set(each, split, limit=8)]
            assert {p.condition.valid for p in rows} == {True, False}


class TestFolio:
    def test_validation_problems_are_read_and_training_ones_chosen_on(
        self, mirror: Path, tiny: Tiny
    ) -> None:
        model = tiny(max_position_embeddings=2048)
        found = load_test(model, FOLIO, all_orders=True)
        told, learned = folio.load("validation"), folio.load("train")[:100]
        for questions, problems in ((found.questions, told), (found.validation, learned)):
            assert [q.identifier for q in questions] == [p.identifier for p in problems]
            assert [q.base_id for q in questions] == [p.story for p in problems]
            words = ("True", "False", "Uncertain")
            assert [words[q.label] for q in questions] == [p.label for p in problems]
        assert found.items.n_choices == 3
        assert found.items.n_base == len({p.story for p in told}) < 204
        assert not {p.story for p in told} & {p.story for p in learned}
        text = model.loader.tokenizer.decode(found.questions[0].tokens)
        assert all(premise in text for premise in told[0].premises)
        assert told[0].conclusion in text
        assert len(load_test(model, FOLIO, all_orders=False, limit=3).validation) == 3


class Spelling:
    """A tokenizer that cuts after some letters, and has no special tokens."""

    bos_token_id = eos_token_id = None
    all_special_ids: tuple[int, ...] = ()

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(
        self, texts: list[str], add_special_tokens: bool, return_attention_mask: bool
    ) -> dict[str, list[list[str]]]:
        assert not add_special_tokens
        size = self.size
        return {"input_ids": [[t[i : i + size] for i in range(0, len(t), size)] for t in texts]}


class TestChoiceTokens:
    WORDS = ("True", "False", "Uncertain")

    def test_words_as_written_small_and_with_a_space(self) -> None:
        found = choice_tokens(Spelling(20), self.WORDS)
        assert found[1] == tuple(sorted(["False", " False", "false", " false"]))
        assert choice_tokens(Spelling(3), self.WORDS)[2] == (" Un", " un", "Unc", "unc")

    def test_what_begins_several_tells_nothing(self) -> None:
        # one letter at a time: all of them may begin with a space
        assert choice_tokens(Spelling(1), self.WORDS) == (("T", "t"), ("F", "f"), ("U", "u"))

    def test_words_that_begin_alike_are_an_error(self) -> None:
        with pytest.raises(DataError, match="gives True, Truth the same first tokens"):
            choice_tokens(Spelling(2), ("True", "Truth"))

    def test_a_real_tokenizer(self, tiny: Tiny) -> None:
        tokenizer = tiny().loader.tokenizer
        found = choice_tokens(tokenizer, self.WORDS)
        flat = [token for ids in found for token in ids]
        assert len(set(flat)) == len(flat)
        for word, ids in zip(self.WORDS, found, strict=True):
            for token in ids:
                assert word.lower().startswith(tokenizer.decode([token]).strip().lower())


def test_items_of_questions() -> None:
    def question(base: str, order: int, label: int) -> Question:
        choices: Sequence[tuple[int, ...]] = ((1,), (2,), (3,))
        return Question(f"{base}-{order}", base, order, (5,), tuple(choices), label, "all")

    items = items_of([question("a", 0, 2), question("a", 1, 0), question("b", 0, 1)])
    assert items.n_choices == 3
    assert items.labels.tolist() == [2, 0, 1]
    assert items.order.tolist() == [0, 1, 0]
    assert (items.n_items, items.n_base) == (3, 2)
    assert np.array_equal(items.clusters, [0, 0, 1])
