"""How long a run of guidance takes, from prompts and parameters alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brainbench.errors import UsageError
from brainbench.guidance.options import GuidanceOptions
from brainbench.models import LanguageModel, load_model
from brainbench.run import Settings, guidance_plan
from brainbench.run.guidance_plan import (
    Prompts,
    count_prompts,
    finetuning_tokens,
    matrix_speed,
    plan_seconds,
    steering_tokens,
)

OPTIONS = GuidanceOptions(
    modes=("steering", "finetuning"), tests=("three premises, syllogistic",)
)  # fmt: skip


@pytest.fixture(scope="module")
def nano() -> LanguageModel:
    model = load_model("nano")
    assert isinstance(model, LanguageModel)
    return model


def test_prompts_are_those_of_the_tests(nano: LanguageModel) -> None:
    once = replace(OPTIONS, tier="reduced").extent("steering", "cpu", False, 0)
    every = replace(OPTIONS, tier="full").extent("steering", "cpu", False, 0)
    few, many = (count_prompts(nano, OPTIONS, each, ("syllogistic",), None)
                 for each in (once, every))  # fmt: skip
    assert (few.new, many.new, few.validation) == (192, 6 * 192, 32)
    # orders of premises are as long as each other
    assert few.tokens == pytest.approx(many.tokens, rel=0.05)
    assert count_prompts(nano, OPTIONS, once, ("syllogistic",), 4).new == 4


def test_a_form_that_is_not_run_takes_no_time(nano: LanguageModel) -> None:
    def tokens(*forms: str) -> float:
        extent = replace(OPTIONS, forms=forms).extent("steering", "cpu", False, 0)
        prompts = count_prompts(nano, OPTIONS, extent, ("syllogistic",), None)
        return steering_tokens(extent, prompts, 1, 10)

    # scanner items are read for either
    both = tokens("controlled", "published")
    assert max(tokens("published"), tokens("controlled")) < both == tokens()
    assert tokens("published") + tokens("controlled") > both


def test_time_is_tokens_times_parameters_at_the_speed_of_the_machine(
    nano: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = 1e9
    monkeypatch.setattr(guidance_plan, "matrix_speed", lambda device: speed)
    found = plan_seconds(OPTIONS, nano, Settings())
    assert list(found) == [
        ("reduced", "steering"), ("full", "steering"),
        ("reduced", "finetuning"), ("full", "finetuning"),
    ]  # fmt: skip
    extent = replace(OPTIONS, tier="reduced").extent("finetuning", "cpu", True, 0)
    prompts = count_prompts(nano, OPTIONS, extent, ("syllogistic",), None)
    parameters = sum(p.numel() for p in nano.loader.model.parameters())
    # both ROIs of the simulated people guide
    tokens = 2 * finetuning_tokens(extent, prompts)
    assert found["reduced", "finetuning"] == pytest.approx(
        2.0 * parameters * tokens / (speed * guidance_plan._REACHED)
    )
    speed = 2e9
    assert plan_seconds(OPTIONS, nano, Settings())["full", "steering"] == pytest.approx(
        found["full", "steering"] / 2.0
    )


def test_more_seeds_arms_and_epochs_are_more_to_read() -> None:
    prompts = Prompts(tokens=100.0, new=1000, validation=100)
    few, many = (replace(OPTIONS, tier=tier).extent("finetuning", "cpu", False, 0)
                 for tier in ("reduced", "full"))  # fmt: skip
    # 3 arms once, of one recipe; 8 arms five times, of two
    asked = replace(few, epochs=1), replace(many, epochs=1)
    ratio = finetuning_tokens(asked[1], prompts) / finetuning_tokens(asked[0], prompts)
    n_arms = [len(each.arms("finetuning")) - 1 for each in (few, many)]
    assert ratio == pytest.approx(2 * 5 * n_arms[1] / n_arms[0])
    assert finetuning_tokens(many, prompts) > 2 * finetuning_tokens(asked[1], prompts)
    steering = [steering_tokens(each, prompts, 2, 10) for each in (few, many)]
    assert steering[1] > steering[0] > 1000 * 100


def test_no_weights_are_loaded_and_other_models_are_refused() -> None:
    model = load_model("nano")
    assert isinstance(model, LanguageModel)
    plan_seconds(OPTIONS, model, Settings())
    assert "model" not in vars(model.loader)
    with pytest.raises(UsageError, match="is not a language model that brainbench runs"):
        plan_seconds(OPTIONS, load_model("smollm2-135m-phantom"), Settings())


def test_the_speed_of_the_machine_is_measured() -> None:
    assert 1e8 < matrix_speed("cpu", size=64, seconds=0.01) < 1e13
