"""Write the problems that the phantom's people are shown.

    python scripts/make_phantom_problems.py

Four runs of 18, in the design of the scanner: half of the problems are valid and
affirmative. The text is committed, so that a change of the generator cannot part the
problems from the activations made of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from brainbench.problems import NOUNS, make_run

SEED = 3076
OUTPUT = Path(__file__).parent.parent / "brainbench/datasets/data/phantom_problems.jsonl"


def main() -> None:
    rng = np.random.default_rng(SEED)
    lines: list[str] = []
    for reasoning_type in ("syllogistic", "transitive"):
        for run in ("01", "02"):
            # no pseudoword twice: those of the first run are left out of the second
            fresh = [noun for noun in NOUNS if f" {noun}s " not in "".join(lines)]
            for problem in make_run(f"{reasoning_type}-{run}", reasoning_type, rng, nouns=fresh):
                row = {
                    "id": problem.identifier,
                    "premises": problem.premises,
                    "conclusion": problem.conclusion,
                    "condition": problem.condition.name,
                }
                lines.append(json.dumps(row) + "\n")
    OUTPUT.write_text("".join(lines), "utf-8")
    print(f"{OUTPUT.name}: {len(lines)} problems")


if __name__ == "__main__":
    main()
