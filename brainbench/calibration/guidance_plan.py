"""Which gains a run of guidance could find, from the simulation that is packaged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.calibration.guidance_record import PowerCell, PowerSummary
from brainbench.guidance.rows import Mode, Tier

SUMMARY = Path(__file__).parent / "data" / "guidance_power.json"
# of a run: problems of scanner items and of new ones, orders, seeds and permutations
FULL_SIZES = ((36, 1, 5), (192, 6, 5))
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
    summary: PowerSummary, gain: float, seconds: Mapping[tuple[Tier, Mode], float]
) -> RenderableType:
    """What each tier finds, what would find a gain, and how long it takes.

    Parameters
    ----------
    summary : of the simulation.
    gain : that is to be found, in AUC.
    seconds : of a run of each tier and way of guiding; only these are shown.
    """
    modes = list(dict.fromkeys(mode for _, mode in seconds))
    table = Table(title="Smallest gain in AUC that four of five runs would find",
                  title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    for name in ("tier", "way", "read on"):
        table.add_column(name, overflow="fold")
    for name in ("problems", "seeds", "finds", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for mode in modes:
        table.add_row("reduced", _WAYS[mode], "any", "", "1", "none", shown_time(
            seconds["reduced", mode]))  # fmt: skip
    for mode in modes:
        took = shown_time(seconds["full", mode])
        for cell in summary.cells:
            size = cell.n_base, cell.n_orders, cell.n_permutations
            if cell.mode == mode and size in FULL_SIZES:
                table.add_row("full", _WAYS[mode], _read_on(cell.pool), _size(cell),
                              str(cell.n_permutations), _gain(cell.smallest), took)  # fmt: skip
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
    """Sizes from which a verdict may come: with five permutations or more."""
    return [cell for cell in summary.cells if cell.pool == pool and cell.n_permutations >= 5]


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
    worst = max(cell.false_claims for cell in summary.cells if cell.n_permutations >= 5)
    return (
        f"Gains over permuted signals and labels alone, planted in log-odds of {summary.measured}; "
        "of fine-tuning, trainings are simulated around them. Problems: × orders of premises. "
        "Seeds: and permutations; of steering, permutations alone. Only: no size that was "
        "simulated finds the gain, this is the largest. "
        f"Where nothing is gained, at most {100 * worst:.1f} of 100 runs claim a gain. The reduced "
        "tier claims nothing: one permutation does not tell how much other signals would vary. "
        "Times are rough: tokens times parameters, at the speed that this machine multiplies "
        "matrices with."
    )
