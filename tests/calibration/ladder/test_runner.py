"""The ladder's calibration: what is counted, kept and printed."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from brainbench.benchmarks.ladder.detectable import SimulatedPeople
from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.calibration import (
    CalibrationFolder,
    LadderCalibration,
    calibrate_ladder,
    new_ladder_calibration,
    render_ladder_calibration,
)
from brainbench.calibration.ladder.models import (
    BOARDS,
    EFFECTS,
    POWER,
    SimulatedModels,
    distinguishable,
    kernels,
)
from brainbench.calibration.ladder.record import LadderPlan
from brainbench.calibration.people import participation
from brainbench.datasets import PhantomDesign, PhantomRoi, Recording, load_card, simulate
from brainbench.datasets.phantom import load_problems
from brainbench.encoding.ladder.pairs import Found
from brainbench.models import Activations
from brainbench.progress import Step

PROBLEMS = load_problems()
FEATURES = np.random.default_rng(0).standard_normal((len(PROBLEMS), 20))
MODEL = Activations({"hidden": FEATURES[:, None, :]}, {"hidden": (0,)})
PLAN = LadderPlan(n_nothing=40, n_confound=5, n_planted=8, n_splits=4, n_effects=4, n_boards=2)


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Six people who share a good part of their responses in one region."""
    rois = {"signal": PhantomRoi(voxels=30, signal=0.5)}
    design = PhantomDesign(seed=1, subjects=6, rois=rois, repeats=1)
    made = simulate(design, FEATURES, PROBLEMS, load_card("phantom"))
    return replace(made, card=made.card.model_copy(update={"rois": {"signal": 30}}))


@pytest.fixture(scope="module")
def saved() -> list[LadderCalibration]:
    return []


@pytest.fixture(scope="module")
def found(recording: Recording, saved: list[LadderCalibration]) -> LadderCalibration:
    wanted = new_ladder_calibration("toy", "features", 0, PLAN)
    return calibrate_ladder(wanted, recording, MODEL, save=saved.append)


def rate(found: LadderCalibration, kind: str, scenario: str, rung: str, **more: float) -> float:
    (row,) = [
        row for row in found.rows
        if (row.kind, row.scenario, row.rung, row.term) == (kind, scenario, rung, "larger")
        and all(getattr(row, name) == value for name, value in more.items())
    ]  # fmt: skip
    return row.rate


def test_nothing_is_found_where_nothing_is(found: LadderCalibration) -> None:
    for rung in ("run", "position", "length", "condition", "words"):
        assert rate(found, "nothing", "nothing", rung) <= 0.225  # 5 standard errors above 5 %


def test_a_planted_layer_is_found(found: LadderCalibration) -> None:
    assert rate(found, "planted", "one layer", "length", share=0.1, alike=0.0) >= 0.8


def test_a_confound_stops_at_its_rung(found: LadderCalibration) -> None:
    for rung in ("position", "length", "condition", "words"):
        assert rate(found, "in span", rung, rung) <= 0.6
        below = RUNGS[RUNGS.index(rung) - 1]
        assert {row.rung for row in found.rows
                if row.kind == "below" and row.scenario == rung} == {below}  # fmt: skip


def test_people_who_share_predict_each_other(found: LadderCalibration) -> None:
    rows = [row for row in found.rows if row.kind == "people" and row.rung == "position"]
    assert {row.reasoning_type for row in rows} == {"syllogistic", "transitive"}
    assert {row.n for row in rows} == {4}


def test_an_unfinished_record_goes_on_where_it_stopped(
    recording: Recording, saved: list[LadderCalibration], found: LadderCalibration
) -> None:
    half = saved[len(saved) // 2]
    assert not half.complete
    steps: list[Step] = []
    again = calibrate_ladder(half, recording, MODEL, steps.append)
    assert again == found
    assert [step.done for step in steps] == list(range(steps[0].total))


def test_another_seed_or_model_is_another_record(found: LadderCalibration) -> None:
    same = new_ladder_calibration("toy", "features", 0, PLAN)
    assert found.differs_from(same) == []
    assert found.differs_from(new_ladder_calibration("toy", "other", 1, PLAN)) == [
        "model features, not other",
        "seed 0, not 1",
    ]


def test_it_is_kept_beside_the_other_calibration(tmp_path: Path, found: LadderCalibration) -> None:
    folder = CalibrationFolder(tmp_path)
    assert folder.load_ladder() is None
    folder.save(found)
    assert folder.load_ladder() == found
    assert folder.load() is None


def test_its_table_fits_a_terminal(found: LadderCalibration) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(render_ladder_calibration(found))
    text = console.export_text()
    assert "Half of the people as the model" in text
    assert "one layer, 5% half alike" in text
    assert "…" not in text


def test_participation_counts_dimensions() -> None:
    rng = np.random.default_rng(0)
    flat = np.linalg.qr(rng.standard_normal((12, 4)))[0]
    assert participation(flat) == pytest.approx(4.0)


def test_shares_are_counted_against_what_was_planted(found: LadderCalibration) -> None:
    own = [row for row in found.effects if row.term == "own"]
    assert [row.truth for row in own if row.rung == "position"] == [s for s, *_ in EFFECTS]
    for row in own:
        assert row.median == pytest.approx(row.truth, abs=0.12)
        assert row.coverage >= 0.5
    between = {(row.alike, row.else_shared): row.truth for row in found.effects
               if row.term == "between"}  # fmt: skip
    assert between[0.5, 0.0] == 1.0
    assert between[0.5, 0.05] == pytest.approx(1 / 3)


def test_boards_are_of_equal_models_and_of_one_that_people_hold(found: LadderCalibration) -> None:
    assert len(found.boards) == len(BOARDS) + len(POWER)
    assert {row.models for row in found.boards if row.equal} == {2, 4, 12}
    nothing = [row for row in found.boards if row.share == 0.0]
    assert all(abs(row.z) < 3.0 for row in nothing)
    held = next(row for row in found.boards if not row.equal and row.share == 0.05 and row.alike)
    assert held.z > 3.0


def test_models_of_a_board_are_equal_and_others_are_not(recording: Recording) -> None:
    ladder = Ladder.prepare(recording, 0, draws=600)
    models = SimulatedModels(SimulatedPeople(ladder.types, ladder.layers(MODEL)))
    assert not distinguishable([_held(models, 0), _held(models, 0)])
    assert distinguishable([_held(models, 0), _held(models, 1)])


def _held(models: SimulatedModels, stranger: int) -> Found:
    """z of what people hold in large part, or of another model."""
    rng = np.random.default_rng(5)
    held = models.features(rng)
    people = models.left_out("position", models.responses(held, 0.4, 1.0, 0.0, rng))
    return people.found(kernels([held, models.features(rng)][stranger]))
