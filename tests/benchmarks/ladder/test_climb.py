"""Planted signals are found where they are, and confounds stop where they should."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from brainbench.benchmarks.ladder.climb import climb, hold_against
from brainbench.benchmarks.ladder.names import FORMS
from brainbench.benchmarks.ladder.people import (
    MIN_DEGREES,
    LadderType,
    Projections,
)
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.datasets import PhantomDesign, PhantomRoi, Recording, load_card, simulate
from brainbench.datasets.phantom import load_problems
from brainbench.encoding import linear_kernels
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import make_targets
from brainbench.encoding.ladder.combination import CellNull

PROBLEMS = load_problems()
FEATURES = np.random.default_rng(0).standard_normal((len(PROBLEMS), 20))


def people(**shares: float) -> Recording:
    """Six people; two ROIs, one of them noise."""
    rois = {"signal": PhantomRoi(voxels=30, **shares), "noise": PhantomRoi(voxels=30)}
    design = PhantomDesign(seed=1, subjects=6, rois=rois, repeats=1)
    return simulate(design, FEATURES, PROBLEMS, load_card("phantom"))


@pytest.fixture(scope="module")
def prepared() -> Callable[..., Ladder]:
    """Ladders, each made once."""
    made: dict[tuple[tuple[str, float], ...], Ladder] = {}

    def make(**shares: float) -> Ladder:
        key = tuple(sorted(shares.items()))
        if key not in made:
            # the ROIs of the card are others: those of the recording count
            recording = people(**shares)
            card = recording.card.model_copy(update={"rois": {"signal": 30, "noise": 30}})
            object.__setattr__(recording, "card", card)
            made[key] = Ladder.prepare(recording, seed=0, draws=400)
        return made[key]

    return make


def kernels(ladder: Ladder, features: Array) -> dict[str, Array]:
    return {
        kind: linear_kernels(features[one.cell.items][:, None, :])
        for kind, one in ladder.types.items()
    }


def test_a_planted_signal_is_found_on_every_rung_and_in_its_cells(
    prepared: Callable[..., Ladder],
) -> None:
    ladder = prepared(signal=0.3)
    found = climb(ladder.types, kernels(ladder, FEATURES))
    assert [one.rung for one in found] == ["run", "position", "length", "condition", "words"]
    assert all(one.together()["larger"].p <= 0.05 for one in found)
    cells = found[2].cells()
    for kind in ladder.types:
        assert cells["signal", kind]["larger"].p <= 0.05
        assert cells["noise", kind]["larger"].p > 0.05


def test_features_of_something_else_are_not_found(prepared: Callable[..., Ladder]) -> None:
    ladder = prepared(signal=0.3)
    other = np.random.default_rng(5).standard_normal(FEATURES.shape)
    assert climb(ladder.types, kernels(ladder, other))[1].together()["larger"].p > 0.05


@pytest.mark.parametrize(
    ("share", "rung", "before"), [("drift", "position", "run"), ("length", "length", "position")]
)
def test_a_confound_is_found_below_its_rung_and_not_from_there(
    prepared: Callable[..., Ladder], share: str, rung: str, before: str
) -> None:
    """Features that hold the confound and nothing else of what people share."""
    ladder = prepared(**{share: 0.5})
    confounded = {
        kind: linear_kernels(
            np.hstack(
                [
                    one.columns[rung].group[:, :2] * 5,  # type: ignore[index]
                    np.random.default_rng(7).standard_normal((len(one.cell.items), 10)),
                ]
            )[:, None, :]
        )
        for kind, one in ladder.types.items()
    }
    p = {one.rung: one.together()["larger"].p for one in climb(ladder.types, confounded)}
    assert p[before] <= 0.05  # type: ignore[index]
    assert p[rung] > 0.05  # type: ignore[index]


def test_a_rung_that_explains_the_features_wholly_has_no_result(
    prepared: Callable[..., Ladder],
) -> None:
    ladder = prepared(signal=0.3)
    only = {kind: linear_kernels(one.columns["length"].group[:, None, :])
            for kind, one in ladder.types.items()}  # fmt: skip
    assert [one.rung for one in climb(ladder.types, only)] == ["run", "position"]
    one = next(iter(ladder.types.values()))
    assert hold_against(one, only["syllogistic"], "length", []) == []


def test_every_form_of_the_responses_is_tested_at_once(prepared: Callable[..., Ladder]) -> None:
    ladder = prepared(signal=0.3)
    layers = kernels(ladder, FEATURES)
    at_once = climb(ladder.types, layers, FORMS)[0]
    for form in FORMS:
        alone = climb(ladder.types, layers, (form,))[0]
        for name, cell in alone.nulls[form].items():
            np.testing.assert_allclose(at_once.nulls[form][name].own, cell.own, atol=1e-12)


def test_strict_form_reads_no_pair_of_one_run(prepared: Callable[..., Ladder]) -> None:
    """Responses that are alike within a run alone give nothing across runs."""
    one = prepared(signal=0.3).types["syllogistic"]
    assert one.across.sum() == 2 * 18 * 18
    assert not one.across.diagonal().any()


def test_own_nuisance_of_people_is_projected_person_by_person(
    prepared: Callable[..., Ladder],
) -> None:
    """A rung whose columns are the same for everybody, given person by person, changes nothing."""
    ladder = prepared(signal=0.3)
    one = ladder.types["syllogistic"]
    projection = one.projections["length"]
    layers = kernels(ladder, FEATURES)["syllogistic"]
    target = one.targets("voxels")["length"]["signal"]
    shared = hold_against(one, layers, "length", [target])[0]
    makers = np.stack([projection.group] * 6)
    each = LadderType(one.cell, one.orders, one.columns)
    each.__dict__["projections"] = {"length": Projections(projection.group, makers)}
    own = make_targets(one.cell.people("signal"), makers, projection.group)
    found = hold_against(each, layers, "length", [own])[0]
    assert isinstance(found, CellNull)
    np.testing.assert_allclose(found.own, shared.own, atol=1e-10)
    assert found.between is not None
    assert shared.between is not None
    np.testing.assert_allclose(found.between, shared.between, atol=1e-10)


def test_rungs_end_where_too_little_is_left(prepared: Callable[..., Ladder]) -> None:
    recording = people(signal=0.3)
    card = recording.card.model_copy(update={"rois": {"signal": 30}})
    object.__setattr__(recording, "card", card)
    short = Ladder.prepare(recording, seed=0, limit=16, draws=20)
    for one in short.types.values():
        assert all(p.degrees >= MIN_DEGREES for p in one.projections.values())
        assert "words" not in one.projections
