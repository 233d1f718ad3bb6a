"""Metrics against scikit-learn and the measures of the task files, drawn or as they are."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_answers import answers, problems
from sklearn.metrics import roc_auc_score

from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.gains.bootstrap import draw_problems
from brainbench.guidance.gains.metrics import measure, pairs_in_order
from brainbench.reasoning.response_bias import measure_bias
from brainbench.reasoning.score import Threshold

WORDS = ("True", "False", "Uncertain")


def uneven(seed: int, n_choices: int = 2) -> tuple[TestItems, ArmAnswers]:
    """Stories with questions of any label, ties, invalid answers, thresholds of each seed."""
    rng = np.random.default_rng(seed)
    base = rng.integers(12, size=60)
    base[:12] = np.arange(12)
    items = TestItems(rng.integers(n_choices, size=60), n_choices, base, np.zeros(60, int))
    odds = np.round(rng.normal(0.5 - items.labels, size=(3, 60)), 1)
    answer = np.where(odds > 0, 0, rng.integers(1, n_choices, size=odds.shape))
    answer[rng.random(answer.shape) < 0.1] = -1
    return items, ArmAnswers(odds, answer, thresholds=rng.normal(0, 0.3, 3))


def repeated(items: TestItems, arm: ArmAnswers, seed: int, weights: np.ndarray) -> list[list]:
    """One seed's answers as task files have them, each as often as its problem was drawn."""
    every = np.repeat(np.arange(items.n_items), weights[items.clusters])
    return [
        [
            str(items.base[i]),
            WORDS[items.labels[i]],
            None if arm.answer[seed, i] < 0 else WORDS[arm.answer[seed, i]],
            arm.log_odds[seed, i],
        ]
        for i in every
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_choices", [2, 3])
def test_every_draw_is_what_the_task_files_measure_on_it(seed: int, n_choices: int) -> None:
    items, arm = uneven(seed, n_choices)
    draws = draw_problems(items.n_base, 6, np.random.default_rng(seed))
    weights = np.concatenate([np.ones((1, items.n_base), int), draws])
    found = measure(arm, items, weights)
    for draw, row in enumerate(weights):
        for s in range(arm.n_seeds):
            own = repeated(items, arm, s, row)
            assert arm.thresholds is not None
            cut = Threshold(task="v", value=arm.thresholds[s], n_items=9)
            expected = measure_bias("t", WORDS[:n_choices], own, 0, cut)
            values = {name: table[draw, s] for name, table in found.items()}
            assert values["accuracy"] == pytest.approx(expected.accuracy)
            assert values["balanced_accuracy"] == pytest.approx(expected.balanced_accuracy)
            assert values["valid"] == pytest.approx(1 - expected.n_invalid / len(own))
            answer = np.mean([word == "True" for _, _, word, _ in own])
            assert values["true_rate"] == pytest.approx(answer)
            if n_choices == 2:
                assert values["dprime"] == pytest.approx(expected.dprime)
                assert values["auc"] == pytest.approx(expected.auc)
                assert values["accuracy_at_threshold"] == pytest.approx(
                    expected.accuracy_at_threshold
                )
            else:
                assert not {"dprime", "auc", "accuracy_at_threshold"} & set(values)


def test_area_is_scikit_learns_bit_for_bit_nearly() -> None:
    items = problems(50, 6)
    rng = np.random.default_rng(5)
    arm = answers(items, rng)
    weights = draw_problems(items.n_base, 20, rng)
    found = measure(arm, items, weights)["auc"]
    expected = [
        [
            roc_auc_score(items.labels == 0, odds, sample_weight=row[items.clusters])
            for odds in arm.log_odds
        ]
        for row in weights
    ]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_pairs_by_hand() -> None:
    items = TestItems(
        np.array([0, 1, 0, 1, 1]), 2, np.array(["a", "b", "a", "c", "a"]), np.zeros(5, int)
    )
    # True: a 1 and 3; False: a 3, b 2, c inf
    pairs = pairs_in_order(np.array([1.0, 2.0, 3.0, np.inf, 3.0]), items)
    assert pairs.tolist() == [[0.5, 1.0, 0.0]]


def test_many_pairs_are_counted_as_exactly_as_few() -> None:
    """Above 2²³ of them float32 would lose some."""
    items = TestItems(
        np.repeat([0, 1], 3000), 2, np.repeat(np.arange(4), 1500), np.zeros(6000, int)
    )
    odds = np.random.default_rng(0).normal(0.2 * (1 - items.labels), size=(1, 6000))
    found = measure(ArmAnswers(odds, np.zeros((1, 6000), int)), items, np.array([[9, 5, 7, 5]]))
    weight = np.repeat([9, 5, 7, 5], 1500)
    expected = roc_auc_score(items.labels == 0, odds[0], sample_weight=weight)
    assert found["auc"][0, 0] == pytest.approx(expected, abs=1e-12)


def test_chunks_of_draws_join(monkeypatch: pytest.MonkeyPatch) -> None:
    items, arm = uneven(1)
    weights = draw_problems(items.n_base, 25, np.random.default_rng(0))
    whole = measure(arm, items, weights)
    monkeypatch.setattr("brainbench.guidance.gains.metrics._CHUNK", 7)
    for name, table in measure(arm, items, weights).items():
        np.testing.assert_array_equal(table, whole[name])


def test_one_label_has_accuracy_alone() -> None:
    items = TestItems(np.zeros(6, int), 2, np.arange(6), np.zeros(6, int))
    arm = ArmAnswers(
        np.linspace(-1, 1, 6)[None], np.array([[0, 0, 1, 1, -1, 0]]), thresholds=np.array([-0.5])
    )
    found = {k: v[0, 0] for k, v in measure(arm, items, np.ones((1, 6), int)).items()}
    assert found == pytest.approx(
        {"accuracy": 0.5, "accuracy_at_threshold": 4 / 6, "true_rate": 0.5, "valid": 5 / 6}
    )


def test_a_draw_without_a_label_is_undefined() -> None:
    items = problems(4, 1)
    arm = answers(items, np.random.default_rng(0))
    found = measure(arm, items, np.array([[3, 0, 1, 0], [1, 1, 1, 1]]))
    for name in ("auc", "balanced_accuracy", "dprime"):
        assert np.isnan(found[name][0]).all()
        assert np.isfinite(found[name][1]).all()
    assert np.isfinite(found["accuracy"]).all()
