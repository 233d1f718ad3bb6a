"""Whole runs: identical ones, planted regressions, what differs, and how it is printed."""

from __future__ import annotations

import io
import json
import math
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from simulated_records import full, samples, write_run

from brainbench.errors import UsageError
from brainbench.results import ModelInfo, Record
from brainbench.results.compare import (
    Comparison,
    ComparisonRow,
    compare_runs,
    comparison_markdown,
    render_comparison,
)
from brainbench.results.compare.judging import got_worse, judge
from brainbench.results.compare.words import about, change, corrected, verdict
from brainbench.results.finished import FinishedRun, open_run

KINDS = ("alignment", "behaviour", "task", "gain", "search")
HOSTILE = "<img src=x>|`@you` [a](b) **b**\n# x ~~y~~"


@pytest.fixture
def make(tmp_path: Path):
    def run(name: str, *, skill: float = 1.0, shift: float = 0.0) -> FinishedRun:
        record = full(skill=skill, shift=shift, run_id=name)
        return open_run(write_run(record, tmp_path / name, samples(skill=skill)))

    return run


def printed(found: Comparison, width: int = 110) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render_comparison(found))
    return console.export_text()


def row(difference: float, p: float | None = None, **fields: Any) -> ComparisonRow:
    held = {"kind": "task", "name": "t", "metric": "accuracy", "over": "items", "n": 9, "p": p}
    return ComparisonRow(
        **{**held, "baseline": 0.5, "other": 0.5, "difference": difference, **fields}
    )


def test_identical_runs_give_zeros(make) -> None:
    found = compare_runs([make("a"), make("b")])
    (pair,) = found.pairs
    # three cells by two, behaviour, both tasks and each by three, one gain by two arms and metrics
    assert len(pair.judged) == 6 + 1 + 9 + 4
    # one search by two arms
    assert len(pair.rows) == len(pair.judged) + 2
    assert {one.difference for one in pair.rows} == {0.0}
    told = {kind: {one.reading for one in pair.rows if one.kind == kind} for kind in KINDS}
    # no record has single answers of guided models, or pairs that flipped
    assert told == {
        "alignment": {"identical"}, "behaviour": {"identical"}, "task": {"identical"},
        "gain": {"inconclusive"}, "search": {"equal"},
    }  # fmt: skip
    for one in pair.judged:
        if one.kind in ("task", "gain") or "unique" in one.metric:
            assert one.interval is not None
            assert one.interval[0] < 0 < one.interval[1], one
    assert pair.refused == []
    assert pair.differs == []
    assert found.regressions == []


def test_a_planted_regression_is_found_and_nothing_else(make) -> None:
    found = compare_runs([make("a"), make("b", skill=-1.0)])
    assert {(r.name, r.metric) for _, r in found.regressions} == {
        (task, metric)
        for task in ("all 2 tasks (True, False)", "brainbench_quick_a", "brainbench_quick_b")
        for metric in ("accuracy", "balanced accuracy", "AUC")
    }
    worse = compare_runs([make("a"), make("c", shift=-0.3)])
    assert {r.kind for _, r in worse.regressions} == {"alignment", "gain"}
    better = compare_runs([make("c", shift=-0.3), make("a")])
    assert better.regressions == []
    # the same in all of 8 people: by the sign test
    assert {r.reading for r in better.pairs[0].rows if r.kind == "alignment"} == {"better"}
    r = next(r for r in better.pairs[0].rows if r.metric == "r")
    assert (r.interval, r.p) == (None, pytest.approx(2 / 2**8))
    first, second = make("c", shift=-0.3), make("a")
    second.record.controlled[:] = [
        score.model_copy(update={"subjects": tuple(
            one.model_copy(update={"r": one.r + i / 999, "unique_r2": one.unique_r2 + i / 999})
            for i, one in enumerate(score.subjects)
        )})
        for score in second.record.controlled
    ]  # fmt: skip
    (pair,) = compare_runs([first, second]).pairs
    assert {r.reading for r in pair.rows if r.kind == "alignment"} == {"better"}


def test_what_the_baseline_has_and_cannot_be_compared_is_lost(make) -> None:
    first, second, third = make("a"), make("b", skill=-1.0), make("c")
    for other in (second, third):
        path = other.folder / "samples" / "brainbench_quick_a.jsonl"
        rows = [json.loads(line) | {"log_odds": None} for line in path.open()]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    found = compare_runs([first, second])
    reason = "AUC: log-odds of other items: of 40 and 0 of 40"
    assert [(one.name, one.reason) for one in found.lost] == [("brainbench_quick_a", reason)]
    text = printed(found, 400)
    assert f"lost: brainbench_quick_a: {reason}" in text
    assert "run the baseline or the other run anew" in text
    text = comparison_markdown(found)
    # neither AUC of quick_a nor, with it, that of both tasks
    assert "**7 of 18 rows got worse:**" in text
    assert "**1 lost: in the baseline, and not to be compared" in text
    # nothing got worse, of two runs
    text = printed(compare_runs([first, third, make("d")]), 400)
    assert f"lost: brainbench_quick_a: {reason} (lab/model c)" in text
    assert "none of 18 rows got worse beyond chance (lab/model c)" in text
    assert "none of 20 rows got worse beyond chance (lab/model d)" in text
    # what was not asked for is told, and is not a loss
    third.record.tasks.clear()
    (pair,) = compare_runs([first, third]).pairs
    assert ([one.name for one in pair.refused], pair.lost) == (
        ["brainbench_quick_a", "brainbench_quick_b"], []
    )  # fmt: skip


