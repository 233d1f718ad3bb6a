"""The targeted search over several seeds: how many answers flip, and how far seeds differ.

A run of the reduced tier has one seed of each arm; this has as many as are asked for, of the arms
that people's signals are held against, and nothing else of the suite. The numbers of
``docs/guidance.md`` are those of

    python scripts/search_over_seeds.py SmolLM2-135M-Instruct.Q4_1.gguf --seeds 5
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from brainbench.datasets import load_recording
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, RANDOM, RESTARTS
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator
from brainbench.guidance.layer_sets import MIDDLE, layer_sets
from brainbench.guidance.rows import SearchRow
from brainbench.guidance.signals import read_signals
from brainbench.guidance.steering.experiment import read_training
from brainbench.guidance.steering.targeted import Targeted
from brainbench.models import LanguageModel, load_model

ARMS = (GUIDED, PERMUTED, LABEL_ONLY, RANDOM, *RESTARTS)


def main() -> None:
    """Search for one model by one dataset's people."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--dataset", default="xiao2026")
    parser.add_argument("--roi", help="by default the dataset's first")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    model = load_model(given.model)
    if not isinstance(model, LanguageModel):
        sys.exit(f"{given.model} is not a language model that brainbench runs")
    recording = load_recording(given.dataset, None if given.roi is None else (given.roi,))
    roi = given.roi or next(iter(recording.card.rois))
    layers = layer_sets(model.loader.config.get_text_config().num_hidden_layers)[MIDDLE]
    evaluator = LastTokenEvaluator(model, "attention", layers)
    for kind in recording.card.reasoning_types:
        training, held, questions = read_training(evaluator, read_signals(recording, roi, kind))
        labels = np.array([question.label for question in questions])
        targeted = Targeted(training, held, labels, np.zeros(len(labels)))
        pairs = targeted.pairs
        print(f"{roi}, {kind}: {len(pairs.items)} pairs, {len(set(pairs.items))} problems")
        for row in targeted.run(ARMS, range(given.seeds))[0]:
            print(told(row))


def told(row: SearchRow) -> str:
    """One line."""
    text = f"  {row.arm}: {row.flipped:.1%}"
    if row.flipped_range is not None:
        text += " ({:.1%} to {:.1%})".format(*row.flipped_range)
    if row.guided_minus is not None and row.interval is not None:
        low, high = row.interval
        text += f"; {row.against} minus it {row.guided_minus:+.3f} [{low:.3f}, {high:.3f}]"
        text += f", p {row.p:.4f}, Holm {row.p_corrected:.4f}"
    return text


if __name__ == "__main__":
    main()
