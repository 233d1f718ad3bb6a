"""The backend vllm, its engine stood in for by lm-eval's hf: what it is given, and what it says.

What vLLM itself computes is tested where it can be installed (tests/real).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from peft import LoraConfig, get_peft_model
from tiny_models import build_model

from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.reasoning.lm.response_cache import ResponseCache
from brainbench.reasoning.options import TaskOptions
from brainbench.reasoning.vllm.engine import check_vllm, open_vllm
from brainbench.reasoning.vllm.lm import WatchedLM
from brainbench.results import Record
from brainbench.run import Settings, evaluate

TASK = "brainbench_quick_belief"
VLLM = TaskOptions(backend="vllm")


class Engine(HFLM):
    """Takes lm-eval's arguments of vLLM; computes with transformers."""

    made: ClassVar[list[dict[str, Any]]] = []

    def __init__(
        self,
        pretrained: str,
        dtype: str = "auto",
        seed: int = 1234,
        batch_size: str | int = "auto",
        max_model_len: int | None = None,
        lora_local_path: str | None = None,
        max_lora_rank: int = 16,
        lora_target_modules: list[str] | None = None,
    ) -> None:
        self.made.append({
            "pretrained": pretrained, "dtype": dtype, "seed": seed,
            "lora_local_path": lora_local_path, "max_lora_rank": max_lora_rank,
            "lora_target_modules": lora_target_modules,
        })  # fmt: skip
        if max_model_len == 13:
            raise RuntimeError("no room for keys and values")
        assert isinstance(batch_size, int), "bars of vLLM's own are shown"
        super().__init__(
            pretrained=pretrained, dtype=dtype, batch_size=1, device="cpu", peft=lora_local_path,
            max_length=max_model_len,
        )  # fmt: skip

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> Any:
        self.limits = [request.args[1]["max_gen_toks"] for request in requests]
        return super().generate_until(requests, disable_tqdm=disable_tqdm)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type[Engine]:
    """vLLM as if it were installed, under the name of its wheel for processors."""
    for name, held in (
        ("vllm", {"__version__": "0.32.0"}),
        ("lm_eval.models.vllm_causallms", {"VLLM": Engine}),
    ):
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(held)
        monkeypatch.setitem(sys.modules, name, module)
    for variable in ("VLLM_LOGGING_LEVEL", "VLLM_LOGGING_STREAM"):
        # set, to be taken back when the test ends
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    monkeypatch.setattr(Engine, "made", [])
    return Engine


