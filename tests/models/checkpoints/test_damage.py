"""Files of a model that cannot be read: which one, why, and what to do, in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from brainbench.errors import BrainbenchError, DataError, UsageError
from brainbench.models import load_model
from brainbench.models.checkpoints.checkpoint import find_checkpoint
from brainbench.models.checkpoints.damage import find_damage, is_pointer
from brainbench.models.checkpoints.loading import CheckpointLoader

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 230424\n"
TEXTS = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
WEIGHTS, TEMPLATE, INDEX = (
    "model.safetensors",
    "chat_template.jinja",
    "model.safetensors.index.json",
)


@pytest.fixture
def folder(llama_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(llama_folder, tmp_path / "tiny-llama"))


def load(folder: Path) -> Any:
    found = CheckpointLoader(find_checkpoint(folder), device="cpu", dtype="float32")
    return [found.tokenizer, found.config, found.model][-1]


def to_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def to_nowhere(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.parent / "blobs" / "gone")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pointer": (lambda f: f.write_text(POINTER), "is a pointer of Git LFS.*`git lfs pull`"),
    "a folder": (to_folder, "is a folder, not a file"),
    "a link to nothing": (to_nowhere, "is a link to .*gone, which is not there"),
    "empty": (lambda f: f.write_bytes(b""), "empty|line 1 column 1"),
    "cut short": (lambda f: f.write_bytes(f.read_bytes()[: f.stat().st_size // 2]), "damaged|read"),
    "bytes": (lambda f: f.write_bytes(bytes(range(256))), "does not begin|can't decode"),
    "a list": (lambda f: f.write_text("[1]"), "does not begin|no JSON object|not hold a JSON"),
}


@pytest.mark.parametrize("name", [*TEXTS, WEIGHTS])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_what_is_wrong(name: str, damage: str, folder: Path) -> None:
    change, why = DAMAGES[damage]
    change(folder / name)
    gone = name == "config.json" and not (folder / name).is_file()
    told = "holds no config.json" if gone else rf"tiny-llama.*{name}.*({why})|{name} of.*({why})"
    with pytest.raises(BrainbenchError, match=told) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["a pointer", "a folder", "a link to nothing", "bytes"])
def test_a_damaged_chat_template_is_named(damage: str, folder: Path) -> None:
    change, why = DAMAGES[damage]
    change(folder / TEMPLATE)
    with pytest.raises(DataError, match=rf"^tiny-llama cannot be loaded: {TEMPLATE} .*({why})"):
        load(folder)


def test_what_is_not_read_may_be_a_pointer(folder: Path) -> None:
    """Beside tokenizer.json the slow tokenizer's vocabulary is of no matter."""
    for name in ("tokenizer.model", "vocab.json", "merges.txt"):
        (folder / name).write_text(POINTER)
    assert load(folder) is not None


