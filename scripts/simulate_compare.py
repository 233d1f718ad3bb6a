"""How often ``brainbench compare --fail-on-regression`` fails, by simulation.

    python scripts/simulate_compare.py --seed 0 --runs 2000

Two models answer the 208 problems of ``--suite accuracy``, six tasks of 32 to 48: each problem is
as hard for both, and each model adds what is its own. Models that are equally good should pass; a
model that says False to everything, and one that has 10 of 100 answers less right, should fail.
Written to ``docs/data/compare_simulation.json``, which ``docs/comparisons.md`` quotes.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.progress import track

from brainbench.results.compare.collapse import find_collapses
from brainbench.results.compare.comparison import ComparisonRow
from brainbench.results.compare.items import Item, PairedTask
from brainbench.results.compare.judging import judge
from brainbench.results.compare.task_rows import task_rows

OUTPUT = Path(__file__).parent.parent / "docs" / "data" / "compare_simulation.json"
SIZES = (32, 32, 32, 48, 32, 32)
WORDS = ("True", "False")
# of how hard a problem is, in units of what is a model's own
DIFFICULTY = 0.7


@dataclass(frozen=True)
class Scenario:
    """Two models.

    Attributes
    ----------
    before, after : mean of the log-odds for the right answer, in units of a model's own noise.
    kept : share of the baseline's own noise that the other model has too.
    says_false : the other model says False whatever its log-odds.
    orders : of each problem; there are as many fewer problems.
    """

    name: str
    before: float
    after: float
    kept: float = 0.0
    says_false: bool = False
    orders: int = 1


SCENARIOS = (
    Scenario("equal, accuracy 0.61", 0.33, 0.33),
    Scenario("equal, accuracy 0.75", 0.82, 0.82),
    Scenario("equal, accuracy 0.95", 2.0, 2.0),
    Scenario("equal, most answers kept", 0.82, 0.82, kept=0.9),
    Scenario("equal, 52 problems in 4 orders", 0.82, 0.82, orders=4),
    Scenario("says False to all, AUC 0.65 to 0.38", 0.33, -0.265, says_false=True),
    Scenario("says False to all, AUC as before", 0.33, 0.33, says_false=True),
    Scenario("accuracy 0.75 to 0.65", 0.82, 0.47),
    Scenario("accuracy 0.75 to 0.65, most answers kept", 0.82, 0.47, kept=0.9),
    Scenario("accuracy 0.75 to 0.55", 0.82, 0.153),
)


@dataclass(frozen=True)
class Counts:
    """Shares of simulated comparisons."""

    failed: float
    over_all_tasks: float
    """A row over all tasks got worse."""
    single_tasks: float
    one_answer: float
    uncorrected: float
    """A row of a single task is below 0 at p < 0.05, uncorrected: the rule before."""
    called_better: float
    """Any row."""


def draw(scenario: Scenario, rng: np.random.Generator) -> list[PairedTask]:
    """Both models' answers to all tasks."""
    tasks = []
    for number, size in enumerate(SIZES):
        pairs = []
        for problem in range(size // scenario.orders):
            label = WORDS[problem % 2]
            sign = 1 if label == "True" else -1
            shared = rng.normal(0, DIFFICULTY)
            for _ in range(scenario.orders):
                own, new = rng.normal(size=2)
                other = np.sqrt(scenario.kept) * own + np.sqrt(1 - scenario.kept) * new
                odds = [
                    sign * (skill + shared) + noise
                    for skill, noise in ((scenario.before, own), (scenario.after, other))
                ]
                said = [WORDS[int(one <= 0)] for one in odds]
                if scenario.says_false:
                    said[1], odds[1] = "False", odds[1] - 10
                first, second = (
                    Item(f"{number}-{problem}", True, label, word, None, float(word == label),
                         one, {})
                    for word, one in zip(said, odds, strict=True)
                )  # fmt: skip
                pairs.append((first, second))
        tasks.append(PairedTask(f"task {number}", "True", pairs))
    return tasks


def simulate(scenario: Scenario, runs: int, seed: int) -> Counts:
    """Shares of ``runs`` comparisons that fail, and for which reason."""
    found = []
    for number in range(runs):
        tasks = draw(scenario, np.random.default_rng([seed, number]))
        rows = judge([row for row in task_rows(tasks) if isinstance(row, ComparisonRow)])
        over_all = any(row.regression for row in rows if row.primary)
        single = any(row.regression for row in rows if not row.primary)
        collapsed = bool(find_collapses(tasks))
        found.append((
            over_all or single or collapsed, over_all, single, collapsed,
            any((row.p or 1) < 0.05 and row.difference < 0 for row in rows if not row.primary),
            any(row.reading == "better" for row in rows),
        ))  # fmt: skip
    return Counts(*np.mean(found, axis=0).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--output-path", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    started = time.perf_counter()
    found = {}
    for scenario in track(SCENARIOS, description="scenarios"):
        counts = simulate(scenario, arguments.runs, arguments.seed)
        found[scenario.name] = {**asdict(scenario), **asdict(counts)}
        print(f"{scenario.name}: {counts}", flush=True)
    told = {"seed": arguments.seed, "runs": arguments.runs, "problems": sum(SIZES),
            "tasks": len(SIZES), "scenarios": found}  # fmt: skip
    arguments.output_path.parent.mkdir(parents=True, exist_ok=True)
    arguments.output_path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    print(f"{arguments.output_path.name}: {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
