"""What got worse, by tests that allow for how many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from brainbench.results.compare.comparison import LEVEL, ROUNDING, ComparisonRow
from brainbench.statistics.inference import holm


def judge(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """The same rows with p values corrected, and which of them got worse.

    Rows of one kind are one family (Holm 1979): equal models seem to differ in any of them in 1 of
    20 comparisons, and downwards in 1 of 40. Of tasks and of alignment there are two families: the
    rows over all tasks or regions, which have the power, and single ones, whose number does not
    dilute the former.
    """
    families: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.p is not None:
            families[row.kind, row.primary].append(place)
    corrected: dict[int, float] = {}
    for places in families.values():
        own = holm([p for place in places if (p := rows[place].p) is not None])
        corrected |= dict(zip(places, own, strict=True))
    found = []
    for place, row in enumerate(rows):
        judged = row.model_copy(update={"p_corrected": corrected.get(place)})
        found.append(judged.model_copy(update={"regression": got_worse(judged)}))
    return found


def got_worse(row: ComparisonRow) -> bool:
    """Whether a row is below minus its tolerance, and its corrected p tells that from chance."""
    p = row.p if row.p_corrected is None else row.p_corrected
    if p is None or not row.difference < -max(row.tolerance, ROUNDING):
        return False
    return p < LEVEL
