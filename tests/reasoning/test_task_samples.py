"""Samples tell items by ids and hashes, and texts only where they may be shared."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from brainbench.reasoning.lm.lm import GeneratedText
from brainbench.reasoning.plain import plain
from brainbench.reasoning.samples import sample_rows

SECRET = "All poodles are dogs."


def sample(**more: Any) -> dict[str, Any]:
    return {
        "doc_id": 3, "doc": {"id": "a-1", "base_id": "a", "premises": [SECRET]},
        "target": "True", "arguments": {"gen_args_0": {"arg_0": SECRET}},
        "resps": [[(-1.0, True)], [(-2.0, False)]], "filtered_resps": [(-1.0, True), (-2.0, False)],
        "filter": "none", "doc_hash": "d", "prompt_hash": "p", "target_hash": "t",
        "metrics": ["acc", "balanced_acc"], "acc": 1.0,
        "balanced_acc": ["a", "True", "True", 1.0], **more,
    }  # fmt: skip


def test_a_row_has_ids_hashes_and_numbers() -> None:
    (row,) = sample_rows([sample()], texts=False)
    assert row == {
        "doc_id": 3, "id": "a-1", "base_id": "a", "doc_hash": "d", "prompt_hash": "p",
        "target_hash": "t", "filter": "none", "answers": [[-1.0, True], [-2.0, False]],
        "label": "True", "said": "True", "log_odds": 1.0, "acc": 1.0,
    }  # fmt: skip


def test_no_text_of_a_question_or_an_answer_is_told() -> None:
    said = GeneratedText(f"I think that {SECRET}", True)
    (row,) = sample_rows([sample(resps=[[said]], filtered_resps=[said])], texts=False)
    assert SECRET not in json.dumps(row)
    (answer,) = row["answers"]
    assert answer["characters"] == len(said)
    assert answer["truncated"] is True
    assert len(answer["sha256"]) == 64


def test_texts_are_told_where_they_may_be() -> None:
    (row,) = sample_rows([sample()], texts=True)
    assert row["doc"]["premises"] == [SECRET]
    assert row["arguments"]["gen_args_0"]["arg_0"] == SECRET


def test_values_are_as_json_has_them() -> None:
    values = {
        "a": float("nan"), "b": [np.float32(1.5), -float("inf")], 3: {"x"},
        "f": GeneratedText("t", True),
        "n": np.arange(2), "t": True,
    }  # fmt: skip
    found = plain(values)
    assert found == {"a": None, "b": [1.5, "-inf"], "3": ["x"], "f": "t", "n": [0, 1], "t": True}
    assert json.loads(json.dumps(found, allow_nan=False)) == found
