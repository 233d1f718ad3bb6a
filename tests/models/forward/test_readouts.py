"""Readouts: which states stand for a problem; the last token's, the premises', and both sides.

What a prompt should give is computed by transformers alone, one prompt at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models import (
    PHANTOM_FILE,
    READOUTS,
    LanguageModel,
    ModelOptions,
    load_model,
    read_activations,
)
from brainbench.models.checkpoints.loading import CheckpointLoader, Loaded
from brainbench.models.opening import open_language_model
from brainbench.models.prompts.chat import Chat
from brainbench.models.prompts.template import Message, PromptTemplate, builtin_template
from brainbench.problems import Problem

Tiny = Callable[..., Any]
Problems = Sequence[Problem]
OTHERS = ("premises", "localised")
JOINED = "{{ premises | join('. ') }}. {{ conclusion }}?"

pytestmark = pytest.mark.usefixtures("own_cache")


def make(loader: Any, readout: str, **changes: Any) -> LanguageModel:
    return LanguageModel("tiny", "0" * 64, loader, readout=readout, **{"batch_size": 4, **changes})


def asking(content: str, reading: str | None = None) -> PromptTemplate:
    return PromptTemplate(
        "mine",
        {"all": (Message(role="user", content=content),)},
        None if reading is None else (Message(role="user", content=reading),),
    )


def states_of(loaded: Loaded, text: str) -> tuple[dict[str, np.ndarray], list[tuple[int, int]]]:
    """Site → (layers, tokens, units) of one prompt alone, and the characters of its tokens.

    The last block's state is left out: transformers gives it behind the final norm.
    """
    given = loaded.tokenizer(
        text,
        add_special_tokens=loaded.tokenizer.chat_template is None,
        return_offsets_mapping=True,
    )
    heard: list[torch.Tensor] = []
    handles = [
        block.self_attn.o_proj.register_forward_hook(lambda m, i, out: heard.append(out[0]))
        for block in loaded.model.model.layers
    ]
    with torch.no_grad():
        states = loaded.model(
            input_ids=torch.tensor([given["input_ids"]]), output_hidden_states=True
        ).hidden_states
    for handle in handles:
        handle.remove()
    sites = {
        "hidden": torch.stack([state[0] for state in states[1:-1]]).numpy(),
        "attention": torch.stack(heard).numpy(),
    }
    return sites, given["offset_mapping"]


def assert_near(found: np.ndarray, expected: np.ndarray, tolerance: float = 2e-5) -> None:
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


# premises


@pytest.mark.parametrize("chat", [True, False], ids=["chat", "plain text"])
def test_states_are_means_over_the_tokens_of_the_premises(
    chat: bool, loaded: Loaded, tokenizer: Any, problems: Problems
) -> None:
    parts = loaded if chat else Loaded(loaded.model, tokenizer)
    found = read_activations(make(parts, "premises"), problems)
    assert found.contrast is None
    for row, problem in enumerate(problems):
        text = Chat(parts.tokenizer).text(builtin_template().messages(problem))
        sites, held = states_of(parts, text)
        starts = [text.index(f". {premise}.\n") + 2 for premise in problem.premises]
        inside = {
            i
            for start, premise in zip(starts, problem.premises, strict=True)
            for i, (a, b) in enumerate(held)
            if a < start + len(premise) and b > start
        }
        # neither the numbers before them, nor the full stops behind
        assert 9 <= len(inside) < len(held) / 2
        for site, states in sites.items():
            expected = states[:, sorted(inside)].mean(1)
            assert_near(found.values[site][row, : len(expected)], expected)  # type: ignore[index]


@pytest.mark.parametrize("share", [True, False], ids=["shared beginning", "whole prompts"])
@pytest.mark.parametrize("family", ["llama", "gemma2", "gemma3", "gpt2", "mistral"])
def test_batches_change_no_mean(
    family: str, share: bool, tiny: Tiny, chat_tokenizer: Any, problems: Problems
) -> None:
    parts = Loaded(tiny(family), chat_tokenizer)
    alone = [make(parts, "premises", share_prefix=False).activations([p]) for p in problems]
    found = make(parts, "premises", share_prefix=share).activations(problems)
    for site, values in found.values.items():
        assert_near(values, np.concatenate([one.values[site] for one in alone]))
    assert np.ptp(found.values["hidden"], axis=0).max() > 0.01


@pytest.mark.parametrize(
    "premises",
    [("Abe is tall", "All tall are wet", "Max is wet"), ("Abe is tall", "Max is wet", "Bo is wet")],
    ids=["all the same", "the first the same"],
)
def test_premises_that_are_shared_are_read_too(
    premises: tuple[str, ...], loaded: Loaded, problems: Problems
) -> None:
    """A beginning that is shared ends before the first premise, or its states were lost."""
    some = [
        replace(p, premises=premises[: 1 + i % 2] + ("All tall are wet", "Max is wet")[i % 2 :])
        for i, p in enumerate(problems)
    ]
    template = asking("Here is a long beginning of every prompt: " + JOINED)
    shared, whole = (
        make(loaded, "premises", template=template, share_prefix=share).activations(some)
        for share in (True, False)
    )
    for site, values in whole.values.items():
        assert_near(shared.values[site], values)


def test_answers_are_those_of_the_last_token_in_the_same_pass(
    loaded: Loaded, problems: Problems, tmp_path: Path
) -> None:
    expected = make(loaded, "last").answer(problems)
    model = make(loaded, "premises", cache=tmp_path)
    model.activations(problems)
    kept = sorted(tmp_path.rglob("*.safetensors"))
    found = model.answer(problems)
    np.testing.assert_allclose(found.log_odds, expected.log_odds, rtol=0, atol=1e-4)
    assert found.texts == expected.texts
    assert sorted(tmp_path.rglob("*.safetensors")) == kept


def test_another_order_changes_no_row(loaded: Loaded, problems: Problems) -> None:
    model = make(loaded, "premises")
    forth, back = model.activations(problems), model.activations(problems[::-1])
    assert_near(back.values["hidden"][::-1], forth.values["hidden"])


def test_half_precision_is_averaged_in_float32(
    tiny: Tiny, chat_tokenizer: Any, problems: Problems
) -> None:
    parts = Loaded(tiny("llama", dtype=torch.bfloat16), chat_tokenizer)
    values = make(parts, "premises").activations(problems).values["hidden"]
    exact = make(Loaded(tiny("llama"), chat_tokenizer), "premises").activations(problems)
    rounded = torch.tensor(values).bfloat16().float().numpy()
    assert (values != rounded).mean() > 0.5
    assert np.corrcoef(values.ravel(), exact.values["hidden"].ravel())[0, 1] > 0.99


def test_a_batch_that_does_not_fit_is_halved_with_its_places(
    loaded: Loaded, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = make(loaded, "premises").activations(problems)
    forward = loaded.model.forward

    def fits(*given: Any, **named: Any) -> Any:
        if len(named["input_ids"]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(*given, **named)

    monkeypatch.setattr(loaded.model, "forward", fits)
    found = make(loaded, "premises").activations(problems)
    assert_near(found.values["hidden"], expected.values["hidden"])


def test_a_template_that_rewrites_premises_goes_with_other_readouts(
    loaded: Loaded, problems: Problems
) -> None:
    template = asking(
        "{% for p in premises %}{{ p | lower | capitalize }}. {% endfor %} {{ conclusion }}"
    )
    for ask in ("activations", "answer"):
        with pytest.raises(DataError, match="cannot be found in the prompt"):
            getattr(make(loaded, "premises", template=template), ask)(problems)
    assert make(loaded, "last", template=template).activations(problems).n_items == 6


# localised


def test_the_contrast_is_read_where_only_reading_is_asked_for(
    loaded: Loaded, problems: Problems
) -> None:
    found = read_activations(make(loaded, "localised"), problems)
    last = make(loaded, "last").activations(problems)
    assert found.contrast is not None
    assert found.warnings == last.warnings == ()
    for site, values in last.values.items():
        np.testing.assert_array_equal(found.values[site], values)
    for row, problem in enumerate(problems):
        messages = builtin_template().reading_messages(problem)
        text = Chat(loaded.tokenizer).text(messages)
        assert problem.conclusion not in text
        assert text.endswith("<s>assistant:")
        sites, _ = states_of(loaded, text)
        for site, states in sites.items():
            expected = states[:, -1]
            assert_near(found.contrast[site][row, : len(expected)], expected)  # type: ignore[index]
    assert np.abs(found.contrast["hidden"] - found.values["hidden"]).max() > 0.01


@pytest.mark.parametrize("share", [True, False])
def test_batches_change_no_contrast(share: bool, loaded: Loaded, problems: Problems) -> None:
    expected = make(loaded, "localised", share_prefix=False, batch_size=1).activations(problems)
    model = make(loaded, "localised", share_prefix=share)
    found = model.activations(problems[::-1])
    assert found.contrast is not None
    assert expected.contrast is not None
    for site, values in expected.contrast.items():
        assert_near(found.contrast[site][::-1], values)


def test_answering_asks_nobody_only_to_read(
    loaded: Loaded, problems: Problems, tmp_path: Path
) -> None:
    model = make(loaded, "localised", cache=tmp_path)
    found, expected = model.answer(problems), make(loaded, "last").answer(problems)
    np.testing.assert_array_equal(found.log_odds, expected.log_odds)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2
    model.activations(problems)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 4


def test_a_template_has_reading_turns_of_its_own(loaded: Loaded, problems: Problems) -> None:
    readings = {
        text: make(loaded, "localised", template=asking(JOINED, text)).activations(problems)
        for text in ("Read: {{ premises | join('. ') }}", "{{ premises | join('. ') }}. Read.")
    }
    first, second = readings.values()
    assert first.warnings == ()
    assert first.contrast is not None
    assert second.contrast is not None
    np.testing.assert_array_equal(first.values["hidden"], second.values["hidden"])
    assert np.abs(first.contrast["hidden"] - second.contrast["hidden"]).max() > 0.01
    sites, _ = states_of(
        loaded, f"<s>user: Read: {'. '.join(problems[0].premises)}</s><s>assistant:"
    )
    assert_near(first.contrast["hidden"][0, :-1], sites["hidden"][:, -1])


def test_reading_turns_that_are_lent_are_warned_of(loaded: Loaded, problems: Problems) -> None:
    model = make(loaded, "localised", template=asking(JOINED))
    found = model.activations(problems)
    (warning,) = found.warnings
    assert "mine has no turns that ask only to read" in warning
    assert model.answer(problems).warnings == ()
    lent = make(loaded, "localised").activations(problems)
    assert found.contrast is not None
    assert lent.contrast is not None
    np.testing.assert_array_equal(found.contrast["hidden"], lent.contrast["hidden"])


def test_progress_counts_both_prompts(loaded: Loaded, problems: Problems) -> None:
    told: list[tuple[int, int]] = []
    make(loaded, "localised", progress=lambda *given: told.append(given)).activations(problems)
    assert told == [(0, 12), (4, 12), (6, 12), (10, 12), (12, 12)]


def test_a_reading_prompt_that_is_too_long_is_told(loaded: Loaded, problems: Problems) -> None:
    template = asking(JOINED, "{{ premises | join(' ') }} " + "wait " * 600)
    assert make(loaded, "last", template=template).activations(problems).n_items == 6
    with pytest.raises(DataError, match="reads 512 at most"):
        make(loaded, "localised", template=template).activations(problems)


# what a readout changes beside the numbers


def test_no_problems_is_an_error(loaded: Loaded) -> None:
    for readout in OTHERS:
        with pytest.raises(DataError, match="no problems"):
            make(loaded, readout).activations([])


def test_a_readout_has_its_own_hash(loaded: Loaded) -> None:
    hashes = {readout: make(loaded, readout).sha256 for readout in READOUTS}
    assert len(set(hashes.values())) == 3
    assert hashes["last"] == LanguageModel("tiny", "0" * 64, loaded).sha256
    # wording that is not used counts for nothing
    for readout in READOUTS:
        models = [
            make(loaded, readout, template=asking(JOINED, f"{word}: {{{{ premises }}}}"))
            for word in ("Read", "Look")
        ]
        assert (models[0].sha256 != models[1].sha256) == (readout == "localised")


def test_a_readout_is_kept_apart(loaded: Loaded, problems: Problems, tmp_path: Path) -> None:
    kept: set[str] = set()
    for readout in READOUTS:
        make(loaded, readout, cache=tmp_path).activations(problems)
        now = {path.name for path in tmp_path.rglob("*.safetensors")}
        assert len(now - kept) == (4 if readout == "localised" else 2)
        kept |= now


@pytest.mark.parametrize("readout", OTHERS)
def test_what_was_read_is_not_computed_again(
    readout: str, llama_folder: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ModelOptions(device="cpu", readout=readout)
    first = open_language_model(llama_folder, options).activations(problems)
    monkeypatch.setattr(CheckpointLoader, "model", property(lambda self: pytest.fail("loaded")))
    again = open_language_model(llama_folder, options).activations(problems)
    for site, values in first.values.items():
        np.testing.assert_array_equal(again.values[site], values)
        if first.contrast is not None:
            assert again.contrast is not None
            np.testing.assert_array_equal(again.contrast[site], first.contrast[site])


def test_a_readout_is_in_the_name(llama_folder: Path, loaded: Loaded) -> None:
    for readout, suffix in {"last": "", "premises": "+premises", "localised": "+localised"}.items():
        options = ModelOptions(device="cpu", readout=readout)
        model = open_language_model(llama_folder, options)
        assert model.identifier == f"tiny-llama{suffix}"
        # the record's schema is fixed
        assert model.facts == open_language_model(llama_folder, ModelOptions(device="cpu")).facts
        drawn = open_language_model(llama_folder, replace(options, untrained=4))
        assert drawn.identifier == f"tiny-llama+untrained-4{suffix}"
        held = LanguageModel.of(loaded.model, loaded.tokenizer, "mine", readout=readout)
        assert held.identifier == f"mine{suffix}"


def test_a_model_in_memory_is_read_otherwise_too(loaded: Loaded, problems: Problems) -> None:
    for readout in READOUTS:
        model = LanguageModel.of(loaded.model, loaded.tokenizer, "mine", readout=readout)
        found, expected = (m.activations(problems) for m in (model, make(loaded, readout)))
        assert_near(found.values["hidden"], expected.values["hidden"])
        assert (found.contrast is None) == (expected.contrast is None)


@pytest.mark.parametrize("readout", OTHERS)
def test_the_built_in_model_is_read_otherwise_too(readout: str, problems: Problems) -> None:
    model = load_model("nano", ModelOptions(device="cpu", readout=readout))
    found = read_activations(model, problems)
    assert found.n_items == 6
    assert (found.contrast is not None) == (readout == "localised")
    assert not any("ask only to read" in warning for warning in found.warnings)


def test_a_users_template_is_read_from_its_file(llama_folder: Path, tmp_path: Path) -> None:
    hashes = set()
    for word in ("Read", "Look"):
        file = tmp_path / f"{word}.yaml"
        turns = {"all": JOINED, "reading": word + " {{ premises }}"}
        file.write_text(
            json.dumps({key: [{"role": "user", "content": text}] for key, text in turns.items()})
        )
        options = ModelOptions(device="cpu", prompt_template=str(file), readout="localised")
        hashes.add(open_language_model(llama_folder, options).sha256)
    assert len(hashes) == 2


# options


def test_a_readout_that_is_none_is_met_with_the_nearest(loaded: Loaded) -> None:
    assert READOUTS == ("last", "premises", "localised")
    for ask in (lambda name: ModelOptions(readout=name), lambda name: make(loaded, name)):
        with pytest.raises(UnknownNameError, match=r"unknown readout 'premise'.*'premises'"):
            ask("premise")
        with pytest.raises(UnknownNameError, match="there are: last, localised, premises"):
            ask("")


@pytest.mark.parametrize("readout", OTHERS)
def test_thoughts_have_no_premises(readout: str, loaded: Loaded) -> None:
    with pytest.raises(UsageError, match=f"--readout {readout} does not go with --think"):
        ModelOptions(readout=readout, think=True)
    with pytest.raises(UsageError, match="does not go with --think"):
        make(loaded, readout, think=5)
    assert ModelOptions(readout="last", think=True).given() == ["think"]


def test_a_readout_is_an_option_that_changes_numbers() -> None:
    assert ModelOptions(readout="last").given() == []
    assert ModelOptions(readout="premises").given() == ["readout"]
    with pytest.raises(UsageError, match="--readout: only for language models"):
        load_model(PHANTOM_FILE, ModelOptions(readout="premises"))
