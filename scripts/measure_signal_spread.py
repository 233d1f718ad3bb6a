r"""How much steering by one permutation of signals differs from steering by another.

    python scripts/measure_signal_spread.py SmolLM2-135M-Instruct.Q4_1.gguf --permutations 22 \
        --kinds syllogistic --all-orders --limit 80 --output-path docs/data/guidance_log_odds.npz

Held-out scanner items and new problems of three premises, as in the suite: the correlation of
log-odds between permutations, within a label; the standard deviation of their AUC over
permutations; and the same net of what each does with single problems. With ``--output-path`` the
log-odds of every arm are kept: ``scripts/simulate_guidance.py`` plants gains in them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from brainbench.calibration.measured_odds import MeasuredOdds, save_measured
from brainbench.datasets import load_recording
from brainbench.guidance.answers import ArmAnswers
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator, Question
from brainbench.guidance.evaluation.selection import STRENGTHS, SteeringGrid
from brainbench.guidance.evaluation.test_sets import TestQuestions, load_test
from brainbench.guidance.gains.compare import tabulate
from brainbench.guidance.layer_sets import ALL, layer_sets
from brainbench.guidance.signals import read_signals
from brainbench.guidance.steering.asking import ask_candidates
from brainbench.guidance.steering.experiment import (
    Chosen,
    SteeringPlan,
    choose_directions,
    read_training,
    steer_held_out,
)
from brainbench.models import LanguageModel, load_model
from brainbench.progress import Step

DRAWS = 2000
ARMS = (UNGUIDED, GUIDED, LABEL_ONLY, PERMUTED)


def main() -> None:
    """Steer one model by permutations of one dataset's responses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--dataset", default="xiao2026")
    parser.add_argument("--roi", help="by default the dataset's first")
    parser.add_argument("--permutations", type=int, default=10)
    parser.add_argument("--kinds", nargs="+", help="types of problem; by default all")
    parser.add_argument("--all-orders", action="store_true", help="every order of premises")
    parser.add_argument("--limit", type=int, help="new problems, at most")
    parser.add_argument("--without-held-out", action="store_true", help="new problems only")
    parser.add_argument("--output-path", type=Path, help="keep the log-odds in this .npz file")
    given = parser.parse_args()
    model = load_model(str(given.model))
    if not isinstance(model, LanguageModel):
        sys.exit(f"{given.model} is not a language model that brainbench runs")
    recording = load_recording(given.dataset, None if given.roi is None else (given.roi,))
    roi = given.roi or next(iter(recording.card.rois))
    sets = layer_sets(model.loader.config.get_text_config().num_hidden_layers)
    grid = SteeringGrid(sets, STRENGTHS, len(sets[ALL]))
    plan = SteeringPlan(ARMS, tuple(range(given.permutations)), grid)
    evaluator = LastTokenEvaluator(model, "attention", sets[ALL])
    kept = []
    for kind in given.kinds or recording.card.reasoning_types:
        training, held, questions = read_training(evaluator, read_signals(recording, roi, kind))
        test = load_test(model, f"three premises, {kind}", all_orders=given.all_orders,
                         limit=given.limit)  # fmt: skip
        chosen, _ = choose_directions(evaluator, training, first_orders(test), plan, tell)
        kept.append(ask(evaluator, test, chosen, f"new problems, {kind}"))
        print(f"{roi}, {kind}, new problems: {told(kept[-1])}", flush=True)
        if given.output_path is not None:
            save_measured(given.output_path, kept)
        if given.without_held_out:
            continue
        labels = np.array([question.label for question in questions])
        answers, _ = steer_held_out(training, held, labels, plan, tell)
        odds = {arm: answers[arm].log_odds[: len(plan.seeds_of(arm))] for arm in ARMS}
        kept.append(of_questions(f"held-out scanner items, {kind}", questions, [], odds))
        print(f"{roi}, {kind}, held-out items: {told(kept[-1])}", flush=True)
        if given.output_path is not None:
            save_measured(given.output_path, kept)


def tell(step: Step) -> None:
    """One line on the error stream."""
    print(f"{step.done + 1} of {step.total}: {step.label}", file=sys.stderr, flush=True)


def first_orders(test: TestQuestions) -> list[Question]:
    """What strength and layers are chosen on, as the suite does: each problem once."""
    return [question for question in test.validation if question.order == 0]


def ask(
    evaluator: LastTokenEvaluator, test: TestQuestions, chosen: Sequence[Chosen], name: str
) -> MeasuredOdds:
    """Log-odds of every arm at a test and at its validation problems."""
    delta = np.stack([each.delta for each in chosen])
    parts = [
        ask_candidates(evaluator, asked, delta, name, tell).odds.T
        for asked in (test.questions, test.validation)
    ]
    odds = np.concatenate(parts, axis=1)
    rows = {arm: [n for n, each in enumerate(chosen) if each.arm == arm] for arm in ARMS}
    return of_questions(
        name, test.questions, test.validation, {arm: odds[own] for arm, own in rows.items()}
    )


def of_questions(
    name: str,
    test: Sequence[Question],
    validation: Sequence[Question],
    odds: dict[str, np.ndarray],
) -> MeasuredOdds:
    """Labels, problems and orders beside the log-odds."""
    every = [*test, *validation]
    return MeasuredOdds(
        name,
        np.array([question.label for question in every]),
        np.unique([question.base_id for question in every], return_inverse=True)[1],
        np.array([question.order for question in every]),
        np.arange(len(every)) < len(test),
        odds,
    )


def told(measured: MeasuredOdds) -> str:
    """One line on the rows of permuted signals."""
    items, found = measured.items, measured.odds[PERMUTED][:, measured.test]
    odds = found.copy()
    for label in np.unique(items.labels):
        own = items.labels == label
        odds[:, own] -= odds[:, own].mean(axis=1, keepdims=True)
    pairs = np.atleast_2d(np.corrcoef(odds))[np.triu_indices(len(odds), 1)]
    answers = ArmAnswers(found, np.where(found > 0, 0, 1))
    area = tabulate({PERMUTED: answers}, items, DRAWS, 0)[PERMUTED]["auc"]
    return (
        f"{items.n_base} problems, correlation {pairs.mean():.2f}, AUC {area.value:.3f}, its "
        f"standard deviation {area.seeds.std(ddof=1):.4f}, net of problems {area.spread**0.5:.4f}"
    )


if __name__ == "__main__":
    main()
