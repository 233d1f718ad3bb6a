"""Which gains a run of guidance could find, from the simulation that is packaged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.calibration.guidance_record import PowerCell, PowerSummary
from brainbench.guidance.options import SEEDS
from brainbench.guidance.rows import Mode, Tier
from brainbench.guidance.verdict import MIN_PERMUTATIONS

SUMMARY = Path(__file__).parent / "data" / "guidance_power.json"
# problems and orders of a run's tests, of scanner items and of new ones
SIZES: dict[Tier, tuple[tuple[int, int], ...]] = {
    "reduced": ((36, 1), (192, 1)),
    "full": ((36, 1), (192, 6)),
}
_WAYS: dict[Mode, str] = {"steering": "steering", "finetuning": "fine-tuning"}


@cache
def read_summary() -> PowerSummary:
    """The smallest gains of every size that was simulated."""
    return PowerSummary.model_validate_json(SUMMARY.read_text("utf-8"))


def least_cell(summary: PowerSummary, pool: str, gain: float) -> PowerCell | None:
    """The size with the fewest answers to ask for that finds a gain; None where none does.

    Parameters
    ----------
    summary : of the simulation.
    pool : name of a test and way of guiding.
    gain : in AUC.
    """
    enough = [
        cell for cell in _of_pool(summary, pool)
        if cell.smallest is not None and cell.smallest <= gain
    ]  # fmt: skip
    return min(enough, key=_answers, default=None)


def render_plan(
    summary: PowerSummary,
    gain: float,
    seconds: Mapping[tuple[Tier, Mode], float],
    seeds: Mapping[Tier, int] = SEEDS,
) -> RenderableType:
    """What each tier finds, what would find a gain, and how long it takes.

    Parameters
    ----------
    summary : of the simulation.
    gain : that is to be found, in AUC.
    seconds : of a run of each tier and way of guiding; only these are shown.
    seeds : of each tier.
    """
    modes = list(dict.fromkeys(mode for _, mode in seconds))
    table = Table(title="Smallest gain in AUC that four of five runs would find",
                  title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    for name in ("tier", "way", "read on"):
        table.add_column(name, overflow="fold")
    for name in ("problems", "seeds", "finds", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for tier, number in seeds.items():
        for mode in modes:
            took = shown_time(seconds[tier, mode])
            cells = _of_run(summary, tier, mode, number)
            if not cells:
                table.add_row(tier, _WAYS[mode], "any", "", str(number), "none", took)
            for cell in cells:
                table.add_row(tier, _WAYS[mode], _read_on(cell.pool), _size(cell), str(number),
                              _gain(cell.smallest), took)  # fmt: skip
                took = ""
    pools = dict.fromkeys(cell.pool for cell in summary.cells if cell.mode in modes)
    enough = Table(title=f"What finds a gain of {gain:g}", title_justify="left", box=None,
                   pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    for name in ("way", "read on"):
        enough.add_column(name, overflow="fold")
    for name in ("problems", "seeds", "finds"):
        enough.add_column(name, justify="right", no_wrap=True)
    for pool in pools:
        enough.add_row(*_enough(summary, pool, gain))
    return Group(table, "", enough, "", Text(_legend(summary), style="dim"))


def shown_time(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h``, ``4 days``: rough, so without a fraction.

    Parameters
    ----------
    seconds : of the run.
    """
    for name, length in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{max(seconds, 1.0):.0f} s"


def _enough(summary: PowerSummary, pool: str, gain: float) -> tuple[str, ...]:
    """The size that finds a gain, or the largest of all, with what it finds."""
    found = least_cell(summary, pool, gain)
    largest = max(_of_pool(summary, pool), key=_answers)
    shown = found or largest
    finds = _gain(shown.smallest)
    return (
        _WAYS[shown.mode], _read_on(pool), _size(shown), str(shown.n_permutations),
        finds if found or shown.smallest is None else f"only {finds}",
    )  # fmt: skip


def _of_pool(summary: PowerSummary, pool: str) -> list[PowerCell]:
    """Sizes from which a verdict may come: with enough permutations."""
    return [cell for cell in _judged(summary) if cell.pool == pool]


def _judged(summary: PowerSummary) -> list[PowerCell]:
    return [cell for cell in summary.cells if cell.n_permutations >= MIN_PERMUTATIONS]


def _of_run(summary: PowerSummary, tier: Tier, mode: Mode, seeds: int) -> list[PowerCell]:
    """Of each test the size of a run, with the most permutations that are not more than its own."""
    found = {
        (cell.pool, cell.n_base): cell
        for cell in sorted(summary.cells, key=lambda cell: cell.n_permutations)
        if cell.mode == mode
        and (cell.n_base, cell.n_orders) in SIZES[tier]
        and MIN_PERMUTATIONS <= cell.n_permutations <= seeds
    }
    return list(found.values())


def _answers(cell: PowerCell) -> int:
    return cell.n_base * cell.n_orders * cell.n_permutations


def _size(cell: PowerCell) -> str:
    orders = "" if cell.n_orders == 1 else f" × {cell.n_orders}"
    return f"{cell.n_base}{orders}"


def _read_on(pool: str) -> str:
    return pool.split(", ", 1)[1].removesuffix(", syllogistic")


def _gain(value: float | None) -> str:
    return "none" if value is None else f"{value:.2g}"


def _legend(summary: PowerSummary) -> str:
    worst = max(cell.false_claims for cell in _judged(summary))
    return (
        f"Gains over permuted signals and labels alone, planted in log-odds of {summary.measured}; "
        "of fine-tuning, trainings are simulated around them. Problems: × orders of premises. "
        "Seeds: and permutations; of steering, permutations alone. Only: no size that was "
        "simulated finds the gain, this is the largest. "
        f"Where nothing is gained, at most {100 * worst:.1f} of 100 runs claim a gain. Below "
        f"{MIN_PERMUTATIONS} seeds (--seeds) there is no verdict: few permutations do not tell how "
        "much other signals would vary. "
        "Times are rough: tokens times parameters, at the speed that this machine multiplies "
        "matrices with."
    )
