"""Measure how often the boards are right about models that are equal.

    python scripts/simulate_boards.py --quick
    python scripts/simulate_boards.py --worlds-path worlds --output-path leaderboards/simulated.json

Boards are simulated at the designs of xiao2026, ds003076 and the 208 problems, scored by what
scores measured people and real models, drawn anew and ranked by what ranks submissions. The quick
form takes some minutes on one core, the full one, which the docs quote, an hour and a half. With
--worlds-path the slow part is kept, a file for each set of models and items: a run that was
stopped goes on after them, and the ranking can be measured again once it was changed.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from brainbench.calibration.boards import (
    FULL_SIZES,
    QUICK_SIZES,
    AlignmentArrays,
    PublishedArrays,
    Sizes,
    World,
    expected_accuracy,
    simulate_accuracy,
    simulate_alignment,
    simulate_behavior,
    simulate_overall,
    simulate_published,
    simulated_designs,
)
from brainbench.calibration.boards_counts import count_boards
from brainbench.calibration.record import versions
from brainbench.leaderboard.boards.simulated import Share, Simulated, SimulatedRow

PLANTED = 0.2
ABILITIES = {"70 of 100 right": 1.0, "97 of 100 right": 4.0}


def simulate(sizes: Sizes, seed: int, kept: Path | None) -> Simulated:
    """Every kind of board; slow worlds are read from the folder where they are there."""
    designs = simulated_designs()

    def worlds(
        kind: type[AlignmentArrays] | type[PublishedArrays],
        name: str,
        count: int,
        make: Callable[[int], AlignmentArrays | PublishedArrays],
    ) -> list[World]:
        found = []
        for number in range(count):
            print(f"{name}: world {number + 1} of {count}", file=sys.stderr, flush=True)
            path = None if kept is None else kept / f"{name}-{_size_key(sizes, seed)}-{number}.npz"
            arrays = load(kind, path) if path is not None and path.exists() else make(number)
            if path is not None and not path.exists():
                save(arrays, path)
            found.append(arrays.world())
        return found

    nothing = worlds(AlignmentArrays, "nothing", sizes.worlds[0],
                     lambda i: simulate_alignment(designs, 0.0, sizes, seed, i))  # fmt: skip
    planted = worlds(AlignmentArrays, "planted", sizes.worlds[1],
                     lambda i: simulate_alignment(designs, PLANTED, sizes, seed, i))  # fmt: skip
    published = worlds(PublishedArrays, "published", sizes.worlds[2],
                       lambda i: simulate_published(designs, sizes, seed, i))  # fmt: skip
    n_behavior, n_accuracy = sizes.worlds[3:]
    same, new = ([simulate_behavior(alike, sizes, seed, i) for i in range(n_behavior)]
                 for alike in (True, False))  # fmt: skip
    right = {
        words: [simulate_accuracy(ability, sizes, seed, i) for i in range(n_accuracy)]
        for words, ability in ABILITIES.items()
    }
    rows = [
        count_boards("alignment", "people know nothing of any model", nothing),
        count_boards("alignment", "a layer of each model in what people do", planted),
        count_boards("alignment-published", "people know nothing of any model", published),
        count_boards("behavior", "equal on these problems", same),
        count_boards("behavior", "equal over problems", new),
        *(
            count_boards("accuracy", words, found, expected_accuracy(ABILITIES[words]))
            for words, found in right.items()
        ),
        count_boards("overall", "nothing; equal over problems; 70 of 100 right",
                     list(simulate_overall([nothing, new, right["70 of 100 right"]])), 0.5),
    ]  # fmt: skip
    return Simulated(seed=seed, versions=versions(count_boards.__module__), rows=tuple(rows))


def save(arrays: AlignmentArrays | PublishedArrays, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, **dataclasses.asdict(arrays))
    part.replace(path)


def load(
    kind: type[AlignmentArrays] | type[PublishedArrays], path: Path
) -> AlignmentArrays | PublishedArrays:
    with np.load(path, allow_pickle=False) as stored:
        return kind(**{name: stored[name] for name in stored.files})


def _size_key(sizes: Sizes, seed: int) -> str:
    """What a world depends on but for its number."""
    return (f"seed{seed}-{sizes.models}x{sizes.boards}-{sizes.more_people}-"
            f"{sizes.more_published}-{sizes.orders}")  # fmt: skip


def table(found: Simulated) -> str:
    """As docs/leaderboard.md has it."""
    lines = [
        "| board | equal models | boards | holds the score, same items | new items | "
        "ranks one above another | wrong rank, same items |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in found.rows]
    return "\n".join(lines)


def _cells(row: SimulatedRow) -> Sequence[str]:
    return (row.board, row.scenario, f"{row.boards:,}", _told(row.covers_same),
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
    parser.add_argument("--worlds-path", type=Path, help="folder that keeps the slow part")
    parser.add_argument("--output-path", type=Path, help="JSON with every figure")
    given = parser.parse_args()
    with threadpool_limits(limits=1):
        found = simulate(QUICK_SIZES if given.quick else FULL_SIZES, given.seed, given.worlds_path)
    if given.output_path:
        given.output_path.write_text(found.model_dump_json(indent=1) + "\n", "utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
