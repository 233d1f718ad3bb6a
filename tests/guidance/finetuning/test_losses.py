"""Losses against the equations, written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from trainable import UNITS, make_signals

from brainbench.guidance.finetuning.data import TrainingItems
from brainbench.guidance.finetuning.losses import RecipeLoss
from brainbench.guidance.finetuning.recipes import RECIPES, Recipe, RecipeKind, assign_roles
from brainbench.guidance.finetuning.recipes.representation import fit_maps
from brainbench.guidance.finetuning.recipes.states import KEPT
from brainbench.guidance.finetuning.recipes.term import Pass
from brainbench.guidance.signals import Signals

ROWS = (3, 20, 7, 0, 15)
VOCABULARY = 11
RIGHT = 0.6


@pytest.fixture
def signals() -> Signals:
    return make_signals(voxels=6)


def make_items(signals: Signals) -> TrainingItems:
    rng = np.random.default_rng(4)
    count = len(signals.problems)
    prompts = tuple(tuple(rng.integers(0, VOCABULARY, 6).tolist()) for _ in range(count))
    states = rng.standard_normal((count, 2, UNITS)).astype(np.float32)
    wrong = rng.random(count) < RIGHT
    kinds = tuple(signals.types.tolist())
    return TrainingItems(prompts, kinds, (3,) * count, signals.labels, wrong, states)


def make_loss(recipe: Recipe, signals: Signals) -> tuple[RecipeLoss, TrainingItems]:
    recipe = recipe.at_layers(4)
    items = make_items(signals)
    roles = assign_roles(recipe, items, signals)
    loss = RecipeLoss(recipe, items, signals, roles, torch.device("cpu"))
    loss.set_answers(2, 5)
    return loss, items


def make_pass(places: int = 1) -> Pass:
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(len(ROWS), 2, UNITS, generator=generator, dtype=torch.float64)
    logits = torch.randn(len(ROWS) * places, VOCABULARY, generator=generator)
    return Pass(ROWS, states.requires_grad_(), logits.requires_grad_())


def distance(predicted: torch.Tensor, measured: torch.Tensor, loss: str) -> torch.Tensor:
    if loss == "mse":
        return (predicted - measured).square().mean()
    if loss == "pearson":
        predicted, measured = predicted - predicted.mean(), measured - measured.mean()
    return 1.0 - (predicted @ measured) / predicted.norm() / measured.norm()


def plain_representation(
    recipe: Recipe, items: TrainingItems, signals: Signals, given: Pass
) -> list[torch.Tensor]:
    """One item, layer, person at a time, with the maps written out as matrices."""
    found = []
    for number, row in enumerate(given.rows):
        total = torch.zeros((), dtype=torch.float64)
        own = np.flatnonzero(signals.types == signals.types[row])
        maps = fit_maps(recipe, items.states[own], signals.at(own))
        people = np.flatnonzero(signals.right[:, row])
        if not items.wrong[row] or not len(people):
            found.append(total)
            continue
        for layer in range(2):
            for person in people:
                weights = torch.as_tensor(maps.span[layer].T @ maps.duals[person][layer])
                state = given.states[number, layer]
                measured = torch.as_tensor(signals.responses[person][row])
                if recipe.chosen_centring == "centred":
                    state = state - torch.as_tensor(maps.mean[layer])
                    measured = measured - torch.as_tensor(maps.offsets[person])
                total = total + distance(state @ weights, measured, recipe.loss) / len(people)
        found.append(total)
    return found


@pytest.mark.parametrize("form", ["controlled", "published"])
@pytest.mark.parametrize("loss", ["cosine", "pearson", "mse"])
def test_representation(form: str, loss: str, signals: Signals) -> None:
    recipe = Recipe("representation", form=form, loss=loss)
    made, items = make_loss(recipe, signals)
    given = make_pass()
    parts = made.parts(given)
    assert list(parts) == ["representation"]
    plain = plain_representation(recipe, items, signals, given)
    assert {float(value.detach()) > 0 for value in plain} == {True, False}
    torch.testing.assert_close(parts["representation"], torch.stack(plain), rtol=1e-9, atol=1e-12)
    found, expected = (
        torch.autograd.grad(total, given.states, retain_graph=True)[0]
        for total in (parts["representation"].sum(), torch.stack(plain).sum())
    )
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


def test_labels(signals: Signals) -> None:
    made, items = make_loss(Recipe("labels"), signals)
    given = make_pass()
    found = made.parts(given)["labels"]
    for number, row in enumerate(ROWS):
        chances = given.logits[number].softmax(dim=0)
        wanted = -chances[2 if items.labels[row] else 5].log()
        torch.testing.assert_close(found[number], wanted)
    assert not made.needs_states
    assert made.needs_logits


def test_both_are_of_one_pass_and_the_representation_is_weighted(signals: Signals) -> None:
    given = make_pass()
    both, _ = make_loss(Recipe("representation+labels", weight=0.3), signals)
    alone = [make_loss(Recipe(name), signals)[0] for name in ("labels", "representation")]
    parts = both.parts(given)
    torch.testing.assert_close(parts["labels"], alone[0].parts(given)["labels"])
    expected = 0.3 * alone[1].parts(given)["representation"]
    torch.testing.assert_close(parts["representation"], expected)


def test_items_that_are_left_out_weigh_nothing(signals: Signals) -> None:
    none = Signals(**{**vars(signals), "right": np.zeros_like(signals.right)})
    made, items = make_loss(Recipe("representation+labels", form="published"), none)
    parts = made.parts(make_pass())
    hopeless = items.wrong[list(ROWS)]
    assert hopeless.any()
    assert (parts["labels"].detach().numpy() == 0).tolist() == hopeless.tolist()
    assert not parts["representation"].detach().any()


def test_stimulus(signals: Signals) -> None:
    made, items = make_loss(Recipe("stimulus"), signals)
    given = make_pass(places=3)
    found = made.parts(Pass(ROWS, text=given.logits))["stimulus"]
    logits = given.logits.view(len(ROWS), 3, VOCABULARY)
    for number, row in enumerate(ROWS):
        own = items.prompts[row][3:]
        chances = logits[number].log_softmax(dim=-1)
        wanted = -torch.stack([chances[i, token] for i, token in enumerate(own)]).mean()
        torch.testing.assert_close(found[number], wanted)


def test_language_and_representation_are_of_one_pass(signals: Signals) -> None:
    given, text = make_pass(), make_pass(places=3).logits
    joint, _ = make_loss(Recipe("language+representation", weight=0.3), signals)
    parts = joint.parts(Pass(ROWS, given.states, None, text))
    assert list(parts) == ["stimulus", "representation"]
    alone = [make_loss(Recipe(name), signals)[0] for name in ("stimulus", "representation")]
    torch.testing.assert_close(parts["stimulus"], alone[0].parts(Pass(ROWS, text=text))["stimulus"])
    expected = 0.3 * alone[1].parts(given)["representation"]
    torch.testing.assert_close(parts["representation"], expected)
    assert joint.needs_states
    assert joint.needs_logits


def test_a_recipe_is_a_line_of_the_registry(
    signals: Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = [RECIPES[name] for name in ("labels", "stimulus")]
    terms = tuple(term for kind in kinds for term in kind.terms)
    monkeypatch.setitem(RECIPES, "both texts", RecipeKind("both texts", "answers and text", terms))
    made, _ = make_loss(Recipe("both texts", weight=0.5), signals)
    given, text = make_pass(), make_pass(places=3).logits
    parts = made.parts(Pass(ROWS, None, given.logits, text))
    alone, _ = make_loss(Recipe("stimulus"), signals)
    assert list(parts) == ["labels", "stimulus"]
    expected = 0.5 * alone.parts(Pass(ROWS, text=text))["stimulus"]
    torch.testing.assert_close(parts["stimulus"], expected)
    assert not made.needs_states


def test_states(signals: Signals) -> None:
    targets = np.random.default_rng(7).standard_normal((24, 2, UNITS))
    targets[ROWS[0]] = np.nan
    made, items = make_loss(Recipe("states", weight=2.0, targets=targets), signals)
    given = make_pass()
    parts = made.parts(given)
    for number, row in enumerate(ROWS):
        state = given.states[number].detach().numpy()
        new = np.square(state - targets[row]).mean() if items.wrong[row] else 0.0
        old = 0.0 if items.wrong[row] else 2.0 * np.square(state - items.states[row]).mean()
        assert float(parts["states"][number].detach()) == pytest.approx(
            0.0 if np.isnan(new) else new
        )
        assert float(parts[KEPT][number].detach()) == pytest.approx(old)
    assert sum(parts.values()).isfinite().all()
    assert not made.needs_logits
