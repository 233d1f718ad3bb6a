"""What guidance brought, as a person reads it in a terminal of 100 columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.guidance.arms import GUIDED, UNGUIDED
from brainbench.guidance.gains.verdict import AGAINST, LEVEL
from brainbench.guidance.score import ArmRow, Change, Difference, GuidanceScore, Metric
from brainbench.results.wording import number

_STYLES = {
    "brain signals help": "bold green",
    "inconclusive": "yellow",
    "not shown to help": "bold",
}
_LABEL_WIDTH = 17
_LEVELS: dict[str, Metric] = {
    "accuracy": "accuracy",
    "at thr.": "accuracy_at_threshold",
    "AUC": "auc",
    "balanced": "balanced_accuracy",
    "d′": "dprime",
    "True": "says_true",
    "valid": "valid",
}
_WITH_INTERVAL: dict[str, Metric] = {
    "Δ AUC": "auc",
    "Δ at thr.": "accuracy_at_threshold",
    "Δ accuracy": "accuracy",
}


def render_guidance(scores: Sequence[GuidanceScore]) -> list[RenderableType]:
    """Each comparison: its arms, guided against each of them, verdict and reading."""
    parts: list[RenderableType] = ["", _overview(scores)] if len(scores) > 1 else []
    for score in scores:
        parts += ["", _heading(score), _arms(score.arms)]
        if score.differences:
            parts.append(_differences(score.differences))
        if score.alignment:
            parts.append(_alignment(score))
        parts.append(_reading(score))
    if not scores:
        return []
    every = [set(score.warnings) for score in scores]
    common = set.intersection(*every)
    for score in scores:
        own = [text for text in score.warnings if text not in common]
        parts += [_warning(f"{score.identifier}: {text}") for text in own]
    parts += [_warning(text) for text in scores[0].warnings if text in common]
    return [*parts, _legend()]


def _overview(scores: Sequence[GuidanceScore]) -> Table:
    """A line for each comparison, before all of them."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.header_style = "dim"
    for name in ("guided by", "how", "read on"):
        table.add_column(name, overflow="fold")
    table.add_column("AUC", justify="right", no_wrap=True)
    table.add_column("guided", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for score in scores:
        areas = {row.arm: row.auc for row in score.arms}
        table.add_row(
            f"{score.roi}, {score.reasoning_type}",
            f"{score.mode}, {score.recipe}",
            score.test,
            number(areas.get(UNGUIDED)),
            number(areas.get(GUIDED)),
            Text(score.verdict, style=_STYLES[score.verdict]),
        )
    return table


def _heading(score: GuidanceScore) -> Text:
    text = Text(score.identifier, style="bold")
    items = f"{score.n_items} items"
    if score.n_base < score.n_items:
        items += f" ({score.n_base} problems)"
    told = f"; {score.told_from}" if score.told_from else ""
    return text.append(
        f"  {score.tier} tier; {score.site}, {score.acting}; {score.n_people} people guide; read "
        f"once on {items}{told}; {score.n_permutations} permutations of signals; "
        f"{score.n_draws:,} draws",
        style="dim",
    )


def _arms(rows: Sequence[ArmRow]) -> Table:
    """What every arm answers."""
    table = _table("seeds", "strength", *_LEVELS)
    for row in rows:
        style = "bold" if row.arm == GUIDED else ""
        numbers = {metric: getattr(row, metric) for metric in _LEVELS.values()}
        cells = [number(numbers[metric], 2 if metric == "dprime" else 3) for metric in numbers]
        strength = "" if row.strength is None else f"{row.strength:.3g}"
        line = [row.arm, str(row.n_seeds), strength, *cells]
        table.add_row(*(Text(cell, style=style) for cell in line))
    return table


def _differences(rows: Sequence[Difference]) -> Table:
    """Guided minus every other arm."""
    table = _table(*_WITH_INTERVAL, "Δ True", "McNemar", first="guided against")
    for row in rows:
        changes = {change.metric: change for change in row.changes}
        cells = [_cell(changes.get(metric)) for metric in _WITH_INTERVAL.values()]
        said = changes.get("says_true")
        style = "" if row.against in AGAINST else "dim"
        shift = "n/a" if said is None else _short(f"{said.value:+.3f}")
        line = [row.against, *cells, shift, _mcnemar(row)]
        table.add_row(*(Text(cell, style=style) for cell in line))
    return table


def _table(*names: str, first: str = "") -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.header_style = "dim"
    table.add_column(first, width=_LABEL_WIDTH, overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cell(change: Change | None) -> str:
    """The difference, its interval, and * where corrected p is below 0.05."""
    if change is None:
        return "n/a "
    corrected = change.p_corrected
    mark = "*" if corrected is not None and corrected < LEVEL else " "
    ends = "" if change.interval is None else " [{:.2f} {:.2f}]".format(*change.interval)
    return _short(f"{change.value:+.3f}{ends}{mark}")


def _mcnemar(row: Difference) -> str:
    if row.mcnemar_p is None:
        return "n/a"
    p = "<.001" if row.mcnemar_p < 0.001 else _short(f"={row.mcnemar_p:.3f}")
    return f"{row.mcnemar_gained}:{row.mcnemar_lost} p{p}"


def _alignment(score: GuidanceScore) -> Text:
    """Whether alignment rose where accuracy did."""
    arms = (f"{row.arm} {row.before:.3f} to {row.after:.3f}" for row in score.alignment)
    return Text(f"alignment, r on held-out runs before and after: {', '.join(arms)}", style="dim")


def _reading(score: GuidanceScore) -> Text:
    text = Text(score.verdict, style=_STYLES[score.verdict])
    return text.append(f": {score.reading}", style="default")


def _warning(text: str) -> Text:
    return Text("! ", style="yellow").append(text, style="default")


def _legend() -> Text:
    return Text(
        "at thr.: accuracy when True counts as said above log-odds chosen on validation problems. "
        "AUC: of log-odds, 0.5 by chance. True, valid: shares of all answers. Δ: guided minus the "
        "arm, with 95 % intervals over seeds and problems (bootstrap, all orders of a problem "
        "together). * p below 0.05 after Holm over arms. McNemar: problems that only guided : only "
        "the arm has right, exact. A claim needs Δ AUC and Δ at thr. marked and above 0 against "
        f"{' and '.join(AGAINST)}.",
        style="dim",
    )


def _short(text: str) -> str:
    """Without the 0 before the point: four intervals must fit."""
    return re.sub(r"\b0\.", ".", text)
