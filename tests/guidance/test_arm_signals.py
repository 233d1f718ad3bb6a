"""What stands in for brain responses, and what of the real ones it keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_signals import make_signals

from brainbench.guidance.arm_signals import (
    as_measured,
    label_as_response,
    permuted,
    random_centred,
    random_like,
    remake_of,
)
from brainbench.guidance.arms import ARMS, LABEL_ONLY, RANDOM, UNGUIDED
from brainbench.guidance.signals import Signals


def numbered() -> Signals:
    """Two types in each run; every response tells whose and of which item it is."""
    signals = make_signals()
    types = np.array(["syllogistic", "transitive"] * 9)
    item = np.arange(18.0)[:, None]
    blocks = tuple(item + 100 * p + np.zeros(5) for p in range(3))
    return replace(signals, types=types, responses=blocks)


@pytest.mark.parametrize("name", sorted(ARMS))
def test_a_seed_changes_stochastic_arms_and_only_responses_are_remade(name: str) -> None:
    arm, signals = ARMS[name], make_signals()
    if not arm.has_signals:
        assert name in {UNGUIDED, LABEL_ONLY, RANDOM, "stimulus only"}
        with pytest.raises(ValueError, match="is not guided by signals"):
            remake_of(name)
        return
    remake = remake_of(name)
    first, again, second = (remake(signals, np.random.default_rng(seed)) for seed in (0, 0, 1))
    for person in range(3):
        np.testing.assert_array_equal(first.responses[person], again.responses[person])
        same = np.array_equal(first.responses[person], second.responses[person])
        assert same != arm.stochastic
    for field in ("source", "problems", "runs", "types", "labels", "right"):
        assert getattr(first, field) is getattr(signals, field)


def test_permuted_items_stay_in_their_run_and_type_and_move_alike_for_all() -> None:
    signals = numbered()
    found = permuted(signals, np.random.default_rng(0))
    orders = [block[:, 0] - 100 * p for p, block in enumerate(found.responses)]
    order = orders[0].astype(int)
    assert all((other == order).all() for other in orders)
    assert sorted(order) == list(range(18))
    assert (signals.runs[order] == signals.runs).all()
    assert (signals.types[order] == signals.types).all()
    assert (order != np.arange(18)).sum() > 8


def test_noise_has_the_mean_and_the_spread_of_each_voxel() -> None:
    signals = make_signals()
    many = replace(
        signals,
        responses=tuple(np.tile(block * [1, 5, *[1] * (block.shape[1] - 2)], (2000, 1))
                        for block in signals.responses),
    )  # fmt: skip
    for make, keeps_mean in ((random_like, True), (random_centred, False)):
        found = make(many, np.random.default_rng(0))
        for real, noise in zip(many.responses, found.responses, strict=True):
            assert noise.shape == real.shape
            mean = real.mean(axis=0) if keeps_mean else np.zeros(real.shape[1])
            error = real.std(axis=0) / np.sqrt(len(real))
            assert (np.abs(noise.mean(axis=0) - mean) < 5 * error).all()
            np.testing.assert_allclose(noise.std(axis=0), real.std(axis=0), rtol=0.02)
            # nothing of the items is left
            r = [np.corrcoef(a, b)[0, 1] for a, b in zip(real.T, noise.T, strict=True)]
            assert np.abs(r).max() < 0.03
        people = np.corrcoef(found.responses[0][:, 0], found.responses[1][:, 0])[0, 1]
        assert abs(people) < 0.03


def test_labels_stand_in_two_voxels_and_measured_ones_stay() -> None:
    signals = make_signals()
    rng = np.random.default_rng(0)
    for block in label_as_response(signals, rng).responses:
        assert (block[:, 0] == signals.labels).all()
        assert (block[:, 1] == ~signals.labels).all()
    assert as_measured(signals, rng) is signals