def test_no_tokenizer_at_all_is_told_as_that(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(DataError, match=r"no tokenizer is there: tokenizer\.json is missing"):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", WEIGHTS])
def test_a_file_that_may_not_be_read_is_named(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refused(self: Path, *given: Any, **options: Any) -> Any:
        if self.name == name:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *given, **options)

    # the tests may run as root, whom no mode stops
    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(Path, "read_text", lambda self, *given: refused(self, "rb").read().decode())
    with pytest.raises(DataError, match=rf"(?i){name}.*permission denied|permission denied"):
        find_checkpoint(folder)


# weights in several files


def divide(folder: Path) -> list[Path]:
    """The weights in three files with an index, as transformers writes large ones."""
    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names, places = sorted(tensors), {}
    shards = [folder / f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
    for i, shard in enumerate(shards):
        save_file({name: tensors[name] for name in names[i::3]}, shard, {"format": "pt"})
        places |= dict.fromkeys(names[i::3], shard.name)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return shards


def edit_index(folder: Path, name: str) -> None:
    told = json.loads((folder / INDEX).read_text())
    told["weight_map"][sorted(told["weight_map"])[0]] = name
    (folder / INDEX).write_text(json.dumps(told))


def test_weights_in_several_files_are_read(folder: Path, llama_folder: Path) -> None:
    divide(folder)
    expected = load(llama_folder).state_dict()
    found = load(folder).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


INDEX_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a shard is missing": (
        lambda f: (f / "model-00002-of-00003.safetensors").unlink(),
        r"model-00002-of-00003\.safetensors is missing \(1 of 3 files",
    ),
    "a shard is a pointer": (
        lambda f: (f / "model-00003-of-00003.safetensors").write_text(POINTER),
        r"model-00003-of-00003\.safetensors is a pointer of Git LFS",
    ),
    "a shard is cut short": (
        lambda f: DAMAGES["cut short"][0](f / "model-00003-of-00003.safetensors"),
        r"model-00003-of-00003\.safetensors is damaged \(it has \d+ bytes where \d+ are stated",
    ),
    "no index": (lambda f: (f / INDEX).unlink(), rf"{INDEX} is missing"),
    "an index of no JSON": (lambda f: (f / INDEX).write_text("{"), rf"{INDEX} is damaged"),
    "an index of nothing": (lambda f: (f / INDEX).write_text("{}"), rf"{INDEX} is damaged"),
    "an index of a list": (
        lambda f: (f / INDEX).write_text('{"weight_map": [1]}'),
        rf"{INDEX} is damaged",
    ),
    "an index nested without end": (
        lambda f: (f / INDEX).write_text("[" * 100_000),
        rf"{INDEX} is damaged",
    ),
    "an index is a pointer": (
        lambda f: (f / INDEX).write_text(POINTER),
        rf"{INDEX} is a pointer of Git LFS",
    ),
    "an index that leads out of the folder": (
        lambda f: edit_index(f, "../other/model.safetensors"),
        rf"{INDEX} names '\.\./other/model\.safetensors', which is not a file of the same folder",
    ),
    "an index that leads into another": (
        lambda f: edit_index(f, "fp16/model.safetensors"),
        rf"{INDEX} names 'fp16/model\.safetensors', which is not a file of the same folder",
    ),
}


@pytest.mark.parametrize(("change", "told"), INDEX_DAMAGE.values(), ids=INDEX_DAMAGE)
def test_what_is_wrong_with_weights_in_several_files(
    change: Callable[[Path], object], told: str, folder: Path
) -> None:
    divide(folder)
    change(folder)
    with pytest.raises(DataError, match=rf"^tiny-llama cannot be loaded: {told}"):
        load(folder)


def test_an_index_beside_whole_weights_is_not_read(folder: Path) -> None:
    (folder / INDEX).write_text("{")
    assert find_damage(folder) is not None
    assert load(folder) is not None


# quantised weights, and what a configuration asks for


def edit_config(folder: Path, **changes: Any) -> None:
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(told | changes))


