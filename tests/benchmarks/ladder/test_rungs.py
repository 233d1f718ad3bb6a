"""What each rung takes out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from brainbench.benchmarks.cell import Cell, prepare_cell
from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.benchmarks.ladder.rungs import (
    WORD_COMPONENTS,
    condition_columns,
    neighbour_columns,
    rung_columns,
)
from brainbench.datasets import PhantomDesign, PhantomRoi, Recording, load_card, simulate
from brainbench.datasets.phantom import load_problems
from brainbench.encoding.nuisance import text_length


@pytest.fixture(scope="module")
def recording() -> Recording:
    problems = load_problems()
    design = PhantomDesign(seed=0, subjects=3, rois={"signal": PhantomRoi(voxels=4)}, repeats=1)
    features = np.random.default_rng(0).standard_normal((len(problems), 2))
    return simulate(design, features, problems, load_card("phantom"))


@pytest.fixture(scope="module")
def cell(recording: Recording) -> Cell:
    return prepare_cell(recording, "syllogistic", ["signal"])


def test_rungs_come_in_the_order_of_the_ladder(cell: Cell) -> None:
    assert tuple(rung_columns(cell)) == RUNGS
    assert RUNGS == ("run", "position", "length", "condition", "words", "behaviour")


def test_neighbours_are_the_trials_before_and_after_in_the_run(cell: Cell) -> None:
    found = neighbour_columns(cell)
    words = text_length([p.sentences for p in cell.recording.problems])[:, 0]
    runs = cell.coordinate("run")
    for item in range(len(cell.items)):
        before = item > 0 and runs[item - 1] == runs[item]
        after = item + 1 < len(runs) and runs[item + 1] == runs[item]
        assert found[item, 0] == (words[cell.items[item - 1]] if before else 0.0)
        assert found[item, 4] == (words[cell.items[item + 1]] if after else 0.0)


def test_condition_holds_every_interaction(cell: Cell) -> None:
    """With an intercept it fits the mean of each of the conditions exactly."""
    columns = np.hstack([np.ones((len(cell.items), 1)), condition_columns(cell)])
    names = np.array([p.condition.name for p in cell.problems])
    means = np.random.default_rng(0).standard_normal(len(np.unique(names)))
    values = means[np.unique(names, return_inverse=True)[1]]
    left = values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]
    np.testing.assert_allclose(left, 0.0, atol=1e-9)


def test_words_are_few_components_of_their_counts(cell: Cell) -> None:
    words = rung_columns(cell)["words"].group
    assert words.shape == (len(cell.items), WORD_COMPONENTS)
    np.testing.assert_allclose(words.mean(axis=0), 0.0, atol=1e-12)
    # uncorrelated, largest first
    products = words.T @ words
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-9)
    assert (np.diff(np.diag(products)) < 0).all()


def test_behaviour_is_missing_where_none_was_recorded(cell: Cell) -> None:
    assert cell.recording.behavior is None
    assert not rung_columns(cell)["behaviour"].exists


def test_behaviour_is_a_persons_own_and_the_groups(recording: Recording) -> None:
    shown = len(recording.assembly["presentation"])
    rng = np.random.default_rng(0)
    seconds = rng.uniform(1, 5, (shown, 4))
    seconds[3, 1] = np.nan
    subjects = [*dict.fromkeys(recording.assembly["subject"].values.astype(str)), "another"]
    behavior = xr.Dataset(
        {
            "response_time": (("presentation", "subject"), seconds),
            "accuracy": (("presentation", "subject"), (seconds > 2).astype(float)),
        },
        coords={"subject": subjects},
    )
    cell = prepare_cell(replace(recording, behavior=behavior), "syllogistic", ["signal"])
    found = rung_columns(cell)["behaviour"]
    assert found.own is not None
    # own time, accuracy and missing answers, and the means of all three
    assert found.own.shape == (3, len(cell.items), 6)
    assert found.group.shape == (len(cell.items), 3)
    mean = np.nanmean(seconds[cell.items], axis=1)
    assert np.corrcoef(found.group[:, 0], mean)[0, 1] == pytest.approx(1.0)
    assert found.own[1, 3, 2] > 0
    assert not found.own[0, :, 2].any()
    # what all have in common is taken out of each, so that no response to it is found
    for person in found.own:
        np.testing.assert_array_equal(person[:, 3:], found.group)
