"""README and the page of results say what the submissions hold."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from pathlib import Path
from types import ModuleType

import pytest

import brainbench
from brainbench.benchmarks import LadderScore
from brainbench.benchmarks.ladder.score import together
from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.checks.check import find_submissions, read_submission
from brainbench.leaderboard.site.names import name_of
from brainbench.leaderboard.site.site import make_site, write_site
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results.scorecard import scorecard
from scripts import load_script

ROOT = Path(brainbench.__file__).parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("results_tables")


def test_tables_are_those_of_the_submissions(script: ModuleType) -> None:
    for page in script.PAGES:
        text = page.read_text("utf-8")
        assert "<!-- table: " in text
        assert script.remade(text) == text, f"{page.name}: run scripts/results_tables.py"


def test_what_reproduction_says_of_its_tables_holds(script: ModuleType) -> None:
    text = (ROOT / "docs" / "reproduction.md").read_text("utf-8")
    assert "In no row do both of the first two intervals lie above 0," in text
    assert "against labels alone two do," in " ".join(text.split())
    assert "All runs are of the reduced tier" in text
    above: Counter[str] = Counter()
    for run in script.runs():
        for score in run.record.gains:
            assert score.tier == "reduced"
            for each in score.differences:
                change = script.find_change(each, "auc")
                if change is not None and change.interval is not None and change.interval[0] > 0.0:
                    above[each.against] += 1
    assert above[script.PERMUTED] == 0
    assert above[script.LABEL_ONLY] == 2
    flipped = [
        (s, {r.arm: r for r in s.rows}) for run in script.runs() for s in run.record.searches
    ]
    assert flipped
    assert all(rows["guided"].flipped < 1.0 for _, rows in flipped), "not every answer"


def test_what_was_run_several_times_stands_once_with_the_most_seeds(script: ModuleType) -> None:
    found = [("a", 1, ["old"]), ("b", 1, ["b"]), ("a", 5, ["five"]), ("a", 5, ["six"]),
             ("a", 3, ["three"])]  # fmt: skip
    assert script._best_tried(found) == [["six"], ["b"]]


def test_every_table_is_on_a_page(script: ModuleType) -> None:
    pages = "".join(page.read_text("utf-8") for page in script.PAGES)
    assert all(f"<!-- table: {name} -->" in pages for name in script.TABLES)


def test_the_readme_fits_a_screen_and_its_sentences_hold(script: ModuleType) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 120
    models = {}
    for run in script.runs():
        for score in LadderScore.read_from(run.record):
            models[run.model] = score
    found = {name: score for name, score in models.items() if "untrained" not in name}
    p = [together(score.rows)["position"].p for score in found.values()]
    words = {6: "six"}
    assert f"All {words[len(found)]} are found (p {min(p):.1g} to {max(p):.1g})" in text
    assert all(score.stops == "length" for score in found.values())
    assert all(
        row.p > 0.05
        for score in models.values()
        for row in score.context.baselines
        if row.baseline == "untrained" and row.rung == "position" and row.term == "larger"
    )
    lines = [(run.model, run.line("accuracy")) for run in script.runs()]
    better = {
        name: line.value
        for name, line in lines
        if line and line.interval and line.interval[0] > 0.5
    }
    assert better == {"Qwen2.5-Coder-1.5B-Instruct": pytest.approx(0.55, abs=0.005)}
    sentence = "Qwen2.5-Coder-1.5B alone is better than always giving one answer, by 5 points."
    assert sentence in " ".join(text.split())
    shared = [run.line("behaviour") for run in script.runs() if run.plain]
    ends = [line.interval[0] for line in shared if line is not None and line.interval]
    true = next(run for run in script.runs() if run.plain and run.record.behavior)
    assert max(ends) <= script._always_true(true.record)


# ---------------------------------------------------------------- one number with one interval

# 0.185 [0.053, 0.316]; a board writes a minus as a minus
_SCORE = r"-?\d+\.\d+ \[-?\d+\.\d+, -?\d+\.\d+\]"


@pytest.fixture(scope="module")
def submitted() -> list[Submission]:
    found = [read_submission(folder)[0] for folder in find_submissions(ROOT / "submissions")]
    return [one for one in found if one is not None]


@pytest.fixture(scope="module")
def board(submitted: list[Submission], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built from the submissions."""
    folder = tmp_path_factory.mktemp("board")
    write_site(make_site(load_boards(), submitted), folder, reports=False)
    return folder


