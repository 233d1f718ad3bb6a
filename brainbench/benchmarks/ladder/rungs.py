"""The rungs of the ladder: what is taken out before a model is held against people.

Each rung takes out what the rungs before it do, and its own columns. People's behaviour comes
last: it is what these brains did, and validity is the answer of the reasoning itself, so that a
model explained there may well be one that reasons as people do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from brainbench.benchmarks.cell import Cell
from brainbench.benchmarks.ladder.names import Rung
from brainbench.benchmarks.own_columns import removable_columns
from brainbench.encoding import nuisance
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.projection import run_columns
from brainbench.problems import Problem, Stimulus

# principal components of word counts: as many items as people see in a scanner bear no more
WORD_COMPONENTS = 3


@dataclass(frozen=True)
class RungColumns:
    """The columns that one rung adds, in one reasoning type.

    Attributes
    ----------
    group : (n, q) for all people alike.
    own : (P, n, q) where they are a person's own; None where they are the group's.
    """

    group: Array
    own: Array | None = None

    @property
    def exists(self) -> bool:
        """Whether anything varies."""
        return bool(self.group.any() or (self.own is not None and self.own.any()))


def rung_columns(cell: Cell) -> dict[Rung, RungColumns]:
    """What each rung adds to the ones before it, in the order of the ladder.

    ``run``: run means. ``position``: two slow waves over a run, and words and condition of the
    trials before and after, whose responses overlap in time. ``length``: words and characters.
    ``condition``: validity, negation and premises needed, with every interaction, and what the
    card names of its own. ``words``: three
    principal components of word counts. ``behaviour``: means over people of response time,
    accuracy and missing answers, and each person's own. A rung that a dataset has nothing for has
    columns of zeros.

    Parameters
    ----------
    cell : of one reasoning type.
    """
    return {rung: make(cell) for rung, make in _MAKERS.items()}


def run_labels(cell: Cell) -> NDArray[np.str_]:
    """(n,) group that is held out whole: items are exchanged within it."""
    return cell.held_out(cell.recording.card.held_out)


def neighbour_columns(cell: Cell) -> Array:
    """(n, 8) words and condition of the trials before and after each item, in its run.

    Of plain texts (n, 2): they have no condition. Zero, the mean, where there is none or its
    problem is not known.
    """
    recording = cell.recording
    features = np.hstack(
        [
            nuisance.text_length([p.sentences for p in recording.problems])[:, :1],
            _conditions(recording.problems),
        ]
    )
    assembly = recording.assembly
    known = {problem.identifier: row for row, problem in enumerate(recording.problems)}
    shown = {
        (str(run), int(place)): known[str(item)]
        for run, place, item in zip(
            assembly["run"].values,
            assembly["position"].values,
            assembly["stimulus_id"].values,
            strict=True,
        )
        if str(item) in known
    }
    runs = cell.coordinate("run")
    found = np.zeros((2, len(runs), features.shape[1]))
    for side, step in enumerate((-1, 1)):
        for item, (run, place) in enumerate(zip(runs, cell.position, strict=True)):
            row = shown.get((str(run), int(place) + step))
            if row is not None:
                found[side, item] = features[row]
    return np.hstack(list(found))


def condition_columns(cell: Cell) -> Array:
    """(n, 7) validity, negation and premises needed, and every product of them; (n, 0) of plain
    texts.
    """
    plain = _conditions(cell.problems)
    products = [
        plain[:, chosen].prod(axis=1)
        for size in (2, 3)
        for chosen in combinations(range(plain.shape[1]), size)
    ]
    return np.column_stack([plain, *products])


def _conditions(problems: Sequence[Stimulus]) -> Array:
    known = [one.condition for one in problems if isinstance(one, Problem)]
    if len(known) < len(problems):
        return np.zeros((len(problems), 0))
    return nuisance.standardise([[c.valid, c.negated, c.premises_needed] for c in known])


def _run(cell: Cell) -> RungColumns:
    return RungColumns(run_columns(run_labels(cell)))


def _position(cell: Cell) -> RungColumns:
    if cell.places is None:
        return RungColumns(np.zeros((len(cell.items), 0)))
    return RungColumns(np.hstack([nuisance.slow_waves(cell.places), neighbour_columns(cell)]))


def _length(cell: Cell) -> RungColumns:
    return RungColumns(nuisance.text_length([p.sentences for p in cell.problems]))


def _condition(cell: Cell) -> RungColumns:
    return RungColumns(np.hstack([condition_columns(cell), removable_columns(cell)]))


def _words(cell: Cell) -> RungColumns:
    texts = [" ".join(problem.sentences) for problem in cell.problems]
    counts = CountVectorizer(token_pattern=r"\S+").fit_transform(texts).toarray()
    centred = counts - counts.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    return RungColumns((left * values)[:, :WORD_COMPONENTS])


def _behaviour(cell: Cell) -> RungColumns:
    size = len(cell.items)
    if cell.recording.behavior is None:
        return RungColumns(np.zeros((size, 0)))
    own, group = [], []
    for name in ("response_time", "accuracy"):
        values, people = cell.recorded(name)
        own.append(np.stack([nuisance.own_response_time(values, person) for person in people]))
        # nobody is left out: the mean over all people
        everybody = np.column_stack([values, np.full(size, np.nan)])
        group.append(nuisance.others_response_time(everybody, values.shape[1]))
    seconds, people = cell.recorded("response_time")
    missing = np.isnan(seconds)
    own.append(np.stack([nuisance.standardise(missing[:, person]) for person in people]))
    group.append(nuisance.standardise(missing.mean(axis=1)))
    # what all have in common is taken out of each person, too: whoever responds to an item as hard
    # for others is not found either
    shared = np.hstack(group)
    own.append(np.broadcast_to(shared, (len(people), *shared.shape)))
    return RungColumns(shared, np.concatenate(own, axis=2))


_MAKERS: dict[Rung, Callable[[Cell], RungColumns]] = {
    "run": _run,
    "position": _position,
    "length": _length,
    "condition": _condition,
    "words": _words,
    "behaviour": _behaviour,
}
