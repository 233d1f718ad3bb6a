"""How often a comparison fails: a few runs of the simulation, and what docs say of many."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from scripts import load_script

ROOT = Path(__file__).parents[3]
SHOWN = ("failed", "over_all_tasks", "single_tasks", "one_answer", "uncorrected")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("simulate_compare")


def counts(script: ModuleType, name: str, runs: int) -> Any:
    (scenario,) = [one for one in script.SCENARIOS if one.name == name]
    return script.simulate(scenario, runs, seed=16)


def test_equal_models_pass_and_worse_ones_fail(script: ModuleType) -> None:
    # at a true rate of 5 %, 4 of 16 or more would come in 1 of 140 seeds
    assert counts(script, "equal, accuracy 0.61", 16).failed < 0.25
    false = counts(script, "says False to all, AUC 0.65 to 0.38", 8)
    assert (false.failed, false.one_answer, false.over_all_tasks) == (1.0, 1.0, 1.0)
    # not by accuracy, which may stay: by what it answers
    assert counts(script, "says False to all, AUC as before", 8).one_answer == 1.0
    assert counts(script, "accuracy 0.75 to 0.55", 8).over_all_tasks == 1.0


def test_the_same_seed_gives_the_same_counts(script: ModuleType) -> None:
    name = "accuracy 0.75 to 0.65"
    assert counts(script, name, 3) == counts(script, name, 3)


def test_docs_tell_what_was_measured(script: ModuleType) -> None:
    kept = json.loads((ROOT / "docs" / "data" / "compare_simulation.json").read_text("utf-8"))
    page = (ROOT / "docs" / "comparisons.md").read_text("utf-8")
    assert f"{kept['runs']:,} simulated comparisons" in page
    assert f"--seed {kept['seed']} --runs {kept['runs']}" in page
    assert list(kept["scenarios"]) == [one.name for one in script.SCENARIOS]
    for name, found in kept["scenarios"].items():
        cells = [f"{100 * found[key]:.1f}" for key in SHOWN]
        assert f"| {name} | {' | '.join(cells)} |" in page, name
    equal = [one for name, one in kept["scenarios"].items() if name.startswith("equal")]
    assert len(equal) == 5
    # 1 of 20 at most, and 4 standard errors
    assert max(one["failed"] for one in equal) < 0.05 + 4 * (0.05 * 0.95 / kept["runs"]) ** 0.5