def test_what_a_model_learned_from_is_told_first(make) -> None:
    first, second = make("a"), make("b")
    second.record.model.identifier = "lab/other"
    second.record.model.learned_from = ["elsewhere", "xiao2026"]
    (one, *_) = compare_runs([first, second]).pairs[0].differs
    assert (one.kind, one.name, one.baseline) == ("model", "learned_from", None)
    assert one.other == "elsewhere; xiao2026, whose people or problems it is scored on"


def test_other_layers_of_guidance_are_told(make) -> None:
    first, second = make("a"), make("b")
    second.record.gains[0].layers = [0, 2]
    second.record.searches[0].layers = [4]
    (pair,) = compare_runs([first, second]).pairs
    assert [(one.kind, one.name, one.baseline, one.other) for one in pair.differs] == [
        ("settings", "steering, layers", "3 to 5", "0, 2"),
        ("settings", "search, layers", "3 to 4", "4"),
    ]


@pytest.mark.parametrize(
    ("found", "worse"),
    [
        (row(-0.1, 0.04), True),
        (row(-0.1, 0.06), False),
        (row(-0.1, 0.04, tolerance=0.1), False),
        (row(-0.1, 0.04, tolerance=0.09), True),
        # whatever it is alone, among many it is not a rarity
        (row(-0.1, 0.01, p_corrected=0.06), False),
        # no standard error
        (row(-0.1), False),
        (row(0.1, 0.001), False),
        (row(-1e-12, 0.001), False),
        (row(0.0, 1.0), False),
    ],
)
def test_the_rule_of_what_got_worse(found: ComparisonRow, worse: bool) -> None:
    assert got_worse(found) is worse


@pytest.mark.parametrize(
    ("found", "reading"),
    [
        (row(-0.1, 0.04), "worse"),
        (row(0.1, 0.04), "better"),
        (row(0.1, 0.04, rounding=True), "higher"),
        (row(-0.1, 0.04, rounding=True), "worse"),
        (row(0.1, 0.04, p_corrected=0.4), "inconclusive"),
        (row(0.0, 1.0, interval=(0.0, 0.0)), "inconclusive"),
        (row(0.0, 1.0, interval=(-0.01, 0.02), tolerance=0.02), "the same"),
        (row(0.0, 1.0, interval=(-0.01, 0.03), tolerance=0.02), "inconclusive"),
        (row(0.0, 1.0, identical=True), "identical"),
        (row(0.1), "higher"),
        (row(-0.1), "lower"),
        (row(0.0), "equal"),
    ],
)
def test_the_words_of_a_row(found: ComparisonRow, reading: str) -> None:
    assert found.reading == reading


def test_many_rows_are_corrected_for_and_those_over_all_tasks_apart() -> None:
    rows = [row(-0.1, 0.01) for _ in range(10)]
    assert [one.p_corrected for one in judge(rows)] == pytest.approx([0.1] * 10)
    assert not any(one.regression for one in judge(rows))
    found = judge([row(-0.1, 0.02, primary=True), row(-0.1, 0.03, primary=True), *rows])
    assert [one.p_corrected for one in found[:2]] == pytest.approx([0.04, 0.04])
    assert [one.regression for one in found] == [True, True, *[False] * 10]
    # another kind is another family, and a row without p is none
    found = judge([*rows[:4], row(-0.1, 0.03, kind="gain"), row(-0.1)])
    assert [one.regression for one in found] == [True] * 5 + [False]


def test_each_run_is_held_against_the_first(make) -> None:
    found = compare_runs([make("a"), make("b", skill=0.5), make("c")])
    assert [(p.baseline, p.other) for p in found.pairs] == [
        ("lab/model a", "lab/model b"), ("lab/model a", "lab/model c")
    ]  # fmt: skip


@pytest.mark.parametrize("tolerance", [-0.1, math.nan, math.inf])
def test_one_run_or_no_size_of_tolerance_is_refused(make, tolerance: float) -> None:
    with pytest.raises(UsageError, match="two runs or more"):
        compare_runs([make("a")])
    with pytest.raises(UsageError, match="--tolerance"):
        compare_runs([make("a"), make("a")], tolerance)


