"""README and the page of results say what the submissions hold."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import brainbench
from brainbench.benchmarks import LadderScore
from brainbench.benchmarks.ladder.score import together
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
    words = {5: "five"}
    assert f"All {words[len(found)]} are found (p {min(p):.1g} to {max(p):.1g})" in text
    assert all(score.stops == "length" for score in found.values())
    assert all(
        row.p > 0.05
        for score in models.values()
        for row in score.context.baselines
        if row.baseline == "untrained" and row.rung == "position" and row.term == "larger"
    )
    lines = {run.model: run.line("accuracy") for run in script.runs()}
    ends = [line.interval[0] for line in lines.values() if line is not None and line.interval]
    assert max(ends) <= 0.5
    shared = [run.line("behaviour") for run in script.runs() if run.plain]
    most = max(line.value for line in shared if line is not None)
    true = next(run for run in script.runs() if run.plain and run.record.behavior)
    assert most <= script._always_true(true.record)
