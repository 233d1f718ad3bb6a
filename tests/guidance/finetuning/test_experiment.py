"""The arms of fine-tuning: what trains, what is held out, what is chosen where."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from brainbench.datasets import load_recording
from brainbench.encoding.controlled.folds import held_out_folds
from brainbench.encoding.kernels import linear_kernels
from brainbench.guidance.evaluation.cached_prompts import Question, ask_problems
from brainbench.guidance.evaluation.neutral import SOME, NeutralPassages
from brainbench.guidance.finetuning import experiment
from brainbench.guidance.finetuning.experiment import FinetuningPlan, TrainedArm
from brainbench.guidance.finetuning.folder import FinetuningFolder
from brainbench.guidance.finetuning.recipes import Budget, Recipe
from brainbench.guidance.signals import Signals, read_signals
from brainbench.guidance.steering.asking import AllResponses
from brainbench.models import LanguageModel, load_model
from brainbench.statistics.answers import auc


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    found = load_model("nano")
    assert isinstance(found, LanguageModel)
    return found


@pytest.fixture(scope="module")
def signals() -> Signals:
    return read_signals(load_recording("phantom_guidance", "validity"), "validity", "all")


def test_the_first_half_of_each_types_runs_trains() -> None:
    phantom = read_signals(load_recording("phantom", "signal"), "signal", "all")
    train, test = experiment.split_runs(phantom)
    assert set(phantom.runs[train]) == {"syllogistic-01", "transitive-01"}
    assert set(phantom.runs[test]) == {"syllogistic-02", "transitive-02"}
    assert sorted([*train, *test]) == list(range(72))


def test_arms_are_trained_asked_and_the_model_is_as_it_was(
    model: LanguageModel, signals: Signals, tmp_path: Path
) -> None:
    train, test = experiment.split_runs(signals)
    validation = tuple(ask_problems(model, signals.problems)[i] for i in train[:12])
    plan = FinetuningPlan(
        ("unguided", "guided", "label only", "random direction"),
        (0, 1),
        budget=Budget(epochs=2, batch_size=12, accumulation=1, patience=0),
        learning_rates=(1e-5, 3e-3),
        validation=validation,
    )
    items = ask_problems(model, signals.at(test).problems)
    before = experiment.ask_plainly(model, items)
    trained = experiment.train_arms(model, signals.at(train), plan, tmp_path)
    assert [(t.arm, t.row) for t in trained] == [
        ("unguided", 0),
        *((arm, row) for arm in plan.arms[1:] for row in (0, 1)),
    ]
    answered = []
    for each in trained:
        with experiment.as_trained(model, each) as now:
            answered.append(experiment.answer_questions(now, items, validation))
    after = experiment.ask_plainly(model, items)
    assert np.array_equal(before.odds, after.odds), "the model's own weights are untouched"
    arms = experiment.gather(trained, answered, 2)
    assert np.array_equal(arms["unguided"].log_odds[0], before.odds[:, 0])
    assert np.array_equal(arms["unguided"].log_odds[0], arms["unguided"].log_odds[1])
    for arm in plan.arms[1:]:
        assert not np.array_equal(arms[arm].log_odds[0], before.odds[:, 0]), arm
        assert not np.array_equal(arms[arm].log_odds[0], arms[arm].log_odds[1]), arm
        assert arms[arm].strengths is None
    written = {path.parent.name for path in tmp_path.rglob("finetuning.json")}
    assert written >= {"rate-1e-05", "rate-0.003"}
    # what is trained is found again, not trained again
    times = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("adapter_model.safetensors")}
    experiment.train_arms(model, signals.at(train), plan, tmp_path)
    assert times == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("adapter_model.safetensors")}


def test_the_model_that_all_trainings_begin_with_is_validated_once(
    model: LanguageModel, signals: Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, _ = experiment.split_runs(signals)
    own = signals.at(train)
    asked: list[LanguageModel] = []
    ask_plainly = experiment.ask_plainly

    def counted(now: LanguageModel, questions: Sequence[Question]) -> AllResponses:
        asked.append(now)
        return ask_plainly(now, questions)

    monkeypatch.setattr(experiment, "ask_plainly", counted)
    plan = FinetuningPlan(
        ("unguided", "guided", "label only"),
        (0, 1),
        budget=Budget(epochs=1, batch_size=12, accumulation=1, patience=0),
        learning_rates=(1e-5, 3e-3),
        validation=tuple(ask_problems(model, own.problems))[:12],
    )
    experiment.train_arms(model, own, plan, tmp_path)
    n_trainings = 2 * len(plan.seeds) * len(plan.learning_rates)
    assert len(asked) == 1 + n_trainings
    assert asked[0] is model
    odds = ask_plainly(model, plan.validation).odds[:, 0]
    before = float(auc(odds, [question.label == 0 for question in plan.validation]))
    for path in tmp_path.rglob("finetuning.json"):
        found = FinetuningFolder(path.parent).load()
        assert found is not None
        assert found.history.validation[0] == before


@pytest.mark.parametrize(("limit", "beyond"), [(1e-9, True), (1e3, False)])
def test_a_rate_within_the_limit_comes_first_else_the_one_that_shifts_least(
    model: LanguageModel, signals: Signals, tmp_path: Path, limit: float, beyond: bool
) -> None:
    train, _ = experiment.split_runs(signals)
    own = signals.at(train)
    plan = FinetuningPlan(
        ("unguided", "label only"),
        (0,),
        budget=Budget(epochs=2, batch_size=12, accumulation=1, patience=0),
        learning_rates=(1e-2, 1e-5),
        validation=tuple(ask_problems(model, own.problems))[:12],
        limit=limit,
    )
    _, trained = experiment.train_arms(model, own, plan, tmp_path)
    assert trained.folder is not None
    assert trained.beyond == beyond
    found = FinetuningFolder(trained.folder).load()
    assert found is not None
    history = found.history
    passages = NeutralPassages(model, SOME)
    with experiment.as_trained(model, trained) as now:
        expected = history.shifts[history.best_epoch - 1]
        assert passages.shift(now).kl[0] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert len(history.shifts) == 2
    if beyond:
        assert trained.folder.name == "rate-1e-05"
        assert history.best_epoch == 1 + int(np.argmin(history.shifts))


def test_the_published_plan_is_the_papers() -> None:
    plan = experiment.published_plan(("guided",), (0,), "representation+labels")
    budget = plan.budget
    assert (plan.form, plan.learning_rates) == ("published", (1e-4,))
    assert (budget.epochs, budget.patience, budget.accumulation) == (100, 10, None)
    assert min(plan.weights) == 0.01
    assert max(plan.weights) == 0.1
    recipe = Recipe("representation+labels", "published").at_layers(30)
    assert (recipe.rank, recipe.alpha, recipe.chosen_centring) == (8, 16, "raw")


def test_every_arm_is_tried_as_often() -> None:
    plan = experiment.published_plan(("guided",), (0,), "representation+labels")
    guided = experiment._tries(plan, Recipe("representation+labels", "published"), 3)
    labels = experiment._tries(plan, Recipe("labels", "published"), 3)
    assert [recipe.weight for _, recipe, _ in guided] == [0.01, 0.03, 0.1]
    assert {budget.seed for _, _, budget in guided} == {3}
    assert [budget.seed for _, _, budget in labels] == [3, 1003, 2003]
    assert len({recipe.weight for _, recipe, _ in labels}) == 1
    assert len({name for name, _, _ in labels}) == len(guided) == 3
    controlled = FinetuningPlan(("guided",), (0,))
    rates = experiment._tries(controlled, Recipe(), 3)
    assert [name for name, _, _ in rates] == ["rate-0.0003", "rate-0.003"]
    assert {(b.seed, r.weight) for _, r, b in rates} == {(3, Recipe().weight)}


def test_answers_are_kept_and_read_back() -> None:
    given = experiment.TestAnswers(np.array([0.1 + 0.2, np.nan]), np.array([1, -1]), None)
    back = experiment.TestAnswers.of(json.loads(json.dumps(given.facts())))
    np.testing.assert_array_equal(back.odds, given.odds)
    np.testing.assert_array_equal(back.answer, given.answer)
    assert back.threshold is None


def test_alignment_is_that_of_plain_ridge_on_the_held_out_runs(
    model: LanguageModel, signals: Signals
) -> None:
    """One kernel of all layers, its penalty by inner blocks, refitted here one by one."""
    train, test = experiment.split_runs(signals)
    states = model.activations(signals.problems)
    kernels = np.concatenate([linear_kernels(values) for values in states.values.values()])
    part = np.where(np.isin(np.arange(len(signals.runs)), test), "b", "a")
    fold = next(f for f in held_out_folds(part, signals.types) if set(f.test) == set(test))
    kernel = fold.normalise(fold.normalise(kernels).sum(axis=0, keepdims=True))[0]
    centred = [fold.centre @ block for block in signals.responses]
    from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS

    def predicted(a: np.ndarray, b: np.ndarray, y: np.ndarray, k: np.ndarray, alpha: float):  # type: ignore[no-untyped-def, type-arg]
        return k[np.ix_(b, a)] @ np.linalg.solve(k[np.ix_(a, a)] + alpha * np.eye(len(a)), y[a])

    errors = np.zeros(len(CONTROLLED_ALPHAS))
    inside = kernel[np.ix_(train, train)]
    for inner in fold.inner:
        k = inner.centred(inside)
        for block in centred:
            y = inner.centre @ block[train]
            for i, alpha in enumerate(CONTROLLED_ALPHAS):
                miss = y[inner.checked] - predicted(inner.fitted, inner.checked, y, k, alpha)
                errors[i] += np.square(miss).sum()
    best = CONTROLLED_ALPHAS[int(errors.argmin())]
    r = []
    for block in centred:
        told = predicted(train, test, block, kernel, best)
        r += [np.corrcoef(told[:, v], block[test, v])[0, 1] for v in range(block.shape[1])]
    assert experiment.alignment(model, signals, test) == pytest.approx(np.mean(r), abs=1e-9)


def test_alignment_before_and_after_is_told_of_trained_arms_only() -> None:
    trained = [
        TrainedArm("unguided", 0, None),
        *(TrainedArm("guided", i, Path("x")) for i in (0, 1)),
    ]
    (row,) = experiment.compare_alignment(0.1, trained, [0.1, 0.2, 0.4])
    assert (row.arm, row.before) == ("guided", 0.1)
    assert row.after == pytest.approx(0.3)
