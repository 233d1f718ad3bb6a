"""Simulated boards of models that are equal: how often intervals and ranks are right.

A world is a set of models and items; its boards differ in the people who were measured, or are one
board where items are drawn anew too. Models of a world are exchangeable: none is better.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from brainbench.benchmarks.behavior.consistency import agreement, leave_one_out
from brainbench.benchmarks.ladder.detectable import SimulatedPeople
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.benchmarks.published.scoring import score_space
from brainbench.calibration.ladder.models import SimulatedModels, draw_board
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
from brainbench.datasets import load_recording
from brainbench.encoding.controlled.folds import permutations
from brainbench.encoding.ladder.pairs import Found
from brainbench.leaderboard.boards.board import Board, load_boards
from brainbench.leaderboard.boards.bootstrap import ScoreDraws, draw_scores, join_wins
from brainbench.leaderboard.expected import own_problems
from brainbench.leaderboard.kinds.cells import (
    EntryCell,
    found_cell,
    kappa_cell,
    median_cell,
    recall_cell,
)
from brainbench.models import load_model, read_activations
from brainbench.quantities import Interval
from brainbench.reasoning.response_bias import Item, measure_bias
from brainbench.results.scorecard.alignment import found_interval
from brainbench.statistics.inference import jackknife_interval
from brainbench.statistics.means import (
    crossed_interval,
    mean_share_interval,
    people_mean_interval,
    people_median_interval,
    problems_mean_interval,
)

Array = NDArray[np.float64]
# κ of each person, and its interval over problems
KindOfProblems = tuple[Mapping[str, float], Interval | None]
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
    truth : (M,) expected score on these items, of people drawn anew; None where items are drawn
        anew with every board.
    groups : of people whose mean the truth is, those of the boards among them; infinite where
        it is known apart from them.
    intervals : (M, 2) of the scores of each board, by what makes those of scorecards; of an overall
        board None, for it has its own.
    """

    boards: tuple[ScoreDraws, ...]
    truth: Array | None = None
    groups: float = np.inf
    intervals: tuple[Array, ...] | None = None


@dataclass(frozen=True)
class Sizes:
    """How much is simulated.

    Attributes
    ----------
    models : on each board, but for those of the ladder.
    ladder : boards of the ladder in each of its scenarios, in batches that are kept together.
    worlds : of each other kind of board: published alignment, behaviour, accuracy.
    boards : of each world of published alignment and behaviour.
    more_published : groups of people for the expected published score of a model, beside those
        of boards.
    """

    models: int = 4
    ladder: tuple[int, int] = (200, 20)
    worlds: tuple[int, int, int] = (15, 200, 1000)
    boards: int = 5
    more_published: int = 10


FULL_SIZES = Sizes()
QUICK_SIZES = Sizes(ladder=(20, 10), worlds=(1, 20, 100), boards=3, more_published=3)


@dataclass(frozen=True)
class LadderArrays:
    """What the ladder gives of M models on K boards, each of new people and items.

    Attributes
    ----------
    z : (K, M) beyond position, over all cells.
    null : (K, M, D) the same under orders of the items.
    without_person : (K, M, P) the same without each person.
    """

    z: Array
    null: Array
    without_person: Array

    def worlds(self) -> list[World]:
        """Each board a world of its own, ranked as ``alignment`` is."""
        board = board_named("alignment")
        (cell,) = board.benchmarks
        names = [f"p{i:02d}" for i in range(self.without_person.shape[-1])]
        found = []
        for own in zip(self.z, self.null, self.without_person, strict=True):
            models = [Found(float(z), null, without) for z, null, without in zip(*own, strict=True)]
            drawn = draw_scores(board, [{cell: found_cell(names, one)} for one in models])
            intervals = np.array([found_interval(one) for one in models])
            found.append(World((drawn,), intervals=(intervals,)))
        return found


