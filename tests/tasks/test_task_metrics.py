"""Measures, held against scikit-learn, statsmodels and closed forms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import norm, sem
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

Items = list[list[Any]]


@pytest.fixture(scope="module")
def metrics(helper: Callable[[str], ModuleType]) -> ModuleType:
    return helper("metrics")


def draw(seed: int, count: int = 240, orders: int = 6, choices: tuple[str, ...] = ()) -> Items:
    """Items in clusters that agree with themselves, some invalid, labels not even."""
    rng = np.random.default_rng(seed)
    names = choices or ("True", "False")
    items: Items = []
    for cluster in range(count // orders):
        label = str(rng.choice(names))
        shift = rng.normal()
        for _ in range(orders):
            odds = round(float(rng.normal(shift + (label == "True"))), 1)
            said = "True" if odds > 0 else "False"
            if choices:
                said = str(rng.choice(names))
            items.append([f"p{cluster}", label, said if rng.random() < 0.95 else None, odds])
    return items


def column(items: Items, place: int) -> np.ndarray:
    return np.array([item[place] for item in items])


@pytest.mark.parametrize("seed", range(4))
class TestAgainstOthers:
    def test_accuracy_and_its_error(self, metrics: ModuleType, seed: int) -> None:
        items = draw(seed)
        right = (column(items, 1) == column(items, 2)).astype(float)
        said = [str(word) for word in column(items, 2)]
        assert metrics.share(right) == pytest.approx(accuracy_score(column(items, 1), said))
        groups = np.unique(column(items, 0), return_inverse=True)[1]
        fit = sm.OLS(right, np.ones_like(right)).fit(
            cov_type="cluster", cov_kwds={"groups": groups}
        )
        assert metrics.acc_stderr(items) == pytest.approx(fit.bse[0])

    @pytest.mark.parametrize("choices", [(), ("True", "False", "Uncertain")])
    def test_balanced_accuracy_and_its_error(
        self, metrics: ModuleType, seed: int, choices: tuple[str, ...]
    ) -> None:
        items = draw(seed, choices=choices)
        labels, said = column(items, 1), np.array([str(word) for word in column(items, 2)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # None is not a label
            expected = balanced_accuracy_score(labels, said)
        assert metrics.balanced_acc(items) == pytest.approx(expected)
        names = sorted(set(labels))
        design = np.stack([labels == name for name in names], axis=1).astype(float)
        right = (labels == said).astype(float)
        groups = np.unique(column(items, 0), return_inverse=True)[1]
        fit = sm.OLS(right, design).fit(cov_type="cluster", cov_kwds={"groups": groups})
        weights = np.full(len(names), 1 / len(names))
        # statsmodels also multiplies by (n - 1) / (n - k)
        n, k = design.shape
        variance = weights @ fit.cov_params() @ weights * (n - k) / (n - 1)
        assert metrics.balanced_acc_stderr(items) == pytest.approx(np.sqrt(variance))

    def test_area_and_its_error(self, metrics: ModuleType, seed: int) -> None:
        items = draw(seed)
        true, odds, clusters = column(items, 1) == "True", column(items, 3), column(items, 0)
        assert metrics.auc(items) == pytest.approx(roc_auc_score(true, odds))
        left = [
            roc_auc_score(true[clusters != name], odds[clusters != name])
            for name in np.unique(clusters)
        ]
        g = len(left)
        expected = np.sqrt((g - 1) / g * np.sum((np.array(left) - np.mean(left)) ** 2))
        assert metrics.auc_stderr(items) == pytest.approx(expected)

    def test_sensitivity(self, metrics: ModuleType, seed: int) -> None:
        items = [item for item in draw(seed) if item[2] is not None]
        labels, said = column(items, 1), column(items, 2)
        n, shares = len(items), {}
        for label in ("True", "False"):
            held = labels == label
            share = held.mean()
            shares[label] = ((said[held] == "True").sum() + share) / (held.sum() + 2 * share)
        assert n
        expected = norm.ppf(shares["True"]) - norm.ppf(shares["False"])
        assert metrics.dprime(items) == pytest.approx(expected)

    def test_the_threshold_is_the_best_there_is(self, metrics: ModuleType, seed: int) -> None:
        items = draw(seed)
        true, odds = column(items, 1) == "True", column(items, 3).astype(float)

        def score(cut: float) -> float:
            return balanced_accuracy_score(true, odds > cut)

        found = score(metrics.threshold(items))
        assert found == pytest.approx(max(score(cut) for cut in np.arange(-5, 5, 0.05)))
        with_cut = [[*item, metrics.threshold(items)] for item in items]
        right = (odds > metrics.threshold(items)) == true
        assert metrics.acc_at_threshold(with_cut) == pytest.approx(right.mean())


class TestClosedForms:
    def test_the_error_of_problems_that_stand_for_themselves(self, metrics: ModuleType) -> None:
        items = draw(1, orders=1)
        right = (column(items, 1) == column(items, 2)).astype(float)
        assert metrics.acc_stderr(items) == pytest.approx(sem(right))

    def test_orders_that_agree_count_once(self, metrics: ModuleType) -> None:
        single = [[f"p{i}", "True", said, 0.1] for i, said in enumerate(["True", "False"] * 20)]
        repeated = [item for item in single for _ in range(6)]
        assert metrics.acc_stderr(repeated) == pytest.approx(metrics.acc_stderr(single))
        assert metrics.acc_stderr(repeated) > 2 * sem([item[2] == "True" for item in repeated])

    @pytest.mark.parametrize("share", [0.5, 0.67, 0.1])
    @pytest.mark.parametrize("said", ["True", "False"])
    def test_a_constant_answer(self, metrics: ModuleType, share: float, said: str) -> None:
        labels = ["True"] * round(100 * share) + ["False"] * round(100 * (1 - share))
        items = [[f"p{i}", label, said, 0.7] for i, label in enumerate(labels)]
        assert metrics.balanced_acc(items) == 0.5
        assert metrics.auc(items) == 0.5
        assert metrics.dprime(items) == pytest.approx(0, abs=1e-12)
        assert metrics.bias_true(items) == (said == "True")
        accuracy = metrics.share([item[1] == item[2] for item in items])
        constant = metrics.always_true if said == "True" else metrics.always_false
        assert accuracy == constant(items)
        assert metrics.always_true(items) + metrics.always_false(items) == pytest.approx(1)

    def test_a_perfect_one(self, metrics: ModuleType) -> None:
        items = [
            [f"p{i}", label, label, 1.0 if label == "True" else -1.0]
            for i, label in enumerate(["True", "False"] * 10)
        ]
        assert metrics.balanced_acc(items) == metrics.auc(items) == 1
        assert metrics.acc_stderr(items) == metrics.auc_stderr(items) == 0
        assert metrics.dprime(items) == pytest.approx(2 * norm.ppf(10.5 / 11))
        assert metrics.threshold(items) == 0

    def test_invalid_answers_are_not_right_and_have_no_bias(self, metrics: ModuleType) -> None:
        items = [[f"p{i}", "True", None, None] for i in range(4)]
        items += [[f"q{i}", "False", "False", -1.0] for i in range(4)]
        assert metrics.balanced_acc(items) == 0.5
        assert metrics.bias_true(items) == 0
        assert np.isnan(metrics.dprime(items))
        assert np.isnan(metrics.auc(items))
        assert np.isnan(metrics.bias_true(items[:4]))

    def test_one_problem_has_no_error(self, metrics: ModuleType) -> None:
        items = [["p", "True", "True", 1.0]] * 3
        assert np.isnan(metrics.acc_stderr(items))
        assert np.isnan(metrics.auc_stderr(items))
        assert np.isnan(metrics.balanced_acc_stderr(items))

    def test_no_log_odds_no_threshold(self, metrics: ModuleType) -> None:
        assert np.isnan(metrics.threshold([["p", "True", None, None]]))
        assert metrics.acc_at_threshold([["p", "True", None, None, 0.0]]) == 0