@pytest.fixture
def model(llama_folder: Path) -> LanguageModel:
    made = load_model(llama_folder)
    assert isinstance(made, LanguageModel)
    return made


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """Folder of an adapter of rank 9 that changes the model."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        adapted = get_peft_model(
            build_model("llama"), LoraConfig(r=9, target_modules=["q_proj", "v_proj"])
        )
        with torch.no_grad():
            for parameter in adapted.parameters():
                if parameter.requires_grad:
                    parameter.normal_(0, 0.3)
    adapted.save_pretrained(tmp_path / "my-lora")
    return tmp_path / "my-lora"


def run(model: Any, folder: Path, options: TaskOptions = VLLM, **given: Any) -> Record:
    given = {"tasks": [TASK], "settings": Settings(limit=6, task_options=options), **given}
    return evaluate(model, output_path=folder, **given)


def odds(folder: Path) -> list[float]:
    (path,) = folder.glob(f"*/*/samples/{TASK}.jsonl")
    return [json.loads(line)["log_odds"] for line in path.read_text("utf-8").splitlines()]


class TestARun:
    def test_its_answers_are_those_of_the_backend_hf(
        self,
        engine: type[Engine],
        model: LanguageModel,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        record = run(model, tmp_path / "vllm")
        run(model, tmp_path / "hf", TaskOptions())
        assert odds(tmp_path / "vllm") == pytest.approx(odds(tmp_path / "hf"), abs=1e-3)
        # lines of our own only
        assert "requests: " not in capsys.readouterr().err
        assert os.environ["VLLM_LOGGING_STREAM"] == "ext://sys.stderr"
        (made,) = engine.made
        assert made["dtype"] == "float32"
        assert made["seed"] == 0
        assert record.config["backend"] == "vllm"
        assert record.answer_bias[0].threshold_task == "brainbench_validation_belief"

    def test_an_adapter_is_given_with_the_rank_it_needs(
        self, engine: type[Engine], llama_folder: Path, adapter: Path, tmp_path: Path
    ) -> None:
        adapted = load_model(llama_folder, ModelOptions(peft=str(adapter)))
        run(adapted, tmp_path / "vllm")
        run(adapted, tmp_path / "hf", TaskOptions())
        run(load_model(llama_folder), tmp_path / "bare", TaskOptions())
        (made,) = engine.made
        assert (made["lora_local_path"], made["max_lora_rank"]) == (str(adapter), 16)
        # all of them, the output layer too, it would break at whole prompts
        assert made["lora_target_modules"] == ["q_proj", "v_proj"]
        assert odds(tmp_path / "vllm") == pytest.approx(odds(tmp_path / "hf"), abs=1e-3)
        assert odds(tmp_path / "vllm") != pytest.approx(odds(tmp_path / "bare"), abs=0.1)

    def test_what_was_answered_needs_no_engine(
        self, engine: type[Engine], model: LanguageModel, tmp_path: Path
    ) -> None:
        run(model, tmp_path / "one")
        run(model, tmp_path / "two")
        assert len(engine.made) == 1
        assert odds(tmp_path / "one") == odds(tmp_path / "two")
        # of another engine's arguments it was not answered
        run(model, tmp_path / "three", TaskOptions(backend="vllm", model_args={"seed": 3}))
        assert [made["seed"] for made in engine.made] == [0, 3]

    def test_chat_templates_are_applied_by_brainbench(
        self, engine: type[Engine], model: LanguageModel, tmp_path: Path
    ) -> None:
        for backend in ("vllm", "hf"):
            run(model, tmp_path / backend, TaskOptions(backend=backend, apply_chat_template=True))
        assert odds(tmp_path / "vllm") == pytest.approx(odds(tmp_path / "hf"), abs=1e-3)

    def test_what_is_generated_is_the_same(
        self, engine: type[Engine], model: LanguageModel, tmp_path: Path
    ) -> None:
        name = "brainbench_double_negation_generate"
        for backend in ("vllm", "hf"):
            run(model, tmp_path / backend, TaskOptions(backend=backend), tasks=[name])
        texts = []
        for backend in ("vllm", "hf"):
            (path,) = (tmp_path / backend).glob(f"*/*/samples/{name}.jsonl")
            lines = path.read_text("utf-8").splitlines()
            texts.append([json.loads(line)["answers"][0]["sha256"] for line in lines])
        assert texts[0] == texts[1]


class TestWhatIsRefused:
    def test_vllm_is_not_installed(
        self, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
        with pytest.raises(UsageError, match=r"not installed: pip install 'brainbench\[vllm\]'"):
            check_vllm(model)

    def test_vllm_is_broken(
        self, engine: Any, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "lm_eval.models.vllm_causallms", None)
        with pytest.raises(UsageError, match=r"vLLM cannot be imported: .*brainbench\[vllm\]"):
            open_vllm(model, VLLM, 0)

    def test_a_model_in_memory(self, engine: Any, language_model: LanguageModel) -> None:
        with pytest.raises(UsageError, match="tiny is in memory: save it with save_pretrained"):
            check_vllm(language_model)

    def test_an_untrained_one(self, engine: Any, llama_folder: Path) -> None:
        with pytest.raises(UsageError, match="--untrained goes with --backend hf"):
            check_vllm(load_model(llama_folder, ModelOptions(untrained=0)))  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("arguments", "error", "told"),
        [
            ({"max_modl_len": 64}, UsageError, "--model-args: vLLM refuses them"),
            ({"max_model_len": 13}, DataError, "vLLM cannot load tiny-llama: no room for keys"),
        ],
    )
    def test_arguments_of_the_engine(
        self,
        arguments: dict[str, Any],
        error: type[Exception],
        told: str,
        engine: Any,
        model: LanguageModel,
    ) -> None:
        with pytest.raises(error, match=told):
            open_vllm(model, TaskOptions(backend="vllm", model_args=arguments), 0)


class TestLengths:
    @pytest.fixture
    def watched(
        self, engine: type[Engine], model: LanguageModel, tmp_path: Path
    ) -> Callable[..., WatchedLM]:
        def make(**given: Any) -> WatchedLM:
            responses = ResponseCache(tmp_path / "responses", {"weights": "w"})
            folder = str(model.loader.checkpoint.folder)  # type: ignore[attr-defined]
            return WatchedLM(
                lambda: engine(folder, dtype="float32", batch_size=8, max_model_len=40),
                model,
                responses,
                **given,
            )

        return make

    def test_a_prompt_that_does_not_fit_is_an_error(
        self, watched: Callable[..., WatchedLM], request_of: Callable[..., Any]
    ) -> None:
        long = request_of("loglikelihood", "Ann is taller than Bob. " * 9, " True", item=5)
        with pytest.raises(DataError, match=r"item 5 .*reads 40 at most here.*max_model_len"):
            watched().loglikelihood([long])

    def test_an_answer_has_the_room_there_is(
        self,
        watched: Callable[..., WatchedLM],
        request_of: Callable[..., Any],
        said: list[str],
    ) -> None:
        lm = watched()
        asked = request_of("generate_until", "Ann is tall", {"until": [], "max_gen_toks": 99})
        lm.generate_until([asked])
        room = 40 - len(lm.asked.tok_encode("Ann is tall"))
        assert lm.asked.limits == [room]
        assert said == [
            "1 prompts of some_task leave less room for an answer than it allows: they have what "
            "there is"
        ]

    def test_progress_is_told(
        self, watched: Callable[..., WatchedLM], request_of: Callable[..., Any]
    ) -> None:
        told: list[tuple[int, int]] = []
        lm = watched(progress=lambda *given: told.append(given))
        lm.loglikelihood([request_of("loglikelihood", "Ann", " True")])
        assert told == [(0, 1), (1, 1)]

    def test_drawn_answers_are_not_kept(
        self, watched: Callable[..., WatchedLM], request_of: Callable[..., Any], tmp_path: Path
    ) -> None:
        settings = {"until": [], "max_gen_toks": 5, "do_sample": True, "temperature": 1.0}
        watched().generate_until([request_of("generate_until", "Ann", settings)])
        assert not (tmp_path / "responses").exists()