def test_what_differs_is_told_by_kind(make) -> None:
    first, second = make("a"), make("b")
    other = second.record
    other.model.prompt_sha256, other.model.dtype = "f" * 64, "bfloat16"
    other.versions["torch"] = "3.0"
    other.config["seed"] = 3
    other.config["options"] = {"dtype": "bfloat16"}
    other.config["apply_chat_template"] = True
    other.datasets[1].version = "2"
    other.tasks["brainbench_quick_a"].n_shot = 4
    path = second.folder / "samples" / "brainbench_quick_b.jsonl"
    path.write_text(path.read_text("utf-8").replace('"prompt_hash": "0', '"prompt_hash": "1'))
    (pair,) = compare_runs([first, second]).pairs
    told = {(one.kind, one.name): (one.baseline, one.other) for one in pair.differs}
    assert told == {
        ("model", "dtype"): (None, "bfloat16"),
        ("prompt", "prompt_sha256"): (None, "f" * 64),
        ("prompt", "brainbench_quick_b"): ("", "another text in 30 of 30 items"),
        ("prompt", "brainbench_quick_a, examples"): (0, 4),
        ("prompt", "apply_chat_template"): (None, True),
        ("data", "ds003076, version"): ("1", "2"),
        ("versions", "torch"): (None, "3.0"),
        ("settings", "options.dtype"): (None, "bfloat16"),
        ("seeds", "seed"): (0, 3),
    }


def test_the_table_shows_every_row_and_fits(make) -> None:
    found = compare_runs([make("a"), make("b", skill=-1.0)])
    text = printed(found)
    assert max(map(len, text.splitlines())) <= 110
    assert "xiao2026.language.syllogistic-ridge  controlled, 8 people" in text
    (accuracy,) = [r for r in found.pairs[0].rows
                   if (r.name, r.metric) == ("brainbench_quick_a", "accuracy")]  # fmt: skip
    told = f"quick_a 40 items (20), {accuracy.changed} answers changed, says True "
    assert told in " ".join(text.split())
    assert text.count("\nworse: ") == 9
    accuracy = next(r for r in found.pairs[0].rows if r.metric == "accuracy")
    assert f"{accuracy.difference:+.4f} [" in text
    same = printed(compare_runs([make("a"), make("b")], 0.01))
    assert "the same model, data, versions, settings and seeds" in same
    assert "none of 20 rows got worse by more than 0.01 beyond chance" in same


def test_refusals_are_printed_with_their_reason(make) -> None:
    first, second = make("a"), make("b")
    second.record.controlled[0] = second.record.controlled[0].model_copy(update={"version": 9})
    found = compare_runs([first, second])
    name = second.record.controlled[0].benchmark
    assert f"not compared: {name}: other benchmark version: 3 and 9" in printed(found, 400)
    written = comparison_markdown(found).replace("\\", "")
    assert f"- **not compared:** {name}: other benchmark version: 3 and 9" in written


def test_markdown_is_a_comment_whose_names_stay_text(make) -> None:
    first, second = make("a"), make("b", skill=-1.0)
    second.record.model = ModelInfo(identifier=HOSTILE, sha256="0")
    second.record.versions[HOSTILE] = HOSTILE
    text = comparison_markdown(compare_runs([first, second]))
    assert "**9 of 20 rows got worse:**" in text
    assert "<img" not in text
    assert "@you" not in text
    assert "\n# x" not in text
    for line in text.splitlines():
        if line.startswith("| ") and "[95 %]" not in line:
            assert line.replace("\\|", "").count("|") == 8, line
    assert text.count("<details>") == text.count("</details>") == 1
    assert "|---|---|---:|---:|---:|---:|---:|" in text.splitlines()


def test_markdown_says_what_the_terminal_says(make) -> None:
    """Every number, name and word; not the layout."""
    first, second = make("a"), make("b", skill=-1.0)
    second.record.controlled[0] = second.record.controlled[0].model_copy(update={"version": 9})
    second.record.gains[0].differences[0].changes[0].interval = None
    found = compare_runs([first, second], 0.01)
    spoken = printed(found, 2000)
    written = unescape(comparison_markdown(found)).replace("\\", "").replace("*", "")
    for line in spoken.splitlines():
        for word in line.replace("…", " ").split():
            assert word.removeprefix("quick_") in written, (word, line)
    for row in found.pairs[0].rows:
        for told in (about(row), change(row), corrected(row), row.reading):
            assert told in written
            assert told in spoken
    for word, text in verdict(found.pairs[0], 0.01):
        assert (f"{word}: {text}" if word else text) in spoken


def test_json_comes_back_whole(make) -> None:
    found = compare_runs([make("a"), make("b", skill=0.5)], 0.02)
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    assert json.loads(found.model_dump_json())["tolerance"] == 0.02


def test_a_hostile_record_is_compared_or_refused_never_a_crash(make) -> None:
    first, second = make("a"), make("b")
    hostile: Record = second.record
    hostile.controlled[0] = hostile.controlled[0].model_copy(update={
        "raw": hostile.controlled[0].raw.model_copy(update={"value": math.nan}),
        "subjects": tuple(p.model_copy(update={"r": math.inf, "unique_r2": math.nan})
                          for p in hostile.controlled[0].subjects),
    })  # fmt: skip
    hostile.config = {"a": {"b": {"c": [HOSTILE] * 50}}}
    hostile.notes = [HOSTILE]
    found = compare_runs([first, second])
    assert {r.reason for r in found.pairs[0].refused} == {
        "r: no person has a number in both", "unique R²: no person has a number in both"
    }  # fmt: skip
    assert "nan" not in printed(found)
    comparison_markdown(found)
