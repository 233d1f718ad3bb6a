"""The contrast between people who were right and people who were not, item by item."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_signals import make_signals, make_states

from brainbench.errors import DataError
from brainbench.guidance.methods.directions import (
    Material,
    Training,
    item_steps,
    thirds,
    to_unit,
)
from brainbench.guidance.methods.right_minus_wrong import (
    check,
    contrast_weights,
    disputed,
    held_out,
    notes,
    problems,
)

SIGNALS = make_signals(9, 3)
RIGHT = SIGNALS.right.copy()
RIGHT[:, 0], RIGHT[:, 1], RIGHT[:, 2], RIGHT[:, 3] = 1, 0, [1, np.nan, 0], [np.nan, 1, np.nan]
SIGNALS = replace(SIGNALS, right=RIGHT)
STATES = make_states(27)
SAID = np.random.default_rng(1).integers(-1, 2, 27)
MATERIAL = Material(Training(SIGNALS, STATES, SAID))


def test_items_that_some_had_right_and_others_wrong() -> None:
    found = disputed(SIGNALS)
    assert found[:4].tolist() == [False, False, True, False]
    weights = contrast_weights(SIGNALS)
    np.testing.assert_array_equal(weights[:, 2], [1, 0, -1])
    assert not weights[:, ~found].any()
    np.testing.assert_allclose(weights.sum(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose(np.abs(weights[:, found]).sum(axis=0), 2.0)
    assert notes(SIGNALS) == (
        f"of 27 items, {found.sum()} were had right by some people and wrong by others",
    )


def by_hand(items: np.ndarray) -> np.ndarray:
    """Each person's own step at each item, the wrong taken from the right."""
    total = np.zeros((3, 11))
    for fitted, out in thirds(SIGNALS.runs):
        maps = Material(MATERIAL.training.at(fitted)).maps()
        for item in set(out) & set(items):
            steps = [
                item_steps(
                    replace(maps, duals=maps.duals[p : p + 1], offsets=maps.offsets[p : p + 1]),
                    STATES[[item]],
                    [SIGNALS.responses[p][[item]]],
                )[0]
                for p in range(3)
            ]
            right = [steps[p] for p in range(3) if RIGHT[p, item] == 1]
            wrong = [steps[p] for p in range(3) if RIGHT[p, item] == 0]
            total += np.mean(right, axis=0) - np.mean(wrong, axis=0)
    return to_unit(total)


def test_problems_take_the_contrasts_of_items_that_the_model_has_wrong() -> None:
    wrong = np.where(SIGNALS.labels, 0, 1) != SAID
    items = np.flatnonzero(disputed(SIGNALS) & wrong)
    assert 0 < len(items) < disputed(SIGNALS).sum()
    np.testing.assert_allclose(problems(MATERIAL), by_hand(items))


def test_where_it_has_none_of_them_wrong_all_count_and_so_at_held_out_items() -> None:
    expected = by_hand(np.flatnonzero(disputed(SIGNALS)))
    right = replace(MATERIAL.training, answer=np.where(SIGNALS.labels, 0, 1))
    np.testing.assert_allclose(problems(Material(right)), expected)
    states, signals = make_states(4, seed=2), SIGNALS.at(np.arange(4))
    found = held_out(MATERIAL, states, signals)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape))
    # who had the held-out items right would tell their labels
    other = held_out(MATERIAL, states, replace(signals, right=1 - signals.right))
    np.testing.assert_array_equal(other, found)


def test_without_answers_there_is_nothing_to_go_by() -> None:
    alike = replace(SIGNALS, right=np.ones_like(RIGHT))
    with pytest.raises(DataError, match=r"simulated\.roi\.syllogistic: no item was answered right"):
        check(alike)
    material = Material(replace(MATERIAL.training, signals=alike))
    with pytest.raises(DataError, match="take another method"):
        problems(material)
    # a part of the training items may lack them, where the whole does not
    assert not held_out(material, STATES[:2], alike.at(np.arange(2))).any()
    check(SIGNALS)
