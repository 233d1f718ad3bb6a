"""Items of a run: what the model said and what people did, by id, never by text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from simulated_behavior import people, sharing

from brainbench.models import Answers
from brainbench.results import RunFolder, sample_rows

NAN = float("nan")


def test_a_row_is_ids_and_numbers() -> None:
    right = sharing(0.5, 4)
    right[0], right[1, :2] = NAN, NAN
    right[1, 2:] = [1.0, 0.0]
    behavior = people(right)
    words = np.tile([1.0, 0.0, NAN], 24)
    odds = np.tile([0.5, -np.inf, NAN], 24)
    rows = sample_rows(behavior, Answers(words, odds, ("said at length",) * 72))
    first = behavior.problems[0]
    assert rows[0] == {
        "id": first.identifier,
        "reasoning_type": first.reasoning_type,
        "label": int(first.condition.valid),
        "said": 1,
        "log_odds": 0.5,
        "people_right": None,
        "n_people": 0,
    }
    assert (rows[1]["said"], rows[1]["log_odds"]) == (0, "-inf")
    assert (rows[1]["people_right"], rows[1]["n_people"]) == (0.5, 2)
    assert (rows[2]["said"], rows[2]["log_odds"]) == (None, None)
    assert rows[5]["people_right"] == pytest.approx(right[5].mean())
    text = json.dumps(rows)
    assert "said at length" not in text
    for problem in behavior.problems:
        assert not [sentence for sentence in problem.sentences if sentence in text]


def test_lines_are_json_and_cleared_with_the_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "m", "abc")
    path = folder.save_samples("../a b", [{"id": "x", "said": 1}, {"id": "y", "said": None}])
    assert path.parent == tmp_path / "m" / "abc" / "samples"
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"id": "x", "said": 1},
        {"id": "y", "said": None},
    ]
    with pytest.raises(ValueError, match="not JSON compliant"):
        folder.save_samples("b", [{"log_odds": NAN}])
    folder.clear()
    assert not path.exists()
