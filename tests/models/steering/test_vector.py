"""Directions are checked as they are made, told by what changes a number, and fit one model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tiny_steerings import LAYERS, make_steering

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models import LanguageModel, MadeFor, Steering
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.steering.made_for import check_fits

MADE = MadeFor("tiny", "0" * 64, "llama", 4, 32)


def ones(**groups: dict[int, Any]) -> dict[str, Any]:
    return {"directions": {group: dict(own) for group, own in groups.items()}}


# which directions


def test_a_type_has_its_own_directions_or_those_of_all() -> None:
    both = make_steering(MADE, ("syllogistic", "all"))
    assert both.group_for("syllogistic") == "syllogistic"
    assert both.group_for("transitive") == both.group_for(None) == "all"
    assert both.groups_for(["transitive", "syllogistic"]) == ["all", "syllogistic"]
    for kind, group in (("syllogistic", "syllogistic"), ("a task's own word", "all")):
        found = both.direction_for(kind)
        assert list(found) == list(LAYERS)
        for layer in LAYERS:
            np.testing.assert_array_equal(found[layer], both.directions[group][layer])
    assert both.missing(["transitive", None, "syllogistic"]) == ()


def test_a_type_without_directions_is_not_steered_and_warned_of() -> None:
    own = make_steering(MADE, ("syllogistic",))
    assert own.group_for("transitive") is None
    assert own.direction_for("transitive") == {}
    (warning,) = own.missing(["transitive", "syllogistic", "transitive", None], "requests")
    assert warning == (
        "the steering test has no directions for requests of no type, transitive: 3 of 4 "
        "requests are asked unsteered"
    )


# what is refused


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"site": "mlp"}, "unknown site 'mlp'"),
        (ones(sylogistic={1: np.ones(32)}), "did you mean 'syllogistic'"),
        (ones(all={4: np.ones(32)}), "direction all/4: tiny has layers 0 to 3"),
        (ones(all={-1: np.ones(32)}), "layers 0 to 3"),
        (ones(all={1: np.ones(31)}), r"direction all/1: expected 32 units, got the shape \(31,\)"),
        (ones(all={1: np.ones((32, 1))}), r"got the shape \(32, 1\)"),
        (ones(all={1: np.full(32, np.nan)}), "direction all/1: NaN or infinite"),
        # finite in float64 alone, and finite until it is multiplied
        (ones(all={1: np.full(32, 1e39)}), "NaN or infinite"),
        ({**ones(all={1: np.full(32, 1e30)}), "strength": 1e10}, "times the strength 1e"),
        ({"directions": {}}, "has no directions"),
        ({"directions": {"all": {}}}, "has no directions"),
        ({"tokens": "some"}, "unknown choice of steered tokens 'some'"),
        ({"strength": float("inf")}, "strength must be a finite number, not inf"),
        ({"strength": True}, "strength must be a finite number"),
        ({"strength": "2"}, "strength must be a finite number"),
        ({"name": "../up"}, "is not a name for a steering"),
        ({"name": ""}, "is not a name for a steering"),
        ({"name": "x" * 65}, "is not a name for a steering"),
    ],
    ids=str,
)
def test_what_is_no_steering_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises((DataError, UsageError), match=told):
        make_steering(MADE, **changes)


def test_changes_are_checked_too() -> None:
    steering = make_steering(MADE)
    with pytest.raises(UsageError, match="finite"):
        steering.changed(strength=float("nan"))
    with pytest.raises(UnknownNameError, match="did you mean 'generated'"):
        steering.changed(tokens="generate")


# name and hash


def test_its_label_tells_what_differs_from_the_artifact() -> None:
    steering = make_steering(MADE, strength=1.5)
    assert steering.suffix == "+steer-test"
    assert steering.changed().label == steering.changed(1.5, "last").label == "test"
    assert steering.changed(2).label == "test@2"
    assert steering.changed(-0.25, "all").label == "test@-0.25@all"
    assert steering.changed(2).changed(1.5).label == "test"


def test_its_hash_is_of_what_changes_a_number() -> None:
    steering = make_steering(MADE, ("syllogistic", "all"))
    same = [
        replace(steering, name="other", recipe={"by": "hand"}, data_sha256="1" * 64),
        replace(steering, made_for=replace(MADE, weights_sha256="1" * 64)),
        steering.changed(1.0, "last"),
        replace(steering, directions=dict(reversed(steering.directions.items()))),
        # kept as float32
        replace(
            steering,
            directions={
                g: {n: v.astype(np.float64) for n, v in own.items()}
                for g, own in steering.directions.items()
            },
        ),
    ]
    assert {other.sha256 for other in same} == {steering.sha256}
    swapped = dict(zip(steering.directions, reversed(steering.directions.values()), strict=True))
    moved = {g: {n + 1: v for n, v in own.items()} for g, own in steering.directions.items()}
    others = [
        steering.changed(1.0 + 1e-12),
        steering.changed(tokens="all"),
        replace(steering, site="hidden"),
        replace(steering, directions=swapped),
        replace(steering, directions=moved),
        make_steering(MADE, ("syllogistic", "all"), seed=1),
        make_steering(MADE, ("syllogistic",)),
    ]
    assert len({steering.sha256, *(other.sha256 for other in others)}) == 8


def test_directions_cannot_be_changed_behind_its_hash() -> None:
    mine = np.ones(32, np.float32)
    steering = make_steering(MADE, **ones(all={1: mine}))
    mine[:] = 5
    np.testing.assert_array_equal(steering.directions["all"][1], np.ones(32))
    with pytest.raises(ValueError, match="read-only"):
        steering.directions["all"][1][0] = 3


def test_facts_are_what_the_record_tells() -> None:
    steering = make_steering(MADE, ("transitive", "all")).changed(2)
    assert steering.facts == {
        "name": "test",
        "sha256": steering.sha256,
        "strength": 2.0,
        "tokens": "last",
        "site": "attention",
        "layers": [1, 2],
        "groups": ["transitive", "all"],
    }


# the model


def test_it_is_made_for_one_model(tiny: Any, chat_tokenizer: Any) -> None:
    model = LanguageModel("mine", "a" * 64, Loaded(tiny("gpt2"), chat_tokenizer))
    made = MadeFor.of(model)
    assert made == MadeFor("mine", "a" * 64, "gpt2", 4, 32)
    check_fits(make_steering(made), model)
    for what, value in (
        ("weights_sha256", "b" * 64), ("family", "llama"), ("n_layers", 5), ("units", 33),
    ):  # fmt: skip
        other: Steering = make_steering(replace(made, identifier="theirs", **{what: value}))
        with pytest.raises(DataError, match=f"made for theirs, .*{value}; mine has ") as caught:
            check_fits(other, model)
        assert str(getattr(made, what)) in str(caught.value)


def test_a_model_of_eyes_tells_the_size_of_its_text(tiny: Any, chat_tokenizer: Any) -> None:
    model = LanguageModel("mine", "a" * 64, Loaded(tiny("gemma3"), chat_tokenizer))
    assert MadeFor.of(model) == MadeFor("mine", "a" * 64, "gemma3", 4, 32)
