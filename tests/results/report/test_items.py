"""One form of an item, whatever wrote it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from brainbench.results.report.items import OUTCOMES, TRUE_FALSE, as_json, read_item
from brainbench.results.report.problem_texts import problem_text

KNOWN = "syllogistic_3-train-0000-order-012"


def outcome(row: dict[str, Any]) -> str:
    return OUTCOMES[read_item(row, TRUE_FALSE, False)["outcome"]]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"label": "True", "said": "True"}, "right"),
        ({"label": "True", "said": "False"}, "wrong"),
        # of people's problems 1 stands for True; an answer that is none is no wrong one
        ({"label": 1, "said": 1}, "right"),
        ({"label": 1, "said": 0}, "wrong"),
        ({"label": 1, "said": None}, "no answer"),
        ({"acc": 1.0}, "right"),
        ({"exact_match": 0}, "wrong"),
        ({"exact_match": 0, "invalid": 1.0}, "no answer"),
        ({"f1": 0.4}, "not judged"),
        ({}, "not judged"),
    ],
)
def test_right_wrong_and_neither(row: dict[str, Any], expected: str) -> None:
    assert outcome(row) == expected


def test_an_item_of_people_and_one_of_a_task_are_alike() -> None:
    person = {"id": "a", "reasoning_type": "syllogistic", "label": 0, "said": 1, "log_odds": 0.5,
              "people_right": 0.75, "n_people": 16}  # fmt: skip
    assert read_item(person, TRUE_FALSE, False) == {
        "id": "a", "kind": "syllogisms", "label": "False", "said": "True", "odds": 0.5,
        "sure": -0.5, "outcome": OUTCOMES.index("wrong"), "people": 0.75, "n": 16,
    }  # fmt: skip
    asked = {"doc_id": 3, "id": "b", "base_id": "b", "doc_hash": "f" * 64, "filter": "none",
             "answers": [[-0.5, True], [-1.25, False]], "label": "True", "said": "True",
             "log_odds": 0.75, "acc": 1.0, "not_said": 0.0}  # fmt: skip
    assert read_item(asked, TRUE_FALSE, False) == {
        "id": "b", "label": "True", "said": "True", "odds": 0.75, "sure": 0.75,
        "outcome": OUTCOMES.index("right"), "answers": [("True", -0.5), ("False", -1.25)],
        "rest": {"acc": 1.0},
    }  # fmt: skip


def test_kept_texts_are_shown_in_lm_evals_fields() -> None:
    row = {
        "doc": {"reasoning_type": "transitive"},
        "arguments": {"gen_args_0": {"arg_0": "Ann is taller than Ben.", "arg_1": {"until": []}}},
        "resps": [["So it follows.\nTrue"]],
        "target": " True",
    }
    item = read_item(row, TRUE_FALSE, False)
    assert item["kind"] == "transitive problems"
    assert item["text"] == "Ann is taller than Ben."
    assert item["made"] == "So it follows.\nTrue"
    assert item["target"] == " True"


def test_texts_of_known_problems_are_found_by_their_id_where_the_answer_agrees() -> None:
    item = read_item({"id": KNOWN, "label": "False", "said": "True"}, TRUE_FALSE, True)
    assert item["text"].startswith("All maplims are sullen.\n")
    assert item["text"].endswith("→ Cedric is not slimy?")
    assert item["kind"] == "syllogisms"
    assert problem_text(KNOWN, "True") is None
    assert problem_text("../../secret-test-0", "True") is None
    assert problem_text("nothing_9-test-0000-order-012", "True") is None


def test_numbers_are_those_that_json_knows() -> None:
    row = {"log_odds": "-inf", "label": "False", "a": math.inf, "b": math.nan, "c": 10**30}
    item = read_item(row, TRUE_FALSE, False)
    assert item["odds"] == -1e9
    assert item["sure"] == 1e9
    assert item["rest"] == {"a": 1e9, "c": 1e9}
    assert json.loads(as_json(item)) == item


def test_long_and_odd_values_are_cut() -> None:
    row = {f"k{i}": "y" * 500 for i in range(500)}
    row |= {"arguments": "x" * 10_000, "resps": [[[[[[["deep"]]]]]]], "id": ["z" * 999]}  # type: ignore[dict-item]
    item = read_item(row, TRUE_FALSE, False)
    assert len(item["text"]) == 4000
    assert len(item["rest"]) <= 16
    assert len(item["id"]) <= 160
    assert max(map(len, item["rest"].values())) <= 160


def test_no_text_ends_the_script_element() -> None:
    text = as_json({"a": "</script><!-- &amp; \u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!-- &amp; \u2028"}
