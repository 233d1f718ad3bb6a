"""Directions that are kept: what the artifact holds is what does best on validation problems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainbench.datasets import Recording, load_recording
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.guidance.evaluation.selection import STRENGTHS
from brainbench.guidance.evaluation.test_sets import read_set
from brainbench.guidance.layer_sets import middle_layers
from brainbench.guidance.signals import Signals, read_signals
from brainbench.guidance.steering.fit import FORMS, Derivation, derive_steering
from brainbench.guidance.steering.search import Search
from brainbench.guidance.steering.targeted import Targeted
from brainbench.models import LanguageModel, load_model, load_steering, read_answers, save_steering
from brainbench.statistics.answers import auc


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    found = load_model("nano")
    assert isinstance(found, LanguageModel)
    return found


@pytest.fixture(scope="module")
def people() -> Recording:
    return load_recording("phantom", "signal")


def test_the_artifact_does_on_validation_problems_what_its_recipe_says(
    model: LanguageModel, people: Recording, tmp_path: Path
) -> None:
    made = derive_steering(model, people, "signal", ("syllogistic", "transitive"))
    again = derive_steering(model, people, "signal", ("syllogistic", "transitive"))
    assert made.sha256 == again.sha256, "same seed, same directions"
    assert set(made.directions) == {"syllogistic", "transitive", "all"}
    kept = load_steering(save_steering(made, tmp_path / "steering"))
    problems = read_set("syllogistic_3", "validation")
    labels = np.array([0 if p.condition.valid else 1 for p in problems])
    with model.steered(kept) as steered:
        odds = read_answers(steered, problems).log_odds
    told = made.recipe["syllogistic"]
    assert float(auc(odds, labels == 0)) == pytest.approx(told["validation_auc"], abs=0.02)
    plain = read_answers(model, problems).log_odds
    assert float(auc(plain, labels == 0)) == pytest.approx(
        told["validation_auc_unsteered"], abs=0.02
    )


def test_a_limit_is_of_validation_and_search_and_the_recipe_says_so(
    model: LanguageModel, people: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainbench.guidance.steering.search.STEPS", 3)
    pairs: list[int] = []
    searched = Targeted.search

    def watched(self: Targeted, *given: Any) -> Search:
        pairs.append(len(set(self.pairs.items.tolist())))
        return replace(searched(self, *given), tries=np.ones(len(self.pairs.items), np.int64))

    monkeypatch.setattr(Targeted, "search", watched)
    steps: list[str] = []
    types = ("syllogistic", "transitive")
    for form in FORMS:
        few = Derivation(form, limit=2)
        made = derive_steering(
            model, people, "signal", types, few, report=lambda step: steps.append(step.label)
        )
        assert made.recipe["limit"] == 2
        # the first two syllogisms are valid both, and an area needs both answers
        assert [made.recipe[kind]["n_validation"] for kind in types] == [3, 3]
    assert max(pairs) <= 2
    assert steps[0].startswith("type 1 of 2, syllogistic: ")
    assert steps[-1].startswith("type 2 of 2, transitive: ")
    with pytest.raises(UsageError, match="limit must be a whole number from 1, not 0"):
        Derivation(limit=0)


def test_a_strength_is_chosen_within_the_limit_on_neutral_text(
    model: LanguageModel, people: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    def derive(limit: Any, **more: Any) -> dict[str, Any]:
        given = Derivation(layers="all", shift_limit=limit, **more)
        recipe = derive_steering(model, people, "signal", ("syllogistic",), given).recipe
        found: dict[str, Any] = recipe["syllogistic"]
        return found

    # the built-in model knows no prose
    free = derive("auto")
    assert free["shift_limit"] is None
    alone = {s: derive(None, strength=s) for s in STRENGTHS}
    assert free["shift"] == pytest.approx(alone[free["strength"]]["shift"])
    shifts = sorted(one["shift"] for one in alone.values())
    assert shifts[0] < shifts[1] < shifts[2] < shifts[3]
    for limit in (shifts[0], shifts[1], shifts[2]):
        held = derive(1.001 * limit)
        within = [one for one in alone.values() if one["shift"] <= 1.001 * limit]
        assert held["shift"] <= held["shift_limit"] == 1.001 * limit
        best = max(one["validation_auc"] for one in within)
        assert held["validation_auc"] == pytest.approx(best)
    assert not caplog.records
    beyond = derive(shifts[0] / 2)
    assert beyond["shift"] == pytest.approx(shifts[0])
    assert "every strength moves neutral text by more than" in caplog.text
    with pytest.raises(UsageError, match="limit on the shift of neutral text must be above 0"):
        Derivation(shift_limit=0.0)


def test_pooled_directions_are_the_mean_of_the_types(
    model: LanguageModel, people: Recording
) -> None:
    given = Derivation(layers="1,2", strength=1.5)
    made = derive_steering(model, people, "signal", ("syllogistic", "transitive"), given)
    for layer in (1, 2):
        own = [made.directions[kind][layer] for kind in ("syllogistic", "transitive")]
        np.testing.assert_allclose(made.directions["all"][layer], np.mean(own, axis=0), atol=1e-6)
    assert made.layers == (1, 2)
    assert made.recipe["syllogistic"]["strength"] == 1.5


def test_the_length_of_a_step_is_in_spreads_of_states(
    model: LanguageModel, people: Recording
) -> None:
    one, two = (
        derive_steering(
            model, people, "signal", ("syllogistic",), Derivation(layers="middle", strength=s)
        )
        for s in (1.0, 2.0)
    )
    for layer in middle_layers(4):
        a, b = one.directions["syllogistic"][layer], two.directions["syllogistic"][layer]
        np.testing.assert_allclose(b, 2.0 * a, rtol=1e-5)


@pytest.mark.parametrize("arm", ["permuted fMRI", "label only", "random direction"])
def test_baselines_are_derived_in_the_same_way(
    model: LanguageModel, people: Recording, arm: str
) -> None:
    given = Derivation(arm=arm, layers="all", strength=1.0)
    made = derive_steering(model, people, "signal", ("syllogistic",), given)
    guided = derive_steering(
        model, people, "signal", ("syllogistic",), Derivation(layers="all", strength=1.0)
    )
    assert made.recipe["arm"] == arm
    for layer in range(4):
        own, others = made.directions["syllogistic"][layer], guided.directions["syllogistic"][layer]
        assert np.linalg.norm(own) == pytest.approx(np.linalg.norm(others), rel=1e-5)
        assert not np.allclose(own, others)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"form": "official"}, UnknownNameError, "unknown form"),
        ({"arm": "unguided"}, UsageError, "steers nothing"),
        ({"arm": "stimulus only"}, UsageError, "steers nothing"),
        ({"arm": "nobody"}, UnknownNameError, "unknown arm"),
        ({"form": "published", "arm": "label only"}, UsageError, "searches by responses"),
        ({"mean": "median"}, UnknownNameError, "mean of directions"),
        ({"strength": -1.0}, UsageError, "above 0"),
        ({"method": "own mop"}, UnknownNameError, "method of steering 'own mop'"),
        ({"method": "own map"}, UsageError, "'own map' steers something else at each problem"),
        ({"method": "several tokens"}, UsageError, "'several tokens' steers several tokens"),
        (
            {"method": "right minus wrong", "form": "published"},
            UsageError,
            "--method goes with the controlled form",
        ),
    ],
)
def test_what_cannot_be_derived_is_refused(given: dict, error: type, says: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(error, match=says):
        Derivation(**given)


def test_a_method_that_adds_the_same_everywhere_can_be_kept(
    model: LanguageModel, people: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Derivation(method="right minus wrong", layers="all", strength=1.0)
    with pytest.raises(DataError, match="no item was answered rightly by some people"):
        derive_steering(model, people, "signal", ("syllogistic",), given)

    def with_errors(*asked: Any, **more: Any) -> Signals:
        found = read_signals(*asked, **more)
        drawn = np.random.default_rng(0).random(found.right.shape) < 0.7
        return replace(found, right=drawn.astype(float))

    monkeypatch.setattr("brainbench.guidance.steering.fit.read_signals", with_errors)
    made = derive_steering(model, people, "signal", ("syllogistic",), given)
    assert made.recipe["method"] == "right minus wrong"
    usual = Derivation(layers="all", strength=1.0)
    other = derive_steering(model, people, "signal", ("syllogistic",), usual)
    assert "method" not in other.recipe
    for layer in range(4):
        own, same = (each.directions["syllogistic"][layer] for each in (made, other))
        assert np.linalg.norm(own) == pytest.approx(np.linalg.norm(same), rel=1e-5)
        assert not np.allclose(own, same)
