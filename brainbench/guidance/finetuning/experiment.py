"""The arms of fine-tuning, each trained alike, then evaluated on what it was not trained on.

In the controlled form the first half of each reasoning type's runs trains, and the others are held
out, as are all problems of the tests. In the published form all items train. Epoch, learning rate
and λ are chosen on validation problems: by the area under the curve of log-odds, among those that
stay within the limit on neutral text, in the published form by accuracy; thresholds there too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.folds import held_out_folds
from brainbench.encoding.controlled.prediction import People, all_together, normalised, predict
from brainbench.encoding.kernels import linear_kernels
from brainbench.guidance.answers import ArmAnswers
from brainbench.guidance.arms import GUIDED, RANDOM, UNGUIDED
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator, Question
from brainbench.guidance.evaluation.neutral import SOME, NeutralPassages, Shift
from brainbench.guidance.evaluation.selection import threshold
from brainbench.guidance.evaluation.test_sets import TestQuestions
from brainbench.guidance.finetuning.adapters import adapted, randomise_adapter
from brainbench.guidance.finetuning.arms import train_as
from brainbench.guidance.finetuning.recipes import BOTH, Budget, Recipe
from brainbench.guidance.finetuning.train import Watch, finetune
from brainbench.guidance.options import PUBLISHED_EPOCHS
from brainbench.guidance.rows import ArmAlignment, Form
from brainbench.guidance.signals import Signals
from brainbench.guidance.steering.asking import AllResponses
from brainbench.guidance.steering.experiment import Rows, arm_of
from brainbench.models import LanguageModel, Model, read_activations
from brainbench.progress import Progress, Step, no_progress, within
from brainbench.statistics.answers import auc

# from the seed of one start to the next of the same arm, beyond the seeds of a run
_OTHER_START = 1000


@dataclass(frozen=True)
class FinetuningPlan:
    """How arms are trained.

    Attributes
    ----------
    arms : names; ``guided`` among them.
    seeds : of every trained arm: of its initial weights, its order of items, and its signals.
    recipe : what signals are used in: ``representation``, or beside labels or text.
    guided_items : items whose states are pulled towards responses, one of
        :data:`~brainbench.guidance.finetuning.recipes.GUIDED_ITEMS`.
    budget : of every arm.
    learning_rates : each arm and seed is trained with all of them, and keeps the best.
    validation : problems that learning rate, epoch and thresholds of held-out items are chosen on.
    limit : of the shift of neutral text, nats: an epoch beyond it is not kept, nor a rate whose
        epochs all are, where another stays within. None measures none while training.
    form : ``controlled`` or ``published``, see :class:`.recipes.Recipe`.
    weights : λ; each arm and seed is trained with all of them too. An arm whose recipe has no λ
        is tried as often, from other first weights, so that no arm has more to choose from.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    recipe: str = BOTH
    guided_items: str = "wrong"
    budget: Budget = field(default_factory=Budget)
    learning_rates: tuple[float, ...] = (3e-4, 3e-3)
    validation: tuple[Question, ...] = ()
    limit: float | None = None
    form: Form = "controlled"
    weights: tuple[float, ...] = (0.05,)


def published_plan(
    arms: tuple[str, ...], seeds: tuple[int, ...], recipe: str, epochs: int = PUBLISHED_EPOCHS
) -> FinetuningPlan:
    """NARF+Label as published: rate 1e-4, one step of all items, stop after 10 falls.

    Parameters
    ----------
    arms, seeds, recipe : see :class:`FinetuningPlan`.
    epochs : at most.

    Source: Xiao, Du & Lin 2026, Methods; λ from 0.01 to 0.1 there, three values of it here.
    """
    budget = Budget(epochs=epochs, batch_size=8, accumulation=None, patience=10)
    return FinetuningPlan(
        arms,
        seeds,
        recipe,
        budget=budget,
        learning_rates=(1e-4,),
        form="published",
        weights=(0.01, 0.03, 0.1),
    )


@dataclass(frozen=True)
class TrainedArm:
    """One arm and seed; ``folder`` is its adapter, None for the model as it is.

    ``beyond`` where every epoch of every rate was beyond the limit.
    """

    arm: str
    row: int
    folder: Path | None
    beyond: bool = False


