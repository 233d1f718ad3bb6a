"""Count how often the first run finds what was planted, over people drawn anew.

    python scripts/simulate_first_run.py [--data-sets 200] [--output-path docs/data/first_run.json]

`brainbench evaluate` shows one data set, drawn with the seed of its card. This draws others, with
permutations of their own, and tests nano on each as the first run does.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from brainbench.benchmarks.ladder.climb import climb
from brainbench.benchmarks.ladder.score import RoiFinding
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.datasets import load_card, planted
from brainbench.models import Activations, load_model
from brainbench.results.planted import judge

OUTPUT = Path(__file__).parent.parent / "docs" / "data" / "first_run.json"
DRAWS = 1_000


def find(activations: Activations, seed: int) -> dict[str, RoiFinding]:
    """How far up the ladder nano is found in each region of one data set."""
    ladder = Ladder.prepare(planted.load(seed=seed), seed, draws=DRAWS)
    results = climb(ladder.types, ladder.layers(activations))
    rois = load_card("planted").rois
    cells = {result.rung: result.cells() for result in results}
    (kind,) = ladder.types
    return {
        roi: RoiFinding({rung: found[roi, kind]["larger"].p for rung, found in cells.items()})
        for roi in rois
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=200)
    parser.add_argument("--output-path", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    activations = load_model("nano").activations(planted.make_problems())
    design = planted.design()
    right = dict.fromkeys(design.rois, 0)
    every = 0
    for seed in range(arguments.data_sets):
        found = find(activations, seed)
        judged = {
            roi: bool(judge(shares.planted, found[roi], own=True))
            for roi, shares in design.rois.items()
        }
        for roi, answer in judged.items():
            right[roi] += answer
        every += all(judged.values())
        wrong = {roi: found[roi].stops for roi, answer in judged.items() if not answer}
        print(f"{seed + 1}: {right}, all {every}" + (f"; {wrong}" if wrong else ""), flush=True)
    counted = {
        "data_sets": arguments.data_sets,
        "permutations": DRAWS,
        "as_planted": right,
        "every_region": every,
    }
    arguments.output_path.write_text(json.dumps(counted, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
