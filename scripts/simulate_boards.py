"""Measure how often the boards are right about models that are equal.

    python scripts/simulate_boards.py --quick
    python scripts/simulate_boards.py --worlds-path worlds --output-path leaderboards/simulated.json

Boards are simulated at the designs of xiao2026, ds003076 and the 208 problems, scored by what
scores measured people and real models, drawn anew and ranked by what ranks submissions. Boards of
the ladder take the noise of the people of --dataset, which is downloaded, or copied from
BRAINBENCH_MIRROR. The quick form takes a minute on one core, the full one, which the docs quote,
ten. With --worlds-path the slow part is kept: a run that was stopped goes on after
it, and the ranking can be measured again once it was changed.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from brainbench.calibration.boards import (
    FULL_SIZES,
    QUICK_SIZES,
    LadderArrays,
    PublishedArrays,
    Sizes,
    World,
    expected_accuracy,
    ladder_scenarios,
    simulate_accuracy,
    simulate_behavior,
    simulate_ladder,
    simulate_overall,
    simulate_published,
    simulated_designs,
    simulated_models,
)
from brainbench.calibration.boards_counts import count_boards
from brainbench.calibration.ladder.models import SimulatedModels
from brainbench.calibration.record import versions
from brainbench.leaderboard.boards.simulated import Share, Simulated, SimulatedRow

DATASET, MODEL = "xiao2026", "nano"
ABILITIES = {"70 of 100 right": 1.0, "97 of 100 right": 4.0}
Arrays = TypeVar("Arrays", LadderArrays, PublishedArrays)


def simulate(
    sizes: Sizes, seed: int, kept: Path | None, models: SimulatedModels, dataset: str = DATASET
) -> Simulated:
    """Every kind of board; slow parts are read from the folder where they are there.

    ``models`` are those of the ladder, with the people of ``dataset``.
    """
    designs = simulated_designs()

    def keep(kind: type[Arrays], name: str, make: Callable[[], Arrays]) -> Arrays:
        print(name, file=sys.stderr, flush=True)
        path = None if kept is None else kept / f"{name}.npz"
        if path is not None and path.exists():
            return load(kind, path)
        arrays = make()
        if path is not None:
            save(arrays, path)
        return arrays

    boards, batch = sizes.ladder
    ladder: dict[str, list[World]] = {}
    for words, design in ladder_scenarios(sizes.models).items():
        of = f"ladder-{dataset}-seed{seed}-{'-'.join(f'{part:g}' for part in design)}-{batch}"
        batches = [
            keep(LadderArrays, f"{of}-{i}",
                 partial(simulate_ladder, models, design, batch, seed, i))
            for i in range(boards // batch)
        ]  # fmt: skip
        ladder[words] = [world for arrays in batches for world in arrays.worlds()]
    n_published, n_behavior, n_accuracy = sizes.worlds
    of = f"published-seed{seed}-{sizes.models}x{sizes.boards}-{sizes.more_published}"
    published = [
        keep(PublishedArrays, f"{of}-{i}",
             partial(simulate_published, designs, sizes, seed, i)).world()
        for i in range(n_published)
    ]  # fmt: skip
    same, new = ([simulate_behavior(alike, sizes, seed, i) for i in range(n_behavior)]
                 for alike in (True, False))  # fmt: skip
    right = {
        words: [simulate_accuracy(ability, sizes, seed, i) for i in range(n_accuracy)]
        for words, ability in ABILITIES.items()
    }
    nothing = next(iter(ladder.values()))
    joined = list(simulate_overall([nothing, new, right["70 of 100 right"]]))
    rows = [
        *(count_boards("alignment", words, own) for words, own in ladder.items()),
        count_boards("alignment-published", "people know nothing of any model", published),
        count_boards("behavior", "equal on these problems", same),
        count_boards("behavior", "equal over problems", new),
        *(
            count_boards("accuracy", words, found, expected_accuracy(ABILITIES[words]))
            for words, found in right.items()
        ),
        count_boards("overall", "nothing; equal over problems; 70 of 100 right", joined, 0.5),
    ]
    return Simulated(
        seed=seed, dataset=dataset, versions=versions(count_boards.__module__), rows=tuple(rows)
    )


def save(arrays: LadderArrays | PublishedArrays, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, **dataclasses.asdict(arrays))
    part.replace(path)


def load(kind: type[Arrays], path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as stored:
        return kind(**{name: stored[name] for name in stored.files})


def table(found: Simulated) -> str:
    """As docs/leaderboard.md has it."""
    lines = [
        "| board | equal models | models | boards | holds the score, same items | new items | "
        "ranks one above another | wrong rank, same items |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in found.rows]
    return "\n".join(lines)


def _cells(row: SimulatedRow) -> Sequence[str]:
    return (row.board, row.scenario, str(row.models), f"{row.boards:,}", _told(row.covers_same),
            _told(row.covers_new), _told(row.apart), _told(row.wrong_same))  # fmt: skip


def _told(share: Share | None) -> str:
    if share is None:
        return ""
    low, high = share.interval
    return f"{100 * share.rate:.1f} [{100 * low:.1f} {100 * high:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few boards, to see it work")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dataset", default=DATASET, help="whose people have the ladder's noise")
    parser.add_argument("--worlds-path", type=Path, help="folder that keeps the slow part")
    parser.add_argument("--output-path", type=Path, help="JSON with every figure")
    given = parser.parse_args()
    with threadpool_limits(limits=1):
        sizes = QUICK_SIZES if given.quick else FULL_SIZES
        models = simulated_models(given.dataset, MODEL)
        found = simulate(sizes, given.seed, given.worlds_path, models, given.dataset)
    if given.output_path:
        given.output_path.write_text(found.model_dump_json(indent=1) + "\n", "utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
