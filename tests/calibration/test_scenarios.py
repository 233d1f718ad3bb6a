"""What is planted is what the name says."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.benchmarks.controlled.nuisance import nuisance_columns
from brainbench.calibration.people import Design, make_design, make_experiment, shared_course
from brainbench.calibration.scenarios import (
    each_layer,
    inside,
    outside,
    planted,
    pooled,
    root,
    simulate,
)


@pytest.fixture(scope="module")
def design() -> Design:
    return make_design(make_experiment(0), "transitive")


def left_over(design: Design, factor: np.ndarray, person: int) -> float:
    """Share of a factor that a person's columns leave on the training items of a fold."""
    left = []
    for fold in design.folds:
        columns = (fold.centre @ nuisance_columns(design.cell)[person])[fold.train]
        own = factor if factor.ndim == 2 else factor[person]
        own = (fold.centre @ own)[fold.train]
        fitted = columns @ np.linalg.lstsq(columns, own, rcond=None)[0]
        left.append(((own - fitted) ** 2).sum() / (own**2).sum())
    return float(np.mean(left))


def test_confounds_in_the_span_are_and_the_others_are_not(design: Design) -> None:
    nothing, *spanned = inside(design)
    assert nothing.factor is None
    for scenario in spanned:
        assert scenario.factor is not None
        assert left_over(design, scenario.factor, 3) < 1e-9, scenario.name
    for scenario in outside(design):
        assert scenario.factor is not None
        assert left_over(design, scenario.factor, 3) > 0.05, scenario.name


def test_kinds_and_shares(design: Design) -> None:
    assert {one.kind for one in inside(design)} == {"nothing", "in span"}
    assert [one.share for one in planted(design, (0.02, 0.2))] == [0.02, 0.2]
    both = planted(design, (0.02, 0.2), (0.0, 0.5))
    assert [(one.alike, one.share) for one in both] == [
        (0.0, 0.02), (0.0, 0.2), (0.5, 0.02), (0.5, 0.2)
    ]  # fmt: skip
    names = [one.name for one in each_layer(design)]
    assert len(set(names)) == 20
    assert "attention 15" in names


def test_reasoning_type_is_planted_over_both_types() -> None:
    whole = make_design(make_experiment(0), "all")
    factor = pooled(whole)[1].factor
    assert factor is not None
    kinds = [problem.reasoning_type for problem in whole.cell.problems]
    assert {tuple(np.sign(row)) for row in factor[np.array(kinds) == "transitive"]} == {(-1, 1)}


def test_a_data_set_is_the_same_whatever_else_is_simulated(design: Design) -> None:
    scenario = inside(design)[1]
    one = simulate(design, scenario, 7, 0)
    simulate(design, scenario, 8, 0)
    np.testing.assert_array_equal(simulate(design, scenario, 7, 0), one)
    for number, seed in ((8, 0), (7, 1)):
        assert not np.array_equal(simulate(design, scenario, number, seed), one)


def test_a_course_that_is_given_takes_the_place_of_the_drawn_one(design: Design) -> None:
    scenario = inside(design)[0]
    course = shared_course(len(design.runs), np.random.default_rng(0))
    basis, _ = np.linalg.qr(course.columns - course.columns.mean(axis=0))
    drawn, given = (simulate(design, scenario, 0, 0, one) for one in (None, course))
    assert ((basis.T @ given) ** 2).sum() > 1.3 * ((basis.T @ drawn) ** 2).sum()


def test_root_of_a_kernel(design: Design) -> None:
    factor = root(design.layers[3])
    np.testing.assert_allclose(factor @ factor.T, design.layers[3], atol=1e-9 * factor.size)
