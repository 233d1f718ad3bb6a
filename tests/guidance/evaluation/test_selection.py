"""What is chosen on validation problems, against scikit-learn and the metrics of the task files."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from brainbench.guidance.evaluation.selection import (
    STRENGTHS,
    SteeringGrid,
    choose,
    choose_accuracy,
    doses,
    threshold,
    within,
)
from brainbench.guidance.layer_sets import layer_sets
from brainbench.reasoning.checks.tasks import tasks_folder


@pytest.fixture(scope="module")
def metrics() -> ModuleType:
    spec = importlib.util.spec_from_file_location("task_metrics", tasks_folder() / "metrics.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(seed: int, *shape: int) -> tuple[Any, Any]:
    """Log-odds with ties, of labels that they tell something of."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, shape[0])
    labels[:2] = 0, 1
    told = 0.5 - labels.reshape(-1, *[1] * (len(shape) - 1))
    return np.round(rng.standard_normal(shape) + told, 1), labels


@pytest.mark.parametrize("seed", range(20))
def test_threshold_is_that_of_the_task_files(seed: int, metrics: ModuleType) -> None:
    odds, labels = draw(seed, 4 + seed)
    items = [[f"p{i}", "False" if labels[i] else "True", None, odds[i]] for i in range(len(odds))]
    found = threshold(odds, labels)
    assert found == pytest.approx(metrics.threshold(items))


def test_threshold_without_both_labels() -> None:
    assert threshold(np.array([1.0, 2.0]), np.array([0, 0])) == 0.0


class TestChoose:
    LABELS = np.array([0, 0, 1, 1])

    def test_the_best_area_and_the_first_of_equals(self) -> None:
        good, bad = np.array([4.0, 3, 2, 1]), np.array([1.0, 2, 3, 4])
        odds = np.stack([bad, good, good * 10 + 5, bad, bad], axis=1)
        assert choose(odds, self.LABELS) == 1
        assert choose(odds[:, [0, 3]], self.LABELS) == 0

    def test_without_areas_it_is_the_first(self) -> None:
        odds = np.random.default_rng(0).standard_normal((4, 3))
        assert choose(odds, 0 * self.LABELS) == 0
        assert choose(np.full((4, 3), np.nan), self.LABELS) == 0

    def test_by_accuracy_where_there_are_no_odds(self) -> None:
        labels = np.array([0, 1, 2, 1])
        answer = np.array([[0, 0, 0, 0], [1, 1, 1, 0], [-1, 2, -1, 2], [-1, -1, 1, 1]])
        assert (answer == labels[:, None]).mean(axis=0).tolist() == [0.5, 0.75, 0.75, 0.75]
        assert choose_accuracy(answer, labels) == 1


class TestGrid:
    GRID = SteeringGrid(layer_sets(4), (0.5, 2.0), 4)

    def test_every_strength_in_every_set_the_weaker_first(self) -> None:
        assert self.GRID.options == [
            ("middle", 0.5),
            ("all", 0.5),
            ("middle", 2.0),
            ("all", 2.0),
        ]
        assert min(STRENGTHS) > 0
        assert list(STRENGTHS) == sorted(STRENGTHS)

    def test_a_unit_direction_becomes_as_long_as_is_said(self) -> None:
        found = self.GRID.factors(np.array([1.0, 10.0, 100.0, 1000.0]))
        expected = [[0, 5, 50, 0], [0.5, 5, 50, 500], [0, 20, 200, 0], [2, 20, 200, 2000]]
        np.testing.assert_allclose(found, expected)


def test_doses_are_means_over_seeds() -> None:
    grid = SteeringGrid(layer_sets(4), (1.0, 2.0), 4)
    draws = [draw(seed, 12, 4)[0] for seed in (0, 1)]
    labels = draw(0, 12)[1]
    answer = [np.where(odds > 0, 0, 1) for odds in draws]
    answer[1][3, 2] = -1
    told = doses("guided", grid, draws, answer, labels)
    assert [(dose.layers, dose.strength) for dose in told] == grid.options
    for number, dose in enumerate(told):
        areas = [roc_auc_score(labels == 0, odds[:, number]) for odds in draws]
        assert dose.arm == "guided"
        assert dose.auc == pytest.approx(np.mean(areas))
        right = [(each[:, number] == labels).mean() for each in answer]
        assert dose.accuracy == pytest.approx(np.mean(right))
        true = [(each[:, number] == 0).mean() for each in answer]
        assert dose.true_rate == pytest.approx(np.mean(true))
        assert dose.valid == pytest.approx(23 / 24 if number == 2 else 1.0)


def test_doses_of_three_choices_have_no_area() -> None:
    grid = SteeringGrid(layer_sets(4), (1.0,), 4)
    labels = np.array([0, 1, 2])
    blind = [np.full((3, 2), np.nan)]
    told = doses("guided", grid, blind, [np.array([[0, 1], [1, 1], [2, -1]])], labels)
    assert [dose.auc for dose in told] == [None, None]
    assert [dose.accuracy for dose in told] == [1.0, pytest.approx(1 / 3)]


@pytest.mark.parametrize(("limit", "expected"), [(None, 2), (0.3, 1), (0.01, 0)])
def test_what_is_beyond_the_limit_is_not_chosen(limit: float | None, expected: int) -> None:
    """Where all are beyond it, the one that shifts least is taken."""
    labels = np.array([0, 1, 0, 1])
    odds = np.array([[0.0, 1.0, 2.0], [0.0, 2.0, 1.0], [0.0, 3.0, 4.0], [0.0, 0.0, 0.0]])
    allowed = within(np.array([0.1, 0.2, 0.4]), limit)
    assert choose(odds, labels, allowed) == expected
    answer = np.array([[1, 0, 0], [1, 0, 1], [1, 0, 0], [1, 1, 1]])
    assert choose_accuracy(answer, labels, allowed) == expected
