"""Whether scores of behaviour follow from their people, and from the answers that were shipped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks import (
    ANSWER_MEASURES,
    MEASURES,
    BehaviorBenchmark,
    BehaviorScore,
    score_behavior,
)
from brainbench.benchmarks.behavior.consistency import area_under_curve
from brainbench.datasets import Behavior, Card, cache_folder, load_behavior, load_card
from brainbench.leaderboard.checks.faults import (
    Fault,
    different,
    names_differ,
    number,
    recomputed,
    same,
)
from brainbench.leaderboard.checks.kappa import kappa_faults
from brainbench.leaderboard.kinds.behavior import CONTROLS
from brainbench.models import Answers

Array = NDArray[np.float64]
Rows = Sequence[Mapping[str, Any]]
FEATURES = (
    "reasoning type", "number of words", "negated conclusion", "premises needed",
    "position in run",
)  # fmt: skip


def behavior_faults(
    scores: Sequence[BehaviorScore], samples: Mapping[str, Rows], seed: int, people: bool = True
) -> Iterator[Fault]:
    """Faults of every score.

    Parameters
    ----------
    samples : dataset → rows of answers, as far as they were shipped.
    seed : of the run.
    people : score again from people's own answers, where they are at hand.
    """
    names = [score.benchmark for score in scores]
    for i, score in enumerate(scores):
        place = f"behavior[{i}] ({score.benchmark})"
        card = load_card(score.dataset)
        if names.index(score.benchmark) < i:
            yield Fault(place, "stands twice")
        faults = [*_design_faults(score, card), *_statistic_faults(score), *_row_faults(score)]
        faults += kappa_faults(score)
        rows = samples.get(score.dataset)
        if rows is not None:
            own = _rows_of(score, card, rows)
            faults += _answer_faults(score, own)
        for one in faults:
            yield Fault(f"{place}.{one.field}", one.problem, one.remedy)
    for dataset, rows in samples.items() if people else ():
        own_scores = [score for score in scores if score.dataset == dataset]
        if own_scores and is_local(load_card(dataset)):
            yield from _rescored(dataset, own_scores, rows, seed)


def is_local(card: Card) -> bool:
    """Whether every file of a dataset, and of those it is read with, is at hand offline."""
    if not all(is_local(load_card(name)) for name in card.requires):
        return False
    folders = [cache_folder() / "datasets" / card.name / card.version]
    mirror = os.environ.get("BRAINBENCH_MIRROR", "")
    if mirror and "://" not in mirror:
        folders.append(Path(mirror) / card.name)
    return any(
        all(
            (folder / entry.path).is_file() and (folder / entry.path).stat().st_size == entry.size
            for entry in card.files
        )
        for folder in folders
    )


# ---------------------------------------------------------------- parts


def _design_faults(score: BehaviorScore, card: Card) -> Iterator[Fault]:
    own = BehaviorBenchmark(score.dataset, score.reasoning_type)
    yield from different("benchmark", score.benchmark, own.identifier, "its parts say")
    people = [person.subject for person in score.people]
    people += [person.subject for person in score.left_out]
    yield from names_differ("people", people, card.subjects, "the people of the data card")
    yield from different("n_people", score.n_people, len(score.people), "its people are")


def _statistic_faults(score: BehaviorScore) -> Iterator[Fault]:
    """Means over people are those of the people, and ratios are quotients."""
    for name in ANSWER_MEASURES:
        statistic = getattr(score, name)
        values = [getattr(person, name) for person in score.people]
        known = [value for value in values if value is not None]
        mean = float(np.mean(known)) if known else None
        yield from recomputed(f"{name}.value", statistic.value, mean, "the people's")
        yield from different(
            f"{name}.n_undefined", statistic.n_undefined, len(values) - len(known), "its people say"
        )
    for name in MEASURES:
        statistic = getattr(score, name)
        interval, reference = statistic.reference_interval, statistic.reference
        if statistic.ratio is None:
            continue
        if (
            interval is None or interval[0] <= 0
            or reference is None or reference <= 0 or statistic.value is None
        ):  # fmt: skip
            problem = "is there, though the reference and its interval are not above 0"
            yield Fault(f"{name}.ratio", problem)
            continue
        of = "value and reference"
        yield from recomputed(f"{name}.ratio", statistic.ratio, statistic.value / reference, of)


def _row_faults(score: BehaviorScore) -> Iterator[Fault]:
    """No score without its controls."""
    names = [row.control for row in score.controls]
    yield from names_differ("controls", names, (*CONTROLS, *FEATURES), "the controls of behaviour")
    for row in score.controls:
        values = {name: getattr(row, name) for name in MEASURES}
        place = f"controls ({row.control[:40]})"
        if all(value is None for value in values.values()) and not row.reason:
            yield Fault(place, "has neither a number nor a reason why there is none")


def _rows_of(score: BehaviorScore, card: Card, rows: Rows) -> Rows:
    if score.reasoning_type not in card.reasoning_types:
        return rows
    return [row for row in rows if row.get("reasoning_type") == score.reasoning_type]


def _answer_faults(score: BehaviorScore, rows: Rows) -> Iterator[Fault]:
    """What follows from the answers that were shipped, without the people's."""
    yield from different("n_items", score.n_items, len(rows), "its samples are")
    if len({str(row.get("id")) for row in rows}) < len(rows):
        yield Fault("samples", "hold an item twice")
    labels, answer, odds = _answers(rows)
    if not rows or not np.isin(labels, (0.0, 1.0)).all():
        yield Fault("samples", "hold a label that is neither 1 nor 0")
        return
    valid = ~np.isnan(answer)
    right = answer == labels
    of = "its samples"
    yield from recomputed("accuracy", score.accuracy, float(right.mean()), of)
    sides = [right[labels == side] for side in (0.0, 1.0)]
    whole = all(side.size for side in sides)
    balanced = float(np.mean([side.mean() for side in sides])) if whole else None
    yield from recomputed("balanced_accuracy", score.balanced_accuracy, balanced, of)
    auc = area_under_curve(odds, labels)
    yield from recomputed("auc", score.auc, None if np.isnan(auc) else auc, of)
    true = float(answer[valid].mean()) if valid.any() else None
    yield from recomputed("true_rate", score.true_rate, true, of)
    yield from recomputed("labelled_true", score.labelled_true, float(labels.mean()), of)
    yield from different("n_invalid", score.n_invalid, int((~valid).sum()), "its samples say")
    held = int((~np.isnan(odds)).sum())
    yield from different("n_log_odds", score.n_log_odds, held, "its samples say")


