"""vLLM stood in for: an engine that packs prompts as it does, over a tiny Llama of transformers.

Its network is given flat token ids and positions, and its blocks return two parts that the next
norm adds, as vLLM's do; workers are asked by name, with texts and bytes. What vLLM itself computes
is tested where it can be installed (tests/real).
"""

from __future__ import annotations

import importlib
import queue
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from lm_eval.api.model import TemplateLM
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer

# what LLM takes of the arguments that brainbench and these tests give
_KNOWN = {
    "model", "dtype", "seed", "max_model_len", "trust_remote_code", "disable_log_stats",
    "language_model_only", "enforce_eager", "enable_prefix_caching", "enable_chunked_prefill",
    "pipeline_parallel_size", "data_parallel_size", "speculative_config", "skip_tokenizer_init",
    "generation_config", "worker_extension_cls", "enable_lora", "max_lora_rank",
    "lora_target_modules", "tensor_parallel_size", "max_num_seqs", "use_tqdm_on_load",
}  # fmt: skip


def runs(positions: torch.Tensor) -> Iterator[slice]:
    """Tokens of one prompt after another."""
    jumps = (positions[1:] != positions[:-1] + 1).nonzero().flatten() + 1
    starts = [0, *jumps.tolist()]
    for start, end in zip(starts, [*starts[1:], len(positions)], strict=True):
        yield slice(start, end)


