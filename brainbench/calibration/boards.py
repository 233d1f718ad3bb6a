"""Simulated boards of models that are equal: how often intervals and ranks are right.

A world is a set of models and items; its boards differ in the people who were measured, or are one
board where problems are what is drawn anew. Models of a world are exchangeable: none is better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from brainbench.benchmarks.behavior.consistency import agreement
from brainbench.benchmarks.published.scoring import score_space
from brainbench.calibration.people import (
    PEOPLE,
    ROI,
    Design,
    make_design,
    make_experiment,
    of_exchanged_rows,
    respond,
    shared_course,
)
from brainbench.calibration.scenarios import PLANTED_LAYER, root
from brainbench.encoding.controlled.banded_ridge import unique_variance
from brainbench.encoding.controlled.folds import permutations
from brainbench.encoding.controlled.people_bootstrap import penalty_table, people_bounds
from brainbench.leaderboard.boards.board import Board, load_boards
from brainbench.leaderboard.boards.bootstrap import ScoreDraws, draw_scores, join_wins
from brainbench.leaderboard.expected import own_problems
from brainbench.leaderboard.kinds.cells import (
    EntryCell,
    kappa_cell,
    median_cell,
    recall_cell,
    unique_cell,
)

Array = NDArray[np.float64]
TYPES = ("syllogistic", "transitive")
REGIONS = 3
# people of ds003076 who answered enough problems of each type, and problems there
ANSWERED = {"syllogistic": (36, 15), "transitive": (34, 13)}
NEW_PEOPLE = 1000
"""Behaviour: simulated for the score of a model that is expected of new people."""
# problems by difficulty, hardest first: problems of each level that every model gets wrong
_WRONG = (4, 3, 2, 1, 1, 0)


@dataclass(frozen=True)
class World:
    """Boards of the same M models and items.

    Attributes
    ----------
    boards : scores and draws of each, made by what makes those of submitted models.
    truth : (M,) expected score on these items, of people drawn anew; None where problems are
        what is drawn.
    groups : of people whose mean the truth is, those of the boards among them; infinite where
        it is known apart from them.
    """

    boards: tuple[ScoreDraws, ...]
    truth: Array | None = None
    groups: float = np.inf


@dataclass(frozen=True)
class Sizes:
    """How much is simulated.

    Attributes
    ----------
    models : on each board.
    worlds : of each kind of board: alignment with nothing there and with a layer of every
        model, published alignment, behaviour, accuracy.
    boards : of each world of alignment and behaviour.
    more_people, more_published : groups of people for the expected score of a model, beside
        those of boards, under either protocol.
    orders : permutations of each null distribution.
    """

    models: int = 4
    worlds: tuple[int, int, int, int, int] = (40, 20, 40, 200, 1000)
    boards: int = 5
    more_people: int = 30
    more_published: int = 10
    orders: int = 40


FULL_SIZES = Sizes()
QUICK_SIZES = Sizes(worlds=(4, 2, 1, 20, 100), boards=3, more_people=6, more_published=3, orders=10)


@dataclass(frozen=True)
class AlignmentArrays:
    """What the pipeline gives of C cells, M models, K boards, P people.

    Attributes
    ----------
    people : (C, M, K, P) unique R² of each person.
    null : (C, M, K) its mean under permutation.
    low, high : (C, M, K) interval over people, as in a record.
    truth : (C, M) mean over many groups of people, above the mean null.
    groups : number of those groups.
    """

    people: Array
    null: Array
    low: Array
    high: Array
    truth: Array
    groups: Array

    def world(self) -> World:
        """The boards, ranked as ``alignment`` is."""
        board = board_named("alignment")
        names = [f"p{i:02d}" for i in range(self.people.shape[-1])]
        boards = []
        for k in range(self.people.shape[2]):
            entries = [
                {
                    cell: unique_cell(
                        names,
                        self.people[c, m, k],
                        float(self.null[c, m, k]),
                        (float(self.low[c, m, k]), float(self.high[c, m, k])),
                    )
                    for c, cell in enumerate(board.benchmarks)
                }
                for m in range(self.people.shape[1])
            ]
            boards.append(draw_scores(board, entries))
        return World(tuple(boards), self.truth.mean(axis=0), float(self.groups))


@dataclass(frozen=True)
class PublishedArrays:
    """The same under the published protocol.

    Attributes
    ----------
    people : (C, M, K, P) r of each person at the best layer.
    truth : (M,) mean over many groups of people of the score of the board.
    groups : number of those groups.
    """

    people: Array
    truth: Array
    groups: Array

    def world(self) -> World:
        """The boards, ranked as ``alignment-published`` is."""
        board = board_named("alignment-published")
        names = [f"p{i:02d}" for i in range(self.people.shape[-1])]
        boards = [
            draw_scores(
                board,
                [
                    {cell: median_cell(names, own[c]) for c, cell in enumerate(board.benchmarks)}
                    for own in np.moveaxis(self.people[:, :, k], 1, 0)
                ],
            )
            for k in range(self.people.shape[2])
        ]
        return World(tuple(boards), self.truth, float(self.groups))


@cache
def board_named(name: str) -> Board:
    """One of the boards that ship."""
    return next(board for board in load_boards() if board.name == name)


def simulated_designs() -> list[Design]:
    """Both reasoning types, with the simulated behaviour of seed 0."""
    experiment = make_experiment(0)
    return [make_design(experiment, kind) for kind in TYPES]


# ---------------------------------------------------------------- alignment


def simulate_alignment(
    designs: Sequence[Design], share: float, sizes: Sizes, seed: int, number: int
) -> AlignmentArrays:
    """One world under the controlled protocol, scored as measured people are.

    The models are SmolLM2's layers with their items exchanged within runs, in another order for
    each: of a real spectrum, and equal, for nothing but chance tells them apart.

    Parameters
    ----------
    share : of the variance of every voxel that the planted layers of all models make together;
        0 for people who know nothing of any model.
    number : of the world.
    """
    rng = np.random.default_rng([seed, number, 77])
    cells = []
    for design in designs:
        models = _equal_models(design, sizes.models, rng)
        factor = planted_layers(models) if share else None
        cells += [_score_region(models, factor, share, sizes, rng) for _ in range(REGIONS)]
    people, null, low, high, truth = (np.stack(parts) for parts in zip(*cells, strict=True))
    groups = np.array(sizes.boards + sizes.more_people)
    return AlignmentArrays(people, null, low, high, truth, groups)


def simulate_published(
    designs: Sequence[Design], sizes: Sizes, seed: int, number: int
) -> PublishedArrays:
    """One world under the published protocol, nothing planted.

    Parameters
    ----------
    designs : one for each reasoning type.
    sizes : how many models, boards and more groups of people.
    seed : of all worlds.
    number : of the world.
    """
    rng = np.random.default_rng([seed, number, 78])
    total = sizes.boards + sizes.more_published
    people = np.zeros((len(designs) * REGIONS, sizes.models, sizes.boards, PEOPLE))
    truth = np.zeros(sizes.models)
    for d, design in enumerate(designs):
        models = _equal_models(design, sizes.models, rng)
        for region in range(REGIONS):
            course = shared_course(len(design.runs), rng)
            for k in range(total):
                components = respond(None, 0.0, course, rng)
                blocks = {
                    (ROI, subject): own @ design.mixing
                    for subject, own in zip(design.cell.subjects, components, strict=True)
                }
                cell = replace(design.cell, blocks=blocks)
                for m, model in enumerate(models):
                    scored = score_space(cell, model.space, {})[ROI]
                    truth[m] += scored.headline / total / len(people)
                    if k < sizes.boards:
                        people[d * REGIONS + region, m, k] = scored.raw[:, scored.best]
    return PublishedArrays(people, truth, np.array(total))


def _equal_models(design: Design, count: int, rng: np.random.Generator) -> list[Design]:
    return [of_exchanged_rows(design, order) for order in permutations(design.runs, count, rng)]


def planted_layers(models: Sequence[Design]) -> Array:
    """(n, q) columns of one layer of every model, each of the same variance."""
    place = models[0].space.layers.index(PLANTED_LAYER)
    factors = [root(model.layers[place]) for model in models]
    return np.concatenate([own / np.sqrt((own**2).sum()) for own in factors], axis=1)


def _score_region(
    models: Sequence[Design],
    factor: Array | None,
    share: float,
    sizes: Sizes,
    rng: np.random.Generator,
) -> tuple[Array, Array, Array, Array, Array]:
    """One cell: parts of :class:`AlignmentArrays`."""
    course = shared_course(len(models[0].runs), rng)
    grams = []
    for _ in range(sizes.boards + sizes.more_people):
        voxels = respond(factor, share, course, rng)
        grams.append(voxels @ np.swapaxes(voxels, 1, 2))
    measured, others = grams[: sizes.boards], grams[sizes.boards :]
    orders = permutations(models[0].runs, sizes.orders, rng)
    found = []
    for model in models:
        unique = unique_variance(model.bands, measured, orders)
        bounds = people_bounds(penalty_table(model.bands, measured), rng)
        null = np.array([one.banded[:, 1:].mean() for one in unique])
        more = unique_variance(model.bands, others)
        means = [one.banded[:, 0].mean() for one in (*unique, *more)]
        people = np.stack([one.banded[:, 0] for one in unique])
        truth = np.array(np.mean(means) - null.mean())
        found.append((people, null, bounds[:, 0], bounds[:, 1], truth))
    people, null, low, high, truth = (np.stack(parts) for parts in zip(*found, strict=True))
    return people, null, low, high, truth


# ---------------------------------------------------------------- behaviour


def simulate_behavior(same_problems: bool, sizes: Sizes, seed: int, number: int) -> World:
    """One world of people and models who are right or wrong.

    Parameters
    ----------
    same_problems : models err on as many problems of every difficulty, so that new people share
        as many errors with each of them on these very problems. Else each errs by chance, more
        on hard problems, and they are equal over problems only.
    """
    rng = np.random.default_rng([seed, number, 79, same_problems])
    board = board_named("behavior")
    entries: list[list[dict[str, EntryCell]]] = [
        [{} for _ in range(sizes.models)] for _ in range(sizes.boards)
    ]
    truth = np.zeros(sizes.models)
    for (n_items, n_people), name in zip(ANSWERED.values(), board.benchmarks, strict=True):
        level = np.sort(np.arange(n_items) % len(_WRONG))
        difficulty = rng.standard_normal(n_items)
        if same_problems:
            difficulty = np.asarray(1.5 - 0.6 * level, np.float64)
        models = [
            _errs_by_level(level, rng) if same_problems else _errs_by_chance(difficulty, rng)
            for _ in range(sizes.models)
        ]
        names = [f"p{i:02d}" for i in range(n_people)]
        anew = _people_right(difficulty, NEW_PEOPLE, rng)
        truth += [float(np.nanmean(_kappas(own, anew))) / len(ANSWERED) for own in models]
        for k in range(sizes.boards):
            people = _people_right(difficulty, n_people, rng)
            for m, own in enumerate(models):
                values = _kappas(own, people)
                given = [None if np.isnan(value) else float(value) for value in values]
                entries[k][m][name] = kappa_cell(names, given)
    if same_problems:  # what is left is chance of the new people
        truth[:] = truth.mean()
    return World(tuple(draw_scores(board, own) for own in entries), truth)


def _kappas(model: Array, people: Array) -> Array:
    found: Array = agreement(model[:, None], people).kappa
    return found


def _people_right(difficulty: Array, count: int, rng: np.random.Generator) -> Array:
    """(items, people) right or wrong: 88 of 100 right, people and problems differing."""
    able = 2.6 + 0.8 * rng.standard_normal(count)
    right = rng.random((len(difficulty), count)) < expit(able - difficulty[:, None])
    return np.asarray(right, np.float64)


def _errs_by_level(level: NDArray[np.intp], rng: np.random.Generator) -> Array:
    right = np.ones(len(level))
    for one, wrong in enumerate(_WRONG):
        right[rng.choice(np.flatnonzero(level == one), wrong, replace=False)] = 0.0
    return right


def _errs_by_chance(difficulty: Array, rng: np.random.Generator) -> Array:
    return np.asarray(rng.random(len(difficulty)) < expit(1.2 - difficulty), np.float64)


# ---------------------------------------------------------------- accuracy


def simulate_accuracy(ability: float, sizes: Sizes, seed: int, number: int) -> World:
    """One board of the 208 problems, by models that are as often right.

    Parameters
    ----------
    ability : log-odds of being right on a problem of mean difficulty; problems differ by a
        standard normal, the same for every model.
    """
    rng = np.random.default_rng([seed, number, 80, int(10 * ability)])
    board = board_named("accuracy")
    entries: list[dict[str, EntryCell]] = [{} for _ in range(sizes.models)]
    for name in board.tasks:
        problems = own_problems(name) or ()
        bases = sorted({problem.base_id for problem in problems})
        labels = sorted({problem.label for problem in problems})
        at = np.array([bases.index(problem.base_id) for problem in problems])
        of = np.array([labels.index(problem.label) for problem in problems])
        chance = expit(ability + rng.standard_normal(len(bases)))[at]
        for own in entries:
            parts = np.zeros((len(bases), 2, len(labels)))
            for place, label, right in zip(at, of, rng.random(len(at)) < chance, strict=True):
                parts[place, :, label] += (right, 1)
            own[name] = recall_cell(bases, parts)
    return World((draw_scores(board, entries),))


def expected_accuracy(ability: float) -> float:
    """Share of problems that a model of :func:`simulate_accuracy` gets right, in the long run."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float((expit(ability + nodes) * weights).sum() / weights.sum())


# ---------------------------------------------------------------- overall


def simulate_overall(parts: Sequence[Sequence[World]]) -> Iterator[World]:
    """Overall boards of the simulated boards of each part, in their order."""
    flat = [[board for world in worlds for board in world.boards] for worlds in parts]
    for boards in zip(*flat, strict=False):
        yield World((join_wins(boards)[0],))