def _answers(rows: Rows) -> tuple[Array, Array, Array]:
    """(n_items,) labels, answers and log-odds; NaN where there is none."""

    def column(name: str) -> Array:
        return np.array([_as_float(row.get(name)) for row in rows], np.float64)

    return column("label"), column("said"), column("log_odds")


def _as_float(value: Any) -> float:
    if isinstance(value, str) and value not in ("inf", "-inf"):
        return float("nan")
    return float("nan") if value is None or isinstance(value, list | dict) else float(value)


def _rescored(
    dataset: str, scores: Sequence[BehaviorScore], rows: Rows, seed: int
) -> Iterator[Fault]:
    """Every number again from the answers shipped and those of the people."""
    behavior = load_behavior(dataset)
    types = [kind for score in scores for kind in _types(score)]
    behavior = behavior.select([t for t in behavior.card.reasoning_types if t in types])
    answers = answers_of(dataset, behavior, rows)
    if isinstance(answers, Fault):
        yield answers
        return
    benchmarks = [BehaviorBenchmark(dataset, score.reasoning_type) for score in scores]
    again = list(score_behavior(benchmarks, behavior, answers, seed=seed))
    for score, found in zip(scores, again, strict=True):
        yield from _held_against(score, found)


def answers_of(dataset: str, behavior: Behavior, rows: Rows) -> Answers | Fault:
    """Answers that were shipped, in the order of the problems; or why they cannot be those.

    Parameters
    ----------
    dataset : name of the dataset, and of its file of samples.
    behavior : the items that were asked, with people's answers.
    rows : of the file.
    """
    known = {str(row.get("id")): row for row in rows}
    lacking = [p.identifier for p in behavior.problems if p.identifier not in known]
    place = f"samples/{dataset}.jsonl"
    if lacking:
        return Fault(place, f"lacks {lacking[0]} and {len(lacking) - 1} more of the items asked")
    labels, answer, odds = _answers([known[p.identifier] for p in behavior.problems])
    if not np.array_equal(labels, behavior.labels):
        item = behavior.problems[int(np.flatnonzero(labels != behavior.labels)[0])].identifier
        return Fault(place, f"says otherwise than the dataset whether {item} follows")
    if not np.isin(answer[~np.isnan(answer)], (0.0, 1.0)).all():
        return Fault(place, "holds an answer that is neither 1, 0 nor null")
    return Answers(answer, odds, ("",) * len(answer))


def _types(score: BehaviorScore) -> tuple[str, ...]:
    return BehaviorBenchmark(score.dataset, score.reasoning_type).reasoning_types


def _held_against(score: BehaviorScore, found: BehaviorScore) -> Iterator[Fault]:
    of = "its answers and the people's"
    for name in MEASURES:
        stated, again = getattr(score, name), getattr(found, name)
        for part in ("value", "reference", "ratio"):
            place = f"behavior ({score.benchmark}).{name}.{part}"
            yield from recomputed(place, getattr(stated, part), getattr(again, part), of)
    rows = {row.control: row for row in found.controls}
    for row in score.controls:
        again_row = rows.get(row.control)
        for name in MEASURES if again_row else ():
            given, value = getattr(row, name), getattr(again_row, name)
            if not same(given, value):
                place = f"behavior ({score.benchmark}).controls ({row.control}).{name}"
                yield Fault(place, f"is {number(given)}, {of} give {number(value)}")
