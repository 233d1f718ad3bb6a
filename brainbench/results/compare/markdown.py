"""A comparison as a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from brainbench.results.compare.comparison import Comparison, ComparisonRow, Pair, by_reason
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

_MAX = 60


def comparison_markdown(comparison: Comparison) -> str:
    """GitHub's Markdown, with all that the terminal shows; names from records stay text."""
    lines: list[str] = []
    for pair in comparison.pairs:
        lines += _pair(pair, comparison.tolerance)
    return "\n".join([*lines, f"<sub>{LEGEND}</sub>"]) + "\n"


def _pair(pair: Pair, tolerance: float) -> list[str]:
    lines = [f"### brainbench: {_safe(pair.other)} against {_safe(pair.baseline)}", ""]
    if pair.numerics:
        lines += [_safe(pair.numerics, 400), ""]
    if pair.regressions:
        lines += [f"**{len(pair.regressions)} of {len(pair.judged)} rows got worse:**", ""]
    lines += [
        f"- {f'**{word}:** ' if word else ''}{_safe(text, 2000)}"
        for word, text in verdict(pair, tolerance)
    ]
    if pair.lost:
        lines += ["", f"**{len(pair.lost)} {LOST}**"]
    lines += ["", *_table(pair.rows), "", *_folded("What differs", _differs(pair))]
    refused = [
        f"- {', '.join(map(_safe, names))}: {_safe(reason)}"
        for reason, names in by_reason(pair.refused).items()
    ]
    return [*lines, *_folded(f"Not compared: {len(pair.refused)}", refused)]


def _table(rows: Sequence[ComparisonRow]) -> list[str]:
    if not rows:
        return []
    lines = [
        "| | metric | baseline | other | difference [95 %] | p | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for held in groups(rows):
        for place, row in enumerate(held):
            name = f"{_safe(row.name)}<br>{_safe(about(row), 400)}" if place == 0 else ""
            cells = [
                name, row.metric, *both(row), change(row), corrected(row),
                f"**{reading(row)}**" if row.regression else reading(row),
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _differs(pair: Pair) -> list[str]:
    lines = [
        f"- {one.kind}: {_safe(one.name)}: {_safe(shown(one.baseline))} → {_safe(shown(one.other))}"
        for one in pair.differs[:_MAX]
    ]
    if len(pair.differs) > _MAX:
        lines.append(f"- and {len(pair.differs) - _MAX} more, see --json")
    return lines or ["- the same model, data, versions, settings and seeds"]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


def _safe(text: str, most: int = 200) -> str:
    """A text that is no markup, calls nobody and stays in its cell."""
    flat = " ".join(text.split())[:most]
    plain = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", plain).replace("@", "@\N{ZERO WIDTH SPACE}")