def overview(board: Path) -> dict[str, list[str]]:
    """Name with its variant → text of each cell of the first page."""
    (table,) = re.findall(
        r"<table[^>]*overview.*?</table>", (board / "index.html").read_text(), re.S
    )
    rows = {}
    for row in re.findall(r"<tr role=\"row\".*?</tr>", table, re.S)[1:]:
        cells = [_text(cell) for cell in re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.S)]
        rows[cells[0]] = cells[1:]
    return rows


def _text(html: str) -> str:
    without = re.sub(r"<wbr>", "", re.sub(r"<(sup|svg).*?</\1>", " ", html, flags=re.S))
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", without)).split())


def _board_scores(text: str) -> list[str]:
    return re.findall(_SCORE, text)


def test_the_first_page_of_the_board_says_what_readme_says(
    script: ModuleType, submitted: list[Submission], board: Path
) -> None:
    """Cell by cell, of every model and variant that README has."""
    rows = overview(board)
    readme = (ROOT / "README.md").read_text("utf-8")
    results = (ROOT / "docs" / "results.md").read_text("utf-8")
    (table,) = re.findall(r"<!-- table: four scores -->(.*?)<!-- end -->", readme, re.S)
    assert table in results
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().splitlines()
    ]
    called = {
        run.model: name_of(one)
        for run in script.runs()
        for one in submitted
        if one.record.run_id == run.record.run_id
    }
    compared = 0
    for name, *cells in lines[2:]:
        if name.strip("*") not in called:
            continue
        own = called[name.strip("*")]
        fits = [
            shown for heading, shown in rows.items()
            if heading.startswith(f"{own.base} ") and (own.variant or "brainbench") in heading
            and (bool(own.variant) or not any(
                word in heading for word in ("untrained", "steered", "fine-tuned")))
        ]  # fmt: skip
        (shown,) = fits
        alignment, explained, behaviour, accuracy, gain = cells
        for here, there in zip((alignment, behaviour, accuracy, gain), shown, strict=True):
            assert _board_scores(here) == _board_scores(there), (name, here, there)
            compared += len(_board_scores(here))
        if alignment and explained != "not found":
            assert shown[0].endswith(f"explained by {explained}")
    assert compared >= 16
    (people,) = (cells for name, cells in rows.items() if name.startswith("people"))
    (guess,) = (cells for name, cells in rows.items() if name.startswith("one answer"))
    in_readme = {line[0]: line for line in lines}
    assert in_readme["*people among themselves*"][3] == people[1]
    always = in_readme["*always True*"]
    assert (f"{always[3]} always True", always[4]) == (guess[1], guess[2].split()[0])


def test_every_page_of_a_model_says_what_its_scorecard_says(
    submitted: list[Submission], board: Path
) -> None:
    """The card on it, and its place on every board that ranks by the same set of tests."""
    pages = {path: path.read_text("utf-8") for path in (board / "models").glob("*.html")}
    names = {"alignment": "ladder", "behaviour": "behavior", "accuracy": "accuracy"}
    compared = 0
    for one in submitted:
        own = [text for text in pages.values() if f'id="run-{one.record.run_id}"' in text]
        (page,) = own
        alone = page.count("<section aria-labelledby=") == 1
        begin = "<main" if alone else f'id="run-{one.record.run_id}"'
        section = _text(page.split(begin)[1].split("</ul>")[0])
        places = _text(page.split("<main")[1].split("<section")[0]).replace("\N{MINUS SIGN}", "-")
        for line in scorecard(one.record).lines:
            ends = f" [{line.ends.replace(' to ', ', ')}]" if line.ends else ""
            assert f"{line.number} {line.verdict} {line.statistic}{ends}" in section, line
            kind = names.get(line.name)
            ranked = re.findall(
                rf"rank \S+ of \d+ with .*? {re.escape(line.number)} \((.*?)\)", places
            )
            if kind is not None and ranked and line.ends:
                assert line.ends in ranked, (one.record.run_id, line)
                compared += 1
    assert compared >= 9


def test_boards_show_the_intervals_of_scorecards(submitted: list[Submission], board: Path) -> None:
    """Each ranked row; guidance is ranked by fewer tests than a run has, and its board says so."""
    site = make_site(load_boards(), submitted)
    compared = 0
    for name in ("alignment", "alignment-published", "behavior", "accuracy"):
        for entry in site.standings[name].ranked:
            lines = scorecard(entry.submission.record).lines
            assert any(
                line.value == pytest.approx(entry.value) and line.interval == entry.interval
                for line in lines
            ), (name, entry.model)
            compared += 1
    assert compared >= 15
    guidance = (board / "guidance.html").read_text("utf-8")
    assert "tests that every entry has" in " ".join(guidance.split())