@dataclass(frozen=True)
class TestAnswers:
    """Answers of one trained model to one test, and its threshold from validation problems."""

    odds: NDArray[np.float64]
    answer: NDArray[np.int64]
    threshold: float | None

    def facts(self) -> dict[str, Any]:
        """As JSON values, log-odds that are missing as NaN."""
        return {
            "odds": self.odds.tolist(),
            "answer": self.answer.tolist(),
            "threshold": self.threshold,
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> TestAnswers:
        """The answers of :meth:`facts`."""
        return cls(
            np.asarray(facts["odds"], np.float64),
            np.asarray(facts["answer"], np.int64),
            facts["threshold"],
        )


def split_runs(signals: Signals) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Items to train on, the first half of each type's runs, and items that are held out."""
    first: set[str] = set()
    for kind in dict.fromkeys(signals.types.tolist()):
        runs = list(dict.fromkeys(signals.runs[signals.types == kind].tolist()))
        first |= set(runs[: (len(runs) + 1) // 2])
    trains = np.isin(signals.runs, sorted(first))
    return np.flatnonzero(trains), np.flatnonzero(~trains)


def train_arms(
    model: LanguageModel,
    signals: Signals,
    plan: FinetuningPlan,
    folder: Path,
    report: Progress = no_progress,
) -> list[TrainedArm]:
    """Train every arm and seed on the signals; what is trained already is not trained again.

    Parameters
    ----------
    model : the model before training; it is left as it was.
    signals : of the items to train on.
    plan : arms, seeds, recipe, budget and learning rates.
    folder : holds one folder for each arm and seed.
    report : called as training goes on.

    Returns
    -------
    In the order of the plan's arms. The unguided model is there once, without a folder.
    """
    # one that only turns another's adapter comes after it
    arms = sorted(plan.arms, key=lambda arm: arm == RANDOM)
    found: list[TrainedArm] = []
    n_seeds = len(plan.seeds)
    trains = [arm for arm in arms if arm not in (UNGUIDED, RANDOM)]
    watch = _watch(model, plan)
    for arm in arms:
        if arm == UNGUIDED:
            found.append(TrainedArm(arm, 0, None))
            continue
        for row, seed in enumerate(plan.seeds):
            place = folder / f"{arm.replace(' ', '-').replace(',', '')}-{seed}"
            beyond = False
            if arm == RANDOM:
                guided = next(t.folder for t in found if t.arm == GUIDED and t.row == row)
                assert guided is not None
                if not (place / "adapter_config.json").is_file():
                    randomise_adapter(guided, place, seed)
            else:
                which = arm_of(arm, trains.index(arm), len(trains))
                inner = within(report, f"training {which}, seed {row + 1} of {n_seeds}, ")
                place, beyond = _train(model, signals, plan, arm, seed, place, watch, inner)
            found.append(TrainedArm(arm, row, place, beyond))
    return sorted(found, key=lambda trained: plan.arms.index(trained.arm))


def _watch(model: LanguageModel, plan: FinetuningPlan) -> Watch:
    """How every training of a plan is validated; the model they all begin with is asked once."""
    labels = np.array([question.label for question in plan.validation])
    neutral = None if plan.limit is None else NeutralPassages(model, SOME)

    def validate(now: LanguageModel) -> float:
        found = ask_plainly(now, plan.validation)
        if plan.form == "published":
            return float(np.mean(found.answer[:, 0] == labels))
        return float(auc(found.odds[:, 0], labels == 0))

    def shift(now: LanguageModel) -> float:
        assert neutral is not None
        return float(neutral.shift(now).kl[0])

    return Watch(
        validate,
        shift=None if neutral is None else shift,
        limit=plan.limit,
        before=cache(lambda: validate(model)),
    )


def _train(
    model: LanguageModel,
    signals: Signals,
    plan: FinetuningPlan,
    arm: str,
    seed: int,
    folder: Path,
    watch: Watch,
    report: Progress,
) -> tuple[Path, bool]:
    """Train in every way of the plan; the folder of the one that validation prefers.

    Among those within the limit; where all are beyond it, that of the one that shifts least; and
    whether that is so.
    """
    recipe = Recipe(plan.recipe, plan.form, guided_items=plan.guided_items)
    own, recipe = train_as(arm, signals, recipe, seed)
    best: tuple[tuple[bool, float], Path] | None = None
    tries = _tries(plan, recipe, seed)
    for number, (name, tried, budget) in enumerate(tries):
        what = f"{'rate' if len(plan.weights) == 1 else 'try'} {number + 1} of {len(tries)}"
        reported = replace(watch, progress=partial(_report, report, what))
        found = finetune(
            model, own, tried, folder / name, budget=budget, watch=reported, arm=arm, resume=True
        )
        history = found.record.history
        epoch = history.best_epoch
        score = -history.shifts[epoch - 1] if history.beyond else history.validation[epoch]
        if best is None or (not history.beyond, score) > best[0]:
            best = (not history.beyond, score), found.folder
    assert best is not None
    return best[1], not best[0][0]


def _tries(plan: FinetuningPlan, recipe: Recipe, seed: int) -> list[tuple[str, Recipe, Budget]]:
    """Folder, recipe and budget of each way in which an arm is trained."""
    found = []
    for rate in plan.learning_rates:
        for number, weight in enumerate(plan.weights):
            name, start = f"rate-{rate:g}", seed
            if len(plan.weights) > 1 and recipe.is_weighted:
                name += f"-weight-{weight:g}"
            elif len(plan.weights) > 1:
                name, start = f"{name}-start-{number}", seed + number * _OTHER_START
            tried = replace(recipe, weight=weight) if recipe.is_weighted else recipe
            budget = replace(plan.budget, seed=start, learning_rate=rate)
            found.append((name, tried, budget))
    return found


def _report(report: Progress, what: str, done: int, total: int, text: str) -> None:
    report(Step(f"{what}: {text}", done, total))


def ask_plainly(model: LanguageModel, questions: Sequence[Question]) -> AllResponses:
    """Answers of a model as it is.

    Parameters
    ----------
    model : asked with nothing added.
    questions : n_items of them.

    Returns
    -------
    Log-odds and answers (n_items, 1); no states.
    """
    evaluator = LastTokenEvaluator(model, "attention", (0,))
    odds, answer = np.full((len(questions), 1), np.nan), np.full((len(questions), 1), -1, np.int64)
    for part in evaluator.batches(questions):
        responses = part.ask()
        odds[list(part.rows)], answer[list(part.rows)] = responses.log_odds, responses.answer
    return AllResponses(odds, answer, np.zeros((0, 0, 0)))


@contextlib.contextmanager
def as_trained(model: LanguageModel, trained: TrainedArm) -> Iterator[LanguageModel]:
    """The model with an arm's adapter, while the block runs.

    Parameters
    ----------
    model : the model before training.
    trained : arm and seed; without a folder the model is given as it is.
    """
    if trained.folder is None:
        yield model
        return
    with adapted(model, trained.folder) as now:
        yield now


def answer_test(model: LanguageModel, test: TestQuestions) -> TestAnswers:
    """One trained model on one test.

    Parameters
    ----------
    model : the trained model.
    test : its questions, and those that the threshold is chosen on.
    """
    return answer_questions(model, test.questions, test.validation)


def answer_questions(
    model: LanguageModel, questions: Sequence[Question], validation: Sequence[Question]
) -> TestAnswers:
    """Answers to questions, and the threshold from validation problems.

    Parameters
    ----------
    model : the trained model.
    questions : what is tested, n_items of them.
    validation : problems that the threshold is chosen on.

    Returns
    -------
    Log-odds and answers (n_items,); the threshold is None where log-odds are missing.
    """
    responses = ask_plainly(model, questions)
    checked = ask_plainly(model, validation)
    labels = np.array([question.label for question in validation])
    blind = np.isnan(responses.odds).any() or np.isnan(checked.odds).any()
    cut = None if blind else threshold(checked.odds[:, 0], labels)
    return TestAnswers(responses.odds[:, 0], responses.answer[:, 0], cut)


def gather(
    trained: Sequence[TrainedArm],
    answered: Sequence[TestAnswers],
    n_seeds: int,
    shifts: Sequence[Shift] = (),
) -> dict[str, ArmAnswers]:
    """Answers of all arms to one test; the model as it is has the same row for each seed.

    Parameters
    ----------
    trained : arms and seeds.
    answered : answers of each of them, in the same order.
    n_seeds : rows of every arm.
    shifts : of each of them, on neutral text; none where they were not measured.
    """
    found: dict[str, ArmAnswers] = {}
    for arm in dict.fromkeys(each.arm for each in trained):
        own = [a for t, a in zip(trained, answered, strict=True) if t.arm == arm]
        rows = Rows.empty(len(own), len(own[0].answer))
        for row, each in enumerate(own):
            rows.odds[row], rows.answer[row] = each.odds, each.answer
            rows.thresholds[row] = each.threshold or 0.0
        moved = [(t, s) for t, s in zip(trained, shifts, strict=bool(shifts)) if t.arm == arm]
        for row, (one, shift) in enumerate(moved):
            rows.add_shift(row, np.array([shift.kl[0], shift.rise[0], float(one.beyond)]))
        found[arm] = rows.arm_answers(n_seeds, steered=False)
    return found


def alignment(model: Model, signals: Signals, test: NDArray[np.intp]) -> float:
    """Pearson r of held-out responses with what all layers together predict.

    Mean over voxels, then people; types' means taken out, penalties chosen inside the training
    runs: the controlled protocol's r on these two parts.

    Parameters
    ----------
    model : its states are read at all items.
    signals : of all items.
    test : numbers of the items that are held out; all others are fitted on.
    """
    states = read_activations(model, signals.problems)
    kernels = np.concatenate([linear_kernels(values) for values in states.values.values()])
    part = np.full(len(signals.runs), "train", dtype="<U5")
    part[test] = "test"
    folds = [f for f in held_out_folds(part, signals.types) if set(f.test) == set(test)]
    people = People(tuple(b - b.mean(axis=0) for b in signals.responses), tuple(folds))
    found = predict(all_together(normalised(kernels, folds), folds), people)
    return float(found.r[:, 0].mean())


def compare_alignment(
    before: float, trained: Sequence[TrainedArm], after: Sequence[float]
) -> list[ArmAlignment]:
    """Rows of arms that were trained, means over seeds.

    Parameters
    ----------
    before : r of the model before training.
    trained : arms and seeds.
    after : r of each of them, in the same order.
    """
    arms = [arm for arm in dict.fromkeys(t.arm for t in trained) if arm != UNGUIDED]
    return [
        ArmAlignment(
            arm=arm,
            before=before,
            after=float(np.mean([r for t, r in zip(trained, after, strict=True) if t.arm == arm])),
        )
        for arm in arms
    ]
