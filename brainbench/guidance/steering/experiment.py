"""Evaluation of the steering arms, on held-out scanner items and on new problems.

Strength and layers are chosen on other problems, by the area under the curve of log-odds, from
the same grid for every arm, under the same limit on what they do to neutral text; the threshold
there too. Then the test is evaluated once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.guidance.answers import ArmAnswers
from brainbench.guidance.arms import UNGUIDED, find_arm
from brainbench.guidance.evaluation.cached_prompts import (
    LastTokenEvaluator,
    PrefilledBatch,
    Question,
    ask_problems,
)
from brainbench.guidance.evaluation.neutral import Shift
from brainbench.guidance.evaluation.selection import (
    SteeringGrid,
    choose,
    choose_accuracy,
    doses,
    mean_of_shifts,
    threshold,
)
from brainbench.guidance.evaluation.test_sets import TestQuestions
from brainbench.guidance.methods.directions import Director, SteeringLoss, Training, thirds
from brainbench.guidance.methods.guiding import held_out_directions, problem_director
from brainbench.guidance.methods.registry import ONE_STEP
from brainbench.guidance.rows import Dose
from brainbench.guidance.signals import Signals
from brainbench.guidance.steering.asking import AllResponses, Candidates, Pushes, ask_all, ask_each
from brainbench.guidance.steering.limits import ShiftLimit
from brainbench.guidance.steering.search import scale_of
from brainbench.progress import Progress, Step, no_progress


def arm_of(arm: str, number: int, count: int) -> str:
    """``arm 2 of 6, permuted fMRI``, for progress messages.

    Parameters
    ----------
    arm : its name.
    number : its place, counting from 0.
    count : how many arms there are.
    """
    return f"arm {number + 1} of {count}, {arm}"


@dataclass(frozen=True)
class SteeringPlan:
    """Arms, seeds, grid and loss of a steering experiment.

    Attributes
    ----------
    arms : names, ``unguided`` and ``guided`` among them.
    seeds : of the stochastic arms.
    grid : strengths and layers to choose from.
    way : loss and centring, by which responses become directions.
    method : name of the method, which says how they do.
    neutral : the limit under which strengths are chosen; None measures no shifts.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    grid: SteeringGrid
    way: SteeringLoss = field(default_factory=SteeringLoss)
    method: str = ONE_STEP
    neutral: ShiftLimit | None = None

    def seeds_of(self, arm: str) -> tuple[int, ...]:
        """Seeds of an arm; one where it does not depend on a seed."""
        return self.seeds if find_arm(arm).stochastic else self.seeds[:1]


@dataclass
class Rows:
    """Answers of an arm, a row for each seed, filled in as items are asked."""

    odds: Array
    answer: NDArray[np.int64]
    strengths: Array
    thresholds: Array
    layers: set[int] = field(default_factory=set)
    shifts: Array | None = None

    @classmethod
    def empty(cls, n_seeds: int, n_items: int) -> Rows:
        """Rows to be filled in: log-odds NaN, answers -1, strengths and thresholds 0.

        Parameters
        ----------
        n_seeds, n_items : how many; an arm that does not depend on a seed has one row.
        """
        return cls(
            np.full((n_seeds, n_items), np.nan),
            np.full((n_seeds, n_items), -1, np.int64),
            np.zeros(n_seeds),
            np.zeros(n_seeds),
        )

    def arm_answers(self, n_seeds: int, steered: bool) -> ArmAnswers:
        """As arrays; an arm that is not stochastic has the same row for each seed.

        Parameters
        ----------
        n_seeds : rows of the result; those that are there are repeated.
        steered : whether something was added; otherwise strengths and layers are None.
        """
        rows = np.resize(np.arange(len(self.answer)), n_seeds)
        odds = self.odds[rows]
        return ArmAnswers(
            odds,
            self.answer[rows],
            self.strengths[rows] if steered else None,
            None if np.isnan(odds).any() else self.thresholds[rows],
            tuple(sorted(self.layers)) if steered else None,
            None if self.shifts is None else self.shifts[rows],
        )

    def add_shift(self, row: int, shift: Array, share: float = 1.0) -> None:
        """Add what a choice does to neutral text, one of several that a row is the mean of.

        Parameters
        ----------
        row : of the seed.
        shift : (3,) as of :meth:`.ShiftLimit.row`.
        share : of the row.
        """
        if self.shifts is None:
            self.shifts = np.zeros((len(self.answer), 3))
        self.shifts[row] += share * shift


