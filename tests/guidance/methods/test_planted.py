"""Methods where the truth is known: simulated people who respond to whether conclusions follow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from brainbench.datasets import load_recording
from brainbench.guidance.arms import GUIDED, LABEL_AS_FMRI, PERMUTED, UNGUIDED
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator
from brainbench.guidance.evaluation.selection import SteeringGrid
from brainbench.guidance.layer_sets import layer_sets
from brainbench.guidance.methods.registry import find_method
from brainbench.guidance.signals import read_signals
from brainbench.guidance.steering.experiment import SteeringPlan, read_training, steer_held_out
from brainbench.models import load_model

ARMS = (UNGUIDED, GUIDED, PERMUTED, LABEL_AS_FMRI)


def areas(method: str) -> dict[str, float]:
    """Arm → AUC of the built-in model on held-out items, two of four runs, one strength."""
    torch.set_num_threads(1)
    signals = read_signals(load_recording("phantom_guidance"), "validity", "syllogistic")
    signals = signals.at(np.flatnonzero(np.isin(signals.runs, np.unique(signals.runs)[:2])))
    tokens = find_method(method).tokens
    evaluator = LastTokenEvaluator(load_model("nano"), "attention", range(4), tokens)
    training, held, questions = read_training(evaluator, signals)
    labels = np.array([question.label for question in questions])
    grid = SteeringGrid({"all": layer_sets(4)["all"]}, (2.0,), 4)
    answers, _ = steer_held_out(
        training, held, labels, SteeringPlan(ARMS, (0,), grid, method=method)
    )
    return {arm: float(roc_auc_score(labels == 0, own.log_odds[0])) for arm, own in answers.items()}


@pytest.mark.parametrize("method", ["several tokens", "subspace"])
def test_items_own_responses_tell_what_follows(method: str) -> None:
    found = areas(method)
    assert found[GUIDED] > 0.95
    assert max(found[UNGUIDED], found[PERMUTED]) < found[GUIDED] - 0.1
    assert found[LABEL_AS_FMRI] > 0.95


def test_own_map_knows_no_label_of_a_held_out_item() -> None:
    """So it cannot tell what a response would; not even with the labels as training signals."""
    found = areas("own map")
    assert max(found.values()) < 0.9
    assert abs(found[GUIDED] - found[PERMUTED]) < 0.1
