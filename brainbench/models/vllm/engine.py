"""vLLM's engine, started when it is first asked, and what it is asked for a batch of prompts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from brainbench.errors import DataError, UsageError
from brainbench.models.checkpoints.failures import one_line, out_of_memory, passes
from brainbench.models.checkpoints.loading import CheckpointLoader
from brainbench.models.model import Site
from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.vector import Steering
from brainbench.models.vllm.library import import_vllm, lora_arguments, vllm_version
from brainbench.models.vllm.worker import Plan, StateReader

# an engine reserves memory for the longest prompt that it may be asked
LONGEST = 4096
# hooks see a token only where it is computed, in Python, and with the whole of its prompt
_NEEDED: dict[str, Any] = {
    "enforce_eager": True,
    "enable_prefix_caching": False,
    "enable_chunked_prefill": False,
    "pipeline_parallel_size": 1,
    "data_parallel_size": 1,
    "speculative_config": None,
    "skip_tokenizer_init": True,
    "generation_config": "vllm",
    "worker_extension_cls": f"{StateReader.__module__}.{StateReader.__qualname__}",
}
# brainbench has options for them, which are in the hashes of what is kept
_OPTIONS = {
    "model": "--model", "pretrained": "--model", "tokenizer": "--model",
    "revision": "--revision", "dtype": "--dtype", "lora_local_path": "--peft",
    "trust_remote_code": "--trust-remote-code", "batch_size": "--batch-size",
}  # fmt: skip
# what an engine needs that is steered, whoever asks it
STEERED = {
    name: _NEEDED[name]
    for name in (
        "enforce_eager",
        "enable_prefix_caching",
        "enable_chunked_prefill",
        "worker_extension_cls",
    )
}


@dataclass(frozen=True)
class Added:
    """Directions of one group, as hooks add them.

    Attributes
    ----------
    site, tokens : where, and at which tokens: ``last``, ``generated`` or ``all``.
    vectors : layer → (units,), the strength in them.
    """

    site: Site = "attention"
    tokens: str = "last"
    vectors: Mapping[int, NDArray[np.floating]] = field(default_factory=dict)

    @classmethod
    def of(cls, steering: Steering, group: str) -> Added:
        """Of a steering, what it adds to the items of a group."""
        strength = np.float32(steering.strength)
        return cls(
            steering.site,
            steering.tokens,
            {
                layer: np.asarray(vector, np.float32) * strength
                for layer, vector in steering.directions[group].items()
            },
        )


@dataclass(eq=False)
class Engine:
    """vLLM's engine for one model.

    Attributes
    ----------
    identifier : name of the model, for errors.
    loader : its files, and the adapter.
    dtype, device : resolved; vLLM itself finds the devices there are.
    context_length : tokens that the model reads at most, where it is known.
    arguments : of vLLM's engine, as ``tensor_parallel_size``; they replace what is set here.
    seed : of the engine.
    """

    identifier: str
    loader: CheckpointLoader
    dtype: str
    device: str = "cpu"
    context_length: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        check_arguments(self.arguments)

    @property
    def identity(self) -> dict[str, Any]:
        """What changes the last bits of its numbers."""
        return {
            "backend": "vllm",
            "version": vllm_version(),
            "model_args": dict(self.arguments),
        }

    def read(
        self,
        prompts: Sequence[Tokens],
        places: Sequence[Sequence[int]],
        spellings: tuple[Sequence[int], Sequence[int]],
        added: Added | None = None,
    ) -> dict[str, NDArray[Any]]:
        """States and answers of prompts, each read once.

        Parameters
        ----------
        prompts : token ids, each at least one.
        places : of each the tokens whose mean is read; empty where the last one is.
        spellings : token ids of True, and those of False.
        added : directions that are added in all of them.

        Returns
        -------
        ``attention`` and ``hidden`` (prompts, layers, units) float32, ``log_odds`` (prompts,) of
        True against False, ``tokens`` (prompts,) the greedy ones.

        Raises
        ------
        DataError
            When a prompt is too long, the engine stops, or it computed no state of a prompt.
        """
        self._check_lengths(prompts)
        adds = added or Added()
        plan = Plan(
            [list(prompt) for prompt in prompts],
            [len(prompt) - 1 for prompt in prompts],
            [list(own) for own in places] or [[] for _ in prompts],
            True,
            list(spellings[0]),
            list(spellings[1]),
            adds.site,
            adds.tokens,
        )
        found, said = self._ask(plan, adds)
        if found["again"][0]:
            found, said = self._ask(plan, adds)
        _raise_fault(found, self.identifier)
        missing = sorted(set(range(len(prompts))) - set(found["rows"].tolist()))
        if missing:
            raise DataError(
                f"vLLM computed no state of {len(missing)} of {len(prompts)} prompts of "
                f"{self.identifier}, the first that of {len(prompts[missing[0]])} tokens which "
                f"ends in {list(prompts[missing[0]][-5:])}: it cut them into parts, or took them "
                "from a cache. Leave --model-args out, or take --backend hf"
            )
        return self._checked(found, said)

    def close(self) -> None:
        """Let the engine go, with the memory that it holds. What is asked next starts another."""
        llm = self.__dict__.pop("llm", None)
        if llm is None:
            return
        # an engine that has died has nothing left to end
        with contextlib.suppress(Exception):
            llm.llm_engine.engine_core.shutdown()
        del llm
        with contextlib.suppress(Exception):
            import_vllm("vllm.distributed").cleanup_dist_env_and_memory()

    @cached_property
    def llm(self) -> Any:
        """The engine with the model loaded: an ``LLM`` of vLLM.

        Raises
        ------
        UsageError
            When vLLM cannot be imported, or refuses an argument.
        DataError
            When it cannot load the model.
        """
        made = import_vllm("vllm.entrypoints.llm").LLM
        given: dict[str, Any] = {
            "model": str(self.loader.checkpoint.folder),
            "dtype": self.dtype,
            "seed": self.seed,
            "max_model_len": min(self.context_length or LONGEST, LONGEST),
            "trust_remote_code": self.loader.code,
            "disable_log_stats": True,
            # of a model that also sees, the part that reads text
            "language_model_only": True,
            **_NEEDED,
        }
        if self.loader.adapter is not None:
            given |= {"enable_lora": True, **lora_arguments(self.loader.adapter)}
        given |= self.arguments
        self._check_device()
        with self._engine("cannot load"):
            try:
                return made(**given)
            except TypeError as error:
                raise UsageError(f"--model-args: vLLM refuses them: {one_line(error)}") from error

    def _ask(self, plan: Plan, added: Added) -> tuple[dict[str, NDArray[Any]], list[int]]:
        """What the workers read, and the token that the engine gave to each prompt."""
        llm, parameters = self.llm, import_vllm("vllm.sampling_params").SamplingParams
        greedy = parameters(max_tokens=1, temperature=0.0, detokenize=False)
        with self._engine("stopped while it read"):
            llm.collective_rpc("brainbench_watch", args=_packed(plan, added))
            given = llm.generate(
                [{"prompt_token_ids": prompt} for prompt in plan.prompts],
                greedy,
                use_tqdm=False,
                lora_request=self._lora,
            )
            found = load(llm.collective_rpc("brainbench_take")[0])
        return found, [int(one.outputs[0].token_ids[0]) for one in given]

    def _checked(
        self, found: dict[str, NDArray[Any]], said: Sequence[int]
    ) -> dict[str, NDArray[Any]]:
        """The arrays, after a check that each row is of the prompt that the engine answered."""
        tops, heights = found.pop("tops"), found.pop("heights")
        if not np.isfinite(heights[:, 0]).all():
            raise DataError(
                f"the output of {self.identifier} in vLLM is NaN or infinite: its numbers may not "
                f"fit {self.dtype}; try --dtype float32"
            )
        tied = heights[:, 1] >= heights[:, 0] - 1e-3 * np.abs(heights[:, 0])
        same = (tops[:, 0] == said) | (tied & (tops[:, 1] == said))
        if not same.all():
            raise DataError(
                f"vLLM answers {int((~same).sum())} of {len(same)} prompts of {self.identifier} "
                "by another token than the states that were read give: take --backend hf"
            )
        names = ("attention", "hidden", "log_odds")
        return {**{name: found[name] for name in names}, "tokens": tops[:, 0]}

    @cached_property
    def _lora(self) -> Any:
        if self.loader.adapter is None:
            return None
        made = import_vllm("vllm.lora.request").LoRARequest
        return made("adapter", 1, str(self.loader.adapter))

    def _check_lengths(self, prompts: Sequence[Tokens]) -> None:
        longest = max(len(prompt) for prompt in prompts)
        limit = int(self.llm.llm_engine.model_config.max_model_len)
        # an engine generates one token at least
        if longest + 1 > limit:
            raise DataError(
                f"a prompt has {longest} tokens, and vLLM's engine reads {limit - 1} at most here: "
                f"--model-args max_model_len={longest + 1} lets it read more"
            )

    def _check_device(self) -> None:
        there = str(import_vllm("vllm.platforms").current_platform.device_type)
        asked = self.device.partition(":")[0]
        if there and asked != there:
            raise UsageError(
                f"vLLM computes on {there} here, not on {asked}: leave out --device, or take "
                "--backend hf"
            )

    @contextlib.contextmanager
    def _engine(self, what: str) -> Iterator[None]:
        """Name what an engine fails with; they fail in as many ways as there are devices."""
        try:
            yield
        except BaseException as error:
            if passes(error):
                raise
            memory = out_of_memory(error) or "memory" in str(error).lower()
            remedy = (
                "Give it room by --model-args gpu_memory_utilization=…, max_model_len=… or "
                "tensor_parallel_size=…"
                if memory
                else "What it says itself stands above, or with VLLM_LOGGING_LEVEL=INFO. What was "
                "read before is kept"
            )
            self.close()
            raise DataError(
                f"vLLM's engine {what} {self.identifier}: {one_line(error)}. {remedy}"
            ) from error


def check_arguments(arguments: Mapping[str, Any]) -> None:
    """Raise ``UsageError`` where an argument of vLLM's engine would make hooks miss a token.

    Parameters
    ----------
    arguments : as the user gave them.
    """
    for name, value in arguments.items():
        if name in _OPTIONS:
            raise UsageError(f"--model-args {name}={value}: say it with {_OPTIONS[name]}")
        if name in _NEEDED and value != _NEEDED[name]:
            raise UsageError(
                f"--model-args {name}={value}: states are read and steered with "
                f"{name}={_NEEDED[name]}, or some would be missed; leave it out"
            )


@contextlib.contextmanager
def adding(
    llm: Any,
    prompts: Sequence[Sequence[int]],
    onsets: Sequence[int],
    added: Added,
    identifier: str,
) -> Iterator[None]:
    """Add directions in what an engine computes in the block.

    Parameters
    ----------
    llm : an ``LLM`` of vLLM, made with :data:`STEERED`.
    prompts : token ids of all that it is asked in the block, no two alike with other onsets.
    onsets : of each the place of the last token before what is generated, or scored.
    added : the directions.
    identifier : name of the model, for errors.

    Raises
    ------
    DataError
        When its network is not one that can be steered.
    """
    plan = Plan(
        [list(prompt) for prompt in prompts],
        list(onsets),
        [[] for _ in prompts],
        False,
        [],
        [],
        added.site,
        added.tokens,
    )
    llm.collective_rpc("brainbench_watch", args=_packed(plan, added))
    yield
    _raise_fault(load(llm.collective_rpc("brainbench_take")[0]), identifier)


def _packed(plan: Plan, added: Added) -> tuple[str, bytes]:
    """As it goes to a worker, which may be another process."""
    vectors = {
        str(layer): np.ascontiguousarray(vector, np.float32)
        for layer, vector in added.vectors.items()
    }
    return json.dumps(asdict(plan)), save(vectors)


def _raise_fault(found: Mapping[str, NDArray[Any]], identifier: str) -> None:
    fault = found["fault"].tobytes().decode()
    if fault:
        raise DataError(f"{identifier} cannot be read in vLLM: {fault}")
