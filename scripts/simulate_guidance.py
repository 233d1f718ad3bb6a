"""How often the verdict on guidance is reached: where nothing is gained, and where something is.

    python scripts/simulate_guidance.py --seed 0 --data-sets 1000 300

Simulated answers of every arm of the full tier are judged by the rule that holds, each comparison
that a claim needs at its own level, and by the one before it, which corrected p over all arms and
left out of most of them what other signals would vary by. Written to
``docs/data/guidance_calibration.json``, which ``docs/guidance.md`` quotes.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

from brainbench.calibration.guidance import ALL, DESIGNS, GAINS, RULES, calibrate_guidance
from brainbench.progress import Step

OUTPUT = Path(__file__).parent.parent / "docs" / "data" / "guidance_calibration.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--data-sets", type=int, nargs=2, default=(1000, 300), metavar=("NOTHING", "PLANTED"),
        help="of each design without a gain, and with each gain",
    )  # fmt: skip
    parser.add_argument("--output-path", type=Path, default=OUTPUT)
    given = parser.parse_args()
    started = time.perf_counter()
    with threadpool_limits(limits=1):
        n_nothing, n_planted = given.data_sets
        found = calibrate_guidance(DESIGNS, n_nothing, n_planted, seed=given.seed, report=told)
    given.output_path.parent.mkdir(parents=True, exist_ok=True)
    given.output_path.write_text(found.model_dump_json(indent=1) + "\n", "utf-8")
    for design in DESIGNS:
        for gain in GAINS:
            rates = [found.one(design.name, gain, rule, "verdict", ALL) for rule in RULES]
            print(f"{design.name}, gain {gain:g}: " + ", ".join(
                f"{row.rule} {row.rate:.3f} [{row.interval[0]:.3f}, {row.interval[1]:.3f}]"
                for row in rates
            ))  # fmt: skip
    print(f"{given.output_path.name}: {time.perf_counter() - started:.0f} s")


def told(step: Step) -> None:
    """One line on the error stream."""
    print(f"{step.done + 1} of {step.total}: {step.label}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
