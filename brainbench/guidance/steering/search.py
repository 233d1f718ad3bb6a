"""The targeted search of the paper: for each person and problem that the model has wrong and the
person right, directions at all layers at once that turn the predicted response towards the
measured one, until the model answers rightly.

All people, layers and problems are one optimisation; asking again costs one token a pair.

It is reported with the baselines that would expose it: its map and its direction are fitted on
the very item that it is tried on, it is tried up to 40 times, and it stops at success. Any
direction that grows would flip an answer in the end; so the same is done for every arm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.evaluation.cached_prompts import PrefilledBatch
from brainbench.guidance.methods.directions import spread_of
from brainbench.guidance.objective import Objective
from brainbench.guidance.rows import TRIES
from brainbench.guidance.steering.descent import Descent
from brainbench.progress import Count

STEPS = 200
EVERY = STEPS // TRIES
RADIUS = 10.0
RATE = 0.1
# changes of what is added, relative to its length, that are none: a direction held within 10 sigma
_SAME = 1e-9
# (number of the try from 0, numbers of pairs) → (pairs, L, units) unit directions
Course = Callable[[int, NDArray[np.intp]], Array]


@dataclass(frozen=True)
class Pairs:
    """R pairs of a person and a problem that the person guides.

    Attributes
    ----------
    people, items : (R,) numbers.
    labels : (n_items,) number of the right choice.
    """

    people: NDArray[np.intp]
    items: NDArray[np.intp]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Scale:
    """Sizes of a model's states over some items, per layer.

    Attributes
    ----------
    sigma : (L,) sqrt(mean squared distance from the mean).
    magnitude : (L,) mean absolute value.
    """

    sigma: Array
    magnitude: Array


@dataclass(frozen=True)
class Search:
    """The result of a search.

    Attributes
    ----------
    pairs : for whom and what.
    tries : (R,) how often the model was asked until it answered rightly; 0 where it never did.
    delta : (R, L, units) the direction then, or the last one.
    lengths : (R, T, L) length of the direction at every try; NaN after success.
    reverted : (R,) how often an answer was none of the choices, and the direction went back.
    reached : (R, L, units) states of the run that succeeded, or of the last one.
    """

    pairs: Pairs
    tries: NDArray[np.int64]
    delta: Array
    lengths: Array
    reverted: NDArray[np.int64]
    reached: NDArray[np.float32]

    @property
    def flipped(self) -> NDArray[np.bool_]:
        """(R,) whether the answer became right."""
        return self.tries > 0


def scale_of(states: Array) -> Scale:
    """Sizes of states (items, L, units)."""
    return Scale(spread_of(states), np.abs(states).mean(axis=(0, 2)))


def wrong_and_right(answer: NDArray[np.int64], labels: NDArray[np.int64], right: Array) -> Pairs:
    """Pairs where the model is wrong and the person right.

    Parameters
    ----------
    answer : (n_items,) the model's answers; -1, none of the choices, is wrong.
    labels : (n_items,).
    right : (P, n_items).
    """
    people, items = np.nonzero((right > 0.5) & (answer != labels))
    return Pairs(people, items, labels)


def search(
    held: Sequence[PrefilledBatch],
    states: Array,
    objective: Objective,
    pairs: Pairs,
    scale: Scale,
    report: Count = lambda done, total: None,
) -> Search:
    """Search a direction for every pair, all at once.

    Parameters
    ----------
    held : the items as questions, each once.
    states : (n_items, L, units) at the last token, nothing added.
    objective : on the item's responses.
    scale : sets the learning rate, a tenth of the magnitude, and how far it may go, 10 sigma.
    report : called with (steps done, steps).

    Source: Xiao, Du & Lin 2026, Methods (targeted intervention); their code restores another
    row where an answer is none of the choices: here it is the pair's own last valid direction.
    """
    people, items = torch.as_tensor(pairs.people), torch.as_tensor(pairs.items)
    start = torch.as_tensor(states, dtype=torch.float64)[items]
    descent = Descent(
        torch.zeros_like(start),
        RATE * torch.as_tensor(scale.magnitude),
        RADIUS * torch.as_tensor(scale.sigma),
    )
    trace = _Trace.of(pairs, start.shape[1:])
    going = torch.arange(len(items))
    last = descent.delta.clone()
    for step in range(1, STEPS + 1):
        if not len(going):
            break
        if (step - 1) % EVERY == 0:
            # who goes on changes only when it was asked
            report(step - 1, STEPS)
            losses = objective.around(start[going], people[going], items[going])
        leaf = descent.delta.detach().requires_grad_()
        (slope,) = torch.autograd.grad(losses(leaf).sum(), leaf)
        if not torch.isfinite(slope).all():
            raise DataError("the slope of the search is NaN: responses or states do not vary")
        descent.step(slope)
        if step % EVERY:
            continue
        answer, reached = ask_pairs(held, pairs.items[going.numpy()], descent.delta)
        right, valid = trace.note(going, step // EVERY, answer, reached, descent.delta)
        descent.delta = torch.where(valid[:, None, None], descent.delta, last)
        last = descent.delta.clone()
        kept = torch.as_tensor(np.flatnonzero(~right))
        descent.keep(kept)
        going, last = going[kept], last[kept]
    report(STEPS, STEPS)
    return trace.search(pairs)


def follow(
    held: Sequence[PrefilledBatch],
    pairs: Pairs,
    lengths: Array,
    course: Course,
    report: Count = lambda done, total: None,
) -> Search:
    """The same number of tries at the same lengths, along directions that are given.

    Parameters
    ----------
    lengths : (R, T, L) of the search that is followed; where it had stopped, its last.
    course : unit directions of some pairs at a try.
    report : called with (tries done, tries).
    """
    filled = lengths.copy()
    for number in range(1, filled.shape[1]):
        gone = np.isnan(filled[:, number])
        filled[:, number][gone] = filled[:, number - 1][gone]
    rows = np.arange(len(pairs.items))
    trace: _Trace | None = None
    for number in range(filled.shape[1]):
        if not len(rows):
            break
        report(number, filled.shape[1])
        delta = torch.as_tensor(course(number, rows) * filled[rows, number, :, None])
        if trace is None:
            trace = _Trace.of(pairs, delta.shape[1:])
            asking = _Asking(held, pairs.items, delta)
        answer, reached = asking.ask(rows, delta)
        right, _ = trace.note(torch.as_tensor(rows), number + 1, answer, reached, delta)
        rows = rows[~right]
    report(filled.shape[1], filled.shape[1])
    assert trace is not None
    return trace.search(pairs)


def keep(directions: Array) -> Course:
    """The course of pairs that keep one direction through all tries.

    Parameters
    ----------
    directions : (R, L, units) unit directions.
    """
    return lambda number, rows: directions[rows]


def stay(held: Sequence[PrefilledBatch], pairs: Pairs, shape: Sequence[int]) -> Search:
    """The search of a loss without a slope: nothing is added, which is asked once.

    To follow its rounding would be forty tries that say nothing.

    Parameters
    ----------
    shape : layers and units of a direction.
    """
    lengths = np.zeros((len(pairs.items), STEPS // EVERY, shape[0]))
    return follow(held, pairs, lengths, keep(np.zeros((len(pairs.items), *shape))))


class _Asking:
    """Asks pairs, but not again where what is added has not changed since.

    Parameters
    ----------
    held : the items as questions, each once.
    items : (R,) number of each pair's item.
    delta : (R, L, units) of the shape of what will be added.
    """

    def __init__(
        self, held: Sequence[PrefilledBatch], items: NDArray[np.intp], delta: torch.Tensor
    ) -> None:
        self._held, self._items = held, items
        self._asked = torch.full_like(delta, torch.nan)
        self._answer = np.full(len(items), -1, np.int64)
        self._reached = np.zeros(delta.shape, np.float32)

    def ask(
        self, rows: NDArray[np.intp], delta: torch.Tensor
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Answers (rows,) and states (rows, L, units) of pairs with ``delta`` added.

        Parameters
        ----------
        rows : which pairs.
        delta : (rows, L, units).
        """
        changed = (delta - self._asked[torch.as_tensor(rows)]).norm(dim=-1)
        # what was never asked is NaN, which is below nothing
        new = ~(changed <= _SAME * delta.norm(dim=-1)).all(dim=-1).numpy()
        if new.any():
            asked, own = rows[new], delta[torch.as_tensor(new)]
            self._answer[asked], self._reached[asked] = ask_pairs(
                self._held, self._items[asked], own
            )
            self._asked[torch.as_tensor(asked)] = own
        return self._answer[rows], self._reached[rows]


