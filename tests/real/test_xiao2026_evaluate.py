"""The main job on real people: the command of the README, against the paper's own numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brainbench.results import Record

CELLS = ("all", "syllogistic", "transitive")


ROI = "xiao2026.deductive_reasoning."


@pytest.fixture(scope="module")
def run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The region of the paper; once for all tests of this file."""
    return evaluate(f"{ROI}*", shared, tmp_path_factory.mktemp("xiao2026"))


@pytest.fixture(scope="module")
def whole(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """All three regions."""
    return evaluate("xiao2026.*", shared, tmp_path_factory.mktemp("xiao2026"))


def evaluate(benchmarks: str, shared: Path, folder: Path) -> Record:
    """``brainbench evaluate`` as a user runs it."""
    activations = shared / "reference" / "smollm2_135m_activations.safetensors"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BRAINBENCH_")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "brainbench.cli.main", "evaluate"),
            *("--model", str(activations), "--benchmarks", benchmarks),
            *("--protocol", "published", "--json"),
        ],
        cwd=folder,
        env=environment
        | {"BRAINBENCH_MIRROR": str(shared / "mirror"), "BRAINBENCH_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (folder / "cache" / "ceilings").exists(), "the shipped ceilings were not used"
    return Record.model_validate_json(done.stdout)


@pytest.fixture
def published(reference: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (reference / "published_deductive_reasoning.json").read_text()
    )
    return loaded["cells"]


@pytest.mark.parametrize("cell", CELLS)
def test_scores_are_those_of_the_paper(cell: str, run: Record, published: dict[str, Any]) -> None:
    benchmark = f"xiao2026.deductive_reasoning.{cell}-ridge"
    (found,) = [score for score in run.published if score.benchmark == benchmark]
    expected = published[cell]
    assert found.raw == pytest.approx(expected["score"], abs=1e-6)
    assert found.mad == pytest.approx(expected["median_absolute_deviation"], abs=1e-6)
    assert found.layer == (expected["site"], expected["layer"])
    assert found.ceiling == pytest.approx(expected["ceiling_mean"], abs=1e-3)
    people = [person.raw for person in found.subjects]
    assert people == pytest.approx(expected["subject_scores"], abs=1e-6)


def test_nuisance_rows_are_those_measured_with_scikit_learn(run: Record, reference: Path) -> None:
    measured = json.loads((reference / "published_deductive_reasoning.json").read_text())[
        "nuisance"
    ]
    one_bit, others = measured.values()
    headlines = {score.benchmark: score for score in run.published}
    rows = headlines["xiao2026.deductive_reasoning.all-ridge"].controls
    (kind,) = [row for row in rows if row.control == "reasoning type"]
    assert kind.raw == pytest.approx(one_bit, abs=5e-4)
    found = [headlines[f"xiao2026.deductive_reasoning.{cell}-ridge"].reference for cell in CELLS]
    assert found == pytest.approx(others, abs=5e-4)


def check_complete(run: Record, cells: int) -> None:
    assert run.status == "success"
    assert len(run.benchmarks) == cells
    assert len(run.published) == cells
    for score in run.published:
        assert (len(score.subjects), len(score.controls), len(score.layers)) == (10, 7, 60)
        for row in score.controls:
            assert (row.raw is None) == (row.reason is not None)
    assert any("does not name its rows" in text for text in run.published[0].notes)
    leaks = {
        score.roi
        for score in run.published
        if any("chosen on the data" in text for text in score.warnings)
    }
    assert leaks == {"deductive_reasoning"}


def test_record_is_complete(run: Record) -> None:
    check_complete(run, 3)


@pytest.mark.exhaustive
def test_every_region_is_there_and_gives_the_golden_scores(
    whole: Record, golden: Callable[..., None]
) -> None:
    check_complete(whole, 9)
    golden(whole, "xiao2026_smollm2")


def test_a_nuisance_that_reaches_the_model_is_warned_of(run: Record) -> None:
    key = "xiao2026.deductive_reasoning.syllogistic-ridge"
    headline = next(score for score in run.published if score.benchmark == key)
    row = next(row for row in headline.controls if row.control == "response time")
    assert row.raw is not None
    assert row.raw > headline.raw
    assert headline.reached_by(row) == ("model", "reference")
    assert any(text.startswith("response time alone scores") for text in headline.warnings)


def test_scores_are_the_golden_ones(run: Record, golden: Callable[..., None]) -> None:
    golden(run, "xiao2026_smollm2", only=lambda name: name.startswith(ROI))
