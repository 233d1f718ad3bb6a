"""AUC, balanced accuracy, thresholds, McNemar's test: against scikit-learn and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from brainbench.statistics.answers import auc, balanced_accuracy, best_threshold, mcnemar


def draw(seed: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, and labels that they say something about."""
    rng = np.random.default_rng(seed)
    positive = rng.random(shape[0]) < 0.4
    positive[:2] = True, False
    shift = positive.reshape(-1, *[1] * (len(shape) - 1)) * 1.0
    return np.round(rng.standard_normal(shape) + shift, 1), positive


def test_auc_is_that_of_scikit_learn() -> None:
    for seed in range(5):
        scores, positive = draw(seed, 25, 3, 4)
        found = auc(scores, positive)
        assert found.shape == (3, 4)
        for place in np.ndindex(3, 4):
            expected = roc_auc_score(positive, scores[:, *place])
            assert found[place] == pytest.approx(expected, abs=1e-12)


def test_infinite_scores_have_ranks_too() -> None:
    assert float(auc([np.inf, 0.0, -np.inf, np.inf], [True, True, False, False])) == 0.625


def test_auc_is_undefined_without_both_labels_and_of_a_nan() -> None:
    scores, positive = draw(0, 10, 3)
    assert np.isnan(auc(scores, np.ones(10, bool))).all()
    assert np.isnan(auc(scores, np.zeros(10, bool))).all()
    scores[4, 1] = np.nan
    assert np.isnan(auc(scores, positive)).tolist() == [False, True, False]


def test_balanced_accuracy_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        labels, said = (rng.choice(["True", "False", "Uncertain"], 30, p=p) for p in
                        ([0.6, 0.3, 0.1], [0.2, 0.4, 0.4]))  # fmt: skip
        expected = balanced_accuracy_score(labels, said)
        assert balanced_accuracy(labels == said, labels) == pytest.approx(expected, abs=1e-12)


def test_no_cut_is_better_than_the_best_threshold() -> None:
    for seed in range(20):
        odds, positive = draw(seed, 4 + seed)
        rates, true = roc_curve(positive, odds, drop_intermediate=False)[:2]
        best = balanced_accuracy_score(positive, odds > best_threshold(odds, positive))
        assert best == pytest.approx(((1 - rates + true) / 2).max())


def test_of_thresholds_as_good_the_one_nearest_to_the_median() -> None:
    odds, positive = np.array([0.0, 1.0, 2.4, 3.0]), np.array([0, 1, 0, 1], bool)
    # the median is 1.7
    for edge in (0.5, 2.7):
        assert balanced_accuracy_score(positive, odds > edge) == pytest.approx(0.75)
    assert best_threshold(odds, positive) == pytest.approx(2.7)


def test_no_threshold_of_one_label() -> None:
    assert np.isnan(best_threshold([1.0, 2.0], [True, True]))
    assert np.isnan(best_threshold([1.0, 2.0], [False, False]))


@pytest.mark.parametrize("counts", [(12, 3), (0, 5), (7, 7), (1, 0)])
def test_mcnemar_is_exact(counts: tuple[int, int]) -> None:
    gained, lost = counts
    before = np.array([0] * gained + [1] * lost + [1, 1, 0])
    after = np.array([1] * gained + [0] * lost + [1, 1, 0])
    p, found_gained, found_lost = mcnemar(before, after)
    expected = reference_mcnemar([[2, lost], [gained, 1]], exact=True).pvalue
    assert p == pytest.approx(expected)
    assert (found_gained, found_lost) == counts


def test_mcnemar_where_nothing_changed() -> None:
    assert mcnemar([1, 0, 1], [1, 0, 1]) == (1.0, 0, 0)
