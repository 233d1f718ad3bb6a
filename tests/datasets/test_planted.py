"""planted: simulated people of the first run, who hold a layer of the built-in model."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.datasets import block_of, load_card, load_recording, subjects_of
from brainbench.datasets.phantom import shipped_features
from brainbench.datasets.planted import design, load, make_problems, states_path
from brainbench.models import load_model


def explained(roi: str, columns: np.ndarray) -> float:
    """Mean share of the voxels' variance that lies in the span of columns."""
    recording = load_recording("planted", roi)
    people = subjects_of(recording.assembly)
    block = np.concatenate([block_of(recording.assembly, one, roi) for one in people], axis=1)
    block = block - block.mean(axis=0)
    basis, _ = np.linalg.qr(columns - columns.mean(axis=0))
    return float(np.mean(((basis.T @ block) ** 2).sum(axis=0) / (block**2).sum(axis=0)))


def test_problems_are_those_of_the_card() -> None:
    problems, card = make_problems(), load_card("planted")
    assert len({problem.sentences for problem in problems}) == len(problems) == card.items == 54
    assert {problem.identifier[:-3] for problem in problems} == set(card.runs)
    assert {problem.reasoning_type for problem in problems} == set(card.reasoning_types)


def test_the_signal_is_made_of_the_states_that_nano_has_today() -> None:
    plan = design()
    states = load_model("nano").activations(make_problems())
    own = states.values[plan.site][:, states.layers[plan.site].index(plan.layer)]
    shipped = shipped_features(states_path(), plan.site, plan.layer)
    # half precision
    assert np.allclose(own, shipped, rtol=2e-3, atol=2e-3)


def test_each_region_holds_what_its_card_says() -> None:
    words = np.array([[len(" ".join(p.sentences).split())] for p in make_problems()], float)
    assert explained("confound", words) == pytest.approx(0.2 + 0.8 / 53, abs=0.02)
    # by chance a column explains 1 in 53
    assert explained("noise", words) < 0.03
    truth = load_recording("planted").truth
    assert truth is not None
    signal = truth["signal"].where(truth["roi"] == "signal", drop=True)
    assert float(signal.var("presentation").mean()) == pytest.approx(0.15, abs=0.01)
    assert not truth["signal"].where(truth["roi"] != "signal", drop=True).any()


def test_another_seed_gives_other_people() -> None:
    one, other = load(), load(seed=5)
    assert one.data_sha256 == load(seed=design().seed).data_sha256 != other.data_sha256
    assert one.problems == other.problems
