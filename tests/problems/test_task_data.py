"""The problems that the task files ask: made again, proven again, disjoint and balanced."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from references import Solver

from brainbench.problems import GENERATOR_VERSION, SCANNER_RUN, Condition, entails, read_statement
from brainbench.problems.files import data_faults

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tasks" / "data"
CARD = yaml.safe_load((DATA / "card.yaml").read_text("utf-8"))
FILES = sorted(CARD["files"])
SPLITS = ("train", "validation", "test")
# words that make up the grammar
GRAMMAR = set(
    "a all an and are both case if is it more not or than that the then things".split()  # noqa: SIM905
)

Rows = list[dict[str, Any]]


def rows_of(name: str) -> Rows:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("make", ROOT / "scripts" / "make_task_data.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make"] = module  # where dataclasses look it up
    spec.loader.exec_module(module)
    return module


def test_no_fault_is_found() -> None:
    """Hashes, counts, labels by the model checker, words of the splits as terms."""
    assert list(data_faults(DATA)) == []


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 6e6


def test_the_card_is_of_this_generator() -> None:
    assert CARD["generator_version"] == GENERATOR_VERSION
    for entry in CARD["files"].values():
        assert entry["what"]
        assert set(entry["seeds"]) == set(entry["rows"]) == set(SPLITS)
    seeds = [seed for entry in CARD["files"].values() for seed in entry["seeds"].values()]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("name", FILES)
def test_the_script_makes_them_again(name: str, script: Any, tmp_path: Path) -> None:
    entry, rows = script.write_set(name.removesuffix(".jsonl"), tmp_path)
    assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()
    assert entry == CARD["files"][name]
    assert rows == rows_of(name)


def test_splits_share_no_word() -> None:
    """Told from the letters alone, plurals as their singular."""
    words: dict[str, set[str]] = {split: set() for split in SPLITS}
    for name in FILES:
        for row in rows_of(name):
            text = " ".join((*row["premises"], row["conclusion"])).lower()
            held = set(re.findall(r"[a-z]+", text)) - GRAMMAR
            words[row["split"]] |= {word.removesuffix("s") for word in held}
    train, validation, test = words.values()
    assert not train & validation
    assert not train & test
    assert not validation & test
    assert min(map(len, words.values())) > 100


@pytest.mark.parametrize("name", FILES)
def test_labels_agree_with_z3(name: str) -> None:
    solver = Solver()
    rows = rows_of(name)
    for i in np.random.default_rng(0).choice(len(rows), 40, replace=False):
        row = rows[i]
        assert solver.consistent(row["premises"]), row
        assert solver.entails(row["premises"], row["conclusion"]) == row["valid"], row


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("split", SPLITS)
class TestDesign:
    def held(self, name: str, split: str) -> Rows:
        return [row for row in rows_of(name) if row["split"] == split]

    def test_orders_are_variants_of_one_problem(self, name: str, split: str) -> None:
        bases: dict[str, Rows] = {}
        for row in self.held(name, split):
            bases.setdefault(row["base_id"], []).append(row)
        sizes = {len(rows) for rows in bases.values()}
        assert len(sizes) == 1
        (size,) = sizes
        for rows in bases.values():
            assert [row["order"] for row in rows] == list(range(size))
            assert len({tuple(row["premises"]) for row in rows}) == size
            assert len({(tuple(sorted(r["premises"])), r["conclusion"]) for r in rows}) == 1
        most = {"scanner": 1, "propositional_2": 2}.get(name.removesuffix(".jsonl"), 6)
        if not name.startswith(("distractors", "belief", "double_negation")):
            assert size == most

    def test_no_problem_comes_twice(self, name: str, split: str) -> None:
        rows = [row for row in self.held(name, split) if row["order"] == 0]
        texts = {(tuple(sorted(row["premises"])), row["conclusion"]) for row in rows}
        assert len(texts) == len(rows)

    def test_conditions_are_balanced(self, name: str, split: str) -> None:
        if name.startswith("scanner"):  # as unbalanced as the scanner's runs, see below
            return
        rows = [row for row in self.held(name, split) if row["order"] == 0]
        cells = Counter(
            (row["reasoning_type"], row["valid"], row.get("believable"), row["negated"],
             row["premises_needed"])
            for row in rows
        )  # fmt: skip
        assert len(set(cells.values())) == 1
        assert sum(row["valid"] for row in rows) * 2 == len(rows)


@pytest.mark.parametrize("kind", ["syllogistic", "transitive"])
@pytest.mark.parametrize("premises", [4, 5, 6])
def test_every_premise_is_needed_in_the_long_ones(kind: str, premises: int) -> None:
    for row in rows_of(f"{kind}_{premises}.jsonl"):
        assert row["premises_needed"] == len(row["premises"]) == premises
        if row["valid"] and row["order"] == 0:
            for left_out in range(premises):
                fewer = [text for i, text in enumerate(row["premises"]) if i != left_out]
                read = [read_statement(text) for text in fewer]
                assert not entails(read, read_statement(row["conclusion"]))


def test_propositional_forms_and_fallacies_are_even() -> None:
    for name in ("propositional_2", "propositional_3"):
        for split in SPLITS:
            rows = [row for row in rows_of(f"{name}.jsonl") if row["split"] == split]
            assert len(set(Counter(row["form"] for row in rows).values())) == 1
            assert len({row["form"] for row in rows}) == 8


def test_runs_are_the_scanners() -> None:
    runs: dict[Any, list[str]] = {}
    for row in rows_of("scanner.jsonl"):
        condition = Condition(row["premises_needed"], row["valid"], row["negated"])
        runs.setdefault((row["split"], row["run"]), []).append(condition.name)
        words = sum(len(sentence.split()) for sentence in (*row["premises"], row["conclusion"]))
        assert words in ((16, 17, 18) if row["reasoning_type"] == "syllogistic" else (20, 21))
    assert len(runs) == 2 * (1 + 2 + 6)
    assert all(Counter(names) == Counter(SCANNER_RUN) for names in runs.values())


def test_distractors_and_denials_are_what_they_are_called() -> None:
    for row in rows_of("distractors.jsonl"):
        assert len(row["premises"]) == 5
        assert len(row["distractors"]) == 2
    counts = Counter(row["denials"] for row in rows_of("double_negation.jsonl"))
    assert set(counts) == {1, 2, 3}
    valid = [row["valid"] for row in rows_of("double_negation.jsonl") if row["denials"] == 2]
    assert np.mean(valid) == pytest.approx(0.5, abs=0.05)
