"""How much steering by one permutation of signals differs from steering by another.

    python scripts/measure_signal_spread.py SmolLM2-135M-Instruct.Q4_1.gguf --permutations 10

Held-out scanner items and new problems of three premises, one order each, as in the suite: the
correlation of log-odds between permutations, within a label; the standard deviation of their AUC
over permutations; and the same net of what each does with single problems. The designs that
``scripts/simulate_guidance.py`` simulates hold these numbers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from brainbench.datasets import load_recording
from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.arms import PERMUTED, UNGUIDED
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator
from brainbench.guidance.evaluation.selection import STRENGTHS, SteeringGrid
from brainbench.guidance.evaluation.test_sets import items_of, load_test
from brainbench.guidance.gains.compare import tabulate
from brainbench.guidance.layer_sets import ALL, layer_sets
from brainbench.guidance.signals import read_signals
from brainbench.guidance.steering.experiment import (
    SteeringPlan,
    choose_directions,
    read_training,
    steer_held_out,
    steer_problems,
)
from brainbench.models import LanguageModel, load_model

DRAWS = 2000


def main() -> None:
    """Steer one model by permutations of one dataset's responses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--dataset", default="xiao2026")
    parser.add_argument("--roi", help="by default the dataset's first")
    parser.add_argument("--permutations", type=int, default=10)
    given = parser.parse_args()
    model = load_model(str(given.model))
    if not isinstance(model, LanguageModel):
        sys.exit(f"{given.model} is not a language model that brainbench runs")
    recording = load_recording(given.dataset, None if given.roi is None else (given.roi,))
    roi = given.roi or next(iter(recording.card.rois))
    sets = layer_sets(model.loader.config.get_text_config().num_hidden_layers)
    grid = SteeringGrid(sets, STRENGTHS, len(sets[ALL]))
    plan = SteeringPlan((UNGUIDED, PERMUTED), tuple(range(given.permutations)), grid)
    evaluator = LastTokenEvaluator(model, "attention", sets[ALL])
    for kind in recording.card.reasoning_types:
        training, held, questions = read_training(evaluator, read_signals(recording, roi, kind))
        labels = np.array([question.label for question in questions])
        answers, _ = steer_held_out(training, held, labels, plan)
        print(f"{roi}, {kind}, held-out items: {told(answers[PERMUTED], items_of(questions))}")
        test = load_test(model, f"three premises, {kind}", all_orders=False)
        chosen, _ = choose_directions(evaluator, training, test.validation, plan)
        (found,) = steer_problems(evaluator, test, [chosen], plan)
        print(f"{roi}, {kind}, new problems: {told(found[PERMUTED], test.items)}", flush=True)


def told(answers: ArmAnswers, items: TestItems) -> str:
    """One line on the rows of an arm."""
    odds = answers.log_odds.copy()
    for label in np.unique(items.labels):
        own = items.labels == label
        odds[:, own] -= odds[:, own].mean(axis=1, keepdims=True)
    pairs = np.atleast_2d(np.corrcoef(odds))[np.triu_indices(answers.n_seeds, 1)]
    area = tabulate({PERMUTED: answers}, items, DRAWS, 0)[PERMUTED]["auc"]
    return (
        f"{items.n_base} problems, correlation {pairs.mean():.2f}, AUC {area.value:.3f}, its "
        f"standard deviation {area.seeds.std(ddof=1):.4f}, net of problems {area.spread**0.5:.4f}"
    )


if __name__ == "__main__":
    main()
