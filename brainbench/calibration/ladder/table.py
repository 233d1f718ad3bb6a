"""A calibration of the ladder as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.calibration.ladder.record import (
    BoardRate,
    CoverageRow,
    Kind,
    LadderCalibration,
    RateRow,
)
from brainbench.calibration.record import LIMIT

IN_WORDS: dict[Kind, str] = {
    "nothing": "Nothing there",
    "in span": "A confound, at its rung",
    "below": "The same, one rung below",
    "mis-specified": "A confound that no rung holds",
    "planted": "A layer of the model",
    "people": "Half of the people as the model",
}


def render_ladder_calibration(found: LadderCalibration) -> RenderableType:
    """A table for each kind of scenario, a line for each rung."""
    parts: list[RenderableType] = []
    for kind, words in IN_WORDS.items():
        rows = [row for row in found.rows if row.kind == kind]
        if rows:
            parts += [_people(rows, words) if kind == "people" else _rates(rows, words), ""]
    if found.effects:
        parts += [_coverage(found.effects), ""]
    if found.boards:
        parts += [_boards(found.boards), ""]
    return Group(*parts, Text(_legend(found), style="dim"))


def _rates(rows: list[RateRow], words: str) -> Table:
    table = _empty(words)
    for name in ("beyond", "n", "own", "between", "larger", f"≤ {LIMIT:.0%}"):
        table.add_column(name, justify="left" if name == "beyond" else "right", no_wrap=True)
    grouped: dict[tuple[str, float, float, str], dict[str, RateRow]] = {}
    for row in rows:
        grouped.setdefault((row.scenario, row.share, row.alike, row.rung), {})[row.term] = row
    for (scenario, share, alike, rung), terms in grouped.items():
        larger = terms["larger"]
        limit = {None: "", True: "yes", False: "no"}[larger.limit]
        table.add_row(
            planted_in_short(scenario, share, alike),
            rung,
            f"{larger.n:,}",
            *(_percent(terms.get(term)) for term in ("own", "between", "larger")),
            limit,
        )
    return table


def _people(rows: list[RateRow], words: str) -> Table:
    table = _empty(words, 32)
    rungs = list(dict.fromkeys(row.rung for row in rows))
    for rung in rungs:
        table.add_column(rung, justify="right", no_wrap=True)
    cells = dict.fromkeys((row.roi, row.reasoning_type) for row in rows)
    at = {(row.roi, row.reasoning_type, row.rung): row for row in rows}
    for roi, kind in cells:
        shown = [_percent(at.get((roi, kind, rung))) for rung in rungs]
        table.add_row(f"{roi}, {kind}", *shown)
    return table


def _coverage(rows: Sequence[CoverageRow]) -> Table:
    table = _empty("Share explained", 31)
    for name in ("beyond", "of", "truth", "median", "width", "n", "held"):
        table.add_column(
            name, justify="left" if name in ("beyond", "of") else "right", no_wrap=True
        )
    for row in rows:
        planted = planted_in_short("layer", row.share, row.alike) if row.share else "nothing"
        if row.else_shared:
            planted += f", else {row.else_shared:.0%}"
        table.add_row(
            planted, row.rung, row.term, f"{row.truth:.2f}", f"{row.median:.2f}",
            f"{row.width:.2f}", str(row.n), f"{row.coverage:.1%}",
        )  # fmt: skip
    return table


def _boards(rows: Sequence[BoardRate]) -> Table:
    table = _empty("Models distinguished", 40)
    for name in ("models", "z", "n", "apart"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        planted = planted_in_short("held", row.share, row.alike) if row.share else "nothing"
        table.add_row(
            f"{'equal' if row.equal else 'one held'}: {planted}", str(row.models), f"{row.z:.1f}",
            str(row.n), f"{row.apart:.1%}",
        )  # fmt: skip
    return table


def planted_in_short(scenario: str, share: float, alike: float) -> str:
    """``one layer, 5 %, half alike``.

    Parameters
    ----------
    scenario : name of what is planted.
    share : of each person's variance, 0 to 1; 0 leaves all but the name out.
    alike : share of the mixing that people have in common, 0 to 1.
    """
    if not share:
        return scenario
    likeness = {0.0: "own", 0.5: "half alike", 1.0: "alike"}.get(alike, f"{alike:.0%} alike")
    return f"{scenario}, {share:.0%} {likeness}"


def _empty(words: str, width: int = 35) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.header_style = "dim"
    table.add_column(Text(words, style="bold"), no_wrap=True, width=width)
    return table


def _percent(row: RateRow | None) -> str:
    return "" if row is None else f"{row.rate:.1%}"


def _legend(found: LadderCalibration) -> str:
    noise = ", ".join(
        f"{row.dimensions:.1f} ({row.roi}, {row.reasoning_type})" for row in found.noise
    )
    parts = [
        "" if found.complete else "Unfinished: rows are missing.",
        f"Responses of {found.dataset}, each person's items exchanged within runs: real noise, in "
        f"which the items fill {noise} dimensions (participation ratio). Planted: a share of each "
        f"person's variance, of features of {found.model} in every cell; each person with a "
        "mixing of their own, or alike in part. Beyond a rung: its nuisance, and that of the rungs "
        "below, taken out. own, between, larger: data sets with p at most 0.05. "
        f"≤ {LIMIT:.0%}: whether the one-sided upper 95 % bound of larger is, where nothing may "
        "be found. The last table is real: the mean response of a region in half of "
        "the people is held against the other half.",
    ]
    return " ".join(part for part in parts if part)
