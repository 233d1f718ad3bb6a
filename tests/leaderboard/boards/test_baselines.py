"""Shaded rows are of all records: no single one says what stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from synthetic_runs import make_run

from brainbench.leaderboard.boards.baselines import rows_beside
from brainbench.leaderboard.boards.board import Board, load_boards
from brainbench.leaderboard.boards.standings import Entry, key_of, stand
from brainbench.leaderboard.site.benchmark_page import make_page
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record

RAW = Board.model_validate(
    {
        "name": "raw", "title": "Raw", "page": "raw", "kind": "controlled", "label": "l",
        "what": "w", "statistic": "raw_r",
        "benchmarks": {score.benchmark: score.version for score in make_run(0)[0].controlled},
    }
)  # fmt: skip
BOARDS = {board.name: board for board in [*load_boards(), RAW]}
KINDS = {
    "alignment": "ladder",
    "raw": "controlled",
    "alignment-published": "published",
    "behavior": "behavior",
    "accuracy": "accuracy",
}


def forged(seed: int, kind: str) -> Submission:
    """The newest of all, with numbers of its own for what no model changes."""
    record, samples = make_run(seed, kinds=(kind,))
    content: dict[str, Any] = record.model_dump(mode="json")
    content["timing"]["started"] = "2999-01-01T00:00:00+00:00"
    for context in content.get("ladder_context", ()):
        for row in context["baselines"]:
            row["z"] = -9.0
    for score in content["controlled"]:
        score["reference"]["value"] = score["reference_unique_r2"]["value"] = 0.9
        for row in score["controls"]:
            row["r"] = None if row["r"] is None else -0.5
    for score in content["published"]:
        score["reference"] = 0.9
        for row in score["controls"]:
            row["raw"] = None if row["raw"] is None else -0.5
    for score in content["behavior"]:
        score["error_consistency"]["reference"] = score["agreement"]["reference"] = 0.9
        for row in score["controls"]:
            row["error_consistency"] = None if row["error_consistency"] is None else -0.5
    for bias in content["answer_bias"]:
        bias["always"] = {"True": 0.9, "False": 0.1}
    return Submission(Path("x"), None, Record.model_validate(content), samples)


@pytest.mark.parametrize("name", KINDS)
def test_no_single_record_says_what_stands_beside(name: str) -> None:
    kind, board = KINDS[name], BOARDS[name]
    honest = [Submission(Path("x"), None, *make_run(seed, kinds=(kind,))) for seed in (1, 2, 3)]
    all_of = [
        rows_beside(board, stand([board], runs)[name].entries)
        for runs in (honest, [*honest, forged(4, kind)])
    ]
    drawn = ("random features", "untrained model", "untrained networks")
    alone, beside = ([row for row in rows if row.name not in drawn] for rows in all_of)
    assert len(alone) > 0
    assert [(r.name, r.value, r.values) for r in alone] == [
        (r.name, r.value, r.values) for r in beside
    ]
    for rows in all_of:
        assert all(row.note.startswith("median o") for row in rows if row.name in drawn)
        assert all(row.value is None or row.value > -0.1 for row in rows)


def test_pages_of_benchmarks_show_the_same() -> None:
    runs = [Submission(Path("x"), None, *make_run(seed, kinds=("published",))) for seed in (1, 2)]
    runs += [forged(4, "published")]
    where = {key_of(run): "m" for run in runs}
    name = "xiao2026.language.syllogistic-ridge"
    beside = dict(make_page(name, runs, where).parts[0].beside)
    assert "people among themselves" in beside
    assert "-0.500" not in beside.values()
    assert "0.900" not in beside.values()


def test_entries_that_are_incomplete_say_nothing() -> None:
    one = Submission(Path("x"), None, *make_run(1, kinds=("ladder",)))
    entry = Entry(key_of(one), one, apart="incomplete", reasons=("other people",))
    assert rows_beside(BOARDS["alignment"], [entry]) == []
