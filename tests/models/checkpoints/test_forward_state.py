"""A model in memory has another hash wherever it computes otherwise, and only there."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from functools import partial
from types import MethodType
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from tiny_models import build_model, make_tokenizer
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor

from brainbench.models import LanguageModel
from brainbench.models.checkpoints.forward_state import hash_configuration, hash_parameters
from brainbench.models.checkpoints.in_memory import hash_tokenizer
from brainbench.models.forward.running import evaluating

TOKENS = torch.tensor([[1, 50, 60, 70, 80, 90]])


def logits(model: Any) -> torch.Tensor:
    with evaluating(model), torch.inference_mode():
        found: torch.Tensor = model(input_ids=TOKENS).logits
    return found.float()


def lora(**changes: Any) -> LoraConfig:
    return LoraConfig(
        **{"r": 2, "target_modules": ["q_proj", "o_proj"], "task_type": "CAUSAL_LM", **changes}
    )


def draw(model: Any) -> Any:
    """Give every adapter numbers that change much."""
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = 0.3 * torch.randn_like(parameter)
    return model


@pytest.fixture
def llama() -> Any:
    return build_model("llama")


@pytest.fixture
def adapted(llama: Any) -> Any:
    """With two adapters, the first one active."""
    model = get_peft_model(llama, lora(), "a")
    model.add_adapter("b", lora())
    return draw(model)


# ---------------------------------------------------------------- adapters


def test_each_state_of_adapters_has_a_hash_of_its_own(adapted: Any) -> None:
    seen: dict[str, torch.Tensor] = {}

    def told(is_new: bool = True) -> None:
        found, now = hash_parameters(adapted), logits(adapted)
        assert (found not in seen) is is_new
        if is_new:
            assert not any(torch.equal(now, before) for before in seen.values())
        else:
            assert torch.equal(now, seen[found])
        seen[found] = now

    adapted.set_adapter("a")
    told()
    adapted.set_adapter("b")
    told()
    adapted.set_adapter("a")
    told(False)
    with adapted.disable_adapter():
        told()
    told(False)
    adapted.base_model.set_adapter(["a", "b"])
    told()
    adapted.set_adapter("a")
    layers = [module for module in adapted.modules() if isinstance(module, LoraLayer)]
    for factor, is_new in ((3.0, True), (1.0, False)):
        for layer in layers:
            layer.set_scale("a", factor)
        told(is_new)
    adapted.add_weighted_adapter(["a", "b"], [0.5, 2.0], "sum", combination_type="cat")
    adapted.set_adapter("sum")
    told()
    adapted.delete_adapter("sum")
    adapted.set_adapter("a")
    told(False)
    adapted.merge_adapter(["b"])
    told()


def test_one_layer_whose_adapter_is_off(adapted: Any) -> None:
    before = hash_parameters(adapted)
    layer = adapted.base_model.model.model.layers[2].self_attn.q_proj
    layer.enable_adapters(False)
    assert hash_parameters(adapted) != before
    layer.enable_adapters(True)
    assert hash_parameters(adapted) == before


def test_adapters_that_transformers_itself_puts_on(llama: Any) -> None:
    plain = hash_parameters(llama)
    try:
        llama.add_adapter(lora(), adapter_name="a")
    except ValueError as error:
        # 5.24 asks for a PEFT that no index has yet
        if "version of PEFT" not in str(error):
            raise
        pytest.skip(str(error))
    llama.add_adapter(lora(), adapter_name="b")
    draw(llama)
    found = {"b": hash_parameters(llama)}
    llama.set_adapter("a")
    found["a"] = hash_parameters(llama)
    llama.disable_adapters()
    found["none"] = hash_parameters(llama)
    llama.enable_adapters()
    llama.set_adapter("a")
    assert hash_parameters(llama) == found["a"]
    assert len({plain, *found.values()}) == 4


@pytest.mark.parametrize("changes", [{"lora_alpha": 32}, {"use_rslora": True}, {"use_dora": True}])
def test_how_an_adapter_is_weighted(changes: dict[str, Any]) -> None:
    plain, other = (
        draw(get_peft_model(build_model("llama"), lora(**given))) for given in ({}, changes)
    )
    assert not torch.equal(logits(plain), logits(other))
    assert hash_parameters(plain) != hash_parameters(other)


# ---------------------------------------------------------------- hooks and code


def double(module: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
    return 2 * out


def triple(module: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
    return 3 * out


def scaled(factor: Any) -> Callable[..., torch.Tensor]:
    def hook(module: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
        return factor * out

    return hook


class Scale:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, module: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
        return self.factor * out

    def hook(self, module: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
        return self.factor * out


def _with_factor(factor: float, module: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
    return factor * out


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (double, triple),
        (scaled(2.0), scaled(3.0)),
        (scaled(torch.tensor(2.0)), scaled(torch.tensor(3.0))),
        (Scale(2.0), Scale(3.0)),
        (Scale(2.0).hook, Scale(3.0).hook),
        (partial(_with_factor, 2.0), partial(_with_factor, 3.0)),
        (lambda m, i, o: 2 * o, lambda m, i, o: 3 * o),
    ],
    ids=["function", "closure", "tensor", "object", "method", "partial", "lambda"],
)
def test_a_hook_is_told_by_what_it_does(one: Any, other: Any, llama: Any) -> None:
    plain, mlp = hash_parameters(llama), llama.model.layers[1].mlp
    found = []
    for hook in (one, one, other):
        handle = mlp.register_forward_hook(hook)
        found.append((hash_parameters(llama), logits(llama)))
        handle.remove()
    assert found[0][0] == found[1][0]
    assert not torch.equal(found[0][1], found[2][1])
    assert len({plain, found[0][0], found[2][0]}) == 3
    assert hash_parameters(llama) == plain


def test_hooks_before_a_module_on_others_and_in_another_order(llama: Any) -> None:
    def before(module: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (2 * given[0],)

    layers = llama.model.layers
    found = [hash_parameters(llama)]
    places = [(layer.mlp, "register_forward_pre_hook", before) for layer in layers[:2]]
    places.append((layers[0].mlp, "register_forward_hook", double))
    for module, register, hook in places:
        handle = getattr(module, register)(hook)
        found.append(hash_parameters(llama))
        handle.remove()
    for pair in ((double, Scale(3.0)), (Scale(3.0), double)):
        handles = [layers[0].mlp.register_forward_hook(hook) for hook in pair]
        found.append(hash_parameters(llama))
        for handle in handles:
            handle.remove()
    handle = torch.nn.modules.module.register_module_forward_hook(lambda m, i, o: None)
    found.append(hash_parameters(llama))
    handle.remove()
    assert len(set(found)) == len(found)


class Halved(nn.Module):
    """A user's own module in the place of another."""

    def __init__(self, inner: nn.Module, by: float = 2.0) -> None:
        super().__init__()
        self.inner, self.by = inner, by

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.inner(given) / self.by
        return found


