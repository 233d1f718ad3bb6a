"""A steered language model: its states and answers, its name and hash, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiers import families
from tiny_steerings import TYPES, by_hand, make_steering

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models import (
    LanguageModel,
    MadeFor,
    ModelOptions,
    Steering,
    is_builtin,
    load_model,
    save_steering,
)
from brainbench.models.architectures import find_sites
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.opening import open_language_model
from brainbench.models.prompts.template import Message, PromptTemplate
from brainbench.problems import Problem

Tiny = Callable[..., Any]
Problems = Sequence[Problem]
SHA = "0" * 64
TOKENS = ("last", "generated", "all")

pytestmark = pytest.mark.usefixtures("own_cache")


def make(loader: Any, **changes: Any) -> LanguageModel:
    return LanguageModel("tiny", SHA, loader, **{"batch_size": 4, **changes})


def steering_of(loader: Any, groups: Sequence[str] = ("all",), **changes: Any) -> Steering:
    return make_steering(MadeFor.of(make(loader)), groups, **changes)


def states_of(model: LanguageModel, problems: Problems) -> dict[str, np.ndarray]:
    """States and log-odds."""
    found = {str(site): values for site, values in model.activations(problems).values.items()}
    return {**found, "log_odds": model.answer(problems).log_odds}


def agree(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for name, values in expected.items():
        scale = np.abs(values).max()
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-4 * scale, err_msg=name)


def equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def naive(
    loader: Loaded, problem: Problem, steering: Steering, group: str | None
) -> tuple[dict[str, np.ndarray], str]:
    """One prompt, whole; hooks that record are put on after the one that steers."""
    model = make(loader)
    prompt = model.chat.tokens(model.template.messages(problem))
    sites = find_sites(loader.model)
    caught: dict[str, list[torch.Tensor]] = {"attention": [], "hidden": []}
    handles = []
    with by_hand(loader.model, steering, group, len(prompt) - 1):
        for site, kept in caught.items():
            for module in getattr(sites, site):

                def hook(module: Any, inputs: Any, out: Any, kept: Any = kept) -> None:
                    kept.append((out[0] if isinstance(out, tuple) else out)[0, -1].clone())

                handles.append(module.register_forward_hook(hook))
        with torch.inference_mode():
            logits = loader.model(input_ids=torch.tensor([prompt])).logits[0, -1].double()
        for handle in handles:
            handle.remove()
    words: dict[str, list[int]] = {"true": [], "false": []}
    for piece, token in loader.tokenizer.get_vocab().items():
        words.get(piece.replace("Ġ", "").lower(), []).append(token)
    odds = logits[words["true"]].logsumexp(0) - logits[words["false"]].logsumexp(0)
    states = {site: torch.stack(kept).numpy() for site, kept in caught.items()}
    said = loader.tokenizer.decode([int(logits.argmax())])
    return {**states, "log_odds": np.array(float(odds))}, said


# states and answers


@pytest.mark.parametrize("tokens", ["last", "all"])
@pytest.mark.parametrize("family", families("olmo2"))
def test_every_family_is_as_single_prompts_with_a_hook(
    family: str, tokens: str, tiny: Tiny, chat_tokenizer: Any, problems: Problems
) -> None:
    loader = Loaded(tiny(family), chat_tokenizer)
    site = "hidden" if family in ("gpt2", "olmo2") else "attention"
    steering = steering_of(loader, TYPES, site=site, tokens=tokens, strength=1.5)
    found = states_of(make(loader, steering=steering), problems)
    texts = make(loader, steering=steering).answer(problems).texts
    for row, problem in enumerate(problems):
        expected, said = naive(loader, problem, steering, problem.reasoning_type)
        agree({name: values[row] for name, values in found.items()}, expected)
        assert texts[row] == said
    # what steers is larger than what is tolerated
    bare = states_of(make(loader), problems)
    assert np.abs(found["hidden"] - bare["hidden"]).max() > 0.01 * np.abs(bare["hidden"]).max()
    assert np.abs(found["log_odds"] - bare["log_odds"]).min() > 1e-3


@pytest.mark.parametrize("groups", [("all",), TYPES, ("syllogistic",), ("transitive", "all")])
@pytest.mark.parametrize("tokens", TOKENS)
def test_batches_and_shared_beginnings_change_nothing(
    tokens: str, groups: tuple[str, ...], loaded: Loaded, problems: Problems
) -> None:
    steering = steering_of(loaded, groups, tokens=tokens)
    expected = states_of(
        make(loaded, steering=steering, batch_size=1, share_prefix=False), problems
    )
    for size, share in ((4, True), (32, True), (3, False)):
        model = make(loaded, steering=steering, batch_size=size, share_prefix=share)
        agree(states_of(model, problems), expected)
        agree({k: v[::-1] for k, v in states_of(model, problems[::-1]).items()}, expected)


def test_before_the_last_token_nothing_is_moved(loaded: Loaded, problems: Problems) -> None:
    for tokens, moved in (("last", False), ("generated", False), ("all", True)):
        steering = steering_of(loaded, tokens=tokens)
        found, bare = (
            make(loaded, readout="premises", steering=given).activations(problems).values["hidden"]
            for given in (steering, None)
        )
        assert (np.abs(found - bare).max() > 0.01) == moved


def test_what_is_recorded_is_the_state_after_steering(loaded: Loaded, problems: Problems) -> None:
    steering = steering_of(loaded, site="hidden", strength=3.0)
    moved, bare = (
        make(loaded, steering=given).activations(problems).values["hidden"]
        for given in (steering, None)
    )
    # the first steered layer: what comes in is the same
    vector = 3 * steering.directions["all"][1]
    np.testing.assert_allclose(moved[:, 1] - bare[:, 1], np.tile(vector, (6, 1)), atol=1e-4)
    np.testing.assert_array_equal(moved[:, 0], bare[:, 0])


def test_the_contrast_of_reading_is_steered_too(loaded: Loaded, problems: Problems) -> None:
    steering = steering_of(loaded, ("transitive",))
    moved, bare = (
        make(loaded, readout="localised", steering=given).activations(problems).contrast
        for given in (steering, None)
    )
    assert moved is not None
    assert bare is not None
    changed = np.abs(moved["hidden"] - bare["hidden"]).max(axis=(1, 2)) > 0.01
    assert changed.tolist() == [p.reasoning_type == "transitive" for p in problems]


@pytest.mark.parametrize("groups", [("all",), TYPES])
@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("think", [None, 4])
def test_at_strength_zero_it_is_the_model_itself(
    think: int | None, tokens: str, groups: tuple[str, ...], loaded: Loaded, problems: Problems
) -> None:
    bare = states_of(make(loaded, think=think), problems)
    steering = steering_of(loaded, groups, tokens=tokens)
    equal(states_of(make(loaded, think=think, steering=steering.changed(0.0)), problems), bare)
    # nor do directions without length, which go all the way, but where groups divide the batches
    if (tokens, groups) != ("all", TYPES):
        none = {g: {n: 0 * v for n, v in own.items()} for g, own in steering.directions.items()}
        flat = steering_of(loaded, groups, tokens=tokens, directions=none)
        equal(states_of(make(loaded, think=think, steering=flat), problems), bare)


def test_types_without_directions_are_as_they_were_and_warned_of(
    loaded: Loaded, problems: Problems
) -> None:
    model = make(loaded, steering=steering_of(loaded, ("transitive",)))
    bare, found = make(loaded).answer(problems), model.answer(problems)
    same = found.log_odds == bare.log_odds
    assert same.tolist() == [p.reasoning_type != "transitive" for p in problems]
    told = ("the steering test has no directions for syllogistic: 3 of 6 problems are asked "
            "unsteered",)  # fmt: skip
    assert model.activations(problems).warnings == found.warnings == told
    only = [p for p in problems if p.reasoning_type == "transitive"]
    assert model.answer(only).warnings == ()


# thinking


def blocks_of(model: Any, text: Sequence[int]) -> list[torch.Tensor]:
    """(tokens, units) that leave each block."""
    caught: list[torch.Tensor] = []

    def hook(module: Any, inputs: Any, out: Any) -> None:
        caught.append((out[0] if isinstance(out, tuple) else out)[0])

    handles = [module.register_forward_hook(hook) for module in find_sites(model).hidden]
    with torch.inference_mode():
        model(input_ids=torch.tensor([text]))
    for handle in handles:
        handle.remove()
    return caught


@pytest.mark.parametrize("tokens", TOKENS)
def test_thoughts_are_steered_as_they_are_written(
    tokens: str, loaded: Loaded, problems: Problems
) -> None:
    steering = steering_of(loaded, TYPES, tokens=tokens)
    model = make(loaded, think=5, steering=steering)
    found = model.activations(problems).values["hidden"]
    bare = make(loaded, think=5).activations(problems).values["hidden"]
    for row, problem in enumerate(problems):
        prompt = model.chat.tokens(model.template.messages(problem))
        text = list(prompt)
        with by_hand(loaded.model, steering, problem.reasoning_type, len(prompt) - 1):
            while len(text) < len(prompt) + 5:
                with torch.inference_mode():
                    logits = loaded.model(input_ids=torch.tensor([text])).logits
                text.append(int(logits[0, -1].argmax()))
                if text[-1] == loaded.tokenizer.eos_token_id:
                    text.pop()
                    break
            caught = blocks_of(loaded.model, text)
        start = min(len(prompt), len(text) - 1)
        expected = torch.stack([state[start:].mean(0) for state in caught]).numpy()
        np.testing.assert_allclose(found[row], expected, atol=1e-4 * np.abs(expected).max())
    assert np.abs(found - bare).max() > 0.01


# cache


def test_what_was_read_steered_is_kept_apart(
    loaded: Loaded, problems: Problems, tmp_path: Path
) -> None:
    steering = steering_of(loaded, ("transitive",))
    given = [
        None, steering, steering.changed(2.0), steering.changed(tokens="all"),
        steering_of(loaded, ("all",)), steering_of(loaded, ("transitive",), seed=1),
    ]  # fmt: skip
    expected = [states_of(make(loaded, steering=one), problems) for one in given]
    for _ in range(2):
        for one, states in zip(given, expected, strict=True):
            equal(states_of(make(loaded, steering=one, cache=tmp_path), problems), states)
    for i, states in enumerate(expected):
        assert all(
            np.abs(states["hidden"] - other["hidden"]).max() > 1e-3 for other in expected[:i]
        )
    # at strength 0 what the model itself gave is taken
    before = len(list(tmp_path.rglob("*.safetensors")))
    states_of(make(loaded, steering=steering.changed(0.0), cache=tmp_path), problems)
    assert len(list(tmp_path.rglob("*.safetensors"))) == before


def test_prompts_alike_of_two_types_are_kept_apart(
    loaded: Loaded, problems: Problems, tmp_path: Path
) -> None:
    """The same words, another type: other directions."""
    text = "{{ premises | join('. ') }}. {{ conclusion }}?"
    template = PromptTemplate("own", {"all": (Message(role="user", content=text),)})
    first = [p for p in problems if p.reasoning_type == "syllogistic"]
    second = [replace(p, reasoning_type="transitive") for p in first]
    steering = steering_of(loaded, TYPES)
    model = make(loaded, template=template, steering=steering, cache=tmp_path)
    one, other = (model.activations(some).values["hidden"] for some in (first, second))
    assert np.abs(one - other).max() > 0.01


# name, hash and facts


def test_it_is_told_from_the_model_it_is_made_of(loaded: Loaded) -> None:
    steering = steering_of(loaded)
    bare, model = make(loaded), make(loaded, steering=steering)
    assert model.steering is steering
    assert bare.steering is None
    changes = ((2.0, None), (0.0, None), (None, "all"))
    others = [make(loaded, steering=steering.changed(*change)) for change in changes]
    assert len({m.sha256 for m in (bare, model, *others)}) == 5
    assert {m.weights_sha256 for m in (bare, model, *others)} == {SHA}
    assert "steering" not in bare.facts
    assert model.facts["steering"] == steering.facts
    assert model.facts == {**bare.facts, "steering": steering.facts}


def test_a_steering_of_another_model_is_refused(loaded: Loaded, tiny: Tiny) -> None:
    steering = steering_of(loaded)
    for weights, loader in (("1" * 64, loaded), (SHA, Loaded(tiny("qwen2"), loaded.tokenizer))):
        model = LanguageModel("other", weights, loader)
        with pytest.raises(DataError, match=r"was made for tiny, .*; other has"):
            LanguageModel("other", weights, loader, steering=steering)
        with pytest.raises(DataError, match="was made for tiny"), model.steered(steering):
            pytest.fail("it began")


# a view of a model


def test_a_view_is_steered_and_the_model_stays_as_it_was(
    loaded: Loaded, problems: Problems, tmp_path: Path, count_hooks: Callable[[Any], int]
) -> None:
    model = make(loaded, cache=tmp_path)
    bare = states_of(make(loaded), problems)
    steering = steering_of(loaded, TYPES)
    expected = states_of(make(loaded, steering=steering), problems)
    agree(states_of(model, problems), bare)
    with model.steered(steering) as view:
        assert view.identifier == "tiny+steer-test"
        assert view.sha256 == make(loaded, steering=steering).sha256
        equal(states_of(view, problems), expected)
        # within the block too
        assert count_hooks(loaded.model) == 0
        equal(states_of(model, problems), bare)
        assert (model.identifier, model.sha256) == ("tiny", make(loaded).sha256)
        with (
            pytest.raises(UsageError, match=r"tiny\+steer-test is steered already"),
            view.steered(steering),
        ):
            pytest.fail("it began")
    with model.steered(steering.changed(2, "all")) as view:
        assert view.identifier == "tiny+steer-test@2@all"
    equal(states_of(model, problems), bare)


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
@pytest.mark.parametrize("tokens", ["last", "all"])
def test_no_hook_is_left_after_an_error_inside(
    tokens: str,
    error: BaseException,
    loaded: Loaded,
    problems: Problems,
    count_hooks: Callable[[Any], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # in the pass; and in the common beginning, which is steered too
    model = make(loaded, share_prefix=tokens == "all")
    bare = states_of(model, problems)
    heard: list[int] = []

    def fail(*given: Any, **named: Any) -> Any:
        heard.append(count_hooks(loaded.model))
        raise error

    def run() -> None:
        steering = steering_of(loaded, tokens=tokens)
        with model.steered(steering) as view, monkeypatch.context() as patch:
            patch.setattr(loaded.model.model.layers[2].mlp, "forward", fail)
            view.answer(problems)

    with pytest.raises(type(error)):
        run()
    # two that steer, one before the output layer, eight that record
    assert heard == [3 if tokens == "all" else 11]
    assert count_hooks(loaded.model) == 0
    equal(states_of(model, problems), bare)


# a model in memory


def test_a_model_in_memory_is_steered_by_what_was_made_for_it(
    loaded: Loaded, problems: Problems
) -> None:
    bare = LanguageModel.of(loaded.model, loaded.tokenizer, "mine")
    steering = make_steering(MadeFor.of(bare))
    model = LanguageModel.of(loaded.model, loaded.tokenizer, "mine", steering=steering)
    assert model.identifier == "mine+steer-test"
    own = make_steering(MadeFor.of(make(loaded)))
    agree(states_of(model, problems), states_of(make(loaded, steering=own), problems))
    twin = model.untrained(0)
    assert (twin.identifier, twin.steering) == ("mine+untrained-0", None)
    with torch.no_grad():
        loaded.model.lm_head.weight *= 2
    with pytest.raises(DataError, match="weights_sha256"):
        LanguageModel.of(loaded.model, loaded.tokenizer, "mine", steering=steering)


# a checkpoint


def open_cpu(source: Path, **options: Any) -> LanguageModel:
    return open_language_model(source, ModelOptions(device="cpu", **options))


@pytest.fixture
def artifact(llama_folder: Path, tmp_path: Path) -> Path:
    """Folder of a steering for the checkpoint."""
    made_for = MadeFor.of(open_cpu(llama_folder))
    return save_steering(make_steering(made_for, strength=1.5), tmp_path / "my-steering")


def test_from_disk_to_answers(
    artifact: Path, llama_folder: Path, loaded: Loaded, problems: Problems
) -> None:
    model = open_cpu(llama_folder, steer=str(artifact), batch_size=4)
    assert model.identifier == "tiny-llama+steer-test"
    own = steering_of(loaded, strength=1.5)
    expected = states_of(make(loaded, steering=own), problems)
    equal(states_of(model, problems), expected)
    twice = open_cpu(llama_folder, steer=str(artifact), strength=3, steer_tokens="all")
    assert twice.identifier == "tiny-llama+steer-test@3@all"
    found = states_of(twice, problems)
    agree(found, states_of(make(loaded, steering=own.changed(3, "all")), problems))
    twin = model.untrained(1)
    assert (twin.identifier, twin.steering) == ("tiny-llama+untrained-1", None)


def test_it_stands_last_in_the_name(artifact: Path, llama_folder: Path) -> None:
    model = open_cpu(llama_folder, steer=str(artifact), readout="premises")
    assert model.identifier == "tiny-llama+premises+steer-test"
    thinking = open_cpu(llama_folder, steer=str(artifact), think=True)
    assert thinking.identifier == "tiny-llama+think+steer-test"


def test_other_weights_are_refused(artifact: Path, adapter: Path, llama_folder: Path) -> None:
    for options in ({"untrained": 0}, {"peft": str(adapter)}):
        with pytest.raises(DataError, match="was made for tiny-llama, weights_sha256"):
            open_cpu(llama_folder, steer=str(artifact), **options)


def test_directions_of_an_untrained_model_steer_that_one(
    llama_folder: Path, tmp_path: Path, problems: Problems
) -> None:
    made_for = MadeFor.of(open_cpu(llama_folder, untrained=3))
    folder = save_steering(make_steering(made_for), tmp_path / "of-noise")
    model = open_cpu(llama_folder, untrained=3, steer=str(folder))
    assert model.identifier == "tiny-llama+untrained-3+steer-test"
    assert model.answer(problems).n_items == 6


def test_nano_is_no_longer_built_in(tmp_path: Path) -> None:
    nano = load_model("nano")
    assert isinstance(nano, LanguageModel)
    folder = save_steering(make_steering(MadeFor.of(nano)), tmp_path / "x")
    steered = load_model("nano", ModelOptions(steer=str(folder)))
    assert steered.identifier == "nano+steer-test"
    assert is_builtin(nano)
    assert not is_builtin(steered)


# options


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"strength": 2.0}, "--strength is of a steering: give its folder with --steer"),
        ({"steer_tokens": "all"}, "--steer-tokens is of a steering"),
        ({"steer": "x", "strength": float("nan")}, "strength must be a finite number"),
        ({"steer": "x", "strength": "2"}, "strength must be a finite number"),
        ({"steer": "x", "steer_tokens": "lst"}, "did you mean 'last'"),
    ],
)
def test_options_that_do_not_fit_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises((UsageError, UnknownNameError), match=told):
        ModelOptions(**options)


def test_options_said_by_another_way() -> None:
    options = ModelOptions().with_arguments({"steer": "x", "strength": 2, "steer_tokens": "all"})
    assert options == ModelOptions(steer="x", strength=2.0, steer_tokens="all")
    assert type(options.strength) is float
    with pytest.raises(UsageError, match=r"strength: True is not a float \| None"):
        ModelOptions().with_arguments({"steer": "x", "strength": True})


def test_a_folder_without_a_steering_is_told(llama_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no steering\.json there"):
        open_cpu(llama_folder, steer=str(tmp_path))


def test_a_model_that_is_not_loaded_takes_none() -> None:
    with pytest.raises(UsageError, match="--steer: only for language models"):
        load_model("smollm2-135m-phantom", ModelOptions(steer="x"))
