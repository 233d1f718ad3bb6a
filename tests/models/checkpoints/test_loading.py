"""Files become the model that they hold, whole, or an error that says what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from checkpoint_files import loader, write_gguf
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tiers import families
from tokenizers import Tokenizer, models
from transformers import AutoConfig, PreTrainedTokenizerFast
from transformers.utils import logging

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models.checkpoints.adapter_base import check_adapter
from brainbench.models.checkpoints.failures import out_of_memory
from brainbench.models.checkpoints.loading import (
    build,
    count_parameters,
    resolve_device,
    resolve_dtype,
)

Tiny = Callable[..., Any]
TOKENS = torch.tensor([[1, 50, 60, 70, 80, 90]])


@pytest.fixture
def folder(llama_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(llama_folder, tmp_path / "tiny-llama"))


def logits(model: Any, tokens: torch.Tensor = TOKENS) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=tokens).logits.float()


def assert_same_weights(found: Any, expected: Any, same: bool = True) -> None:
    others = dict(expected.named_parameters())
    equal = [torch.equal(p, others[name]) for name, p in found.named_parameters() if p.ndim > 1]
    assert equal
    assert all(equal) if same else not any(equal)


# device and dtype


def test_devices_of_this_machine() -> None:
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("cpu:0") == "cpu:0"
    assert resolve_device(None) == resolve_device("auto")


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_what_is_there(
    cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2 * cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert resolve_device("auto") == expected
    wanted = {"cuda": cuda, "cuda:0": cuda, "cuda:1": cuda, "mps": mps, "cuda:2": False}
    for device, there in wanted.items():
        if there:
            assert resolve_device(device) == device
        else:
            with pytest.raises(UsageError, match=f"this machine has no device {device}"):
                resolve_device(device)


@pytest.mark.parametrize("asked", ["gpu", "cuda:one", "", "cuda:-2"])
def test_what_is_no_device(asked: str) -> None:
    with pytest.raises(UsageError, match="is not a device; there are auto, cpu, cuda"):
        resolve_device(asked)


@pytest.mark.parametrize("asked", ["cpu:1", "meta", "xla"])
def test_a_device_that_is_not_here(asked: str) -> None:
    with pytest.raises(UsageError, match=f"this machine has no device {asked}"):
        resolve_device(asked)


def test_the_number_format_follows_the_device() -> None:
    for asked in (None, "auto"):
        found = [resolve_dtype(asked, device) for device in ("cpu", "mps", "cuda", "cuda:1")]
        assert found == ["float32", "float32", "bfloat16", "bfloat16"]
    assert resolve_dtype(None, "cpu", "bfloat16") == "float32"
    assert resolve_dtype("auto", "cpu", "bfloat16") == "bfloat16"
    # as some checkpoints are that are quantised
    assert resolve_dtype("auto", "cpu", "float8_e4m3fn") == "float32"
    for asked in ("float32", "bfloat16", "float16"):
        assert resolve_dtype(asked, "cpu") == asked
    with pytest.raises(UnknownNameError, match="unknown dtype 'float61'; did you mean 'float16'"):
        resolve_dtype("float61", "cpu")


# a folder


def test_a_folder_gives_the_model_that_was_saved(
    llama_folder: Path, tiny: Tiny, chat_tokenizer: Any
) -> None:
    found = loader(llama_folder)
    assert_same_weights(found.model, tiny("llama"))
    assert torch.equal(logits(found.model), logits(tiny("llama")))
    assert not found.model.training
    assert found.config.model_type == "llama"
    text = "<s>user: True or False?</s>"
    assert found.tokenizer(text)["input_ids"] == chat_tokenizer(text)["input_ids"]
    assert found.tokenizer.chat_template == chat_tokenizer.chat_template
    assert found.model is found.model


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_weights_have_the_number_format_asked_for(dtype: str, llama_folder: Path) -> None:
    for untrained in (None, 3):
        model = loader(llama_folder, dtype, untrained=untrained).model
        assert {p.dtype for p in model.parameters()} == {getattr(torch, dtype)}


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    file = folder / "model.safetensors"
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file, {"format": "pt"})


def test_weights_that_are_missing_are_not_drawn(folder: Path) -> None:
    change_weights(folder, lambda t: [t.pop(k) for k in list(t) if "layers.3.mlp" in k])
    with pytest.raises(
        DataError, match=r"tiny-llama lacks weights: model\.layers\.3\.mlp\..*\(3 in all\)"
    ):
        loader(folder).model  # noqa: B018


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    change_weights(folder, lambda t: t.update({name: torch.zeros(48, 31)}))
    with pytest.raises(DataError, match="tiny-llama cannot be loaded"):
        loader(folder).model  # noqa: B018


def cut(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])


DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "weights cut short": ("model", lambda f: cut(f / "model.safetensors", -100)),
    "weights cut in the header": ("model", lambda f: cut(f / "model.safetensors", 50)),
    "no weights": ("model", lambda f: cut(f / "model.safetensors", 0)),
    "garbage": ("model", lambda f: (f / "model.safetensors").write_bytes(bytes(range(256)))),
    "configuration of nothing": ("config", lambda f: (f / "config.json").write_text("{}")),
    "sizes that do not fit": (
        "model",
        lambda f: (f / "config.json").write_text(
            json.dumps(json.loads((f / "config.json").read_text()) | {"hidden_size": 33})
        ),
    ),
    "tokenizer cut short": ("tokenizer", lambda f: cut(f / "tokenizer.json", 99)),
}


@pytest.mark.parametrize(("part", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_files_are_told(part: str, damage: Callable[[Path], object], folder: Path) -> None:
    damage(folder)
    with pytest.raises(DataError, match=r"^tiny-llama cannot be loaded: .+"):
        getattr(loader(folder), part)


def test_no_tokenizer_is_told(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder / name).unlink()
    with pytest.raises(DataError, match=r"^tiny-llama cannot be loaded: "):
        loader(folder).tokenizer  # noqa: B018


def test_code_of_a_repository_does_not_run_unasked(folder: Path) -> None:
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Own: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}
    (folder / "config.json").write_text(json.dumps(config))
    names = {"auto_map": {"AutoTokenizer": ["own.Own", None]}, "tokenizer_class": "Own"}
    (folder / "tokenizer_config.json").write_text(json.dumps(names))
    found = loader(folder)
    # transformers has this family itself
    assert type(found.model).__module__.startswith("transformers.")
    with pytest.raises(UsageError, match=r"^tiny-llama needs .* --trust-remote-code"):
        found.tokenizer  # noqa: B018
    assert not (folder / "ran").exists()


def test_attention_is_computed_in_full(tiny: Tiny, chat_tokenizer: Any, tmp_path: Path) -> None:
    model = tiny("gemma2", attn_logit_softcapping=0.5)
    model.save_pretrained(tmp_path / "capped")
    chat_tokenizer.save_pretrained(tmp_path / "capped")
    model.set_attn_implementation("eager")
    expected = logits(model)
    saved = loader(tmp_path / "capped")
    for found in (build(saved.config), saved.model):
        found.load_state_dict(model.state_dict())
        assert (logits(found) - expected).abs().max() < 1e-5 * expected.abs().max()
    if not model._supports_sdpa:
        # since 5.24 transformers refuses what would leave the cap out
        with pytest.raises(ValueError, match="attention implementation"):
            model.set_attn_implementation("sdpa")
        return
    model.set_attn_implementation("sdpa")
    assert (logits(model) - expected).abs().max() > 0.01 * expected.abs().max()


def test_memory_that_runs_out_is_told_as_such(
    llama_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any, *given: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(torch.nn.Module, "to", full)
    with pytest.raises(DataError, match=r"^tiny-llama does not fit the memory of this device"):
        loader(llama_folder).model  # noqa: B018


def test_only_a_lack_of_memory_is_one() -> None:
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert out_of_memory(MemoryError())
    assert out_of_memory(RuntimeError("DefaultCPUAllocator: not enough memory"))
    assert not out_of_memory(RuntimeError("shapes cannot be multiplied"))
    assert not out_of_memory(ValueError("out of memory"))


@pytest.mark.parametrize("source", ["llama_folder", "gguf_file"])
def test_loading_is_quiet_and_leaves_the_log_as_it_was(
    source: str, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    found = loader(request.getfixturevalue(source))
    capfd.readouterr()
    assert found.model
    assert found.tokenizer
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
    assert capfd.readouterr() == ("", "")


# untrained


def test_an_untrained_model_is_its_seed(llama_folder: Path, tiny: Tiny) -> None:
    state = torch.random.get_rng_state()
    first = loader(llama_folder, untrained=3).model
    again = loader(llama_folder, untrained=3).model
    other = loader(llama_folder, untrained=4).model
    assert torch.equal(torch.random.get_rng_state(), state)
    assert_same_weights(first, again)
    assert_same_weights(first, other, same=False)
    assert_same_weights(first, tiny("llama"), same=False)
    assert first.config.to_dict() == loader(llama_folder).model.config.to_dict()
    assert not first.training


def test_an_untrained_model_needs_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    drawn = loader(folder, untrained=0).model.model.layers[0].mlp.up_proj.weight.detach()
    # as for training from scratch, with the spread that the configuration says
    assert float(drawn.std()) == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("family", families())
def test_parameters_are_counted_without_a_model(family: str, tiny: Tiny) -> None:
    model = tiny(family)
    once = {id(parameter): parameter.numel() for parameter in model.parameters()}
    assert count_parameters(model.config) == sum(once.values())


def test_tied_weights_are_counted_once(tiny: Tiny) -> None:
    tied, free = (tiny("llama", tie_word_embeddings=tie).config for tie in (True, False))
    assert count_parameters(free) - count_parameters(tied) == 400 * 32


def test_a_large_model_is_counted_without_its_memory() -> None:
    # more than a terabyte
    config = AutoConfig.for_model("llama", num_hidden_layers=8, hidden_size=2**17)
    assert count_parameters(config) > 4 * 10**11


# GGUF


@pytest.fixture
def gguf_file(tmp_path: Path, tiny: Tiny, chat_tokenizer: Any) -> Path:
    (tmp_path / "quants").mkdir()
    return write_gguf(tmp_path / "quants" / "tiny.gguf", tiny("llama"), chat_tokenizer)


def test_a_gguf_file_gives_model_and_tokenizer(
    gguf_file: Path, tiny: Tiny, chat_tokenizer: Any
) -> None:
    found = loader(gguf_file)
    assert_same_weights(found.model, tiny("llama"))
    assert torch.equal(logits(found.model), logits(tiny("llama")))
    assert found.config.model_type == "llama"
    for text in ("<s>user: True or False?</s>", "Every thing that is calm is warm."):
        ids = found.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == chat_tokenizer(text)["input_ids"]
    assert found.tokenizer.chat_template == chat_tokenizer.chat_template
    assert (found.tokenizer.eos_token_id, found.tokenizer.pad_token_id) == (2, 0)


def test_quantised_weights_are_unpacked(tmp_path: Path, tiny: Tiny, chat_tokenizer: Any) -> None:
    kind = gguf.GGMLQuantizationType.Q8_0
    file = write_gguf(tmp_path / "q.gguf", tiny("llama"), chat_tokenizer, quantised=kind)
    model = loader(file, "bfloat16").model
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    found, expected = loader(file).model, tiny("llama")
    difference = (logits(found) - logits(expected)).abs().max()
    assert 0 < difference < 0.1 * logits(expected).abs().max()


@pytest.mark.parametrize("add", [True, False])
def test_a_gguf_file_says_whether_text_begins_with_a_token(
    add: bool, tmp_path: Path, tiny: Tiny, chat_tokenizer: Any
) -> None:
    file = write_gguf(tmp_path / "b.gguf", tiny("llama"), chat_tokenizer, add_bos=add)
    ids = loader(file).tokenizer("Every thing")["input_ids"]
    plain = chat_tokenizer("Every thing", add_special_tokens=False)["input_ids"]
    assert ids == ([1, *plain] if add else plain)


def test_what_lies_beside_a_gguf_file_is_not_read(
    gguf_file: Path, chat_tokenizer: Any, tiny: Tiny
) -> None:
    other = Tokenizer(models.WordLevel({"?": 0, "True": 1, "False": 2}, "?"))
    PreTrainedTokenizerFast(tokenizer_object=other, eos_token="?").save_pretrained(gguf_file.parent)
    for name in ("config.json", "adapter_config.json", "generation_config.json"):
        (gguf_file.parent / name).write_text('{"model_type": "gpt2", "eos_token_id": 5}')
    found = loader(gguf_file)
    assert found.tokenizer("True")["input_ids"] == chat_tokenizer("True")["input_ids"]
    assert found.config.model_type == "llama"
    assert found.model.generation_config.eos_token_id == 2
    assert_same_weights(found.model, tiny("llama"))


def test_an_untrained_model_of_a_gguf_file(gguf_file: Path, tiny: Tiny) -> None:
    first, again = (loader(gguf_file, untrained=3).model for _ in range(2))
    assert_same_weights(first, again)
    assert_same_weights(first, tiny("llama"), same=False)


def test_the_link_to_a_gguf_file_goes_with_its_loader(gguf_file: Path) -> None:
    found = loader(gguf_file)
    assert found.config
    link = Path(found._folder)
    assert link.is_dir()
    del found
    assert not link.exists()
    assert gguf_file.is_file()


GGUF_DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "after the magic": lambda data: data[:4],
    "in the header": lambda data: data[:200],
    "in the weights": lambda data: data[:-5000],
    "random bytes": lambda data: b"GGUF" + np.random.default_rng(0).bytes(2000),
    "no magic": lambda data: b"GGUF" + bytes(100),
}


@pytest.mark.parametrize("damage", GGUF_DAMAGE.values(), ids=GGUF_DAMAGE)
def test_a_damaged_gguf_file_is_told(damage: Callable[[bytes], bytes], gguf_file: Path) -> None:
    gguf_file.write_bytes(damage(gguf_file.read_bytes()))
    with pytest.raises(DataError, match=r"^tiny\.gguf (is damaged or incomplete|cannot be)"):
        loader(gguf_file).model  # noqa: B018


# adapters


def save_adapter(folder: Path, model: Any, config: Any) -> Any:
    """An adapter that changes much, and the model with it, as peft runs it."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        adapted = get_peft_model(model, config)
        with torch.no_grad():
            for parameter in adapted.parameters():
                if parameter.requires_grad:
                    parameter.normal_(0, 0.3)
    adapted.save_pretrained(folder)
    return adapted.eval()