def read_training(
    evaluator: LastTokenEvaluator, signals: Signals
) -> tuple[Training, list[PrefilledBatch], list[Question]]:
    """States and answers of the model at scanner items, and the items ready to be asked again.

    Parameters
    ----------
    evaluator : of the model, the site and the layers.
    signals : the items, with responses.

    Returns
    -------
    Training items; prefilled batches of their questions; the questions, in the order of the items.
    """
    questions = ask_problems(evaluator.model, signals.problems)
    held = evaluator.hold(questions)
    responses = ask_all(held, len(questions), None, states=True)
    return Training(signals, responses.states, responses.answer[:, 0]), held, questions


# ---------------------------------------------------------------- scanner items, held out


def steer_held_out(
    training: Training,
    held: Sequence[PrefilledBatch],
    labels: NDArray[np.int64],
    plan: SteeringPlan,
    report: Progress = no_progress,
) -> tuple[dict[str, ArmAnswers], list[Dose]]:
    """Each run guided by its own responses, with maps from the other runs of its type.

    The options are tried inside the training runs, where a third of each is left out. Runs choose
    for themselves, so log-odds are relative to the run's threshold: 0 is the threshold of all.

    Parameters
    ----------
    training : all items, with responses.
    held : the same, as questions.
    labels : (n_items,) number of the right choice.
    """
    runs, n_items = training.signals.runs, len(labels)
    folds = [(np.flatnonzero(runs != name), np.flatnonzero(runs == name)) for name in _names(runs)]
    steps = [(arm, fold) for arm in plan.arms for fold in range(len(folds))]
    found = {arm: Rows.empty(len(plan.seeds_of(arm)), n_items) for arm in plan.arms}
    tried: dict[str, list[_Tried]] = {}
    for number, (arm, fold) in enumerate(steps):
        which = arm_of(arm, plan.arms.index(arm), len(plan.arms))
        report(Step(f"steering held-out items, {which}", number, len(steps)))
        for row, seed in enumerate(plan.seeds_of(arm)):
            rng = partial(stream, seed, arm, fold)
            run = _HeldOutRun(training, list(held), labels, folds[fold], plan, rng)
            options = run.fill(arm, found[arm], row, 1.0 / len(folds))
            if options is not None:
                tried.setdefault(arm, []).append(options)
    report(Step("steering held-out items", len(steps), len(steps)))
    answers = {
        arm: rows.arm_answers(len(plan.seeds), arm != UNGUIDED) for arm, rows in found.items()
    }
    responses = []
    for arm, parts in tried.items():
        whole = [
            doses(arm, plan.grid, [each.odds], [each.answer], each.labels, each.shifts)
            for each in parts
        ]
        responses += [_mean_dose(each) for each in zip(*whole, strict=True)]
    return answers, responses


@dataclass(frozen=True)
class _Tried:
    """What every option gave on a run's training items."""

    odds: Array
    answer: NDArray[np.int64]
    labels: NDArray[np.int64]
    shifts: tuple[Shift, ...]


