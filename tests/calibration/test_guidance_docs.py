"""What docs say of the power of guidance is what was simulated."""

from __future__ import annotations

from pathlib import Path

import pytest

import brainbench
from brainbench.calibration.guidance_plan import read_summary
from brainbench.calibration.guidance_record import GuidanceCell, GuidancePower

DOCS = Path(brainbench.__file__).parent.parent / "docs"
PAGE = DOCS / "study-design.md"


@pytest.fixture(scope="module")
def power() -> GuidancePower:
    return GuidancePower.model_validate_json(
        (DOCS / "data" / "guidance_power.json").read_text("utf-8")
    )


def shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def test_the_table_is_that_of_the_record(power: GuidancePower) -> None:
    expected = []
    for five in (cell for cell in power.cells if cell.n_permutations == 5):
        size = five.pool, five.n_base, five.n_orders
        cells = [power.one(*size, n) for n in (5, 10, 20)]
        expected.append(
            f"| {five.pool.replace(', syllogistic', '')} | {five.n_base} × {five.n_orders} | "
            + " | ".join(shown(cell.smallest()) for cell in cells)
            + f" | {shown(five.smallest('before'))} |"
        )
    lines = PAGE.read_text("utf-8").splitlines()
    start = lines.index(
        "| way and test | problems × orders | 5 permutations | 10 | 20 | 5, before |"
    )
    assert lines[start + 2 : start + 2 + len(expected)] == expected
    assert not lines[start + 2 + len(expected)].startswith("|")


def test_claims_of_nothing_are_rare_in_every_size(power: GuidancePower) -> None:
    worst = max(cell.false_claims().rate for cell in power.cells if cell.n_permutations >= 5)
    assert worst <= 0.05
    text = " ".join(PAGE.read_text("utf-8").split())
    assert f"are at most {100 * worst:.1f} of 100 with five permutations or more" in text


def test_the_rule_of_today_finds_more_everywhere(power: GuidancePower) -> None:
    for cell in power.cells:
        for gain in {row.gain for row in cell.rows if row.gain >= 0.05}:
            now, before = (
                next(row.rate for row in cell.rows if (row.rule, row.gain) == (rule, gain))
                for rule in ("now", "before")
            )
            assert now >= before - 0.02


def test_what_the_text_says_of_the_table(power: GuidancePower) -> None:
    def smallest(*size: str | int) -> float:
        found = power.one(*size).smallest()  # type: ignore[arg-type]
        assert found is not None
        return found

    steering, training = "steering, new problems, syllogistic", "fine-tuning, new problems"
    ratio = smallest(steering, 800, 6, 5) / smallest(steering, 192, 6, 5)
    assert ratio == pytest.approx(2 / 3, abs=0.05)
    assert smallest(training, 192, 6, 20) < smallest(training, 800, 6, 5)
    assert smallest(steering, 192, 1, 5) < 1.3 * smallest(steering, 192, 6, 5)
    held: GuidanceCell = power.one("steering, held-out scanner items, syllogistic", 36, 1, 5)
    assert held.smallest() is None


def test_what_is_packaged_is_the_summary_of_the_record(power: GuidancePower) -> None:
    assert read_summary() == power.summary
