"""Asking questions under many options of steering, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.guidance.evaluation.cached_prompts import (
    LastTokenEvaluator,
    PrefilledBatch,
    Question,
)
from brainbench.guidance.methods.directions import Director
from brainbench.progress import Progress, counting


@dataclass(frozen=True)
class AllResponses:
    """Responses to all questions, in their order.

    Attributes
    ----------
    odds, answer : (n_items, n_options) log-odds of True, natural logarithm, and number of the
        choice; NaN and -1 where a question was not asked.
    states : (n_items, L, units) with the first option; empty where not asked for.
    """

    odds: Array
    answer: NDArray[np.int64]
    states: Array


@dataclass(frozen=True)
class Pushes:
    """What options add at each item, multiplied out for a batch at a time.

    Attributes
    ----------
    units : (n_items, L, units) direction of each.
    factors : (n_options, L) its length under each option.
    """

    units: Array
    factors: Array

    def at(self, items: Sequence[int]) -> Array:
        """(items, n_options, L, units) for some items."""
        found: Array = self.units[list(items), None] * self.factors[None, :, :, None]
        return found


def ask_all(
    held: Sequence[PrefilledBatch],
    count: int,
    delta: Array | Pushes | None,
    *,
    items: NDArray[np.intp] | None = None,
    states: bool = False,
) -> AllResponses:
    """Evaluate prefilled questions, in their order.

    Parameters
    ----------
    count : how many there are in all; those that are not asked stay NaN.
    delta : (items or 1, options, L, units), or options of directions.
    items : which of them are asked; all that are held by default.
    """
    options = 1
    if delta is not None:
        options = len(delta.factors) if isinstance(delta, Pushes) else delta.shape[1]
    odds = np.full((count, options), np.nan)
    answer = np.full((count, options), -1, np.int64)
    kept: Array | None = None
    place = {row: i for i, row in enumerate(range(count) if items is None else items.tolist())}
    for part in held:
        own = [i for i, row in enumerate(part.rows) if row in place]
        if not own:
            continue
        rows = [part.rows[i] for i in own]
        some = None
        places = [place[row] for row in rows]
        if isinstance(delta, Pushes):
            some = torch.as_tensor(delta.at(places))
        elif delta is not None:
            some = torch.as_tensor(delta[slice(None) if len(delta) == 1 else places])
        responses = part.ask(some, states=states, rows=own)
        odds[rows], answer[rows] = responses.log_odds, responses.answer
        if responses.states is not None:
            if kept is None:
                kept = np.zeros((count, *responses.states.shape[2:]))
            kept[rows] = responses.states[:, 0]
    return AllResponses(odds, answer, np.zeros((0, 0, 0)) if kept is None else kept)


@dataclass(frozen=True)
class Candidates:
    """Options that questions are asked under.

    Attributes
    ----------
    sizes : (n_options, L, units) what is added at every question; or with ``direct``
        (n_options, L), the lengths of its directions.
    direct : unit directions as a function of the states at a question, nothing added.
    """

    sizes: Array
    direct: Director | None = None


def ask_candidates(
    evaluator: LastTokenEvaluator,
    questions: Sequence[Question],
    delta: Array,
    what: str,
    report: Progress,
) -> AllResponses:
    """Evaluate questions under every candidate (options, L, units), batch by batch.

    Parameters
    ----------
    evaluator : of the model; its layers are those of ``delta``.
    questions : n_items of them, with nothing computed yet.
    delta : (n_options, L, units) candidate vectors, each added at every question.
    what : name of the work, for progress messages.
    report : called with the number of questions done.

    Returns
    -------
    Log-odds and answers (n_items, n_options); no states.
    """
    return ask_each(evaluator, questions, [Candidates(delta)], what, report)


def ask_each(
    evaluator: LastTokenEvaluator,
    questions: Sequence[Question],
    several: Sequence[Candidates],
    what: str,
    report: Progress,
) -> AllResponses:
    """Evaluate questions under the options of several candidates, batch by batch.

    Parameters
    ----------
    evaluator, questions, what, report : as of :func:`ask_candidates`.
    several : candidates of any kind. Those that add the same everywhere are asked in one pass;
        of the others, what is added is made for one batch and one of them at a time.

    Returns
    -------
    Log-odds and answers (n_items, options of all, in their order); no states.
    """
    ends = np.cumsum([len(each.sizes) for each in several])
    columns = np.split(np.arange(ends[-1]), ends[:-1])
    by_item = [
        (own, each.direct, each.sizes)
        for own, each in zip(columns, several, strict=True)
        if each.direct is not None
    ]
    alike = [(own, e.sizes) for own, e in zip(columns, several, strict=True) if e.direct is None]
    everywhere = [np.concatenate(parts) for parts in zip(*alike, strict=True)]
    odds = np.full((len(questions), int(ends[-1])), np.nan)
    answer = np.full(odds.shape, -1, np.int64)

    def ask(part: PrefilledBatch, own: NDArray[np.intp], delta: torch.Tensor) -> None:
        responses = part.ask(delta)
        at = np.ix_(np.array(part.rows), own)
        odds[at], answer[at] = responses.log_odds, responses.answer

    for part in evaluator.batches(questions, counting(report, what)):
        if everywhere:
            ask(part, everywhere[0], torch.as_tensor(everywhere[1])[None])
        if by_item:
            plain = part.ask(states=True).states
            assert plain is not None
            states = plain[:, 0].astype(np.float64)
        for own, direct, lengths in by_item:
            # one of them at a time: all options of all arms would not fit
            units = direct(states)[:, None]
            ask(part, own, torch.as_tensor(units * lengths[None, :, :, None]))
    return AllResponses(odds, answer, np.zeros((0, 0, 0)))
