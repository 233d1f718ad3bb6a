"""Whose responses a steering is derived from: what is refused, and before what."""

from __future__ import annotations

from typing import Any

import pytest

from brainbench.errors import UsageError
from brainbench.guidance.methods.directions import SteeringLoss
from brainbench.run import steering
from brainbench.run.steering import SteeringOrder, steer


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"loss": "cosin"}, "did you mean 'cosine'"),
        ({"centring": "center"}, "unknown centring"),
        ({"site": "mlp"}, "unknown site"),
        ({"form": "controled"}, "did you mean 'controlled'"),
        ({"arm": "unguided"}, "steers nothing"),
        ({"step": 0.0}, "a number above 0"),
        ({"mean": "both"}, "unknown mean"),
        ({"name": "../elsewhere"}, "is not a name for a steering"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_an_order_that_cannot_be_met_is_refused_where_it_is_made(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        SteeringOrder("phantom", **given)


def test_what_is_not_given_is_as_the_form_has_it() -> None:
    def loss(**given: Any) -> SteeringLoss:
        return SteeringOrder("phantom", **given).derivation.chosen_way

    assert loss() == SteeringLoss("mse", "centred")
    assert loss(form="published") == SteeringLoss("cosine", "raw")
    assert loss(form="published", centring="centred") == SteeringLoss("cosine", "centred")
    assert loss(loss="pearson") == SteeringLoss("pearson", "centred")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"dataset": "phantoms"}, "did you mean 'phantom'"),
        ({"roi": "sinal"}, "did you mean 'signal'"),
        ({"reasoning_type": "inductive"}, "unknown reasoning type"),
        ({"dataset": "folio"}, "nothing measured in people"),
    ],
)
def test_a_wrong_name_is_told_before_the_model_is_opened(
    given: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: Any, **__: Any) -> Any:
        raise AssertionError("opened")

    monkeypatch.setattr(steering, "load_model", opened)
    with pytest.raises(UsageError, match=says):
        steer("nano", SteeringOrder(**{"dataset": "phantom", **given}))


def test_activations_are_not_steered() -> None:
    with pytest.raises(UsageError, match="smollm2-135m-phantom is not a language model"):
        steer("smollm2-135m-phantom", SteeringOrder("phantom"))
