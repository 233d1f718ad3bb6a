"""Definitions of boards: those that ship fit the code; others are told what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic_gains import gain
from synthetic_runs import make_run

from brainbench.benchmarks import list_benchmarks, load_benchmark
from brainbench.errors import DataError, UsageError
from brainbench.guidance.arms import LABEL_ONLY, PERMUTED
from brainbench.leaderboard.boards.board import by_page, lacking, load_boards
from brainbench.leaderboard.boards.standings import stand
from brainbench.leaderboard.boards.statistics import columns_of
from brainbench.leaderboard.expected import own_versions
from brainbench.leaderboard.kinds.registry import STATISTICS
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record


def test_boards_that_ship_are_of_what_this_brainbench_scores() -> None:
    boards = load_boards()
    assert {"alignment", "alignment-published", "behavior", "accuracy", "overall"} <= {
        board.name for board in boards
    }
    for board in boards:
        protocol = board.kind if board.kind == "published" else "controlled"
        for name, version in board.benchmarks.items():
            assert name in list_benchmarks(), name
            assert load_benchmark(name, protocol).version == version, name
        for name, version in board.tasks.items():
            assert own_versions()[name] == version, name
        assert board.statistic in STATISTICS
        assert len({column.title for column in columns_of(board)}) == len(columns_of(board))


def test_the_ladder_and_published_r_are_two_rankings_of_one_page() -> None:
    pages = by_page(load_boards())
    assert [board.name for board in pages["alignment"]] == ["alignment", "alignment-published"]
    assert [board.kind for board in pages["alignment"]] == ["ladder", "published"]


GOOD = {
    "name": "mine", "title": "Mine", "page": "mine", "kind": "behavior", "label": "l", "what": "w",
    "statistic": "error_consistency", "benchmarks": {"ds003076.behavior.all-consistency": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"statistic": "raw_r"}, "a board of kind behavior is ranked by error_consistency"),
        ({"kind": "toy"}, "kind: .*'toy' is not a kind of board; there are ladder, controlled"),
        ({"benchmarks": {}}, "names nothing to score"),
        ({"name": "../x"}, "must be 1 to 100 Latin letters"),
        ({"colour": "red"}, "Extra inputs"),
        ({"draws": 3}, "greater than or equal to 100"),
    ],
)
def test_files_that_are_no_board(change: dict[str, object], reason: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**GOOD, **change}))
    with pytest.raises(DataError, match=reason):
        load_boards(tmp_path)


def test_boards_that_do_not_fit_together(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no board"):
        load_boards(tmp_path)
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(GOOD))
    assert [board.name for board in load_boards(tmp_path)] == ["mine"]
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(GOOD))
    with pytest.raises(DataError, match="two boards are named mine"):
        load_boards(tmp_path)
    overall = {**GOOD, "name": "all", "kind": "overall", "statistic": "mean_win_rate",
               "benchmarks": {}, "parts": ["mine", "gone"]}  # fmt: skip
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(overall))
    with pytest.raises(DataError, match="all is made of 'gone', which is not a board"):
        load_boards(tmp_path)


# ---------------------------------------------------------------- what an entry lacks


def lacks(name: str, record: Record, samples: dict[str, list[dict[str, Any]]]) -> list[str] | None:
    board = next(board for board in load_boards() if board.name == name)
    return lacking(board, Submission(Path("x"), None, record, samples))


def guided(change: Callable[[dict[str, Any]], None]) -> Record:
    """A run with both tests of the steering board, the second of them changed."""
    gains = []
    for kind in ("syllogistic", "transitive"):
        own = gain().model_dump(mode="json")
        own |= {"reasoning_type": kind, "test": f"three premises, {kind}"}
        gains.append(own)
    change(gains[1])
    content = make_run(0)[0].model_dump(mode="json") | {"gains": gains}
    return Record.model_validate(content)


def of_auc(gain_: dict[str, Any], arm: str) -> dict[str, Any]:
    own = next(d for d in gain_["differences"] if d["against"] == arm)
    return next(change for change in own["changes"] if change["metric"] == "auc")


def without_arm(gain_: dict[str, Any]) -> None:
    gain_["differences"] = [d for d in gain_["differences"] if d["against"] != LABEL_ONLY]


def without_auc(gain_: dict[str, Any]) -> None:
    for difference in gain_["differences"]:
        difference["changes"] = [c for c in difference["changes"] if c["metric"] != "auc"]


def without_interval(gain_: dict[str, Any]) -> None:
    of_auc(gain_, PERMUTED)["interval"] = None


def without_width(gain_: dict[str, Any]) -> None:
    change_ = of_auc(gain_, PERMUTED)
    change_["interval"] = (change_["value"], change_["value"])


TEST = "steering/controlled/one step/xiao2026.deductive_reasoning.transitive/"
TEST += "three premises, transitive"
LOST = f"{TEST}: no difference of AUC with an interval of any width against"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda gain_: None, []),
        (without_arm, [f"{LOST} label only"]),
        (without_auc, [f"{LOST} permuted fMRI and label only"]),
        (without_interval, [f"{LOST} permuted fMRI"]),
        (without_width, [f"{LOST} permuted fMRI"]),
        (lambda gain_: gain_.update(test="another"), [f"{TEST}: not read"]),
    ],
)
def test_a_gain_without_what_ranks_it_is_incomplete(
    change: Callable[[dict[str, Any]], None], reason: list[str]
) -> None:
    record = guided(change)
    assert lacks("guidance-steering", record, {}) == reason
    boards = [board for board in load_boards() if board.name == "guidance-steering"]
    standing = stand(boards, [Submission(Path("x"), None, record, {})])["guidance-steering"]
    assert len(standing.ranked) == (0 if reason else 1)


def no_labels(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        del row["label"], row["said"]


def one_label(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["label"] = "True"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (no_labels, "the answers shipped hold no labels, or no answers"),
        (one_label, "every problem is labelled True"),
        (lambda rows: rows.clear(), "no answers were shipped"),
    ],
)
def test_answers_that_cannot_be_ranked_are_incomplete(
    change: Callable[[list[dict[str, Any]]], None], reason: str
) -> None:
    record, samples = make_run(1, kinds=("accuracy",))
    assert lacks("accuracy", record, samples) == []
    change(samples["brainbench_quick_belief"])
    assert lacks("accuracy", record, samples) == [f"brainbench_quick_belief: {reason}"]
    honest = Submission(Path("y"), None, *make_run(2, kinds=("accuracy",)))
    for beside in ([], [honest]):
        found = stand(load_boards(), [Submission(Path("x"), None, record, samples), *beside])
        assert len(found["accuracy"].ranked) == len(beside)


def test_behaviour_without_answers_is_incomplete() -> None:
    record, samples = make_run(1, kinds=("behavior",))
    assert lacks("behavior", record, samples) == []
    assert lacks("behavior", record, {}) == [
        f"{score.benchmark}: no answers were shipped" for score in record.behavior
    ]
