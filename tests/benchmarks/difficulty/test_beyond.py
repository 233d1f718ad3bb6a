"""Partial rank correlation: against least squares, and where condition is all there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from simulated_behavior import problems_times

from brainbench.benchmarks.difficulty.beyond import (
    condition_design,
    correlate_beyond,
    spearman_beyond,
)

NAN = float("nan")
PROBLEMS = problems_times(2)
DESIGN = condition_design(PROBLEMS)


def residual(values: np.ndarray, design: np.ndarray = DESIGN) -> np.ndarray:
    ranks = stats.rankdata(values)
    return ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]


def test_the_design_holds_every_combination_and_length() -> None:
    cells = {(p.reasoning_type, p.condition.valid, p.condition.negated) for p in PROBLEMS}
    assert DESIGN.shape == (144, len(cells) + 1)
    np.testing.assert_array_equal(DESIGN[:, :-1].sum(axis=1), 1.0)
    words = [sum(len(s.split()) for s in p.sentences) for p in PROBLEMS]
    assert stats.spearmanr(DESIGN[:, -1], words)[0] == pytest.approx(1.0)


def test_it_is_the_correlation_of_residual_ranks() -> None:
    one, other = np.random.default_rng(0).standard_normal((2, 144))
    expected = stats.pearsonr(residual(one), residual(other))[0]
    assert spearman_beyond(one, other, DESIGN) == pytest.approx(expected, abs=1e-12)
    both = correlate_beyond(np.column_stack([one, other]), np.column_stack([other, one]), DESIGN)
    np.testing.assert_allclose(both, expected)


def test_what_is_not_there_is_left_out() -> None:
    one, other = np.random.default_rng(1).standard_normal((2, 144))
    one[3], other[7] = NAN, NAN
    kept = ~np.isnan(one + other)
    expected = stats.pearsonr(
        residual(one[kept], DESIGN[kept]), residual(other[kept], DESIGN[kept])
    )[0]
    assert spearman_beyond(one, other, DESIGN) == pytest.approx(expected, abs=1e-12)


def test_a_model_of_condition_alone_is_near_nothing_beyond_it() -> None:
    """Two measures that share the condition and no more, as a model biased by negation does."""
    rng, found, plain = np.random.default_rng(2), [], []
    shared = DESIGN[:, :-1] @ rng.normal(0.0, 2.0, DESIGN.shape[1] - 1)
    for _ in range(40):
        one, other = shared + rng.standard_normal((2, 144))
        plain.append(stats.spearmanr(one, other)[0])
        found.append(spearman_beyond(one, other, DESIGN))
    assert np.mean(plain) > 0.5
    assert np.mean(found) == pytest.approx(0.0, abs=0.05)


def test_what_items_share_beyond_condition_is_kept() -> None:
    rng = np.random.default_rng(3)
    shared = DESIGN[:, :-1] @ rng.normal(0.0, 2.0, DESIGN.shape[1] - 1)
    own = rng.standard_normal(144)
    one, other = shared + own + 0.3 * rng.standard_normal((2, 144))
    assert spearman_beyond(one, other, DESIGN) > 0.5


@pytest.mark.parametrize("column", [0, -1])
def test_what_the_design_explains_has_no_correlation_beyond_it(column: int) -> None:
    """Not that of rounding errors."""
    other = np.random.default_rng(4).standard_normal(144)
    assert np.isnan(spearman_beyond(DESIGN[:, column], other, DESIGN))
    assert np.isnan(spearman_beyond(np.ones(144), other, DESIGN))


def test_few_items_have_none() -> None:
    one, other = np.random.default_rng(5).standard_normal((2, 4))
    assert np.isnan(spearman_beyond(one, other, DESIGN[:4]))
