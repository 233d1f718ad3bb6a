"""The built-in model is small, loads by itself, and does what its card says."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from brainbench.models import load_model, read_answers
from brainbench.problems import (
    REASONING_TYPES,
    VOCABULARY,
    Problem,
    ReasoningType,
    Vocabulary,
    make_set,
)

FOLDER = Path(str(resources.files("brainbench.models"))) / "data" / "nano"
MEASURED = json.loads((FOLDER / "training.json").read_text("utf-8"))["measured"]


def fresh(reasoning_type: ReasoningType) -> list[Problem]:
    """Three premises in the order of the chain, trained words, other problems than the card's."""
    left_out = MEASURED["words_left_out"]
    trained = Vocabulary(
        **{
            field.name: tuple(
                word for word in getattr(VOCABULARY, field.name) if word not in left_out[field.name]
            )
            for field in fields(VOCABULARY)
        }
    )
    return [
        problem
        for seed in range(8)
        for problem in make_set(reasoning_type, 3, 2, 500 + seed, trained, shuffled=False)
    ]


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 10e6


def test_it_holds_nothing_that_runs() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} <= {".json", ".md", ".safetensors"}


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
def test_its_accuracy_is_that_of_the_card(reasoning_type: ReasoningType) -> None:
    problems = fresh(reasoning_type)
    answers = read_answers(load_model("nano"), problems)
    assert answers.n_invalid <= 0.05 * len(problems)
    labels = np.array([problem.condition.valid for problem in problems], float)
    row = next(
        row
        for row in MEASURED["seen"]
        if (row["type"], row["form"]) == (reasoning_type, "all")
        and (row["premises"], row["order"]) == (3, "chain")
    )
    n = len(problems)
    slack = 3.3 * np.sqrt(0.25 / n + 0.25 / row["n"])
    assert float((answers.said == labels).mean()) == pytest.approx(row["accuracy"], abs=slack)


def test_it_leaves_room_above_and_is_no_constant() -> None:
    accuracy = [
        row["accuracy"]
        for row in MEASURED["seen"]
        if (row["form"], row["premises"], row["order"]) == ("all", 3, "chain")
    ]
    assert len(accuracy) == 3
    assert 0.55 < float(np.mean(accuracy)) < 0.95
    assert max(accuracy) > 0.8


def test_its_card_tells_what_was_measured() -> None:
    card = (FOLDER / "README.md").read_text("utf-8")
    for row in (*MEASURED["seen"], *MEASURED["unseen"]):
        assert f"{row['accuracy']:.3f} | {row['low']:.3f} to {row['high']:.3f}" in card