def ask_pairs(
    held: Sequence[PrefilledBatch], items: NDArray[np.intp], delta: torch.Tensor
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Answers to the items of R pairs, each with a vector of its own added.

    Candidates of one item stand side by side, in rows of equal length; the room that is left
    is asked with nothing added.

    Parameters
    ----------
    held : the items as questions, each once.
    items : (R,) number of each pair's item.
    delta : (R, L, units) added to the states of each.

    Returns
    -------
    Answers (R,), numbers of choices or -1; states (R, L, units) with ``delta`` in them.
    """
    answer = np.full(len(items), -1, np.int64)
    reached = np.zeros(delta.shape, np.float32)
    for part in held:
        own = [np.flatnonzero(items == row) for row in part.rows]
        width = _width([len(pairs) for pairs in own])
        if not width:
            continue
        cut = [(i, p[k : k + width]) for i, p in enumerate(own) for k in range(0, len(p), width)]
        room = torch.zeros((len(cut), width, *delta.shape[1:]), dtype=delta.dtype)
        for place, (_, pairs) in enumerate(cut):
            room[place, : len(pairs)] = delta[pairs]
        responses = part.ask(room, states=True, rows=[i for i, _ in cut])
        assert responses.states is not None
        for place, (_, pairs) in enumerate(cut):
            answer[pairs] = responses.answer[place, : len(pairs)]
            reached[pairs] = responses.states[place, : len(pairs)]
    return answer, reached


def _width(counts: Sequence[int]) -> int:
    """Candidates in a row so that the least is computed; 0 where there are none.

    To read a prompt's keys and values once more costs about as much as one more candidate.
    """

    def cost(width: int) -> int:
        return sum(-(-count // width) for count in counts) * (width + 1)

    return min(range(1, max(counts) + 1), key=cost, default=0)


@dataclass
class _Trace:
    """The state of every pair over the tries."""

    labels: NDArray[np.int64]
    tries: NDArray[np.int64]
    delta: Array
    lengths: Array
    reverted: NDArray[np.int64]
    reached: NDArray[np.float32]

    @classmethod
    def of(cls, pairs: Pairs, shape: Sequence[int]) -> _Trace:
        count, (layers, units) = len(pairs.items), shape
        return cls(
            pairs.labels[pairs.items],
            np.zeros(count, np.int64),
            np.zeros((count, layers, units)),
            np.full((count, STEPS // EVERY, layers), np.nan),
            np.zeros(count, np.int64),
            np.zeros((count, layers, units), np.float32),
        )

    def note(
        self,
        going: torch.Tensor,
        number: int,
        answer: NDArray[np.int64],
        reached: NDArray[np.float32],
        delta: torch.Tensor,
    ) -> tuple[NDArray[np.bool_], torch.Tensor]:
        """Note a try of the pairs that still go on; which are right, and which valid."""
        rows = going.numpy()
        right = answer == self.labels[rows]
        self.tries[rows[right]] = number
        self.reverted[rows[answer < 0]] += 1
        self.delta[rows] = delta.numpy()
        self.lengths[rows, number - 1] = delta.norm(dim=-1).numpy()
        self.reached[rows] = reached
        return right, torch.as_tensor(answer >= 0)

    def search(self, pairs: Pairs) -> Search:
        return Search(pairs, self.tries, self.delta, self.lengths, self.reverted, self.reached)
