"""How large a gain guidance finds, and how often it claims one where there is none.

    python scripts/simulate_guidance.py --data-sets 2000 500

Gains are planted in log-odds of SmolLM2-135M-Instruct that ``scripts/measure_signal_spread.py``
kept; of fine-tuning, where one training of each arm was measured, trainings are simulated around
its unguided log-odds. Each data set is judged by the rule that holds and by the one before. Written
to ``docs/data/guidance_power.json``; the smallest gains also to the file that ``brainbench evaluate
--plan`` reads.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from threadpoolctl import threadpool_limits

from brainbench.calibration.guidance import GAINS, NOTHING, Truth, count_claims
from brainbench.calibration.guidance_plan import SUMMARY
from brainbench.calibration.guidance_pool import GuidancePool, Training, steered, trained
from brainbench.calibration.guidance_record import (
    GuidanceCell,
    GuidancePower,
    GuidanceRate,
    PoolRecord,
)
from brainbench.calibration.measured_odds import load_measured
from brainbench.calibration.record import versions

DATA = Path(__file__).parent.parent / "docs" / "data"
HELD_OUT, NEW = "held-out scanner items, syllogistic", "new problems, syllogistic"
MEASURED = "SmolLM2-135M-Instruct, steered by xiao2026's deductive-reasoning ROI, syllogisms"
# standard deviation of the AUC over permutations, net of the problems: at 192 new problems of two
# types it was measured as 0 and 0.006, at 80 as 0; at 36 scanner items no more than the problems
# make it, which leaves room for this much
SPREAD = {HELD_OUT: 0.02, NEW: 0.006}
# of fine-tuning: the intervals of one training of each arm (submissions/…/1febe7017259) are those
# of a correlation of 0.85, and the AUC of its arms varies by 0.01 on new problems, by 0.09 at
# scanner items. What orders of a problem have in common, and seeds differ by, is assumed.
NEAR = Training(common=0.85, of_problem=0.7, spread=0.03, seed_spread=0.02)
APART = Training(common=0.85, of_problem=0.7, spread=0.09, seed_spread=0.02)


def pools(seed: int) -> Iterator[tuple[GuidancePool, int, tuple[int, ...], Training | None]]:
    """Each pool with its orders, the numbers of problems, and what is assumed."""
    measured = load_measured(DATA / "guidance_log_odds.npz")
    yield steered(measured[HELD_OUT], 1, SPREAD[HELD_OUT]), 1, (36,), None
    for n_orders, sizes in ((1, (192,)), (6, (192, 800))):
        yield steered(measured[NEW], n_orders, SPREAD[NEW]), n_orders, sizes, None
    for name, how in (("new problems", NEAR), ("new problems, signals far apart", APART)):
        for n_orders, sizes in ((1, (192,)), (6, (192, 800))):
            own = trained(f"fine-tuning, {name}", measured[NEW], n_orders, how, seed)
            yield own, n_orders, sizes, how


def main() -> None:
    """Simulate every pool, size and gain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--data-sets", type=int, nargs=2, default=(2000, 500), metavar=("NOTHING", "PLANTED"),
        help="of each size without a gain, and with each gain",
    )  # fmt: skip
    parser.add_argument("--output-path", type=Path, default=DATA / "guidance_power.json")
    given = parser.parse_args()
    n_nothing, n_planted = given.data_sets
    started = time.perf_counter()
    records, cells = [], []
    with threadpool_limits(limits=1):
        for pool, n_orders, sizes, how in pools(given.seed):
            rows: dict[tuple[int, int], list[GuidanceRate]] = {}
            for truth in (*NOTHING, *map(Truth, GAINS)):
                n = n_planted if truth.gain else n_nothing
                found = count_claims(pool, truth, sizes, n, seed=given.seed)
                for key, rates in found.items():
                    rows.setdefault(key, []).extend(rates)
            for (n_base, n_permutations), rates in rows.items():
                cells.append(GuidanceCell(
                    pool=pool.name, mode=pool.mode, n_base=n_base, n_orders=n_orders,
                    n_permutations=n_permutations, rows=tuple(rates),
                ))  # fmt: skip
                tell(cells[-1], time.perf_counter() - started)
            means = pool.areas.mean(axis=1)
            records.append(PoolRecord(
                name=pool.name, mode=pool.mode, n_orders=n_orders, auc=round(means.mean(), 4),
                spread=round(means.std(ddof=1), 4), n_signals=len(means),
                assumed={} if how is None else asdict(how),
            ))  # fmt: skip
    power = GuidancePower(
        seed=given.seed, versions=versions("brainbench.calibration.guidance"), measured=MEASURED,
        pools=tuple(records), cells=tuple(cells),
    )  # fmt: skip
    given.output_path.write_text(power.model_dump_json(indent=1) + "\n", "utf-8")
    if given.output_path == DATA / "guidance_power.json":
        SUMMARY.write_text(power.summary.model_dump_json(indent=1) + "\n", "utf-8")


def tell(cell: GuidanceCell, seconds: float) -> None:
    """One line: the smallest gain, and claims where there is none, by both rules."""
    print(
        f"{seconds:.0f} s, {cell.pool}, {cell.n_base} × {cell.n_orders}, {cell.n_permutations} "
        f"permutations: smallest {cell.smallest()} (before {cell.smallest('before')}), false "
        f"{cell.false_claims().rate} (before {cell.false_claims('before').rate})",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    main()
