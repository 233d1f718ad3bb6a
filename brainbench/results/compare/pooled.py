"""Rows over all tasks that share their choices: a few hundred problems tell what 32 do not.

Problems are drawn anew, those of each task apart and all orders of one together, with the answers
of both runs; the spread of the difference over draws is its standard error. One problem more of
each label counts as gained and one as lost, so that no interval is without width.

Source: Efron & Tibshirani 1993, chapters 6 and 8 (stratified); Agresti & Min 2005.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.gains.bootstrap import draw_problems
from brainbench.guidance.gains.metrics import measure
from brainbench.guidance.rows import Metric
from brainbench.results.compare.answers import (
    Pairs,
    rights_of,
    same_odds,
    task_row,
    tell_answers,
)
from brainbench.results.compare.comparison import ComparisonRow
from brainbench.results.compare.items import PairedTask
from brainbench.results.compare.paired import Floats, PairedEstimate, t_interval, t_p, within
from brainbench.statistics.answers import auc, balanced_accuracy

# draws of problems; the standard error is then known to 1.6 %
N_DRAWS = 2_000
_SEED = 0
# of the numbers that draws are kept as
_MAX_KEPT = 40_000_000
# a share of draws that may lack a label
_UNDEFINED = 0.05


def group_tasks(tasks: Sequence[PairedTask]) -> list[list[PairedTask]]:
    """Tasks that have the same labels, or are measured by the same metric."""
    found: dict[object, list[PairedTask]] = defaultdict(list)
    for task in tasks:
        key: object = ("metric", task.pairs[0][0].metric)
        if task.labels is not None:
            key = ("labels", frozenset(task.labels), task.first)
        found[key].append(task)
    return list(found.values())


def pooled_name(group: Sequence[PairedTask]) -> str:
    """``all 6 tasks (True, False)``; of one task its name."""
    if len(group) == 1:
        return group[0].name
    labels = group[0].labels
    about = group[0].pairs[0][0].metric or ""
    if labels is not None:
        words = sorted(set(labels), key=lambda word: (word != group[0].first, word))
        about = ", ".join(words) if len(words) <= 6 else f"{len(words)} choices"
    return f"all {len(group)} tasks ({about})"


def pooled_pairs(group: Sequence[PairedTask]) -> Pairs:
    """Items of all tasks."""
    return [pair for task in group for pair in task.pairs]


def pooled_clusters(group: Sequence[PairedTask]) -> list[str]:
    """What belongs together, by names that no two tasks share by accident."""
    return [
        before.cluster if before.shared else f"{place}/{before.cluster}"
        for place, task in enumerate(group)
        for before, _ in task.pairs
    ]


def pooled_rows(group: Sequence[PairedTask], n_draws: int = N_DRAWS) -> Iterator[ComparisonRow]:
    """Accuracy, balanced accuracy and AUC over the problems of all tasks; nothing of one task.

    Area under one curve: the log-odds of all tasks together, where both runs have those of the
    same items.

    Parameters
    ----------
    group : tasks that share their choices.
    n_draws : of the bootstrap.
    """
    if len(group) < 2:
        return
    name, problems = pooled_name(group), _Problems.of(group)
    pairs, rights = problems.pairs, rights_of(problems.pairs)
    answers = tell_answers(pairs, pooled_clusters(group), group[0].first)
    changes = _share_changes(problems, n_draws)
    both = rights.mean(axis=0)
    yield task_row(
        name, "accuracy", both, _estimate(both, changes["accuracy"], problems),
        primary=True, identical=answers.changed == 0, answers=answers,
    )  # fmt: skip
    if len(set(problems.labels)) > 1 and "balanced_accuracy" in changes:
        both = np.array([balanced_accuracy(rights[:, side], problems.labels) for side in (0, 1)])
        yield task_row(
            name, "balanced accuracy", both,
            _estimate(both, changes["balanced_accuracy"], problems),
            primary=True, identical=answers.changed == 0,
        )  # fmt: skip
    held = _with_odds(group)
    if held is not None and len({before.label for before, _ in held.pairs}) == 2:
        positive = np.array([before.label == group[0].first for before, _ in held.pairs])
        odds = np.array([[one.odds for one in pair] for pair in held.pairs], float)
        both = np.array([float(auc(odds[:, side], positive)) for side in (0, 1)])
        drawn = _area_changes(held, positive, odds, n_draws)
        yield task_row(
            name, "AUC", both, _estimate(both, drawn, held),
            primary=True, identical=same_odds(held.pairs),
        )  # fmt: skip


@dataclass(frozen=True)
class _Problems:
    """Items of several tasks.

    ``base`` numbers what is drawn together, ``strata`` the task of each item.
    """

    pairs: Pairs
    base: NDArray[np.intp]
    strata: NDArray[np.intp]

    @classmethod
    def of(cls, group: Sequence[PairedTask]) -> _Problems:
        """All items."""
        return cls(
            pooled_pairs(group),
            np.unique(pooled_clusters(group), return_inverse=True)[1],
            np.repeat(np.arange(len(group)), [len(task.pairs) for task in group]),
        )

    @property
    def labels(self) -> list[str]:
        """Of each item."""
        return [str(before.label) for before, _ in self.pairs]

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a standard error over them."""
        return max(1, int(np.unique(self.base).size - np.unique(self.strata).size))

    def chosen(self, places: Sequence[int]) -> _Problems:
        """Some of the items."""
        kept = np.asarray(places, int)
        base = np.unique(self.base[kept], return_inverse=True)[1]
        return _Problems([self.pairs[place] for place in places], base, self.strata[kept])


