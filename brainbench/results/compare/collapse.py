"""Models that have come to give one answer to nearly everything.

A constant answer can leave accuracy where it was, as on problems of which half are True, and looks
harmless on a single task. It is a regression whatever the scores say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from brainbench.results.compare.comparison import LEVEL, Collapse
from brainbench.results.compare.items import PairedTask
from brainbench.results.compare.paired import mean_difference
from brainbench.results.compare.pooled import (
    group_tasks,
    pooled_clusters,
    pooled_name,
    pooled_pairs,
)
from brainbench.statistics.inference import holm

# an answer given as often is nearly always given
NEARLY_ALWAYS = 0.95
# how much more often than it is right it must be given: always answering True is not a fault where
# True is always right
_LEANING = 0.15
# with fewer problems there is no statement
MIN_PROBLEMS = 10


def find_collapses(tasks: Sequence[PairedTask]) -> list[Collapse]:
    """Tasks, and all tasks together, in which the other run nearly always gives one answer.

    The baseline does not, and the answer's share has risen beyond chance: paired over problems,
    corrected for the number of tasks (Holm).
    """
    groups = group_tasks(tasks)
    found = _corrected([_collapse(group) for group in groups])
    pooled = {one.name for one in found}
    # a collapse over all tasks is not listed for each task again
    apart = [group for group in groups if len(group) > 1 and pooled_name(group) not in pooled]
    return [*found, *_corrected([_collapse([task]) for group in apart for task in group])]


def _corrected(found: Sequence[Collapse | None]) -> list[Collapse]:
    if not found:
        return []
    corrected = holm([1.0 if one is None else one.p for one in found])
    return [
        one.model_copy(update={"p": p})
        for one, p in zip(found, corrected, strict=True)
        if one is not None and p < LEVEL
    ]


def _collapse(group: Sequence[PairedTask]) -> Collapse | None:
    pairs, clusters = pooled_pairs(group), pooled_clusters(group)
    if any(before.label is None for before, _ in pairs) or len(set(clusters)) < MIN_PROBLEMS:
        return None
    counts = [Counter(pair[side].said for pair in pairs) for side in (0, 1)]
    answer, count = counts[1].most_common(1)[0]
    n = len(pairs)
    right = sum(before.label == answer for before, _ in pairs) / n
    already = counts[0].most_common(1)[0][1] / n >= NEARLY_ALWAYS
    if already or count / n < NEARLY_ALWAYS or count / n - right < _LEANING:
        return None
    change = np.array([float(after.said == answer) - (before.said == answer)
                       for before, after in pairs])  # fmt: skip
    p = mean_difference(change, clusters, guarded=True).p
    assert p is not None
    return Collapse(
        name=pooled_name(group), answer=answer, baseline=counts[0][answer] / n, other=count / n,
        right=right, n=n, p=p,
    )  # fmt: skip