def test_a_module_of_ones_own_and_a_replaced_function(
    llama: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, mlp = hash_parameters(llama), llama.model.layers[0].mlp
    found = []
    for by in (2.0, 3.0):
        llama.model.layers[0].mlp = Halved(mlp, by)
        found.append(hash_parameters(llama))
    with monkeypatch.context() as patch:
        patch.setattr(Halved, "forward", lambda self, given: self.inner(given))
        found.append(hash_parameters(llama))
    llama.model.layers[0].mlp = mlp
    assert hash_parameters(llama) == plain
    with monkeypatch.context() as patch:
        patch.setattr(mlp, "forward", MethodType(lambda self, given: 0 * given, mlp))
        found.append(hash_parameters(llama))
    with monkeypatch.context() as patch:
        patch.setattr(type(mlp), "forward", lambda self, given: 0 * given)
        found.append(hash_parameters(llama))
    assert len({plain, *found}) == 6
    assert hash_parameters(llama) == plain


# ---------------------------------------------------------------- numbers


def _set(path: str, value: Any, model: Any) -> None:
    where, _, name = path.rpartition(".")
    setattr(model.get_submodule(where), name, value)


def _eager(model: Any) -> None:
    model.set_attn_implementation("eager")


def _other_stop(model: Any) -> None:
    model.generation_config.eos_token_id = [2, 7]


def _theta(model: Any) -> None:
    model.model.rotary_emb.inv_freq *= 0.5


def _config(model: Any) -> None:
    model.config.rms_norm_eps = 1e-3


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a weight": lambda m: m.model.norm.weight.data.mul_(1.5),
    "number format": lambda m: m.to(torch.bfloat16),
    "number format of one module": lambda m: m.lm_head.to(torch.float64),
    "a buffer that is not saved": _theta,
    "scaling of rotary positions": partial(_set, "model.rotary_emb.attention_scaling", 1.5),
    "scaling of attention": partial(_set, "model.layers.0.self_attn.scaling", 0.1),
    "epsilon of a norm": partial(_set, "model.layers.0.input_layernorm.variance_epsilon", 0.1),
    "activation function": partial(_set, "model.layers.0.mlp.act_fn", nn.ReLU()),
    "what computes attention": _eager,
    "configuration": _config,
    "a tensor that is not a buffer": partial(_set, "model.offset", torch.ones(2)),
    "tokens that end an answer": _other_stop,
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_numbers_changes_the_hash(what: str, llama: Any) -> None:
    before = hash_parameters(llama)
    CHANGES[what](llama)
    assert hash_parameters(llama) != before


@contextlib.contextmanager
def _trained(model: Any) -> Iterator[None]:
    model.train()
    model.gradient_checkpointing_enable()
    model(input_ids=TOKENS, labels=TOKENS).loss.backward()
    yield
    model.gradient_checkpointing_disable()


def _drop(model: Any) -> None:
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.5
    model.config.attention_dropout = 0.5


NOTHING: dict[str, Callable[[Any], Any]] = {
    "asked": logits,
    "training mode": lambda m: m.train(),
    "dropout": _drop,
    "no gradients": lambda m: m.requires_grad_(False),
    "gradients": lambda m: m(input_ids=TOKENS, labels=TOKENS).loss.backward(),
    "a pass in training": lambda m: contextlib.ExitStack().enter_context(_trained(m)),
    "where it came from": lambda m: setattr(m.config, "_name_or_path", "/some/folder"),
    "generated": lambda m: m.generate(TOKENS, max_new_tokens=3),
    "how it generates": lambda m: setattr(m.generation_config, "temperature", 0.1),
    "backward hooks": lambda m: m.lm_head.register_full_backward_hook(lambda *a: None),
}


@pytest.mark.parametrize("what", NOTHING)
def test_what_changes_no_number_does_not(what: str, llama: Any) -> None:
    before, expected = hash_parameters(llama), logits(llama)
    NOTHING[what](llama)
    assert hash_parameters(llama) == before
    assert torch.equal(logits(llama), expected)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "qwen2_moe", "gemma3"])
