"""What models are compared by, on simulated people."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.benchmarks.ladder.climb import climb
from brainbench.benchmarks.ladder.comparing import (
    ORDERS,
    RungPeople,
    compared_by,
    effects,
    inner_products,
)
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.datasets import PhantomDesign, PhantomRoi, load_card, simulate
from brainbench.datasets.phantom import load_problems
from brainbench.encoding import linear_kernels
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.pairs import compare_pair

PROBLEMS = load_problems()
FEATURES = np.random.default_rng(0).standard_normal((len(PROBLEMS), 20))


@pytest.fixture(scope="module")
def ladder() -> Ladder:
    """Eight people who hold the features in one ROI, mixed alike."""
    rois = {"signal": PhantomRoi(voxels=30, signal=0.3), "noise": PhantomRoi(voxels=30)}
    design = PhantomDesign(seed=1, subjects=8, rois=rois, repeats=1)
    recording = simulate(design, FEATURES, PROBLEMS, load_card("phantom"))
    card = recording.card.model_copy(update={"rois": {"signal": 30, "noise": 30}})
    object.__setattr__(recording, "card", card)
    return Ladder.prepare(recording, seed=0, draws=600)


def kernels(ladder: Ladder, features: Array) -> dict[str, Array]:
    return {
        kind: linear_kernels(features[one.cell.items][:, None, :])
        for kind, one in ladder.types.items()
    }


def test_z_is_that_of_the_row_and_orders_are_the_first(ladder: Ladder) -> None:
    layers = kernels(ladder, FEATURES)
    results = climb(ladder.types, layers)
    made = compared_by(ladder.types, layers, results)
    row = next(one for one in results if one.rung == made.rung)
    assert made.rung == "position"
    assert made.z == pytest.approx(row.together()["larger"].z, abs=1e-3)
    assert len(made.null) == ORDERS
    assert len(made.without_person) == len(made.subjects) == 8


def test_orders_of_another_seed_have_another_name(ladder: Ladder) -> None:
    layers = kernels(ladder, FEATURES)
    recording = next(iter(ladder.types.values())).cell.recording
    other = Ladder.prepare(recording, seed=1, draws=600)
    names = {compared_by(one.types, layers, climb(one.types, layers)).orders
             for one in (ladder, ladder, other)}  # fmt: skip
    assert len(names) == 2


def test_what_people_hold_is_told_from_what_they_do_not(ladder: Ladder) -> None:
    rng = np.random.default_rng(2)
    people = RungPeople.of_types(ladder.types, "position")
    held = people.found(kernels(ladder, FEATURES))
    strange = [people.found(kernels(ladder, rng.standard_normal(FEATURES.shape))) for _ in range(2)]
    assert compare_pair(held, strange[0]).p < 0.01
    assert compare_pair(strange[0], strange[1]).p > 0.05


def test_effects_are_of_the_rungs_up_to_one(ladder: Ladder) -> None:
    rows = effects(ladder.types, kernels(ladder, FEATURES), "length", ladder.shared)
    assert [row.rung for row in rows if row.term == "own"] == ["run", "position", "length"]
    for row in rows:
        low, high = row.interval
        assert low < row.share < high
        if row.term == "own":
            assert low > 0.0
            assert row.n_cells == 4
        else:  # people share the features in the ROI that holds them, and there alone
            assert row.n_cells <= 3
            assert row.share > 0.5


def test_people_of_other_voxels_have_no_products() -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.standard_normal((5, width)) for width in (4, 4, 3)]
    found = inner_products(blocks)
    np.testing.assert_allclose(found[2, 2], blocks[2] @ blocks[2].T)
    assert not found[0, 1].any()
    same = inner_products(blocks[:2])
    np.testing.assert_allclose(same[0, 1], blocks[0] @ blocks[1].T)