@pytest.mark.parametrize(
    ("method", "package"),
    [
        ("awq", "gptqmodel"),
        ("gptq", "optimum and gptqmodel"),
        ("bitsandbytes", "bitsandbytes"),
        ("compressed-tensors", "compressed-tensors"),
    ],
)
def test_quantised_weights_ask_for_their_package(
    method: str, package: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainbench.models.checkpoints.quantized.find_spec", lambda name: None)
    packed: dict[str, Any] = {"quant_method": method, "bits": 4, "group_size": 128}
    packed |= {"load_in_4bit": True} if method == "bitsandbytes" else {}
    edit_config(folder, quantization_config=packed)
    installed = package.replace(" and ", " ")
    told = rf"quantised \({method}\), which needs the packages? {package}: pip install {installed}"
    with pytest.raises(UsageError, match=told) as e:
        load(folder)
    assert "damaged" not in str(e.value)


@pytest.mark.parametrize("packed", ["awq", {"bits": 4}, [1]])
def test_a_quantisation_that_is_none_is_told(packed: Any, folder: Path) -> None:
    edit_config(folder, quantization_config=packed)
    with pytest.raises(DataError, match=r"^tiny-llama cannot be loaded: .*quanti"):
        load(folder)


ATTENTIONS = (
    "flash_attention_2", "flash_attention_3", "flash_attention_4", "flex_attention", "paged|sdpa",
    "kernels-community/flash-attn2", "somebody/attention:run", "nonsense", "",
)  # fmt: skip


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_an_attention_that_is_not_here_is_replaced(
    attention: str, key: str, folder: Path, llama_folder: Path
) -> None:
    edit_config(folder, **{key: attention})
    tokens = torch.tensor([[1, 50, 60, 70]])
    found, expected = load(folder), load(llama_folder)
    assert found.config._attn_implementation in ("sdpa", "eager")
    with torch.no_grad():
        assert torch.equal(found(input_ids=tokens).logits, expected(input_ids=tokens).logits)


def test_the_attention_of_a_nested_configuration_is_replaced(
    tiny: Callable[..., Any], chat_tokenizer: Any, tmp_path: Path
) -> None:
    tiny("gemma3").save_pretrained(tmp_path / "g")
    chat_tokenizer.save_pretrained(tmp_path / "g")
    told = json.loads((tmp_path / "g" / "config.json").read_text())
    for part in ("text_config", "vision_config"):
        told[part]["attn_implementation"] = "flash_attention_2"
    (tmp_path / "g" / "config.json").write_text(json.dumps(told))
    model = load_model(tmp_path / "g")
    assert model.facts["parameters"] > 0  # type: ignore[attr-defined]
    network = model.loader.model  # type: ignore[attr-defined]
    assert network.config.get_text_config()._attn_implementation in ("sdpa", "eager")


def test_eager_attention_is_kept(folder: Path) -> None:
    edit_config(folder, attn_implementation="eager")
    assert load(folder).config._attn_implementation == "eager"


# what is not a model


def write(file: Path, content: str = "{}") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


OTHERS: dict[str, tuple[str, str]] = {
    "run/results.json": ("run", "is the results of a run.*`brainbench compare`"),
    "r/m/id/results.json": ("r", "is a folder of runs.*`brainbench compare`"),
    "run/report.html": ("run/report.html", "is the report of a run: open it in a browser"),
    "out/results.json": ("out/results.json", "is the record of a run"),
    "a/adapter_config.json": ("a", "is a PEFT adapter: give it to --peft"),
    "s/steering.json": ("s", "is a steering: give it to --steer"),
    "p/pytorch_model.bin": ("p/pytorch_model.bin", "is a pickled file, which is not read"),
    "w/wording.yaml": ("w/wording.yaml", "--prompt-template"),
    "m/config.json": ("m/config.json", "is a file of the model in .*m: give that folder"),
    "n/notes.txt": ("n/notes.txt", "is a file that holds no model"),
}


@pytest.mark.parametrize("made", OTHERS)
def test_what_is_given_in_place_of_a_model_is_recognised(made: str, tmp_path: Path) -> None:
    given, told = OTHERS[made]
    write(tmp_path / made)
    with pytest.raises(UsageError, match=told):
        load_model(tmp_path / given)


def test_a_gguf_file_may_be_named_in_capitals(tmp_path: Path) -> None:
    file = write(tmp_path / "X.GGUF", "PK")
    with pytest.raises(DataError, match=r"X\.GGUF is not a GGUF file: it does not begin with GGUF"):
        load_model(file)
    file.write_text(POINTER)
    with pytest.raises(DataError, match=r"X\.GGUF is a pointer of Git LFS"):
        load_model(file)
    (tmp_path / "Y.GGUF").mkdir()
    with pytest.raises(UsageError, match=r"Y\.GGUF is a folder, not a GGUF file"):
        load_model(tmp_path / "Y.GGUF")
    with pytest.raises(UsageError, match=r"it holds X\.GGUF: give that file"):
        load_model(tmp_path)


def test_a_pointer_is_told_by_its_content(tmp_path: Path) -> None:
    assert is_pointer(write(tmp_path / "a", POINTER))
    assert not is_pointer(write(tmp_path / "b", POINTER + " " * 2000))
    assert not is_pointer(write(tmp_path / "c", ""))


@pytest.mark.parametrize("source", ["x" * 5000, "a/" + "y" * 300, "~nobody-of-this-name/model"])
def test_a_name_that_nothing_can_have_is_refused(source: str) -> None:
    with pytest.raises(BrainbenchError) as caught:
        load_model(source)
    assert source[:100] in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("bert", "it is an encoder, whose tokens see"),
        ("roberta", "it is an encoder"),
        ("t5", "it is an encoder with a decoder"),
        ("bart", "it is an encoder with a decoder"),
        ("vit", "it is not a language model"),
    ],
)
def test_what_is_no_decoder_is_not_to_be_added(kind: str, told: str, folder: Path) -> None:
    edit_config(folder, model_type=kind)
    with pytest.raises(
        DataError, match=rf"family '{kind}' are not read: {told}.*decoder"
    ) as caught:
        find_checkpoint(folder)
    assert "FAMILIES" not in str(caught.value)