def test_a_copy_and_one_read_from_its_folder_have_the_same(family: str, tmp_path: Any) -> None:
    model = build_model(family)
    expected = hash_parameters(model)
    assert hash_parameters(copy.deepcopy(model)) == expected
    assert hash_parameters(build_model(family)) == expected
    logits(model)
    assert hash_parameters(model) == expected
    assert hash_parameters(build_model(family, seed=1)) != expected


def test_a_model_that_was_saved_has_the_same(llama: Any, tmp_path: Any) -> None:
    from transformers import AutoModelForCausalLM

    llama.save_pretrained(tmp_path)
    for _ in range(2):
        again = AutoModelForCausalLM.from_pretrained(tmp_path)
        assert hash_parameters(again) == hash_parameters(llama)


def test_rotary_positions_that_follow_the_length(llama: Any) -> None:
    long = build_model(
        "llama",
        max_position_embeddings=8,
        rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0},
    )
    before = hash_parameters(long)
    with torch.inference_mode():
        long(input_ids=TOKENS.repeat(1, 5))
    assert hash_parameters(long) == before
    assert before != hash_parameters(llama)


# ---------------------------------------------------------------- other kinds of tensors


def test_tensors_that_are_several_in_one(llama: Any) -> None:
    weight, found = llama.lm_head.weight.detach(), []
    for factor in (1.0, 1.0, 2.0):
        both = TwoTensor(weight, factor * weight)
        llama.lm_head.weight = nn.Parameter(both)  # type: ignore[no-untyped-call]
        found.append(hash_parameters(llama))
    assert found[0] == found[1] != found[2]


