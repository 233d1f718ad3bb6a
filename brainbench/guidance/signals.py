"""The guiding signals: responses of people to the items they reasoned about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.cell import prepare_cell
from brainbench.benchmarks.difficulty.profiles import joint_profile
from brainbench.datasets import (
    Behavior,
    Card,
    Recording,
    average_repeats,
    block_of,
    load_behavior,
)
from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.weighing import ANSWERS, check_answers
from brainbench.problems import Problem


@dataclass(frozen=True)
class MoreAnswers:
    """What more people answered to the same items.

    Attributes
    ----------
    dataset : its name.
    n_people : how many people it holds.
    share_right : (n_items,) share of those who answered that were right, each group of people
        counting the same; 0 where nobody of a group answered.
    """

    dataset: str
    n_people: int
    share_right: Array

    @classmethod
    def of(cls, behavior: Behavior, problems: Sequence[Problem]) -> MoreAnswers:
        """The answers to some problems.

        Parameters
        ----------
        behavior : everybody's answers.
        problems : those that count, each the very same there.

        Raises
        ------
        DataError
            When a problem is not in the behavioural dataset, or differs there.
        """
        rows = {problem.identifier: row for row, problem in enumerate(behavior.problems)}
        for problem in problems:
            row = rows.get(problem.identifier)
            if row is None or behavior.problems[row] != problem:
                raise DataError(
                    f"{behavior.card.name} {'lacks' if row is None else 'has another'} problem "
                    f"{problem.identifier}: its people's answers cannot weigh these items; weigh "
                    "them by the answers of those who were scanned"
                )
        chosen = [rows[problem.identifier] for problem in problems]
        right = behavior.values("accuracy")[chosen]
        share = np.nan_to_num(joint_profile(right, behavior.groups))
        return cls(behavior.card.name, len(behavior.subjects), share)

    def at(self, items: NDArray[np.intp]) -> MoreAnswers:
        """Only some items, in this order."""
        return replace(self, share_right=self.share_right[items])


@dataclass(frozen=True)
class Signals:
    """Responses to n items, and what is known of the items.

    Attributes
    ----------
    source : name of where they come from, ``xiao2026.language.syllogistic``.
    problems : the items, in the order they were shown.
    runs : (n_items,) label of the group that each is held out with: its scanner run, or the
        coordinate that the card names.
    types : (n_items,) reasoning type of each.
    labels : (n_items,) whether the conclusion follows.
    responses : per person (n_items, voxels), in the unit of the dataset.
    right : (P, n_items) 1 where the person answered correctly, 0 where wrongly, NaN where there
        was no answer; 1 throughout where no answers were recorded.
    limit : items of each type that were kept, for trying out; None where all were.
    more : answers of more people to the same items; None where only the scanned people's count.
    """

    source: str
    problems: tuple[Problem, ...]
    runs: NDArray[np.str_]
    types: NDArray[np.str_]
    labels: NDArray[np.bool_]
    responses: tuple[Array, ...]
    right: Array
    limit: int | None = None
    more: MoreAnswers | None = None

    @property
    def n_people(self) -> int:
        """How many people."""
        return len(self.responses)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(P, n_items) where a person gave no answer: neither right nor wrong."""
        return np.isnan(self.right)

    @property
    def share_right(self) -> Array:
        """(n_items,) share of the people who answered that were right; 0 where nobody answered.

        Of those whose responses these are, or of more people where their answers were given.
        """
        if self.more is not None:
            return self.more.share_right
        right: Array = np.nansum(self.right, axis=0)
        answered = (~self.missing).sum(axis=0)
        share: Array = np.divide(right, answered, out=np.zeros_like(right), where=answered > 0)
        return share

    def missed(self, answer: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Items that a model has wrong.

        Parameters
        ----------
        answer : (n_items,) 0 for True, 1 for False, -1 for an invalid answer.

        Returns
        -------
        (n_items,).
        """
        missed: NDArray[np.bool_] = answer != np.where(self.labels, 0, 1)
        return missed

    def humans_beat_model(self, answer: NDArray[np.int64]) -> bool:
        """Whether a person has an item right that these answers (n_items,) have wrong."""
        return bool((self.missed(answer) & (self.share_right > 0)).any())

    def at(self, items: NDArray[np.intp]) -> Signals:
        """Only some items, in this order."""
        return replace(
            self,
            problems=tuple(self.problems[i] for i in items),
            runs=self.runs[items],
            types=self.types[items],
            labels=self.labels[items],
            responses=tuple(block[items] for block in self.responses),
            right=self.right[:, items],
            more=None if self.more is None else self.more.at(items),
        )

    def with_responses(self, responses: tuple[Array, ...]) -> Signals:
        """The same items with other responses."""
        return replace(self, responses=responses)


def read_signals(
    recording: Recording,
    roi: str,
    reasoning_type: str,
    limit: int | None = None,
    more: Behavior | None = None,
) -> Signals:
    """The responses of everybody in one ROI to the items of one reasoning type, or of ``all``.

    Repeats are averaged; who was right at half of the showings of an item or fewer had it wrong.
    A missing answer is neither right nor wrong.

    Parameters
    ----------
    recording : people's responses and answers.
    roi : name of the region whose voxels are taken.
    reasoning_type : of the items; ``all`` takes every type.
    limit : keep only so many items of each reasoning type, the first; all by default.
    more : answers of more people to the same problems, by which items are weighed; by default
        those of the people who were scanned.

    Raises
    ------
    DataError
        When there are no such items or voxels, a person lacks a run, all conclusions follow, or
        none, or ``more`` holds other problems.
    """
    cell = prepare_cell(recording, reasoning_type, [roi], limit)
    problems = tuple(recording.asked[item] for item in cell.items)
    labels = np.array([problem.condition.valid for problem in problems])
    if labels.all() or not labels.any():
        raise DataError(
            f"{recording.card.name}, {reasoning_type}: all conclusions "
            f"{'follow' if labels.all() else 'fail'}; guidance needs both"
        )
    right = np.ones((len(cell.subjects), len(problems)))
    if recording.behavior is not None:
        accuracy, columns = cell.recorded("accuracy")
        accuracy = accuracy[:, columns].T
        right = np.where(np.isnan(accuracy), np.nan, accuracy > 0.5)
    # as published, not centred: the paper's maps see the means
    shown = average_repeats(recording.assembly).isel(presentation=cell.items)
    blocks = tuple(block_of(shown, subject, roi) for subject in cell.subjects)
    return Signals(
        f"{recording.card.name}.{roi}.{reasoning_type}",
        problems,
        cell.held_out(recording.card.held_out),
        np.array([problem.reasoning_type for problem in problems]),
        labels,
        blocks,
        right,
        limit,
        None if more is None else MoreAnswers.of(more, problems),
    )


def load_more_answers(card: Card, answers: str = ANSWERS[0]) -> Behavior | None:
    """The answers of more people to the problems of a recording.

    Parameters
    ----------
    card : of the recording; it names the dataset of answers.
    answers : ``all``, or ``scanned`` for none.

    Returns
    -------
    None where the card names no dataset, or only the scanned people's answers count.

    Raises
    ------
    DataError
        When the files cannot be had or read.
    """
    check_answers(answers)
    if answers == "scanned" or not card.more_answers:
        return None
    try:
        return load_behavior(card.more_answers)
    except DataError as error:
        raise DataError(
            f"items are weighed by the answers of {card.more_answers}, which cannot be had "
            f"({error}). Weigh them by those of the people who were scanned: "
            "--guidance-answers scanned"
        ) from error
