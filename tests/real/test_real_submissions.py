"""Runs of real models: submitted, checked against the people's own answers, shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from broken_submissions import reseal
from tiers import quick

from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.checks.check import check_submission, find_submissions
from brainbench.leaderboard.site.build import build_site
from brainbench.leaderboard.submissions.submission import make_submission

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = sorted(path.parent for path in (ROOT / "submissions").glob("*/*/record/results.json"))
SAID = {
    "org": "lab",
    "licence": "MIT",
    "contamination": "none",
    "contact": "@me",
    "family": "llama",
}


def answered(model: str) -> Path:
    """A run of a model that has answers to the scanner's problems."""
    return next(
        run
        for run in RUNS
        if run.parent.parent.name == f"brainbench__{model}"
        and (run / "samples" / "ds003076.jsonl").is_file()
    )


@pytest.mark.parametrize(
    "run",
    # building the site checks each of them as it lies there
    quick(RUNS, [RUNS[0], RUNS[-1]]),
    ids=lambda run: f"{run.parts[-3]}-{run.parts[-2]}",
)
def test_a_published_run_can_be_submitted_again(run: Path, mirror: Path, tmp_path: Path) -> None:
    folder = make_submission(run, tmp_path, given=SAID)
    found = check_submission(folder, load_boards())
    assert found.faults == []
    assert found.boards


def test_submissions_in_the_checkout_have_no_fault_and_build(mirror: Path, tmp_path: Path) -> None:
    folders = find_submissions(ROOT / "submissions")
    # building checks each, and refuses what has faults
    built = build_site(load_boards(), tmp_path, submissions=ROOT / "submissions", reports=False)
    assert built.refused == {}
    assert built.n_runs == len(folders)


def test_answers_that_were_exchanged_are_found_by_the_people(mirror: Path, tmp_path: Path) -> None:
    """Accuracy and bias stay as they were; only who else errs there does not."""
    folder = make_submission(answered("SmolLM2-135M-Instruct.Q4_1"), tmp_path, given=SAID)
    samples = folder / "record" / "samples" / "ds003076.jsonl"
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    own = [r for r in rows if r["reasoning_type"] == "syllogistic" and r["label"] == 0]
    right = next(row for row in own if row["said"] == 0)
    wrong = next(row for row in own if row["said"] == 1)
    for name in ("said", "log_odds"):
        right[name], wrong[name] = wrong[name], right[name]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reseal(folder)
    found = [str(fault) for fault in check_submission(folder).faults]
    assert found
    assert all("its answers and the people's give" in fault for fault in found)


def test_labels_are_the_datasets(mirror: Path, tmp_path: Path) -> None:
    folder = make_submission(answered("nano"), tmp_path, given=SAID)
    samples = folder / "record" / "samples" / "ds003076.jsonl"
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    rows[3]["label"] = 1 - rows[3]["label"]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reseal(folder)
    found = [str(fault) for fault in check_submission(folder).faults]
    assert any(
        f"says otherwise than the dataset whether {rows[3]['id']} follows" in f for f in found
    )