def _with_odds(group: Sequence[PairedTask]) -> _Problems | None:
    """Items with log-odds; None where a task has those of other items in either run."""
    if group[0].first is None or any(t.with_odds[0] != t.with_odds[1] for t in group):
        return None
    has = [before.odds is not None for before, _ in pooled_pairs(group)]
    places = np.flatnonzero(has).tolist()
    return _Problems.of(group).chosen(places) if places else None


def _share_changes(problems: _Problems, n_draws: int) -> Mapping[Metric, Floats]:
    """(1 + draws,) differences of shares: as the problems are with those that guard, then drawn."""
    pairs = problems.pairs
    if any(before.label is None for before, _ in pairs):
        rights = rights_of(pairs)
        more = _Guard.of(problems, 1)
        change = np.concatenate([rights[:, 1] - rights[:, 0], more.sign])
        weights = _weights(more, n_draws)
        sums, counts = (np.bincount(more.base, each) for each in (change, np.ones(change.size)))
        return {"accuracy": (weights @ sums) / (weights @ counts)}
    words = sorted(set(problems.labels))
    numbers = {word: place for place, word in enumerate(words)}
    more = _Guard.of(problems, max(2, len(words)))
    labels = np.concatenate([[numbers[word] for word in problems.labels], more.label])
    wrong = (more.label + 1) % max(2, len(words))
    answers = [
        np.concatenate(
            [[numbers.get(str(pair[side].said), -1) for pair in pairs],
             np.where((more.sign > 0) == bool(side), more.label, wrong)]
        )
        for side in (0, 1)
    ]  # fmt: skip
    return _measured(more, labels, np.array(answers), np.full((2, labels.size), np.nan), n_draws)


def _area_changes(
    problems: _Problems, positive: NDArray[np.bool_], odds: Floats, n_draws: int
) -> Floats:
    """(1 + draws,) differences of areas; a problem that guards moves from the middle to an end."""
    more = _Guard.of(problems, 2)
    labels = np.concatenate([np.where(positive, 0, 1), more.label])
    ends = np.where((more.sign > 0) == (more.label == 0), np.inf, -np.inf)
    # of the problems with the other label
    medians = [np.median(odds[positive == (one == 1), 0]) for one in (0, 1)]
    middle = np.array(medians)[more.label]
    both = np.array([np.r_[odds[:, 0], middle], np.r_[odds[:, 1], ends]])
    answers = np.zeros(both.shape, int)
    return _measured(more, labels, answers, both, n_draws)["auc"]


def _measured(
    more: _Guard, labels: NDArray[np.intp], answers: NDArray[np.intp], odds: Floats, n_draws: int
) -> Mapping[Metric, Floats]:
    items = TestItems(
        labels=labels, n_choices=max(2, int(labels.max()) + 1), base=more.base,
        order=np.zeros(labels.size, int),
    )  # fmt: skip
    found = measure(ArmAnswers(log_odds=odds, answer=answers), items, _weights(more, n_draws))
    return {metric: values[:, 1] - values[:, 0] for metric, values in found.items()}


@dataclass(frozen=True)
class _Guard:
    """Problems with two more of each label: one gained, one lost, of as many items as others.

    ``base`` and ``strata`` are of all items; ``sign`` and ``label`` of those that were added.
    """

    base: NDArray[np.intp]
    strata: NDArray[np.intp]
    sign: NDArray[np.intp]
    label: NDArray[np.intp]

    @classmethod
    def of(cls, problems: _Problems, n_labels: int) -> _Guard:
        """With two more of each label."""
        n_base = int(problems.base.max()) + 1
        items = max(1, round(problems.base.size / n_base))
        number = np.repeat(np.arange(2 * n_labels), items)
        return cls(
            np.concatenate([problems.base, n_base + number]),
            np.concatenate([problems.strata, np.full(number.size, problems.strata.max() + 1)]),
            np.where(number % 2 == 0, 1, -1),
            number // 2,
        )


def _weights(more: _Guard, n_draws: int) -> NDArray[np.uint16]:
    """(1 + draws, problems) ones, then how often each is drawn; each task's apart.

    Of n problems n - 1 are drawn, which gives their spread its right size.
    """
    n_base = int(more.base.max()) + 1
    n_draws = max(200, min(n_draws, _MAX_KEPT // n_base))
    task = np.empty(n_base, int)
    task[more.base] = more.strata
    sizes = np.bincount(task)
    # of a single problem none could be drawn: those of all such tasks are drawn together
    task = np.where(sizes[task] == 1, -1, task)
    rng = np.random.default_rng(_SEED)
    weights = np.ones((1 + n_draws, n_base), np.uint16)
    for one in np.unique(task):
        own = np.flatnonzero(task == one)
        if own.size > 1:
            weights[1:, own] = draw_problems(own.size, n_draws, rng)
    return weights


def _estimate(both: Floats, changes: Floats, problems: _Problems) -> PairedEstimate:
    """What was measured, with the error of the draws; guarded as those of single tasks are."""
    value, centre = float(both[1] - both[0]), float(changes[0])
    drawn = changes[1:][np.isfinite(changes[1:])]
    clusters, n = int(np.unique(problems.base).size), len(problems.pairs)
    stderr = float(drawn.std()) if drawn.size else 0.0
    if drawn.size < (1 - _UNDEFINED) * (changes.size - 1) or stderr <= 0:
        return PairedEstimate(value, None, None, None, n, clusters)
    interval = within(t_interval(centre, stderr, problems.freedom), value, 1.0)
    p = t_p(centre, stderr, problems.freedom)
    return PairedEstimate(value, stderr, interval, p, n, clusters)
