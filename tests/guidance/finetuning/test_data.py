"""Items as a model is trained on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from trainable import LAYERS, UNITS, make_model, make_signals

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.guidance.finetuning.data import (
    TrainingItems,
    answer_tokens,
    prepare_items,
    signals_sha256,
)
from brainbench.guidance.finetuning.recipes import Budget, Recipe, assign_roles
from brainbench.guidance.signals import Signals
from brainbench.models import Answers, LanguageModel
from brainbench.models.prompts.verbalizer import Spellings


@pytest.fixture
def signals() -> Signals:
    return make_signals()


def make_items(signals: Signals, wrong: list[int]) -> TrainingItems:
    count = len(signals.problems)
    mask = np.zeros(count, bool)
    mask[wrong] = True
    states = np.zeros((count, 2, UNITS), np.float32)
    prompts = tuple((1, 2, i) for i in range(count))
    kinds = tuple(signals.types.tolist())
    return TrainingItems(prompts, kinds, (2,) * count, signals.labels, mask, states)


# prompts and answers


def test_prompts_and_states_are_those_that_the_model_is_read_out_on(signals: Signals) -> None:
    model = make_model()
    items = prepare_items(model, signals, LAYERS)
    for prompt, problem in zip(items.prompts, signals.problems, strict=True):
        assert prompt == model.chat.tokens(model.template.messages(problem))
    states = model.activations(signals.problems).values["attention"]
    np.testing.assert_array_equal(items.states, states[:, list(LAYERS)])
    assert items.kinds == tuple(signals.types.tolist())


def test_what_all_prompts_of_a_type_begin_with_is_nobodys_own(signals: Signals) -> None:
    items = prepare_items(make_model(), signals, LAYERS)
    for kind in set(items.kinds):
        rows = [i for i, own in enumerate(items.kinds) if own == kind]
        (start,) = {items.own[row] for row in rows}
        assert len({items.prompts[row][:start] for row in rows}) == 1
        assert len({items.prompts[row][start] for row in rows}) > 1


def test_a_single_item_keeps_a_token_of_its_own(signals: Signals) -> None:
    items = prepare_items(make_model(), signals.at(np.array([0])), LAYERS)
    assert 1 <= items.own[0] < len(items.prompts[0])


def test_an_answer_that_is_none_is_wrong(signals: Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    said = signals.labels.astype(float)
    said[3], said[5] = 1.0 - said[3], np.nan

    def answer(self: LanguageModel, problems: object) -> Answers:
        return Answers(said, np.zeros(len(said)), ("",) * len(said))

    monkeypatch.setattr(LanguageModel, "answer", answer)
    items = prepare_items(make_model(), signals, LAYERS)
    assert np.flatnonzero(items.wrong).tolist() == [3, 5]


# who does what


def with_right(signals: Signals, nobody: list[int]) -> Signals:
    right = np.ones_like(signals.right)
    right[:, nobody] = 0.0
    return replace(signals, right=right)


@pytest.mark.parametrize(
    ("recipe", "learned", "guided"),
    [
        (Recipe("representation"), [], [1, 3]),
        (Recipe("representation", guided_items="all"), [], [0, 1, 3, 4, 5]),
        (Recipe("labels"), [0, 1, 2, 3, 4, 5], []),
        (Recipe("labels", form="published"), [0, 1, 3, 4, 5], []),
        (Recipe("representation+labels"), [0, 1, 2, 3, 4, 5], [1, 3]),
        (Recipe("representation+labels", form="published"), [0, 1, 3, 4, 5], [1, 3]),
        (Recipe("stimulus", form="published"), [0, 1, 2, 3, 4, 5], []),
        (Recipe("language+representation"), [0, 1, 2, 3, 4, 5], [1, 3]),
    ],
)
def test_items_and_their_roles(
    recipe: Recipe, learned: list[int], guided: list[int], signals: Signals
) -> None:
    """The model has 1, 2, 3 wrong, and nobody had 2 right."""
    some = with_right(signals.at(np.arange(6)), [2])
    roles = assign_roles(recipe, make_items(some, [1, 2, 3]), some)
    assert np.flatnonzero(roles.learned).tolist() == learned
    assert np.flatnonzero(roles.guided).tolist() == guided
    assert roles.active.tolist() == sorted({*learned, *guided})


def test_target_states_are_for_items_it_had_wrong(signals: Signals) -> None:
    items = make_items(signals, [1, 2, 3])
    targets = np.full(items.states.shape, np.nan)
    targets[[1, 3, 4]] = 0.0
    roles = assign_roles(Recipe("states", targets=targets, weight=0.0), items, signals)
    assert roles.active.tolist() == [1, 3]
    kept = assign_roles(Recipe("states", targets=targets), items, signals)
    assert set(kept.active.tolist()) == set(range(24)) - {2}


def test_nothing_to_learn_is_told(signals: Signals) -> None:
    with pytest.raises(DataError, match=r"model had 0 wrong.*--guided-items all"):
        assign_roles(Recipe("representation"), make_items(signals, []), signals)
    few = Recipe("states", targets=np.zeros((3, 2, UNITS)))
    with pytest.raises(DataError, match=r"target states are \(3, 2, 32\)"):
        assign_roles(few, make_items(signals, [0]), signals)
    none = Recipe("states", weight=0.0, targets=np.full((24, 2, UNITS), np.nan))
    with pytest.raises(DataError, match="no item has a target state"):
        assign_roles(none, make_items(signals, [0]), signals)


# answers


def test_the_spelling_that_is_liked_best_is_learned() -> None:
    liking = {10: -3.0, 11: -1.0, 12: -2.0, 20: 5.0, 21: 4.0}
    assert answer_tokens(liking, Spellings((10, 11, 12), (20, 21))) == (11, 20)


# hash


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.at(np.arange(23)),
        lambda s: s.at(np.arange(24)[::-1]),
        lambda s: s.with_responses((s.responses[0], s.responses[1] + 1e-9)),
        lambda s: replace(s, right=1.0 - s.right),
        lambda s: replace(s, labels=~s.labels),
        lambda s: replace(s, runs=np.array(["one"] * 24)),
    ],
)
def test_data_are_told_apart_by_their_hash(
    change: Callable[[Signals], Signals], signals: Signals
) -> None:
    assert signals_sha256(signals) == signals_sha256(make_signals())
    assert signals_sha256(change(signals)) != signals_sha256(signals)


# recipes


def test_forms_choose_the_centring() -> None:
    assert Recipe().chosen_centring == "centred"
    assert Recipe(form="published").chosen_centring == "raw"
    assert Recipe(form="published", centring="intercept").facts()["centring"] == "intercept"


def test_layers_are_the_middle_ones_or_those_named() -> None:
    assert Recipe().at_layers(30).layers == tuple(range(8, 23))
    assert Recipe(layers=(3, 1, 1)).at_layers(4).layers == (1, 3)
    for layers, told in (((1, 4), "no layer 4"), ((-1,), "no layer -1")):
        with pytest.raises(UsageError, match=told):
            Recipe(layers=layers).at_layers(4)
    with pytest.raises(UsageError, match="1 layers has no middle ones"):
        Recipe().at_layers(1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "representations"},
        {"form": "publish"},
        {"loss": "cosin"},
        {"centring": "raws"},
        {"guided_items": "wrongs"},
    ],
)
def test_names_that_are_none_are_told(wrong: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        Recipe(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": -1.0},
        {"weight": float("nan")},
        {"rank": 0},
        {"layers": ()},
        {"name": "states"},
        {"targets": np.zeros((1, 1, 1))},
    ],
)
def test_recipes_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Recipe(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 1.5},
        {"accumulation": 0},
        {"learning_rate": -1.0},
        {"seed": True},
        {"schedule": "linaer"},
    ],
)
def test_budgets_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Budget(**wrong)


def test_targets_are_in_the_facts_by_their_hash() -> None:
    one, other = np.zeros((2, 1, 3)), np.ones((2, 1, 3))
    told = [Recipe("states", targets=targets).facts() for targets in (one, one.copy(), other)]
    assert told[0] == told[1]
    assert told[0]["targets_sha256"] != told[2]["targets_sha256"]
    assert "targets" not in told[0]