class Attention(nn.Module):
    """Of transformers, on packed prompts."""

    def __init__(self, own: nn.Module, rotary: nn.Module) -> None:
        super().__init__()
        self.own = own
        self.rotary = (rotary,)

    def forward(self, positions: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        found = []
        for part in runs(positions):
            one = states[None, part]
            turned = self.rotary[0](one, positions[None, part])
            found.append(self.own(one, turned, attention_mask=None)[0][0])
        return torch.cat(found)


class Block(nn.Module):
    """Returns what the next norm adds: ``parts``; or the ``whole`` state; or the state ``first``,
    beside something else."""

    def __init__(self, own: Any, rotary: nn.Module, shape: str) -> None:
        super().__init__()
        self.shape = shape
        self.self_attn = Attention(own.self_attn, rotary)
        self.input_layernorm, self.mlp = own.input_layernorm, own.mlp
        self.post_attention_layernorm = own.post_attention_layernorm

    def forward(
        self, positions: torch.Tensor, states: torch.Tensor, residual: torch.Tensor | None
    ) -> Any:
        before = states if residual is None or self.shape == "first" else states + residual
        between = before + self.self_attn(positions, self.input_layernorm(before))
        moved = self.mlp(self.post_attention_layernorm(between))
        if self.shape == "parts":
            return moved, between
        return between + moved if self.shape == "whole" else (between + moved, before)


class Decoder(nn.Module):
    def __init__(self, own: Any, shape: str) -> None:
        super().__init__()
        self.embed_tokens, self.norm = own.embed_tokens, own.norm
        self.layers = nn.ModuleList(Block(one, own.rotary_emb, shape) for one in own.layers)

    def forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        states, residual = self.embed_tokens(ids), None
        for layer in self.layers:
            given = layer(positions, states, residual)
            states, residual = given if isinstance(given, tuple) else (given, None)
        parts = self.layers[0].shape == "parts"
        found: torch.Tensor = self.norm(states + residual if parts else states)
        return found


class PackedLlama(nn.Module):
    def __init__(self, own: Any, shape: str = "parts", rank: int = 0) -> None:
        super().__init__()
        self.model = Decoder(own.model, shape)
        self.lm_head = own.lm_head
        self.rank = rank

    def forward(self, input_ids: Any, positions: Any, inputs_embeds: Any = None) -> Any:
        # of tokens that the engine embeds itself the network is given no ids
        return self.model(inputs_embeds if input_ids is None else input_ids, positions)

    def compute_logits(self, states: torch.Tensor) -> torch.Tensor | None:
        logits: torch.Tensor = self.lm_head(states)
        # several workers gather them in one
        return None if self.rank else logits


class LLM:
    """The class of that name, with a class of workers that has brainbench's methods.

    Class attributes say how it behaves: ``shape`` of its blocks, and ``does``: ``cut`` prompts
    into parts, ``skip`` what a cache holds, ``again`` read one twice, ``embed`` tokens itself,
    ``die``, be ``killed``, ``fill`` the memory, answer ``otherwise``.
    """

    made: ClassVar[list[LLM]] = []
    shape: ClassVar[str] = "parts"
    does: ClassVar[str] = ""

    def __init__(self, **given: Any) -> None:
        for name in given.keys() - _KNOWN:
            raise TypeError(f"EngineArgs.__init__() got an unexpected keyword argument '{name}'")
        if given["max_model_len"] > 2048:
            raise RuntimeError("to serve at least one request, 9 GiB of KV cache memory is needed")
        self.given = given
        self.passes = 0
        self.ended = False
        module, _, name = given.get("worker_extension_cls", "builtins.object").rpartition(".")
        extension = getattr(importlib.import_module(module), name)
        self.workers = []
        for rank in range(given.get("tensor_parallel_size", 1)):
            own = AutoModelForCausalLM.from_pretrained(given["model"])
            network = PackedLlama(own.to(getattr(torch, given["dtype"])), self.shape, rank)
            methods = {"rank": rank, "get_model": lambda self, network=network: network}
            self.workers.append(type("Worker", (extension,), methods)())
        self.llm_engine = SimpleNamespace(
            model_config=SimpleNamespace(max_model_len=given["max_model_len"]),
            engine_core=SimpleNamespace(
                shutdown=self.end,
                resources=SimpleNamespace(engine_dead=False),
                outputs_queue=queue.Queue(),
                utility_results={1: Future()},
            ),
        )
        self.made.append(self)

    def end(self) -> None:
        self.ended = True

    def collective_rpc(self, method: str, args: tuple[Any, ...] = ()) -> list[Any]:
        # what goes between processes without pickle
        assert all(isinstance(each, str | bytes) for each in args)
        found = [getattr(worker, method)(*args) for worker in self.workers]
        assert all(each is None or isinstance(each, bytes) for each in found)
        return found

    def generate(
        self, prompts: Sequence[Any], parameters: Any, use_tqdm: bool, lora_request: Any
    ) -> list[Any]:
        if self.does == "die":
            raise RuntimeError("EngineCore encountered an issue. See stack trace (above).")
        if self.does == "killed":
            core = self.llm_engine.engine_core
            core.resources.engine_dead = True
            # what it waits for never comes
            raise core.outputs_queue.get(timeout=20)
        if self.does == "fill":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        assert (parameters.temperature, use_tqdm) == (0.0, False)
        if parameters.max_tokens > 1:
            return [self._write(list(one["prompt_token_ids"]), parameters) for one in prompts]
        order = list(range(len(prompts)))
        random.Random(self.passes).shuffle(order)
        if self.does == "again":
            order.append(order[0])
        said: dict[int, int] = {}
        size = self.given.get("max_num_seqs", 5)
        for start in range(0, len(order), size):
            together = order[start : start + size]
            said.update(self._run(together, [prompts[n]["prompt_token_ids"] for n in together]))
        return [SimpleNamespace(outputs=[SimpleNamespace(token_ids=[said[n]])])
                for n in range(len(prompts))]  # fmt: skip

    def _write(self, text: list[int], parameters: Any) -> Any:
        """What is generated; all is read again for each token, as of a prompt that was put off."""
        said: list[int] = []
        while len(said) < parameters.max_tokens and not {*said} & {*parameters.stop_token_ids}:
            said.append(int(self.logits([text + said])[0][-1].argmax()))
        return SimpleNamespace(outputs=[SimpleNamespace(token_ids=said)])

    def logits(self, prompts: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Of every token of prompts, a few together in a pass."""
        found: list[torch.Tensor] = []
        for start in range(0, len(prompts), 3):
            some = [list(prompt) for prompt in prompts[start : start + 3]]
            tokens = [token for prompt in some for token in prompt]
            places = [place for prompt in some for place in range(len(prompt))]
            found += self._network(tokens, places).split([len(prompt) for prompt in some])
        return found

    def _run(self, numbers: list[int], prompts: list[list[int]]) -> dict[int, int]:
        self.passes += 1
        tokens: list[int] = []
        places: list[int] = []
        ends: list[int] = []
        for number, prompt in enumerate(prompts):
            half = len(prompt) // 2 if self.does in ("cut", "skip") and not number else 0
            if half and self.does == "cut":
                self._network(prompt[:half], list(range(half)))
            tokens += prompt[half:]
            places += range(half, len(prompt))
            ends.append(len(tokens) - 1)
        logits = self._network(tokens, places)[ends]
        answers = logits.argmin(1) if self.does == "otherwise" else logits.argmax(1)
        return dict(zip(numbers, answers.tolist(), strict=True))

    @torch.inference_mode()
    def _network(self, tokens: list[int], places: list[int]) -> torch.Tensor:
        ids, positions = torch.tensor(tokens), torch.tensor(places)
        found: list[Any] = []
        for worker in self.workers:
            network = worker.get_model()
            given = {"inputs_embeds": ids} if self.does == "embed" else {}
            states = network(input_ids=None if given else ids, positions=positions, **given)
            found.append(network.compute_logits(states))
        logits: torch.Tensor = found[0]
        return logits


class TasksLM(TemplateLM):  # type: ignore[misc]
    """As lm-eval's class for vLLM; generates by reading all again, as an engine does that has put a
    prompt off."""

    max_gen_toks = 256

    def __init__(self, pretrained: str, batch_size: int, max_model_len: int = 512, **given: Any):
        super().__init__()
        self.model = LLM(model=pretrained, max_model_len=max_model_len, **given)
        self.max_length = max_model_len
        self.tokenizer = AutoTokenizer.from_pretrained(pretrained)

    @property
    def eot_token_id(self) -> int:
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        return int(self.tokenizer.bos_token_id or self.tokenizer.eos_token_id)

    def tok_encode(self, string: Any, add_special_tokens: Any = None, **_: Any) -> Any:
        return self.tokenizer(string).input_ids

    def _model_generate(
        self, requests: Any, generate: bool = False, sampling_params: Any = None
    ) -> Any:
        if not generate:
            return self.model.logits(requests)
        texts = [list(request) for request in requests]
        for _ in range(sampling_params):
            for text, logits in zip(texts, self.model.logits(texts), strict=True):
                text.append(int(logits[-1].argmax()))
        return [text[len(request) :] for text, request in zip(texts, requests, strict=True)]

    def _loglikelihood_tokens(self, requests: Any, disable_tqdm: bool = False) -> Any:
        texts = [context + continuation for _, context, continuation in requests]
        found = []
        given = self._model_generate(requests=texts, generate=False)
        for logits, text, (_, context, said) in zip(given, texts, requests, strict=True):
            places = range(len(context), len(text))
            logs = logits.double().log_softmax(-1)
            value = sum(float(logs[place - 1, text[place]]) for place in places)
            best = all(int(logs[place - 1].argmax()) == text[place] for place in places)
            found.append((value, best and bool(said)))
        return found

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> Any:
        texts = [self.tok_encode(request.args[0]) for request in requests]
        whole = [(None, [self.prefix_token_id], text) for text in texts]
        return [value for value, _ in self._loglikelihood_tokens(whole)]

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> Any:
        found = []
        for request in requests:
            tokens = self.tok_encode(request.args[0])
            limit = request.args[1]["max_gen_toks"]
            (given,) = self._model_generate([tokens], generate=True, sampling_params=limit)
            found.append(self.tokenizer.decode(given))
        return found


def install(monkeypatch: pytest.MonkeyPatch, device: str = "cpu") -> type[LLM]:
    """Put the modules of vLLM that brainbench uses where they are imported from."""
    modules: dict[str, dict[str, Any]] = {
        "vllm": {"__version__": "0.32.0"},
        "vllm.entrypoints": {},
        "vllm.entrypoints.llm": {"LLM": LLM},
        "vllm.sampling_params": {"SamplingParams": SimpleNamespace},
        "vllm.platforms": {"current_platform": SimpleNamespace(device_type=device)},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": lambda *given: given},
        "lm_eval.models.vllm_causallms": {"VLLM": TasksLM},
        "vllm.distributed": {"cleanup_dist_env_and_memory": lambda: None},
    }
    for name, held in modules.items():
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(held)
        monkeypatch.setitem(sys.modules, name, module)
    for variable in ("VLLM_LOGGING_LEVEL", "VLLM_LOGGING_STREAM"):
        # set, to be taken back when the test ends
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    monkeypatch.setattr(LLM, "made", [])
    return LLM