LORA = LoraConfig(r=2, target_modules=["q_proj", "o_proj", "up_proj"])


def test_an_adapter_is_merged(llama_folder: Path, tiny: Tiny, tmp_path: Path) -> None:
    adapted = save_adapter(tmp_path / "lora", tiny("llama"), LORA)
    path, _ = check_adapter(tmp_path / "lora")
    found = loader(llama_folder, adapter=path).model
    assert type(found) is type(tiny("llama"))
    assert not any("lora" in name for name, _ in found.named_modules())
    scale = logits(adapted).abs().max()
    assert (logits(found) - logits(adapted)).abs().max() < 1e-5 * scale
    assert (logits(found) - logits(tiny("llama"))).abs().max() > 0.1 * scale


@pytest.mark.filterwarnings("ignore:Found missing adapter keys")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hidden_size": 64}, "size mismatch"),
        ({"num_hidden_layers": 2}, r"lacks .*layers\.2.*\(12 weights in all\)"),
        ({"num_hidden_layers": 6}, r"lacks .*layers\.4.*\(12 weights in all\)"),
    ],
    ids=["wider", "fewer layers", "more layers"],
)
def test_an_adapter_of_another_model_is_refused(
    changes: dict[str, int], told: str, llama_folder: Path, tiny: Tiny, tmp_path: Path
) -> None:
    save_adapter(tmp_path / "lora", tiny("llama", **changes), LORA)
    with pytest.raises(DataError, match=rf"(?s)^the PEFT adapter lora does not fit.*{told}"):
        loader(llama_folder, adapter=tmp_path / "lora").model  # noqa: B018


