"""New studies, simulated from people who were measured."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.benchmarks.ladder.people import prepare_types
from brainbench.calibration.study import (
    Noise,
    StudyDesigns,
    StudyPlan,
    StudyRow,
    after_repeats,
    new_designs,
    simulate_designs,
    simulate_study,
    write_problems,
)
from brainbench.calibration.study_table import enough, render_designs
from brainbench.cli.console import stdout
from brainbench.datasets import Recording, load_recording
from brainbench.errors import UsageError
from brainbench.models import Activations

TYPES = ("syllogistic", "transitive")


@pytest.fixture(scope="module")
def recording() -> Recording:
    return load_recording("phantom", "noise")


def states(problems: object) -> Activations:
    rng = np.random.default_rng(len(list(problems)))  # type: ignore[call-overload]
    size = len(list(problems))  # type: ignore[call-overload]
    return Activations({"hidden": rng.standard_normal((size, 2, 3))}, {"hidden": (0, 1)})


def test_a_share_grows_with_repeats_as_spearman_and_brown_say() -> None:
    assert after_repeats(0.2, 1) == pytest.approx(0.2)
    # signal 1, noise 4: halved by two repeats
    assert after_repeats(0.2, 2) == pytest.approx(1 / 3)
    rng = np.random.default_rng(0)
    signal, noise = rng.standard_normal(40_000), rng.standard_normal((3, 40_000)) * 2
    mean = signal + noise.mean(axis=0)
    assert after_repeats(0.2, 3) == pytest.approx(np.corrcoef(signal, mean)[0, 1] ** 2, abs=0.01)


def test_problems_are_new_and_in_runs_of_18() -> None:
    found = write_problems(TYPES, 54, seed=0)
    assert len(found) == 108
    assert len({(one.premises, one.conclusion) for one in found}) == 108
    runs = [one.identifier.rsplit("-", 1)[0] for one in found]
    assert {runs.count(run) for run in runs} == {18}
    assert found == write_problems(TYPES, 54, seed=0)
    assert found != write_problems(TYPES, 54, seed=1)


def test_new_people_have_the_covariance_of_measured_ones(recording: Recording) -> None:
    noise = Noise.of(recording, seed=0)
    kind, roi = next(iter(noise.blocks))
    one = noise.person({kind: 6000}, np.random.default_rng(0))[roi]
    among = [block.T @ block / noise.degrees[kind] for block in noise.blocks[kind, roi]]
    off = [np.linalg.norm(one.T @ one / 6000 - own) / np.linalg.norm(own) for own in among]
    assert min(off) < 0.1 < sorted(off)[1]


def test_a_study_has_its_people_and_items(recording: Recording) -> None:
    problems = write_problems(TYPES, 36, seed=0)
    study = simulate_study(recording, Noise.of(recording, 0), problems, 3, seed=0)
    assert study.assembly.sizes["presentation"] == 72
    assert study.card.subjects == ("simulated-001", "simulated-002", "simulated-003")
    assert study.card.simulated
    types = prepare_types(study, study.card.reasoning_types, list(study.card.rois), 0, draws=1)
    assert [len(one.cell.items) for one in types.values()] == [36, 36]
    assert {"run", "position", "length"} <= set(types["transitive"].projections)


def test_more_of_everything_is_found_more_often(recording: Recording) -> None:
    plan = StudyPlan(people=(3, 8), items=(36,), repeats=(1, 3), shares=(0.03,), n=20, n_pairs=4)
    saved: list[StudyDesigns] = []
    found = simulate_designs(
        new_designs("phantom", "two layers", 0, plan), recording, states, save=saved.append
    )
    assert found.complete
    assert saved[-1] == found
    rate = {(row.people, row.repeats): row.found for row in found.rows}
    assert rate[3, 1] < rate[8, 3]
    assert rate[3, 1] <= rate[3, 3] + 0.05
    assert rate[8, 3] > 0.9
    assert all(row.found_interval[0] <= row.found <= row.found_interval[1] for row in found.rows)
    # an unfinished record goes on where it was
    half = found.model_copy(update={"rows": found.rows[:2], "complete": False})
    assert simulate_designs(half, recording, states).rows == found.rows


def row(people: int, share: float, found: float) -> StudyRow:
    return StudyRow(
        people=people,
        items=36,
        repeats=1,
        share=share,
        found=found,
        found_interval=(0, 1),
        distinguished=0.5,
        distinguished_interval=(0, 1),
    )


def test_the_least_design_that_is_enough_is_named() -> None:
    made = new_designs("xiao2026", "nano")
    rows = (row(40, 0.02, 1.0), row(20, 0.02, 0.85), row(10, 0.02, 0.7), row(40, 0.01, 0.3))
    record = made.model_copy(update={"rows": rows})
    assert record.least(0.02) == rows[1]
    assert record.least(0.01) is None
    said = enough(record)
    assert "To find a model that makes 2% of each person's variance: 20 people" in said[2]
    assert "none of these designs is enough" in said[0]
    with stdout.capture() as held:
        stdout.print(render_designs(record))
    assert "xiao2026" in held.get()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"people": (2,)}, "3 are the least"),
        ({"items": (40,)}, "40 items of a type do not make runs of 18: give 36, 54, 72"),
        ({"repeats": (0,)}, "shown once or more"),
        ({"shares": (5.0,)}, "between 0 and 1; 5 does not"),
    ],
)
def test_a_design_that_cannot_be_simulated_is_refused(plan: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        new_designs("xiao2026", "nano", plan=StudyPlan(**plan))


def test_other_types_of_problem_are_refused() -> None:
    with pytest.raises(UsageError, match="'stories' cannot be written"):
        write_problems(("stories",), 36, seed=0)
