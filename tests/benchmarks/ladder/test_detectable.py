"""The share that would have been found, on simulated people whose noise is real."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.benchmarks.ladder.detectable import (
    SHARES,
    Planted,
    SimulatedPeople,
    detectable_share,
)
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.datasets import PhantomDesign, PhantomRoi, load_card, simulate
from brainbench.datasets.phantom import load_problems
from brainbench.encoding import linear_kernels

PROBLEMS = load_problems()
FEATURES = np.random.default_rng(0).standard_normal((len(PROBLEMS), 20))


@pytest.fixture(scope="module")
def people() -> SimulatedPeople:
    rois = {"signal": PhantomRoi(voxels=30, signal=0.3)}
    design = PhantomDesign(seed=1, subjects=6, rois=rois, repeats=1)
    recording = simulate(design, FEATURES, PROBLEMS, load_card("phantom"))
    card = recording.card.model_copy(update={"rois": {"signal": 30}})
    object.__setattr__(recording, "card", card)
    ladder = Ladder.prepare(recording, seed=0, draws=100)
    layers = {kind: linear_kernels(FEATURES[one.cell.items][:, None, :])
              for kind, one in ladder.types.items()}  # fmt: skip
    return SimulatedPeople(ladder.types, layers, draws=99)


def test_nothing_planted_is_found_at_the_level_of_the_test(people: SimulatedPeople) -> None:
    """These people do share a signal; exchanging items takes it away."""
    p = people.p_values("length", Planted(0.0, 0.0), seed=0, data_sets=200)
    for name in ("own", "between", "larger"):
        assert (p[name] <= 0.05).mean() < 0.11  # 3.9 standard errors above 0.05


def test_what_people_share_is_found_by_between(people: SimulatedPeople) -> None:
    alone = people.p_values("position", Planted(0.1, 0.0), seed=1, data_sets=40)
    alike = people.p_values("position", Planted(0.1, 1.0), seed=1, data_sets=40)
    assert (alone["between"] <= 0.05).mean() < 0.3
    assert (alike["between"] <= 0.05).mean() > 0.8


def test_the_detectable_share_is_found_in_four_of_five(people: SimulatedPeople) -> None:
    share = detectable_share(people, "position", seed=2)
    assert share in SHARES
    found = people.p_values("position", Planted(share, 0.0), seed=3)["larger"]
    assert (found <= 0.05).mean() > 0.65
    place = SHARES.index(share)
    if place:
        less = people.p_values("position", Planted(SHARES[place - 1], 0.0), seed=3)["larger"]
        assert (less <= 0.05).mean() < 0.9


def test_data_sets_in_pieces_are_those_made_at_once(people: SimulatedPeople) -> None:
    whole = people.p_values("length", Planted(0.05, 0.5), seed=4, data_sets=4)
    parts = [people.p_values("length", Planted(0.05, 0.5), 4, 2, first=first) for first in (0, 2)]
    for name, p in whole.items():
        np.testing.assert_array_equal(p, np.concatenate([part[name] for part in parts]))


def test_the_same_seed_gives_the_same_data_sets(people: SimulatedPeople) -> None:
    one = people.p_values("length", Planted(0.05, 0.5), seed=4, data_sets=3)
    two = people.p_values("length", Planted(0.05, 0.5), seed=4, data_sets=3)
    other = people.p_values("length", Planted(0.05, 0.5), seed=5, data_sets=3)
    np.testing.assert_array_equal(one["own"], two["own"])
    assert (one["own"] != other["own"]).any()