@pytest.mark.filterwarnings("ignore")  # torch calls its own way of quantising old
def test_quantised_weights(llama: Any) -> None:
    quantise: Any = torch.ao.quantization.quantize_dynamic
    one, same = (quantise(copy.deepcopy(llama), {nn.Linear}, torch.qint8) for _ in range(2))
    other = quantise(build_model("llama", seed=1), {nn.Linear}, torch.qint8)
    hashes = [hash_parameters(model) for model in (one, same, other, llama)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_weights_that_wait_elsewhere(llama: Any) -> None:
    from accelerate import cpu_offload

    expected = hash_parameters(llama)
    away = cpu_offload(llama, torch.device("cpu"))
    assert any(parameter.is_meta for parameter in away.parameters())
    assert hash_parameters(away) == expected


def test_attributes_that_go_in_circles(llama: Any) -> None:
    circle: dict[str, Any] = {"model": llama}
    circle["self"] = circle
    llama.model.own = Scale(2.0)
    llama.model.own.around = circle
    assert hash_parameters(llama) == hash_parameters(llama)


# ---------------------------------------------------------------- configuration and tokenizer


def test_a_configuration_with_what_it_does_not_save(llama: Any) -> None:
    before = hash_configuration(llama.config)
    llama.config._name_or_path = "elsewhere"
    assert hash_configuration(llama.config) == before
    _eager(llama)
    assert hash_configuration(llama.config) != before


TOKENIZER: dict[str, Callable[[Any], Any]] = {
    "a token": lambda t: t.add_tokens(["<new>"]),
    "chat template": lambda t: setattr(t, "chat_template", "{{ messages }}"),
    "the token that begins": lambda t: setattr(t, "bos_token", "<pad>"),
    "the token that ends": lambda t: setattr(t, "eos_token", "<pad>"),
    "whether a token begins a text": lambda t: setattr(t, "add_bos_token", True),
    "how text is put together": lambda t: setattr(t, "clean_up_tokenization_spaces", True),
}


@pytest.mark.parametrize("what", TOKENIZER)
def test_what_changes_tokens_changes_the_hash_of_the_tokenizer(what: str) -> None:
    tokenizer = make_tokenizer()
    before = hash_tokenizer(tokenizer)
    tokenizer(["a", "a b c"], padding=True, truncation=True, max_length=2)
    assert hash_tokenizer(tokenizer) == before
    TOKENIZER[what](tokenizer)
    assert hash_tokenizer(tokenizer) != before


# ---------------------------------------------------------------- a language model


def test_a_language_model_follows_its_adapters(adapted: Any) -> None:
    model = LanguageModel.of(adapted, make_tokenizer(), "mine")
    adapted.set_adapter("a")
    first = model.sha256, model.weights_sha256
    adapted.set_adapter("b")
    assert model.sha256 != first[0]
    assert model.weights_sha256 != first[1]
    adapted.set_adapter("a")
    assert (model.sha256, model.weights_sha256) == first


def test_a_twin_follows_what_computes_attention(llama: Any) -> None:
    def twin() -> str:
        return LanguageModel.of(llama, make_tokenizer(), "mine").untrained(0).weights_sha256

    before = twin()
    _eager(llama)
    assert twin() != before