@dataclass(frozen=True)
class _HeldOutRun:
    """One run of an arm and seed, the rest to learn from."""

    training: Training
    held: list[PrefilledBatch]
    labels: NDArray[np.int64]
    fold: tuple[NDArray[np.intp], NDArray[np.intp]]
    plan: SteeringPlan
    rng: Callable[[str], np.random.Generator]

    def fill(self, arm: str, rows: Rows, row: int, share: float) -> _Tried | None:
        """Answers of the run's items; of its training items, what every option gave."""
        train, test = self.fold
        if arm == UNGUIDED:
            plain = ask_all(self.held, len(self.labels), None)
            cut = threshold(plain.odds[train, 0], self.labels[train])
            rows.odds[row, test] = plain.odds[test, 0] - cut
            rows.answer[row, test] = plain.answer[test, 0]
            if self.plan.neutral is not None:
                rows.add_shift(row, np.zeros(3))
            return None
        own = self.training.at(train)
        factors = self.plan.grid.factors(scale_of(own.states).sigma)
        inner, shift = self._inner(arm, own, factors)
        labels, neutral = self.labels[train], self.plan.neutral
        allowed = None if neutral is None or shift is None else neutral.allowed(shift)
        best = choose(inner.odds, labels, allowed)
        if neutral is not None and shift is not None:
            rows.add_shift(row, neutral.row(shift, best), share)
        cut = threshold(inner.odds[:, best], labels)
        unit = held_out_directions(
            arm,
            own,
            self.training.states[test],
            self.training.signals.at(test),
            self.rng("test"),
            self.plan.way,
            self.plan.method,
        )
        responses = self._ask(test, Pushes(unit, factors[best][None]))
        rows.odds[row, test] = responses.odds[:, 0] - cut
        rows.answer[row, test] = responses.answer[:, 0]
        name, strength = self.plan.grid.options[best]
        rows.strengths[row] += share * strength
        rows.layers.update(self.plan.grid.sets[name])
        return _Tried(inner.odds, inner.answer, labels, () if shift is None else (shift,))

    def _inner(self, arm: str, own: Training, factors: Array) -> tuple[AllResponses, Shift | None]:
        """Every option on the training items, each third by what the others teach."""
        train, _ = self.fold
        units = np.zeros_like(own.states)
        for number, (fitted, left_out) in enumerate(thirds(own.signals.runs)):
            units[left_out] = held_out_directions(
                arm,
                own.at(fitted),
                own.states[left_out],
                own.signals.at(left_out),
                self.rng(f"inner {number}"),
                self.plan.way,
                self.plan.method,
            )
        neutral = self.plan.neutral
        shift = None if neutral is None else neutral.of_items(units, factors)
        return self._ask(train, Pushes(units, factors)), shift

    def _ask(self, items: NDArray[np.intp], pushes: Pushes) -> AllResponses:
        """Only some items, each under every option."""
        responses = ask_all(self.held, len(self.labels), pushes, items=items)
        return AllResponses(responses.odds[items], responses.answer[items], responses.states)


# ---------------------------------------------------------------- new problems


@dataclass(frozen=True)
class Chosen:
    """What one arm and seed adds at new problems.

    Attributes
    ----------
    delta : (L, units); where it differs by problem, its mean over the training items.
    layers, strength : which option it is; of ``unguided`` there is none.
    direct : where it differs by problem, unit directions as a function of the states there.
    lengths : (L,) how long they are added; None where ``delta`` is.
    shift : (3,) what it does to neutral text, as of :meth:`.ShiftLimit.row`; None if not measured.
    """

    arm: str
    row: int
    delta: Array
    layers: str | None
    strength: float
    direct: Director | None = None
    lengths: Array | None = None
    shift: Array | None = None

    @property
    def candidate(self) -> Candidates:
        """It, to be asked."""
        if self.direct is None or self.lengths is None:
            return Candidates(self.delta[None])
        return Candidates(self.lengths[None], self.direct)


def choose_directions(
    evaluator: LastTokenEvaluator,
    training: Training,
    validation: Sequence[Question],
    plan: SteeringPlan,
    report: Progress = no_progress,
) -> tuple[list[Chosen], list[Dose]]:
    """A direction for each arm and seed, its strength and layers chosen on validation problems.

    Parameters
    ----------
    evaluator : of the model.
    training : scanner items that directions are learned from.
    validation : problems that strength and layers are chosen on.
    plan : arms, seeds, grid and loss.
    report : called as work goes on.

    Returns
    -------
    What was chosen, in the order of the arms and seeds; and for every arm but ``unguided`` a dose
    for each option of the grid. Options are chosen by the area under the curve of log-odds, or by
    accuracy where log-odds are missing.
    """
    factors = plan.grid.factors(scale_of(training.states).sigma)
    shape = training.states.shape[1:]
    pairs = [(arm, row) for arm in plan.arms for row in range(len(plan.seeds_of(arm)))]
    directed: dict[tuple[str, int], Array | Director] = {}
    for number, (arm, row) in enumerate(pairs):
        which = arm_of(arm, plan.arms.index(arm), len(plan.arms))
        report(Step(f"directions for new problems, {which}", number, len(pairs)))
        if arm != UNGUIDED:
            rng = stream(plan.seeds[row], arm, 0, "problems")
            directed[arm, row] = problem_director(arm, training, rng, plan.way, plan.method)
    options = [_options(found, factors) for found in directed.values()]
    neutral = plan.neutral
    shifts = [None if neutral is None else neutral.of(each) for each in options]
    labels = np.array([question.label for question in validation])
    tried = ask_each(evaluator, validation, options, "validation", report)
    odds = tried.odds.reshape(len(labels), len(options), -1)
    answer = tried.answer.reshape(odds.shape)
    found, responses = [], []
    for arm in plan.arms:
        own = [number for number, key in enumerate(directed) if key[0] == arm]
        if not own:
            none = None if neutral is None else np.zeros(3)
            found.append(Chosen(arm, 0, np.zeros(shape), None, 0.0, shift=none))
            continue
        responses += doses(
            arm,
            plan.grid,
            [odds[:, n] for n in own],
            [answer[:, n] for n in own],
            labels,
            [shift for n in own if (shift := shifts[n]) is not None],
        )
        for row, number in enumerate(own):
            blind = np.isnan(odds[:, number]).any()
            shift = shifts[number]
            allowed = None if neutral is None or shift is None else neutral.allowed(shift)
            best = (
                choose_accuracy(answer[:, number], labels, allowed)
                if blind
                else choose(odds[:, number], labels, allowed)
            )
            cost = None if neutral is None or shift is None else neutral.row(shift, best)
            name, strength = plan.grid.options[best]
            size, direct = options[number].sizes[best], options[number].direct
            if direct is None:
                found.append(Chosen(arm, row, size, name, strength, shift=cost))
                continue
            mean = size[:, None] * direct(training.states).mean(axis=0)
            found.append(Chosen(arm, row, mean, name, strength, direct, size, cost))
    return found, responses


