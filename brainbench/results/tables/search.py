"""The targeted search as published, as a person reads it in a terminal of 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.guidance.arms import GUIDED
from brainbench.guidance.gains.verdict import LEVEL
from brainbench.guidance.layer_sets import name_layers
from brainbench.guidance.score import SearchRow, SearchScore
from brainbench.results.wording import number

_LABEL_WIDTH = 18
_COLUMNS = (
    "flipped", "guided -", "items", "tries", "length", "reverted", "mean:", "True", "AUC",
    "balanced",
)  # fmt: skip


def render_searches(scores: Sequence[SearchScore]) -> list[RenderableType]:
    """Each search: how many answers flip under every arm, and what the directions do elsewhere."""
    parts: list[RenderableType] = []
    for score in scores:
        parts += ["", _heading(score), _rows(score.rows), Text(score.reading, style="italic")]
        parts += [_warning(text) for text in (*score.warnings, *score.unfair)]
    return [*parts, _legend()] if scores else []


def _heading(score: SearchScore) -> Text:
    layers = f"layers {name_layers(score.layers)}"
    return Text(score.identifier, style="bold").append(
        f"  as published; {score.site}, {layers}; {score.loss}, {score.centring}; "
        f"{score.n_people} people guide; the model has {score.n_wrong} of {score.n_items} items "
        f"wrong, {score.n_pairs} pairs with a person who has them right; before: True "
        f"{score.says_true:.0%}, AUC {score.auc:.3f} (of log-odds as they are), balanced accuracy "
        f"{score.balanced_accuracy:.3f}",
        style="dim",
    )


def _rows(rows: Sequence[SearchRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.header_style = "dim"
    table.add_column("", width=_LABEL_WIDTH, overflow="fold")
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        gained = row.direction_gained is not None
        table.add_row(
            row.called,
            f"{row.flipped:.0%}",
            _minus(row),
            str(row.n_flipped),
            number(row.tries, 1),
            number(row.length, 2),
            f"{row.reverted:.0f}",
            f"+{row.direction_gained} -{row.direction_lost}" if gained else "n/a",
            number(row.direction_says_true, 2),
            number(row.direction_auc),
            number(row.direction_balanced_accuracy),
            style="bold" if row.arm == GUIDED else "",
        )
    return table


def _legend() -> Text:
    return Text(
        "flipped: pairs whose answer became right, within 40 tries. guided -: by how many points "
        "guided flips more, with 95 % intervals over problems, * p below 0.05 after Holm over "
        "arms. items: problems that "
        "somebody's signals flipped. length: of the direction then, in spreads of states. "
        "reverted: answers that were none of the choices. mean: the mean direction of those that "
        "flipped, added to all items: wrong ones righted, right ones spoilt, and what the model "
        "then says.",
        style="dim",
    )


def _minus(row: SearchRow) -> str:
    if row.guided_minus is None:
        return ""
    points = f"{100 * row.guided_minus:+.0f}"
    if row.interval is not None:
        points += " [{:.0f} {:.0f}]".format(*(100 * end for end in row.interval))
    marked = row.p_corrected is not None and row.p_corrected < LEVEL
    return f"{points}{'*' if marked else ' '}"


def _warning(text: str) -> Text:
    return Text("! ", style="yellow").append(text, style="default")
