"""A steering on any network of transformers: brainbench's own numbers, and no hook left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from tiny_models import VOCABULARY, build_model
from tiny_steerings import TYPES, by_hand, make_steering
from transformers import AutoModel, DynamicCache

import brainbench
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models import LanguageModel, MadeFor, Steering
from brainbench.models.checkpoints.forward_state import hash_parameters
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.steering.hooks import Steerer
from brainbench.problems import Problem

Tiny = Callable[..., Any]
CountHooks = Callable[[Any], int]
TOKENS = ("last", "generated", "all")
# one for each way that blocks, masks and caches are built
FAMILIES = ("llama", "gemma2", "gemma3", "gpt2", "gpt_neox", "mistral", "mixtral")
ASKED = {"max_new_tokens": 5, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}


def steering_of(family: str = "llama", groups: Sequence[str] = ("all",), **more: Any) -> Steering:
    return make_steering(MadeFor("tiny", "0" * 64, family, 4, 32), groups, **more)


def prompts(lengths: Sequence[int] = (3, 9, 6)) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [rng.integers(3, VOCABULARY, n).tolist() for n in lengths]


def padded(rows: Sequence[Sequence[int]], left: bool) -> dict[str, torch.Tensor]:
    """As a tokenizer gives a batch."""
    longest = max(map(len, rows))
    tokens = torch.full((len(rows), longest), 7)
    mask = torch.zeros_like(tokens)
    for i, row in enumerate(rows):
        part = slice(longest - len(row), None) if left else slice(len(row))
        tokens[i, part], mask[i, part] = torch.tensor(row), 1
    return {"input_ids": tokens, "attention_mask": mask}


def logits_of(model: Any, row: Sequence[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([list(row)])).logits[0]


# the numbers of brainbench


@pytest.mark.parametrize("tokens", ["last", "all"])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_the_steered_model_to_the_last_bit(
    family: str,
    tokens: str,
    tiny: Tiny,
    chat_tokenizer: Any,
    problems: Sequence[Problem],
    count_hooks: CountHooks,
) -> None:
    network = tiny(family)
    model = LanguageModel("tiny", "0" * 64, Loaded(network, chat_tokenizer), share_prefix=False,
                          batch_size=1)  # fmt: skip
    steering = steering_of(family, TYPES, tokens=tokens, strength=1.5)
    caught: list[torch.Tensor] = []
    handle = network.get_output_embeddings().register_forward_hook(
        lambda module, inputs, out: caught.append(out[0, -1].clone())
    )
    for problem in problems[:2]:
        with model.steered(steering) as steered:
            steered.answer([problem])
        prompt = torch.tensor([model.chat.tokens(model.template.messages(problem))])
        with steering.apply(network, problem.reasoning_type) as same, torch.inference_mode():
            assert same is network
            same(input_ids=prompt, use_cache=False, logits_to_keep=1)
        with torch.inference_mode():
            network(input_ids=prompt, use_cache=False, logits_to_keep=1)
        expected, found, bare = caught[-3:]
        np.testing.assert_array_equal(found, expected)
        assert float((found - bare).abs().max()) > 0.01
    handle.remove()
    assert count_hooks(network) == 0


@pytest.mark.parametrize(
    ("family", "tokens"),
    [("llama", "last"), ("llama", "all"), *((family, "generated") for family in FAMILIES)],
)
def test_generation_is_that_of_the_steered_model(family: str, tokens: str, tiny: Tiny) -> None:
    model, rows = tiny(family), prompts()
    steering = steering_of(family, tokens=tokens)
    batch = padded(rows, left=True)
    with steering.apply(model):
        found = model.generate(**batch, **ASKED)[:, 9:].tolist()
        # whole texts again, in every pass
        again = model.generate(**batch, **ASKED, use_cache=False)[:, 9:].tolist()
    own = Steerer(model, steering)
    with own.adding(["all"] * 3, own.generating([len(row) for row in rows])):
        assert model.generate(**batch, **ASKED)[:, 9:].tolist() == found
    assert again == found
    text = list(rows[0])
    for _ in range(5):
        with by_hand(model, steering, "all", len(rows[0]) - 1):
            text.append(int(logits_of(model, text)[-1].argmax()))
    assert text[3:] == found[0]
    assert model.generate(**batch, **ASKED)[:, 9:].tolist() != found


@pytest.mark.parametrize(
    "way",
    [{"num_beams": 2}, {"prefill_chunk_size": 4}, {"cache_implementation": "static"},
     {"prompt_lookup_num_tokens": 2}, {"num_return_sequences": 2, "num_beams": 2}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("tokens", TOKENS)
def test_however_it_generates(tokens: str, way: dict[str, Any], tiny: Tiny) -> None:
    model, (row,) = tiny("llama"), prompts((9,))
    steering = steering_of(tokens=tokens)
    with steering.apply(model):
        found = model.generate(torch.tensor([row]), **ASKED, **way)[0, 9:].tolist()
    expected: list[int]
    if "num_beams" in way:
        own = Steerer(model, steering)
        with own.adding(["all"], own.generating([9])):
            expected = model.generate(torch.tensor([row]), **ASKED, num_beams=2)[0, 9:].tolist()
    else:
        text = list(row)
        for _ in range(5):
            with by_hand(model, steering, "all", 8):
                text.append(int(logits_of(model, text)[-1].argmax()))
        expected = text[9:]
    assert found == expected


@pytest.mark.parametrize("left", [False, True], ids=["right", "left"])
def test_each_row_may_have_a_reasoning_type(left: bool, tiny: Tiny) -> None:
    model, rows = tiny("llama"), prompts()
    steering = steering_of(groups=("syllogistic", "all"), tokens="last")
    batch = padded(rows, left)
    positions = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    kinds = ["transitive", "syllogistic", None]
    with steering.apply(model, kinds), torch.inference_mode():
        found = model(**batch, position_ids=positions).logits
    for i, (row, group) in enumerate(zip(rows, ("all", "syllogistic", "all"), strict=True)):
        with by_hand(model, steering, group, len(row) - 1):
            expected = logits_of(model, row)[-1]
        place = -1 if left else len(row) - 1
        torch.testing.assert_close(found[i, place], expected, rtol=0, atol=2e-4)
    with steering.apply(model, kinds):
        beams = model.generate(**batch, **ASKED, num_beams=2)
        assert len(beams) == 3
        with pytest.raises(UsageError, match="3 reasoning types, and 2 rows"):
            model(input_ids=torch.tensor([[5], [6]]))


@pytest.mark.parametrize("tokens", TOKENS)
def test_a_loop_of_ones_own_with_a_cache(tokens: str, tiny: Tiny) -> None:
    model, (row,) = tiny("llama"), prompts((6,))
    steering = steering_of(tokens=tokens)
    with steering.apply(model), torch.inference_mode():
        for past in (DynamicCache(), None):
            out = model(input_ids=torch.tensor([row]), past_key_values=past, use_cache=True)
            text = [*row, int(out.logits[0, -1].argmax())]
            out = model(input_ids=torch.tensor([text[-1:]]), past_key_values=out.past_key_values)
    with by_hand(model, steering, "all", 5):
        expected = logits_of(model, text)[-1]
    torch.testing.assert_close(out.logits[0, -1], expected, rtol=0, atol=2e-4)


def test_a_prompt_may_go_on_from_a_beginning_that_was_read_before(tiny: Tiny) -> None:
    model, (row,) = tiny("llama"), prompts((8,))
    steering = steering_of(tokens="last")
    with torch.inference_mode():
        begun = model(input_ids=torch.tensor([row[:5]]), use_cache=True).past_key_values
        with steering.apply(model):
            found = model(input_ids=torch.tensor([row[5:]]), past_key_values=begun).logits[0, -1]
            # what was begun in the block may be a prompt or an answer
            with pytest.raises(UsageError, match="nothing tells whether a prompt goes on"):
                model(input_ids=torch.tensor([[5, 6]]), past_key_values=begun)
    with by_hand(model, steering, "all", 7):
        torch.testing.assert_close(found, logits_of(model, row)[-1], rtol=0, atol=2e-4)


# which models


def test_below_an_adapter(tiny: Tiny, adapter: Path, count_hooks: CountHooks) -> None:
    network: Any = PeftModel.from_pretrained(tiny("llama"), str(adapter)).eval()
    (row,) = prompts((7,))
    steering = steering_of(tokens="generated")
    with steering.apply(network):
        found = network.generate(input_ids=torch.tensor([row]), **ASKED)[0, 7:].tolist()
        logits = logits_of(network, row)
    with by_hand(network, steering, "all", 6):
        np.testing.assert_array_equal(logits, logits_of(network, row))
    text = list(row)
    for _ in range(5):
        with by_hand(network, steering, "all", 6):
            text.append(int(logits_of(network, text)[-1].argmax()))
    assert text[7:] == found
    assert count_hooks(network) == 0
    assert "generate" not in vars(network.get_base_model())


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma3"])
def test_without_a_head(family: str, tiny: Tiny) -> None:
    whole = tiny(family)
    bare = AutoModel.from_config(whole.config).eval()
    bare.load_state_dict(whole.base_model.state_dict())
    (row,), steering = prompts((7,)), steering_of(family, site="hidden")
    tokens = torch.tensor([row])
    with steering.apply(bare), torch.inference_mode():
        found = bare(input_ids=tokens).last_hidden_state
    with steering.apply(whole), torch.inference_mode():
        within = whole(input_ids=tokens, output_hidden_states=True).hidden_states[-1]
        # and a part of it, called by itself
        part = whole.base_model(input_ids=tokens).last_hidden_state
    np.testing.assert_array_equal(found, within)
    np.testing.assert_array_equal(part, within)


def test_a_language_model_of_brainbench(
    tiny: Tiny, chat_tokenizer: Any, problems: Sequence[Problem]
) -> None:
    model = LanguageModel.of(tiny("llama"), chat_tokenizer, "mine")
    steering = make_steering(MadeFor.of(model))
    with steering.apply(model) as found, model.steered(steering) as expected:
        assert found.identifier == expected.identifier == "mine+steer-test"
        odds = found.answer(problems).log_odds
        np.testing.assert_array_equal(odds, expected.answer(problems).log_odds)
    with pytest.raises(UsageError, match="each problem tells its own"):
        steering.apply(model, "syllogistic").__enter__()


@pytest.mark.parametrize(
    ("family", "changes", "told"),
    [
        ("llama", {"hidden_size": 16}, "number of units 32; LlamaForCausalLM has 16"),
        ("llama", {"num_hidden_layers": 3}, "number of layers 4; LlamaForCausalLM has 3"),
        ("mistral", {}, "family llama; MistralForCausalLM has mistral"),
    ],
)
def test_another_model_is_refused_by_name(
    family: str, changes: dict[str, Any], told: str, count_hooks: CountHooks
) -> None:
    model = build_model(family, **changes)
    with pytest.raises(DataError, match=f"the steering test was made for tiny, {told}"):
        steering_of().apply(model).__enter__()
    assert count_hooks(model) == 0


def test_what_is_no_model_and_what_has_no_directions(tiny: Tiny) -> None:
    model = tiny("llama")
    for wrong, told in (("nano", "str is not a model"), (torch.nn.Linear(2, 2), "Linear is not")):
        with pytest.raises(UsageError, match=told):
            steering_of().apply(wrong).__enter__()
    some = steering_of(groups=("syllogistic",))
    for kind in (None, "transitive", ["syllogistic", "transitive"]):
        with pytest.raises(UsageError, match="has directions for syllogistic, and none for"):
            some.apply(model, kind).__enter__()
    with pytest.raises(UnknownNameError, match="did you mean 'syllogistic'"):
        some.apply(model, "syllogistik").__enter__()
    with pytest.raises(UsageError, match="an empty list"):
        some.apply(model, []).__enter__()


# what is left


def test_blocks_inside_each_other_add_up(tiny: Tiny, count_hooks: CountHooks) -> None:
    model, (row,) = tiny("llama"), prompts((7,))
    bare = logits_of(model, row)
    one, other = steering_of(strength=0.5), steering_of(site="hidden", tokens="all")
    with one.apply(model):
        alone = logits_of(model, row)
        with other.apply(model):
            both = logits_of(model, row)
            told = model.generate(torch.tensor([row]), **ASKED)
        np.testing.assert_array_equal(logits_of(model, row), alone)
    np.testing.assert_array_equal(logits_of(model, row), bare)
    with by_hand(model, one, "all", 6), by_hand(model, other, "all", 6):
        np.testing.assert_array_equal(logits_of(model, row), both)
        assert int(both[-1].argmax()) == int(told[0, 7])
    assert float((both - alone).abs().max()) > 0.01
    # twice the same is twice as long
    half = steering_of(strength=0.5)
    with half.apply(model), half.apply(model):
        twice = logits_of(model, row)
    with steering_of(strength=1.0).apply(model):
        torch.testing.assert_close(logits_of(model, row), twice, rtol=0, atol=2e-4)
    assert count_hooks(model) == 0
    assert "generate" not in vars(model)


def test_at_strength_0_nothing_is_on_the_model(tiny: Tiny, count_hooks: CountHooks) -> None:
    model = tiny("llama")
    with steering_of(strength=0.0).apply(model):
        assert count_hooks(model) == 0


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
def test_nothing_is_left_after_an_error(
    error: BaseException, tiny: Tiny, count_hooks: CountHooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (row,) = tiny("llama"), prompts((7,))
    expected, steering = logits_of(model, row), steering_of()

    def fail(*given: Any, **named: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(model.model.layers[3].mlp, "forward", fail)
        with steering.apply(model), pytest.raises(type(error)):
            model.generate(torch.tensor([row]), **ASKED)
        with pytest.raises(type(error)), steering.apply(model):
            logits_of(model, row)
    assert count_hooks(model) == 0
    assert "generate" not in vars(model)
    np.testing.assert_array_equal(logits_of(model, row), expected)
    # within the block it goes on after an error, as steered as before
    with by_hand(model, steering, "all", 6):
        steered = logits_of(model, row)
    with steering.apply(model):
        with pytest.raises(ValueError, match="batch_size"):
            model(input_ids=torch.tensor([row]), labels=torch.tensor([[1, 2]]))
        np.testing.assert_array_equal(logits_of(model, row), steered)


def test_what_it_cannot_know_is_refused(tiny: Tiny) -> None:
    model = tiny("llama")
    tokens = torch.tensor(prompts((4,)))
    with steering_of().apply(model):
        with pytest.raises(UsageError, match="a block of the steered model was run by itself"):
            model.model.layers[1].self_attn(torch.zeros(1, 2, 32), position_embeddings=(
                torch.zeros(1, 2, 8), torch.zeros(1, 2, 8)), attention_mask=None)  # fmt: skip
        with pytest.raises(UsageError, match="an attention mask of \\(rows, tokens\\)"):
            model(input_ids=tokens, attention_mask=torch.ones(1, 1, 4, 4))
        with pytest.raises(UsageError, match="needs input_ids or inputs_embeds"):
            model()
        model.gradient_checkpointing_enable()
        model.train()
        with pytest.raises(UsageError, match="gradient checkpointing"):
            model(input_ids=tokens)
    model.gradient_checkpointing_disable()
    model.eval()


def test_gradients_flow(tiny: Tiny) -> None:
    model = tiny("llama")
    with steering_of().apply(model):
        model(input_ids=torch.tensor(prompts((4,)))).logits.sum().backward()
    assert float(model.model.layers[0].self_attn.q_proj.weight.grad.abs().sum()) > 0


def test_within_the_block_the_model_is_another_one_by_hash(tiny: Tiny) -> None:
    model = tiny("llama")
    before = hash_parameters(model)
    found = []
    for steering in (steering_of(), steering_of(), steering_of(strength=2.0)):
        with steering.apply(model):
            found.append(hash_parameters(model))
    assert found[0] == found[1]
    assert len({before, *found}) == 3
    assert hash_parameters(model) == before


def test_saved_and_read_back(tmp_path: Path, tiny: Tiny) -> None:
    model, (row,) = tiny("llama"), prompts((7,))
    folder = steering_of(strength=1.5).save(tmp_path / "kept")
    with brainbench.load_steering(folder).apply(model):
        found = logits_of(model, row)
    with steering_of(strength=1.5).apply(model):
        np.testing.assert_array_equal(logits_of(model, row), found)
