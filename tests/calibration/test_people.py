"""Simulated people are at the design of the measured ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainbench.benchmarks.cell import POOLED, prepare_cell
from brainbench.benchmarks.controlled.nuisance import nuisance_columns, run_labels
from brainbench.calibration.people import (
    ALIKE,
    FIRST_SHARE,
    PEOPLE,
    SHARED_OF_FIRST,
    SHARED_SHARE,
    SPECTRUM,
    VOXELS,
    Design,
    Experiment,
    make_design,
    make_experiment,
    participation,
    respond,
    shared_course,
)
from brainbench.calibration.scenarios import inside, simulate
from brainbench.datasets import load_recording

Array = NDArray[np.float64]
# participation ratio of the items of xiao2026, run means out, mean over people
MEASURED = {
    "syllogistic": {"deductive_reasoning": 8.39, "language": 15.58, "md": 10.47},
    "transitive": {"deductive_reasoning": 7.51, "language": 13.72, "md": 9.53},
}


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return make_experiment(0)


@pytest.fixture(scope="module")
def design(experiment: Experiment) -> Design:
    return make_design(experiment, "syllogistic")


def test_items_and_runs_are_those_of_xiao2026(experiment: Experiment) -> None:
    whole = make_design(experiment, POOLED)
    assert Counter(whole.runs) == {
        "syllogistic-01": 18,
        "syllogistic-02": 18,
        "transitive-01": 16,
        "transitive-02": 18,
    }
    assert len(whole.folds) == 4
    assert len(experiment.activations.values["attention"]) == 70
    assert whole.layers.shape == (20, 70, 70)


def test_columns_are_all_of_the_protocol(design: Design) -> None:
    """Two slow waves, words and characters, three of condition, two of time, accuracy."""
    columns = nuisance_columns(design.cell)
    assert columns.shape == (PEOPLE, 36, 10)
    assert columns.any(axis=1).all()
    assert len(design.bands[0].nuisance) == PEOPLE


def test_behaviour_is_like_that_of_people(experiment: Experiment) -> None:
    behavior = experiment.recording.behavior
    assert behavior is not None
    seconds, right = behavior["response_time"].values, behavior["accuracy"].values
    types = np.array([problem.reasoning_type for problem in experiment.recording.problems])
    assert 1.0 < np.nanmean(seconds[types == "syllogistic"]) < 2.0
    assert 2.0 < np.nanmean(seconds[types == "transitive"]) < 3.5
    assert 0.8 < np.nanmean(right) < 0.95
    assert set(np.unique(right[~np.isnan(right)])) == {0.0, 1.0}
    np.testing.assert_array_equal(np.isnan(seconds), np.isnan(right))
    assert 0.0 < np.isnan(right).mean() < 0.05


def test_same_seed_same_people() -> None:
    one, same, other = (make_experiment(seed).recording.behavior for seed in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert one.equals(same)
    assert not one.equals(other)


def people(design: Design, sets: int) -> list[list[Array]]:
    """Responses where nothing is planted, of people of several data sets."""
    nothing = inside(design)[0]
    return [list(simulate(design, nothing, number, 0)) for number in range(sets)]


def of_the_items(blocks: list[list[Array]], runs: list[str]) -> dict[str, Array]:
    """What is compared with measured people: each person's dimensions of the items, the share of
    the largest, and that of the next one of the rest; how neighbouring items correlate; how well
    the same voxel of all others goes with a person's. Run means are out.
    """
    names = np.array(runs)
    same = np.equal.outer(names, names)
    neighbours = same & (
        np.abs(np.subtract.outer(np.arange(len(names)), np.arange(len(names)))) == 1
    )
    found: dict[str, list[float]] = {}
    for group in blocks:
        left = [own - same / same.sum(axis=1) @ own for own in group]
        everybody = np.sum(left, axis=0)
        for own in left:
            grams = own @ own.T
            values = np.linalg.eigvalsh(grams)[::-1]
            others = everybody - own
            z, of_others = (x / np.linalg.norm(x, axis=0) for x in (own, others))
            for name, value in {
                "dimensions": participation(own),
                "first": values[0] / values.sum(),
                "second": values[1] / values[1:].sum(),
                "neighbours": grams[neighbours].mean() / np.diag(grams).mean(),
                "voxel r": (z * of_others).sum(axis=0).mean(),
            }.items():
                found.setdefault(name, []).append(float(value))
    return {name: np.array(values) for name, values in found.items()}


def test_items_fill_as_many_dimensions_as_those_of_people(design: Design) -> None:
    """The numbers that the code gives of xiao2026; the next test holds them to the data."""
    found = of_the_items(people(design, 6), design.runs)
    assert 7.5 < found["dimensions"].mean() < 10.5
    assert found["dimensions"].min() < 5.5
    assert found["dimensions"].max() > 12.0
    assert 0.27 < found["first"].mean() < 0.35
    assert 0.12 < found["second"].mean() < 0.19
    # independent items would have -1 / 17
    assert -0.055 < found["neighbours"].mean() < -0.01
    assert 0.01 < found["voxel r"].mean() < 0.13


def test_simulated_people_are_like_measured_ones(experiment: Experiment, mirror: Path) -> None:
    """In the two regions that are simulated; the items of the language region fill more."""
    recording = load_recording("xiao2026")
    simulated: list[dict[str, Array]] = []
    measured: list[dict[str, Array]] = []
    for kind, regions in MEASURED.items():
        made = make_design(experiment, kind)
        simulated.append(of_the_items(people(made, 10), made.runs))
        for roi, dimensions in regions.items():
            cell = prepare_cell(recording, kind, [roi])
            real = of_the_items([list(cell.people(roi))], run_labels(cell))
            assert real["dimensions"].mean() == pytest.approx(dimensions, abs=0.005)
            measured += [real] if roi != "language" else []
    apart = {"dimensions": 1.0, "first": 0.03, "second": 0.04, "neighbours": 0.02, "voxel r": 0.03}
    for name, most in apart.items():
        one, other = (np.concatenate([own[name] for own in all_]) for all_ in (simulated, measured))
        assert one.mean() == pytest.approx(other.mean(), abs=most), name
        if name in ("dimensions", "first"):
            assert one.std() == pytest.approx(other.std(), rel=0.3), name


def test_a_factor_has_its_share_of_every_voxel() -> None:
    rng = np.random.default_rng(0)
    factor, course = rng.standard_normal((40, 1)), shared_course(40, rng)
    voxels = np.concatenate([respond(factor, 0.3, course, rng) for _ in range(8)])
    shares = voxels.var(axis=1)
    rest = np.arange(1, VOXELS) ** -SPECTRUM
    expected = np.append(np.mean(FIRST_SHARE), (1.0 - np.mean(FIRST_SHARE)) * rest / rest.sum())
    # the mean over items is out, which takes one of the 40 dimensions
    np.testing.assert_allclose(shares.mean(axis=0)[:20] * 40 / 39, expected[:20], rtol=0.25)
    assert shares.sum(axis=1).mean() == pytest.approx(1.0, abs=0.05)
    own = (factor - factor.mean()) / np.linalg.norm(factor - factor.mean())
    explained = ((own.T @ voxels) ** 2).sum() / (voxels**2).sum()
    # chance adds one of the 39 dimensions that the rest of the variance has
    assert explained == pytest.approx(0.3 + 0.7 / 39, abs=0.03)


def test_people_share_their_course_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    of_course, everything, alike = [], [], []
    for _ in range(40):
        course = shared_course(40, rng)
        voxels = respond(None, 0.0, course, rng)
        basis, _ = np.linalg.qr(course.columns - course.columns.mean(axis=0))
        of_course.append(((basis.T @ voxels) ** 2).sum(axis=(0, 1)))
        everything.append((voxels**2).sum(axis=(0, 1)))
        alike.append(alikeness(voxels[:, :, 1:]))
    found, whole = np.sum(of_course, axis=0), np.sum(everything, axis=0)
    for part, share in ((slice(0, 1), SHARED_OF_FIRST), (slice(1, None), SHARED_SHARE)):
        # chance adds two of the 39 dimensions that the rest of the variance has
        expected = share + (1.0 - share) * 2 / 39
        assert found[part].sum() / whole[part].sum() == pytest.approx(expected, abs=0.02)
    assert np.mean(alike) == pytest.approx(SHARED_SHARE * ALIKE, abs=0.005)


def alikeness(voxels: Array) -> float:
    """How two people's voxels correlate over voxels and items, each voxel counting alike."""
    flat = (voxels / voxels.std(axis=1, keepdims=True)).reshape(PEOPLE, -1)
    return float(np.corrcoef(flat)[~np.eye(PEOPLE, dtype=bool)].mean())


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_people_mix_a_factor_as_much_alike_as_is_asked(alike: float) -> None:
    rng = np.random.default_rng(2)
    factor = rng.standard_normal((40, 30))
    course = shared_course(40, rng, width=30)
    voxels = respond(factor, 0.8, course, rng, alike)
    expected = 0.8 * alike + SHARED_SHARE * ALIKE
    assert alikeness(voxels[:, :, 1:]) == pytest.approx(expected, abs=0.03)


def test_participation_counts_dimensions() -> None:
    flat = np.linalg.qr(np.random.default_rng(0).standard_normal((12, 4)))[0]
    assert participation(flat) == pytest.approx(4.0)