@dataclass(frozen=True)
class PublishedArrays:
    """What the published protocol gives of C cells, M models, K boards, P people.

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
        boards, intervals = [], []
        for k in range(self.people.shape[2]):
            models = np.moveaxis(self.people[:, :, k], 1, 0)
            cells = [
                {cell: median_cell(names, own[c]) for c, cell in enumerate(board.benchmarks)}
                for own in models
            ]
            boards.append(draw_scores(board, cells))
            by_person = [[dict(zip(names, r, strict=True)) for r in own] for own in models]
            intervals.append(_of_each(map(people_median_interval, by_person)))
        return World(tuple(boards), self.truth, float(self.groups), tuple(intervals))


def _of_each(intervals: Iterable[Interval | None]) -> Array:
    """(M, 2); without bounds where there is none."""
    return np.array([(-np.inf, np.inf) if one is None else one for one in intervals])


@cache
def board_named(name: str) -> Board:
    """One of the boards that ship."""
    return next(board for board in load_boards() if board.name == name)


def simulated_designs() -> list[Design]:
    """Both reasoning types, with the simulated behaviour of seed 0."""
    experiment = make_experiment(0)
    return [make_design(experiment, kind) for kind in TYPES]


# ---------------------------------------------------------------- alignment


def simulated_models(dataset: str, model: str) -> SimulatedModels:
    """Models and people of the ladder, with the design and noise of people who were measured.

    Parameters
    ----------
    dataset : whose people.
    model : whose spectrum simulated models have.
    """
    recording = load_recording(dataset)
    ladder = Ladder.prepare(recording, 0)
    read = read_activations(load_model(model), recording.problems)
    return SimulatedModels(SimulatedPeople(ladder.types, ladder.layers(read)))


def ladder_scenarios(models: int) -> dict[str, tuple[int, float, float]]:
    """Boards of the ladder, in words: how many models, the share of each person's variance that
    they make, and how much of its mixing people have in common.

    Parameters
    ----------
    models : on the board of which people know nothing.
    """
    planted = {f"{n} models make 2 % of what people do": (n, 0.02, 0.5) for n in (2, 4, 12)}
    return {"people know nothing of any model": (models, 0.0, 0.0), **planted}


def simulate_ladder(
    models: SimulatedModels, design: tuple[int, float, float], n: int, seed: int, batch: int
) -> LadderArrays:
    """Boards of the ladder, all models of one equal.

    Parameters
    ----------
    models : simulated ones.
    design : how many models on each, the share of each person's variance that they make, and how
        much of its mixing people have in common.
    n : boards.
    seed : of all boards.
    batch : of the boards of one seed.
    """
    found = [
        draw_board(models, design, np.random.default_rng([seed, batch, number, 81, design[0]]))
        for number in range(n)
    ]
    return LadderArrays(
        np.array([[one.z for one in own] for own in found]),
        np.array([[one.null for one in own] for own in found]),
        np.array([[one.without_person for one in own] for own in found]),
    )


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
    intervals: list[list[list[KindOfProblems]]] = [
        [[] for _ in range(sizes.models)] for _ in range(sizes.boards)
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
                known = {one: v for one, v in zip(names, given, strict=True) if v is not None}
                value = float(np.mean(list(known.values()))) if known else 0.0
                over_problems = _over_problems(value, own, people)
                intervals[k][m].append((known, over_problems))
                entries[k][m][name] = kappa_cell(names, given, over_problems)
    if same_problems:  # what is left is chance of the new people
        truth[:] = truth.mean()
    return World(
        tuple(draw_scores(board, own) for own in entries),
        truth,
        intervals=tuple(_of_each(map(_over_both, own)) for own in intervals),
    )


def _over_problems(value: float, model: Array, people: Array) -> Interval | None:
    """As a score has it: problems left out in turn, people the same."""
    without = leave_one_out(
        lambda kept: float(np.nanmean(_kappas(model[kept], people[kept]))), len(model)
    )
    return jackknife_interval(value, without, fewest=2)


def _over_both(kinds: Sequence[KindOfProblems]) -> Interval | None:
    value = float(np.mean([np.mean(list(people.values())) for people, _ in kinds]))
    problems = problems_mean_interval(value, [own for _, own in kinds])
    return crossed_interval(value, people_mean_interval([own for own, _ in kinds]), problems)


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
    metrics: list[list[tuple[float, float | None, int]]] = [[] for _ in range(sizes.models)]
    for name in board.tasks:
        problems = own_problems(name) or ()
        bases = sorted({problem.base_id for problem in problems})
        labels = sorted({problem.label for problem in problems})
        at = np.array([bases.index(problem.base_id) for problem in problems])
        of = np.array([labels.index(problem.label) for problem in problems])
        chance = expit(ability + rng.standard_normal(len(bases)))[at]
        for own, measured in zip(entries, metrics, strict=True):
            answers = rng.random(len(at)) < chance
            parts = np.zeros((len(bases), 2, len(labels)))
            for place, label, right in zip(at, of, answers, strict=True):
                parts[place, :, label] += (right, 1)
            own[name] = recall_cell(bases, parts)
            items: list[Item] = [
                [bases[place], labels[label], labels[label if right else label - 1], None]
                for place, label, right in zip(at, of, answers, strict=True)
            ]
            bias = measure_bias(name, tuple(labels), items)
            measured.append((own[name].value, bias.balanced_accuracy_stderr, len(bases)))
    intervals = [
        mean_share_interval(*(list(column) for column in zip(*own, strict=True))) for own in metrics
    ]
    return World((draw_scores(board, entries),), intervals=(_of_each(intervals),))


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
