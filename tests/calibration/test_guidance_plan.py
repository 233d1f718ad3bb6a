"""Which sizes find a gain, and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from rich.console import Console

from brainbench.calibration.guidance_plan import (
    least_cell,
    read_summary,
    render_plan,
    shown_time,
)
from brainbench.calibration.guidance_record import PowerCell, PowerSummary
from brainbench.guidance.options import SEEDS
from brainbench.guidance.rows import Mode, Tier

STEERING, TRAINING = "steering, new problems", "fine-tuning, new problems"


def cell(pool: str, size: tuple[int, int, int], smallest: float | None) -> PowerCell:
    mode: Mode = "steering" if pool.startswith("steering") else "finetuning"
    n_base, n_orders, n_permutations = size
    return PowerCell(
        pool=pool, mode=mode, n_base=n_base, n_orders=n_orders, n_permutations=n_permutations,
        smallest=smallest, false_claims=0.012,
    )  # fmt: skip


SUMMARY = PowerSummary(
    measured="a model",
    cells=(
        cell(STEERING, (192, 1, 5), 0.09),
        cell(STEERING, (192, 6, 3), 0.04),
        cell(STEERING, (192, 6, 5), 0.08),
        cell(STEERING, (192, 6, 20), 0.06),
        cell(STEERING, (800, 6, 5), 0.05),
        cell(TRAINING, (192, 6, 5), 0.131),
        cell(TRAINING, (192, 6, 20), None),
    ),
)
SECONDS: dict[tuple[Tier, Mode], float] = {
    ("reduced", "steering"): 30.0, ("full", "steering"): 900.0,
    ("reduced", "finetuning"): 7200.0, ("full", "finetuning"): 400_000.0,
}  # fmt: skip


def shown(gain: float, seeds: Mapping[Tier, int] = SEEDS) -> list[str]:
    console = Console(width=80, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(render_plan(SUMMARY, gain, SECONDS, seeds))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_the_size_with_the_fewest_answers_is_named() -> None:
    found = least_cell(SUMMARY, STEERING, 0.06)
    assert found is not None
    # 20 permutations of 192 problems are 23,040 answers; 5 of 800 are 24,000
    assert (found.n_base, found.n_permutations) == (192, 20)
    assert least_cell(SUMMARY, STEERING, 0.045) is None
    # three permutations allow no verdict, whatever they would find
    assert least_cell(SUMMARY, STEERING, 0.04) is None


def test_the_plan_as_it_is_printed() -> None:
    lines = shown(0.06)
    assert max(map(len, lines)) <= 80
    rows = [" ".join(line.split()) for line in lines]
    assert "full steering new problems 192 × 6 5 0.08 15 min" in rows
    assert "full fine-tuning new problems 192 × 6 5 0.13 5 days" in rows
    assert "reduced steering any 1 none 30 s" in rows
    text = " ".join(" ".join(lines).split())
    assert "What finds a gain of 0.06" in lines[7]
    assert "steering new problems 192 × 6 20 0.06" in rows
    # the largest that was simulated
    assert "fine-tuning new problems 192 × 6 20 none" in rows
    assert "steering new problems 800 × 6 5 only 0.05" in [
        " ".join(line.split()) for line in shown(0.03)
    ]
    assert "at most 1.2 of 100 runs claim a gain" in text


def test_a_tier_finds_what_its_seeds_allow() -> None:
    def rows(number: int) -> list[str]:
        lines = shown(0.06, {"reduced": number, "full": number})
        return [" ".join(line.split()) for line in lines]

    # 20 permutations were not simulated with one order, and 12 not at all: what fewer find
    assert "reduced steering new problems 192 5 0.09 30 s" in rows(5)
    assert "reduced steering new problems 192 12 0.09 30 s" in rows(12)
    assert "full steering new problems 192 × 6 12 0.08 15 min" in rows(12)
    assert "full steering new problems 192 × 6 20 0.06 15 min" in rows(20)
    assert {"reduced steering any 4 none 30 s", "full steering any 4 none 15 min"} <= {*rows(4)}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (90.0, "90 s"), (150.0, "2 min"), (7300.0, "2 h"), (260_000.0, "3 days")],
)
def test_times_are_rough(seconds: float, text: str) -> None:
    assert shown_time(seconds) == text


def test_what_is_packaged_has_the_tiers() -> None:
    sizes = {(c.mode, c.n_base, c.n_orders, c.n_permutations) for c in read_summary().cells}
    assert sizes >= {
        ("steering", 36, 1, 5), ("steering", 192, 6, 5), ("finetuning", 192, 6, 5)
    }  # fmt: skip
