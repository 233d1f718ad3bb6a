"""A comparison as blocks: the same in a terminal as in a comment on a pull request."""

from __future__ import annotations

from itertools import groupby

from rich.console import Group, RenderableType

from brainbench.results.blocks import Block, Bullets, Folded, Section, Table, Words
from brainbench.results.blocks.markdown import markdown_blocks, markdown_section
from brainbench.results.blocks.model import Mood
from brainbench.results.blocks.terminal import show_blocks, show_section
from brainbench.results.compare.comparison import Comparison, Pair, by_reason
from brainbench.results.compare.words import (
    LEGEND,
    LOST,
    about,
    both,
    change,
    corrected,
    groups,
    reading,
    shown,
    verdict,
)

_MOODS: dict[str, Mood] = {
    "worse": "bad",
    "one answer": "bad",
    "lost": "bad",
    "alignment": "",
    "": "",
}
_LEGEND = Words(LEGEND, "note")
_MAX = 60


def render_comparison(comparison: Comparison) -> RenderableType:
    """Each pair with its rows, what differs and what is refused; the verdict last."""
    parts: list[RenderableType] = []
    for pair in comparison.pairs:
        parts += show_section(_section(pair, _rows(pair)))
    verdicts: list[Block] = [
        block for pair in comparison.pairs for block in _verdict(pair, comparison)
    ]
    return Group(*parts[1:], "", *show_blocks([_LEGEND]), "", *show_blocks(verdicts))


def comparison_markdown(comparison: Comparison) -> str:
    """GitHub's Markdown, with all that the terminal shows; the verdict first."""
    lines: list[str] = []
    for pair in comparison.pairs:
        lines += markdown_section(_section(pair, [*_verdict(pair, comparison), *_rows(pair)]))
    return "\n".join([*lines, *markdown_blocks([_LEGEND])])


def _section(pair: Pair, blocks: list[Block]) -> Section:
    numerics: list[Block] = [Words(pair.numerics)] if pair.numerics else []
    return Section(
        "pair", f"brainbench: {pair.other} against {pair.baseline}", [*numerics, *blocks]
    )


def _verdict(pair: Pair, comparison: Comparison) -> list[Block]:
    """What got worse, gives one answer or is lost; with the run where there are several."""
    where = f" ({pair.other})" if len(comparison.pairs) > 1 else ""
    blocks: list[Block] = []
    if pair.regressions:
        found = f"{len(pair.regressions)} of {len(pair.judged)} rows got worse:"
        blocks.append(Words(found, "lead"))
    verdicts = verdict(pair, comparison.tolerance)
    for mood, items in groupby(verdicts, key=_mood):
        blocks.append(Bullets([(word, text + where) for word, text in items], mood=mood))
    if pair.lost:
        blocks.append(Words(f"{len(pair.lost)} {LOST}", "lead"))
    return blocks


def _mood(item: tuple[str, str]) -> Mood:
    return _MOODS.get(item[0], "warning")


def _rows(pair: Pair) -> list[Block]:
    """Every row, what differs, and what cannot be compared."""
    blocks: list[Block] = [_table(pair)] if pair.rows else []
    differs: list[tuple[str, str]] = [
        (one.kind, f"{one.name}: {shown(one.baseline)} → {shown(one.other)}")
        for one in pair.differs[:_MAX]
    ]
    if len(pair.differs) > _MAX:
        differs.append(("", f"and {len(pair.differs) - _MAX} more, see --json"))
    if not differs:
        differs = [("", "the same model, data, versions, settings and seeds")]
    blocks.append(Folded("What differs", [Bullets(differs)]))
    refused = [
        ("not compared", f"{', '.join(names)}: {reason}")
        for reason, names in by_reason(pair.refused).items()
    ]
    if refused:
        title = f"Not compared: {len(pair.refused)}"
        blocks.append(Folded(title, [Bullets(refused, mood="warning")]))
    return blocks


def _table(pair: Pair) -> Table:
    """A row for each metric, under the name of what is compared."""
    rows: list[tuple[str, ...]] = []
    strong: list[int] = []
    names: dict[int, tuple[str, str]] = {}
    for held in groups(pair.rows):
        names[len(rows)] = held[0].name.removeprefix("brainbench_"), about(held[0])
        for row in held:
            if row.regression:
                strong.append(len(rows))
            rows.append((row.metric, reading(row), change(row), corrected(row), *both(row)))
    # what is read first, for a narrow terminal shows the rest below
    columns = ("metric", "reading", "difference [95 %]", "p", "baseline", "other")
    return Table("", columns, rows, strong=strong, groups=names)