def _options(found: Array | Director, factors: Array) -> Candidates:
    """A direction, or a function that gives one, at every length (n_options, L)."""
    if callable(found):
        return Candidates(factors, found)
    return Candidates(found * factors[:, :, None])


def steer_problems(
    evaluator: LastTokenEvaluator,
    test: TestQuestions,
    several: Sequence[Sequence[Chosen]],
    plan: SteeringPlan,
    report: Progress = no_progress,
) -> list[dict[str, ArmAnswers]]:
    """Every arm's answers to a test, thresholds from its validation problems.

    Parameters
    ----------
    several : for each source of directions what was chosen; all are asked in one pass.
    """
    name = test.test.name
    asked = [each.candidate for chosen in several for each in chosen]
    checked = ask_each(evaluator, test.validation, asked, f"{name}, validation", report)
    responses = ask_each(evaluator, test.questions, asked, name, report)
    labels = np.array([question.label for question in test.validation])
    answers, start = [], 0
    for chosen in several:
        found = {arm: Rows.empty(len(plan.seeds_of(arm)), len(test.questions)) for arm in plan.arms}
        for number, each in enumerate(chosen, start=start):
            rows = found[each.arm]
            rows.odds[each.row] = responses.odds[:, number]
            rows.answer[each.row] = responses.answer[:, number]
            rows.strengths[each.row] = each.strength
            if each.shift is not None:
                rows.add_shift(each.row, each.shift)
            rows.layers.update(plan.grid.sets[each.layers] if each.layers else ())
            if not np.isnan(checked.odds[:, number]).any():
                rows.thresholds[each.row] = threshold(checked.odds[:, number], labels)
        answers.append(
            {arm: rows.arm_answers(len(plan.seeds), arm != UNGUIDED) for arm, rows in found.items()}
        )
        start += len(chosen)
    return answers


def _mean_dose(each: Sequence[Dose]) -> Dose:
    areas = [dose.auc for dose in each if dose.auc is not None]
    shares = {
        name: float(np.mean([getattr(dose, name) for dose in each]))
        for name in ("accuracy", "true_rate", "valid")
    }
    shift = mean_of_shifts([dose.shift for dose in each if dose.shift is not None])
    auc = float(np.mean(areas)) if areas else None
    return each[0].model_copy(update={"auc": auc, "shift": shift, **shares})


def _names(runs: NDArray[np.str_]) -> list[str]:
    return list(dict.fromkeys(runs.tolist()))


def stream(seed: int, arm: str, fold: int, part: str) -> np.random.Generator:
    """A random generator of its own for each arm, fold and part.

    Parameters
    ----------
    seed : of the experiment.
    arm : name of the arm.
    fold : number of the held-out run; 0 for new problems.
    part : name of what is drawn.
    """
    return np.random.default_rng([seed, crc32(arm.encode()), fold, crc32(part.encode())])