def test_an_adapter_of_another_family_is_refused(
    llama_folder: Path, tiny: Tiny, tmp_path: Path
) -> None:
    save_adapter(tmp_path / "lora", tiny("gpt_neox"), LoraConfig(target_modules=["dense"]))
    with pytest.raises(DataError, match=r"^the PEFT adapter lora does not fit the model: Target"):
        loader(llama_folder, adapter=tmp_path / "lora").model  # noqa: B018


def test_an_adapter_that_cannot_be_merged_is_refused(
    llama_folder: Path, tiny: Tiny, tmp_path: Path
) -> None:
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2)
    save_adapter(tmp_path / "prompt", tiny("llama"), config)
    with pytest.raises(DataError, match=r"^the PEFT adapter prompt does not fit .*merge"):
        loader(llama_folder, adapter=tmp_path / "prompt").model  # noqa: B018


def test_what_is_no_adapter(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "lora"
    with pytest.raises(UsageError, match=r"--peft .*: no adapter_config\.json there"):
        check_adapter(folder)
    save_adapter(folder, tiny("llama"), LORA)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(UsageError, match=r"no adapter_model\.safetensors there"):
        check_adapter(folder)


def test_the_hash_of_an_adapter_is_of_what_is_read(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "lora"
    save_adapter(folder, tiny("llama"), LORA)
    path, before = check_adapter(folder)
    assert path == folder
    (folder / "README.md").write_text("better")
    assert check_adapter(folder)[1] == before
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        with (folder / name).open("ab") as file:
            file.write(b" ")
        now = check_adapter(folder)[1]
        assert now != before
        before = now


def test_a_damaged_adapter_is_refused(llama_folder: Path, tiny: Tiny, tmp_path: Path) -> None:
    save_adapter(tmp_path / "lora", tiny("llama"), LORA)
    cut(tmp_path / "lora" / "adapter_model.safetensors", 40)
    with pytest.raises(DataError, match=r"^the PEFT adapter lora does not fit the model"):
        loader(llama_folder, adapter=tmp_path / "lora").model  # noqa: B018
