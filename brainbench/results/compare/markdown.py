"""A comparison as a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from brainbench.results.compare.comparison import Comparison, Pair, Row, by_reason
from brainbench.results.compare.table import LOST, both, change, count, shown

_MOST = 60


def comparison_markdown(comparison: Comparison) -> str:
    """GitHub's Markdown; names from records stay text."""
    lines: list[str] = []
    for pair in comparison.pairs:
        lines += _pair(pair)
    return "\n".join(lines) + "\n"


def _pair(pair: Pair) -> list[str]:
    lines = [f"### brainbench: {_safe(pair.other)} against {_safe(pair.baseline)}", ""]
    worse = pair.regressions
    if worse:
        lines.append(f"**{len(worse)} of {len(pair.judged)} rows got worse:**")
        lines += ["", *(f"- {_safe(row.name)}, {row.metric}: {change(row)}" for row in worse)]
    else:
        lines.append(f"Nothing of {len(pair.judged)} rows got worse.")
    if pair.lost:
        lines += ["", f"**{len(pair.lost)} {LOST}:**", ""]
        lines += [
            f"- {', '.join(map(_safe, names))}: {_safe(reason)}"
            for reason, names in by_reason(pair.lost).items()
        ]
    lines += ["", *_table(pair.rows), "", *_folded("What differs", _differs(pair))]
    refused = [f"- {_safe(one.name)}: {_safe(one.reason)}" for one in pair.refused[:_MOST]]
    return [*lines, *_folded(f"Not compared: {len(pair.refused)}", refused)]


def _table(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    lines = [
        "| | metric | baseline | other | difference [95 %] | p | pairs | |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        protocol = f" ({_safe(row.protocol)})" if row.protocol else ""
        cells = [
            _safe(row.name) + protocol, row.metric, *both(row), change(row),
            "" if row.p is None else f"{row.p:.3f}", count(row),
            f"**{row.reading}**" if row.regression else row.reading,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _differs(pair: Pair) -> list[str]:
    return [
        f"- {one.kind}: {_safe(one.name)}: {_safe(shown(one.baseline))} → {_safe(shown(one.other))}"
        for one in pair.differs[:_MOST]
    ]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


def _safe(text: str) -> str:
    """A text that is no markup, calls nobody and stays in its cell."""
    flat = " ".join(text.split())[:200]
    plain = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", plain).replace("@", "@\N{ZERO WIDTH SPACE}")
