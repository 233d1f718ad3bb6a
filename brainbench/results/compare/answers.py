"""Answers to the same items, of one task or of several: counts, shares, a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from brainbench.results.compare.comparison import ComparisonRow
from brainbench.results.compare.items import Item
from brainbench.results.compare.paired import PairedEstimate
from brainbench.statistics.answers import mcnemar

Pairs = Sequence[tuple[Item, Item]]


@dataclass(frozen=True)
class AnswerChanges:
    """Changes of answers other than how many are right.

    ``changed`` answers are other ones in both runs; ``says`` is the first choice with its share in
    each; ``exact`` is McNemar's p with problems gained and lost.
    """

    changed: int
    says: tuple[str, float, float] | None
    exact: tuple[float, int, int] | None


def tell_answers(pairs: Pairs, clusters: Sequence[str], first: str | None) -> AnswerChanges:
    """Counts and shares of the answers to the same items.

    Parameters
    ----------
    clusters : of each item.
    first : the choice whose share is shown; None where there is none.
    """
    rights = rights_of(pairs)
    exact = _exact(clusters, rights)
    if any(before.label is None for before, _ in pairs):
        return AnswerChanges(int((rights[:, 0] != rights[:, 1]).sum()), None, exact)
    changed = sum(before.said != after.said for before, after in pairs)
    if first is None:
        return AnswerChanges(changed, None, exact)
    before, after = (sum(pair[side].said == first for pair in pairs) for side in (0, 1))
    return AnswerChanges(changed, (first, before / len(pairs), after / len(pairs)), exact)


def rights_of(pairs: Pairs) -> Any:
    """(item, 2) how right each answer is, from 0 to 1."""
    return np.array([[before.right, after.right] for before, after in pairs])


def same_odds(pairs: Pairs) -> bool:
    """Whether all log-odds are the same."""
    return all(before.odds == after.odds for before, after in pairs)


def task_row(
    name: str,
    metric: str,
    both: ArrayLike,
    found: PairedEstimate,
    *,
    primary: bool,
    identical: bool,
    answers: AnswerChanges | None = None,
) -> ComparisonRow:
    """A row over items; with ``answers`` their counts too.

    Parameters
    ----------
    name : of the task, or of what stands for several.
    metric : as it is called in the row.
    both : (2,) the metric in the baseline and in the other run.
    found : difference, other minus baseline, with its error.
    primary : whether p is corrected with the primary rows, see :class:`.ComparisonRow`.
    identical : whether no item differs; p is then 1 where there is one.
    answers : of the same items; None leaves their counts out.
    """
    before, after = np.asarray(both, float).tolist()
    p, gained, lost = (answers and answers.exact) or (None, None, None)
    return ComparisonRow(
        kind="task",
        name=name,
        metric=metric,
        primary=primary,
        baseline=before,
        other=after,
        difference=found.value,
        stderr=found.stderr,
        interval=found.interval,
        p=1.0 if identical and found.p is not None else found.p,
        over="items",
        n=found.n,
        clusters=found.clusters,
        identical=identical,
        changed=answers.changed if answers else None,
        says=answers.says if answers else None,
        mcnemar_p=p,
        gained=gained,
        lost=lost,
    )


def _exact(clusters: Sequence[str], rights: Any) -> tuple[float, int, int] | None:
    """McNemar on the first item of each cluster; None where being right is a share."""
    if not np.isin(rights, (0.0, 1.0)).all():
        return None
    _, places = np.unique(np.asarray(clusters), return_index=True)
    return mcnemar(rights[places, 0], rights[places, 1])
