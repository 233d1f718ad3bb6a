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
from brainbench.models.checkpoints.failures import one_line
from brainbench.models.checkpoints.loading import CheckpointLoader
from brainbench.models.model import Site
from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.vector import Steering
from brainbench.models.vllm.alive import noticing_death
from brainbench.models.vllm.library import (
    engine_failures,
    import_vllm,
    lora_arguments,
    vllm_version,
)
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
    generates : tokens that it is to generate at most, beside the prompt.
    """

    identifier: str
    loader: CheckpointLoader
    dtype: str
    device: str = "cpu"
    context_length: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    generates: int = 0

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
        onsets: Sequence[int] = (),
    ) -> dict[str, NDArray[Any]]:
        """States and answers of prompts, each read once.

        Parameters
        ----------
        prompts : token ids, each at least one.
        places : of each the tokens whose mean is read; empty where the last one is.
        spellings : token ids of True, and those of False.
        added : directions that are added in all of them.
        onsets : of each the place of the last token before what was generated; by default its
            last token.

        Returns
        -------
        ``attention`` and ``hidden`` (prompts, layers, units) float32, ``log_odds`` (prompts,) of
        True against False, ``tokens`` (prompts,) the greedy ones.

        Raises
        ------
        DataError
            When a prompt is too long, the engine stops, or it computed no state of a prompt.
        """
        self._check_lengths(prompts, 1)
        adds = added or Added()
        own = list(places) or [()] * len(prompts)
        begun = list(onsets) or [len(prompt) - 1 for prompt in prompts]
        parts: list[dict[str, NDArray[Any]]] = []
        order: list[int] = []
        for some in rounds(prompts, [(*each, -1, n) for each, n in zip(own, begun, strict=True)]):
            plan = Plan(
                [list(prompts[number]) for number in some],
                [begun[number] for number in some],
                [list(own[number]) for number in some],
                True,
                list(spellings[0]),
                list(spellings[1]),
                adds.site,
                adds.tokens,
            )
            parts.append(self._read(plan, adds))
            order += some
        back = np.argsort(order)
        return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}

    def generate(
        self,
        prompts: Sequence[Tokens],
        limit: int,
        stops: Sequence[int],
        added: Added | None = None,
    ) -> tuple[list[Tokens], list[int]]:
        """What the model generates, greedily.

        Parameters
        ----------
        prompts : token ids, each at least one.
        limit : tokens to generate at most.
        stops : token ids that end a text.
        added : directions that are added.

        Returns
        -------
        Token ids without the one that ends them, and 1 for each that the limit cut off.

        Raises
        ------
        DataError
            When a prompt leaves no room, or the engine stops.
        """
        self._check_lengths(prompts, limit)
        asked = [{"prompt_token_ids": list(prompt)} for prompt in prompts]
        greedy = import_vllm("vllm.sampling_params").SamplingParams(
            max_tokens=limit,
            temperature=0.0,
            detokenize=False,
            ignore_eos=True,
            stop_token_ids=list(stops),
        )
        onsets = [len(prompt) - 1 for prompt in prompts]
        steered = (
            contextlib.nullcontext()
            if added is None
            else adding(self.llm, prompts, onsets, added, self.identifier)
        )
        dying = noticing_death(self.llm)
        with self._running("stopped while it generated with"), dying, steered:
            given = self.llm.generate(asked, greedy, use_tqdm=False, lora_request=self._lora)
        texts: list[Tokens] = []
        cut_off: list[int] = []
        for one in given:
            text = tuple(int(token) for token in one.outputs[0].token_ids)
            end = next((n for n, token in enumerate(text) if token in stops), None)
            texts.append(text if end is None else text[:end])
            cut_off.append(int(end is None))
        return texts, cut_off

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
            "max_model_len": min(self.context_length or self._longest, self._longest),
            "trust_remote_code": self.loader.code,
            "disable_log_stats": True,
            # no bars among our own lines
            "use_tqdm_on_load": False,
            # of a model that also sees, the part that reads text
            "language_model_only": True,
            **_NEEDED,
        }
        if self.loader.adapter is not None:
            given |= {"enable_lora": True, **lora_arguments(self.loader.adapter)}
        given |= self.arguments
        self._check_device()
        with self._running("cannot load"):
            try:
                return made(**given)
            except TypeError as error:
                raise UsageError(f"--model-args: vLLM refuses them: {one_line(error)}") from error

    def _read(self, plan: Plan, added: Added) -> dict[str, NDArray[Any]]:
        """Of prompts of which no two are alike but in what is read."""
        found, said = self._ask(plan, added)
        if found["again"][0]:
            found, said = self._ask(plan, added)
        _raise_fault(found, self.identifier)
        prompts = plan.prompts
        missing = sorted(set(range(len(prompts))) - set(found["rows"].tolist()))
        if missing:
            raise DataError(
                f"vLLM computed no state of {len(missing)} of {len(prompts)} prompts of "
                f"{self.identifier}, the first that of {len(prompts[missing[0]])} tokens which "
                f"ends in {prompts[missing[0]][-5:]}: it cut them into parts, or took them "
                "from a cache. Leave --model-args out, or take --backend hf"
            )
        return self._checked(found, said)

    def _ask(self, plan: Plan, added: Added) -> tuple[dict[str, NDArray[Any]], list[int]]:
        """What the workers read, and the token that the engine gave to each prompt."""
        llm, parameters = self.llm, import_vllm("vllm.sampling_params").SamplingParams
        greedy = parameters(max_tokens=1, temperature=0.0, detokenize=False)
        with self._running("stopped while it read"), noticing_death(llm):
            llm.collective_rpc("brainbench_watch", args=_packed(plan, added))
            given = llm.generate(
                [{"prompt_token_ids": prompt} for prompt in plan.prompts],
                greedy,
                use_tqdm=False,
                lora_request=self._lora,
            )
            found = load(llm.collective_rpc("brainbench_take")[0])
        return found, [int(one.outputs[0].token_ids[0]) for one in given]

    @property
    def _longest(self) -> int:
        return LONGEST + self.generates

    def _checked(
        self, found: dict[str, NDArray[Any]], said: Sequence[int]
    ) -> dict[str, NDArray[Any]]:
        """The arrays, after a check that each row is of the prompt that the engine answered."""
        tops, heights = found.pop("tops"), found.pop("heights")
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

    def _check_lengths(self, prompts: Sequence[Tokens], more: int) -> None:
        needed = max(len(prompt) for prompt in prompts) + more
        limit = int(self.llm.llm_engine.model_config.max_model_len)
        if needed > limit:
            raise DataError(
                f"a prompt has {needed - more} tokens, and {more} more to generate; vLLM's engine "
                f"reads {limit} at most here: --model-args max_model_len={needed} lets it read more"
            )

    def _check_device(self) -> None:
        there = str(import_vllm("vllm.platforms").current_platform.device_type)
        asked = self.device.partition(":")[0]
        if there and asked != there:
            raise UsageError(
                f"vLLM computes on {there} here, not on {asked}: say --device {there}, or take "
                "--backend hf"
            )

    @contextlib.contextmanager
    def _running(self, what: str) -> Iterator[None]:
        """Name what the engine fails with, and let it go: it answers no more."""
        try:
            with engine_failures(f"vLLM {what} {self.identifier}"):
                yield
        except DataError:
            self.close()
            raise


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
    try:
        yield
    except BaseException:
        # an engine that has died has no hooks to remove
        with contextlib.suppress(Exception):
            llm.collective_rpc("brainbench_take")
        raise
    _raise_fault(load(llm.collective_rpc("brainbench_take")[0]), identifier)


def rounds(prompts: Sequence[Sequence[int]], kinds: Sequence[Any]) -> Iterator[list[int]]:
    """Divide prompts so that no two of a round are alike and asked in another way.

    From the tokens alone an engine's pass does not tell them apart.

    Parameters
    ----------
    prompts : token ids of each.
    kinds : of each in which way it is asked.

    Returns
    -------
    Numbers of the prompts of each round, ascending; each is in one of them.
    """
    waiting = list(range(len(prompts)))
    while waiting:
        kept: dict[tuple[int, ...], Any] = {}
        now: list[int] = []
        later: list[int] = []
        for number in waiting:
            kind = kept.setdefault(tuple(prompts[number]), kinds[number])
            (now if kind == kinds[number] else later).append(number)
        yield now
        waiting = later


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
