"""A comparison in words: the same in a terminal as in a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from brainbench.results.compare.comparison import Collapse, ComparisonRow, Pair, by_reason

LOST = (
    "lost: in the baseline, and not to be compared, so that nothing tells whether it got worse; "
    "run the baseline or the other run anew, in the same way"
)
LEGEND = (
    "difference: mean over pairs, other minus baseline, with a 95 % interval of this row alone. "
    "Items: problems that belong together count as one (in brackets how many), and one problem "
    "more counts as gained and one as lost, so that a few problems make nothing certain. "
    "z: standard deviations over orders of the items, over all regions and reasoning types; its "
    "error is over people, and over orders of the items that both runs meet. "
    "People: Student's t, but no narrower than over items as if both runs were independent; so "
    "are gains. p: two-sided, Holm over the rows of the same kind; the rows over all tasks, or "
    "all regions, and those of single ones apart. better, worse: p below 0.05. the same: the whole "
    "interval lies within the tolerance. identical: no pair differs. higher, lower: two numbers "
    "without an error, or a rise of the same weights. McNemar: exact, one item of each problem, "
    "not corrected. As published, baseline and other are medians over people, the difference a "
    "mean. Of a targeted search neither is better."
)


def change(row: ComparisonRow) -> str:
    """``-0.0120 [-0.0200, -0.0040]``."""
    # z is in standard deviations, all else a share or a correlation
    digits = 4 if row.n_items is None else 1
    text = f"{row.difference:+.{digits}f}"
    if row.interval is None:
        return text
    return f"{text} [{row.interval[0]:.{digits}f}, {row.interval[1]:.{digits}f}]"


def both(row: ComparisonRow) -> tuple[str, str]:
    """The values of both runs; of R² to one digit more, of z to one."""
    digits = 4 if "R²" in row.metric else 3 if row.n_items is None else 1
    first, second = (
        "" if value is None else f"{value:.{digits}f}" for value in (row.baseline, row.other)
    )
    return first, second


def corrected(row: ComparisonRow) -> str:
    """The p value that the reading rests on."""
    p = row.p if row.p_corrected is None else row.p_corrected
    if p is None:
        return ""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def count(row: ComparisonRow) -> str:
    """What the row rests on: ``10 people``, ``208 items (96)``."""
    if row.kind == "search":
        return f"{row.n} pairs, two numbers"
    if row.over == "nothing":
        return f"{row.n} problems"
    clusters = row.clusters is not None and row.clusters < row.n
    return f"{row.n} {row.over}" + (f" ({row.clusters})" if clusters else "")


def about(row: ComparisonRow) -> str:
    """What it rests on, how many answers changed, and where they lean."""
    parts = [row.protocol, count(row)]
    if row.changed is not None:
        parts.append(f"{row.changed} answer{'' if row.changed == 1 else 's'} changed")
    if row.says is not None:
        choice, before, after = row.says
        parts.append(f"says {choice} {before:.0%} → {after:.0%}")
    if row.mcnemar_p is not None:
        parts.append(f"McNemar p {row.mcnemar_p:.3f} ({row.gained} gained, {row.lost} lost)")
    return ", ".join(filter(None, parts))


def verdict(pair: Pair, tolerance: float) -> list[tuple[str, str]]:
    """What got worse, by name, or that nothing did; what gives one answer; what is lost.

    Parameters
    ----------
    pair : comparison of two runs.
    tolerance : loss that was allowed when it was judged; 0 is not mentioned.

    Returns
    -------
    Word and text: ``worse``, ``one answer``, ``lost``, ``not judged``, or no word.
    """
    verdicts = [("alignment", aligns(row)) for row in pair.rows if row.n_items is not None]
    worse = [
        ("worse", f"{row.name}, {row.metric}: {change(row)} (p {corrected(row)})")
        for row in pair.regressions
    ]
    verdicts += worse
    if not worse:
        beyond = f" by more than {tolerance:g}" if tolerance else ""
        verdicts.append(("", f"none of {len(pair.judged)} rows got worse{beyond} beyond chance"))
    verdicts += [("one answer", collapse(one)) for one in pair.collapsed]
    if pair.untested:
        names = dict.fromkeys(f"{row.name}, {row.metric}" for row in pair.untested)
        verdicts.append(("not judged", f"{'; '.join(names)}: no standard error"))
    reasons = by_reason(pair.lost).items()
    verdicts += [("lost", f"{', '.join(names)}: {reason}") for reason, names in reasons]
    return verdicts


def aligns(row: ComparisonRow) -> str:
    """Whether the other run's model is found more clearly than the baseline's, or what it takes."""
    size = f"{row.metric} {change(row)}, p {corrected(row)}"
    words: dict[str, str] = {
        "better": f"the other run's model is found more clearly ({size})",
        "worse": f"the other run's model is found less clearly ({size})",
        "higher": f"higher, of the same weights ({size})",
        "identical": "nothing differs",
    }
    found = words.get(row.reading, f"neither is found more clearly ({size})")
    if row.reading in words or row.takes is None:
        return f"{row.name}: {found}"
    people, items = row.takes
    return (
        f"{row.name}: {found}; to show a difference of this size, it would take about "
        f"{people:,} people, or {items:,} items, where these are {row.n} and {row.n_items}"
    )


def collapse(one: Collapse) -> str:
    """``quick_a: says False to 100 % of 208 problems (before: 56 %; right in 50 %)``."""
    says = "gives no valid answer" if one.answer is None else f"says {one.answer}"
    return (
        f"{one.name}: {says} to {one.other:.0%} of {one.n} problems (the baseline: "
        f"{one.baseline:.0%}; right: {one.right:.0%})"
    )


def reading(row: ComparisonRow) -> str:
    """With what the word is measured by."""
    return f"the same ±{row.tolerance:g}" if row.reading == "the same" else row.reading


def shown(value: Any) -> str:
    """A value that differs, short enough for a line."""
    text = "none" if value is None else str(value)
    if re.fullmatch("[0-9a-f]{64}", text):
        return f"{text[:12]}…"
    return text if len(text) <= 48 else f"{text[:47]}…"


def groups(rows: Sequence[ComparisonRow]) -> list[list[ComparisonRow]]:
    """Rows of the same name and pairs, which share a line about them."""
    found: list[list[ComparisonRow]] = []
    for row in rows:
        if found and (found[-1][0].name, found[-1][0].over) == (row.name, row.over):
            found[-1].append(row)
        else:
            found.append([row])
    return found
