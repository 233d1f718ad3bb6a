"""A language model as brainbench scores it: problems in, states and answers out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from brainbench.datasets import cache_folder
from brainbench.errors import DataError, UsageError
from brainbench.models.batches import Batch, Tokens, plan_batches
from brainbench.models.cache import ArrayCache, Say, content_key
from brainbench.models.chat import Chat
from brainbench.models.checkpoint import Checkpoint, find_checkpoint
from brainbench.models.loading import (
    CheckpointLoader,
    Loaded,
    Loader,
    check_adapter,
    count_parameters,
    resolve_device,
    resolve_dtype,
)
from brainbench.models.model import SITES, Activations, Answers
from brainbench.models.prompts import PromptTemplate, builtin_template, load_template
from brainbench.models.reading import NO_TOKEN, Reader, Reading
from brainbench.models.spellings import Spellings, find_spellings
from brainbench.models.thinking import ThinkingReader
from brainbench.problems import Problem
from brainbench.source import source_sha256

Progress = Callable[[int, int], None]
# prompts in a batch: past this a processor gains nothing and needs more memory
BATCH_SIZE = 32


@dataclass(frozen=True)
class ModelOptions:
    """How a language model is loaded and asked.

    Parameters
    ----------
    device : ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    dtype : ``auto``, ``float32``, ``bfloat16``, ``float16``.
    batch_size : prompts in a batch; 32 by default.
    revision : branch, tag or commit of a hub id.
    gguf_file : name of a GGUF file in the folder or repository.
    peft : folder of a PEFT adapter.
    untrained : seed; the model's weights are drawn anew.
    prompt_template : YAML file of another wording.
    think : let the model generate before it answers.
    max_new_tokens : limit of what it generates.
    trust_remote_code : let the repository's own Python run.
    """

    device: str | None = None
    dtype: str | None = None
    batch_size: int | None = None
    revision: str | None = None
    gguf_file: str | None = None
    peft: str | None = None
    untrained: int | None = None
    prompt_template: str | None = None
    think: bool = False
    max_new_tokens: int = 1024
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("max_new_tokens", 1), ("untrained", 0)):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < least):
                raise UsageError(f"{name} must be a whole number from {least}, not {value!r}")

    def given(self) -> list[str]:
        """Names of the options that differ from the defaults."""
        default = asdict(ModelOptions())
        return [name for name, value in asdict(self).items() if value != default[name]]


class LanguageModel:
    """A causal language model of the Hugging Face kind.

    Loaded when it is first asked something that is not in the cache.

    Parameters
    ----------
    identifier : name on the board.
    weights_sha256 : hash of weights, adapter and seed; a function where they may change.
    loader : gives tokenizer, configuration and model, each when it is needed.
    template : wording of the question.
    device, dtype : resolved; part of what the cache is keyed by.
    batch_size : prompts in a batch.
    think : tokens to generate at most before the answer, or None to answer at once.
    share_prefix : compute the prompts' common beginning once.
    cache : where to keep what was read; None keeps nothing.
    say : told what a user should know as it happens.
    progress : called with (prompts done, prompts).
    revision : commit on the hub it came from.
    builtin : whether it ships with the package.
    """

    def __init__(
        self,
        identifier: str,
        weights_sha256: str | Callable[[], str],
        loader: Loader,
        *,
        template: PromptTemplate | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        batch_size: int = BATCH_SIZE,
        think: int | None = None,
        share_prefix: bool = True,
        cache: Path | None = None,
        say: Say = lambda text: None,
        progress: Progress = lambda done, total: None,
        revision: str | None = None,
        builtin: bool = False,
    ) -> None:
        self.identifier = identifier
        self.template = template or builtin_template()
        self.device = device
        self.dtype = dtype
        self.builtin = builtin
        self._revision = revision
        self.say = say
        self.progress = progress
        self._weights = weights_sha256
        self._loader: Loader = loader
        self._batch_size = batch_size
        self._think = think
        self._share = share_prefix and think is None
        self._cache = None if cache is None else ArrayCache(cache, self._tell)

    @classmethod
    def of(
        cls, model: Any, tokenizer: Any, identifier: str, template: PromptTemplate | None = None
    ) -> LanguageModel:
        """A model that is already in memory, such as one just trained.

        Parameters
        ----------
        model : a causal language model of transformers.
        tokenizer : its tokenizer.
        identifier : its name.
        """
        device = str(model.get_input_embeddings().weight.device)
        return cls(
            identifier,
            # asked for each time: the model may be trained on
            lambda: content_key(
                model=_hash_parameters(model), tokenizer=_hash_tokenizer(tokenizer)
            ),
            Loaded(model, tokenizer),
            template=template,
            device=device,
            dtype=str(model.dtype).removeprefix("torch."),
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What the record tells of the model."""
        chat = self._chat.template
        return {
            "revision": self._revision,
            "device": self.device,
            "dtype": self.dtype,
            "family": self._loader.config.model_type,
            "parameters": count_parameters(self._loader.config),
            "chat_template_sha256": chat and hashlib.sha256(chat.encode()).hexdigest(),
            "prompt": self.template.name,
            "prompt_sha256": self.template.sha256,
        }

    @property
    def sha256(self) -> str:
        """Hash of everything that changes states or answers, wording included."""
        return content_key(
            weights=self._weights_sha256,
            dtype=self.dtype,
            prompt=self.template.sha256,
            think=self._think,
        )

    def activations(self, problems: Sequence[Problem]) -> Activations:
        """States of every layer at the last prompt token, or mean over generated tokens.

        Raises
        ------
        DataError
            When the model cannot be loaded or read, or a prompt is longer than its context.
        """
        reading, warnings = self._read(problems)
        layers = {site: tuple(range(reading.states[site].shape[1])) for site in SITES}
        return Activations(reading.states, layers, warnings)

    def answer(self, problems: Sequence[Problem]) -> Answers:
        """The greedy answer and the log-odds of True against False, from the same pass."""
        reading, warnings = self._read(problems)
        texts = [
            "" if token == NO_TOKEN else self._loader.tokenizer.decode([token])
            for token in reading.tokens.tolist()
        ]
        return Answers(
            self._spellings.said(reading.tokens),
            reading.log_odds,
            tuple(texts),
            int(reading.cut_off.sum()),
            warnings,
        )

    @property
    def computed_with(self) -> dict[str, Any]:
        """What changes the last bits of its numbers."""
        return {"device": self.device, "dtype": self.dtype, "batch_size": self._batch_size}

    @property
    def _weights_sha256(self) -> str:
        return self._weights() if callable(self._weights) else self._weights

    @cached_property
    def _spellings(self) -> Spellings:
        return find_spellings(self._loader.tokenizer)

    @cached_property
    def _chat(self) -> Chat:
        return Chat(self._loader.tokenizer, think=self._think is not None)

    @cached_property
    def _reader(self) -> Reader:
        if self._think is not None:
            return ThinkingReader(self._loader, self._spellings, self._tell, self._think)
        return Reader(self._loader, self._spellings, self._tell)

    def _tell(self, text: str) -> None:
        # looked up when it is called: who listens may change
        self.say(text)

    def _read(self, problems: Sequence[Problem]) -> tuple[Reading, tuple[str, ...]]:
        if not problems:
            raise DataError("there are no problems to read the model out on")
        prompts = [self._chat.tokens(self.template.messages(problem)) for problem in problems]
        self._check_length(prompts, problems)
        batches = plan_batches(
            prompts, [p.reasoning_type for p in problems], self._batch_size, self._share
        )
        parts = self._read_batches(batches, len(problems))
        rows = [row for batch in batches for row in batch.rows]
        reading = Reading.join(parts).at(np.argsort(rows).tolist())
        return reading, self._warnings(reading)

    def _read_batches(self, batches: Iterable[Batch], total: int) -> list[Reading]:
        parts, done = [], 0
        try:
            for batch in batches:
                self.progress(done, total)
                parts.append(self._read_batch(batch))
                done += len(batch.rows)
        finally:
            if "_reader" in self.__dict__:
                # a model in memory may be trained on before it is read again
                self._reader.forget()
        self.progress(total, total)
        return parts

    def _read_batch(self, batch: Batch) -> Reading:
        if self._cache is None:
            return self._reader.read(batch)
        key = self._key(batch)
        held = self._cache.get(key)
        if held is not None:
            return Reading.from_arrays(held)
        reading = self._reader.read(batch)
        self._cache.put(key, reading.to_arrays())
        return reading

    def _key(self, batch: Batch) -> str:
        """Everything that a batch's numbers depend on, to the last bit."""
        import torch
        import transformers

        return content_key(
            weights=self._weights_sha256,
            device=self.device,
            dtype=self.dtype,
            prefix=batch.prefix,
            suffixes=batch.suffixes,
            sites=SITES,
            think=self._think,
            intervention=None,
            versions=[torch.__version__, transformers.__version__, source_sha256()],
        )

    def _check_length(self, prompts: Sequence[Tokens], problems: Sequence[Problem]) -> None:
        config = self._loader.config.get_text_config()
        limit = getattr(config, "max_position_embeddings", None)
        longest = max(range(len(prompts)), key=lambda i: len(prompts[i]))
        needed = len(prompts[longest]) + (self._think or 0)
        if limit is not None and needed > limit:
            thoughts = f" and {self._think} to generate" if self._think else ""
            shorter = "--max-new-tokens" if self._think else "--prompt-template"
            raise DataError(
                f"the prompt of {problems[longest].identifier} has {len(prompts[longest])} "
                f"tokens{thoughts}; {self.identifier} reads {limit} at most. Take a shorter "
                f"{shorter} or a model with a longer context"
            )

    def _warnings(self, reading: Reading) -> tuple[str, ...]:
        said = list(self._chat.warnings)
        cut = int(reading.cut_off.sum())
        if cut:
            said.append(f"{cut} of {len(reading.tokens)} answers were cut off at {self._think} "
                        "generated tokens")  # fmt: skip
        return tuple(said)


def open_language_model(
    source: str | Path,
    options: ModelOptions | None = None,
    *,
    builtin: PromptTemplate | None = None,
    say: Say = lambda text: None,
    progress: Progress = lambda done, total: None,
) -> LanguageModel:
    """Find a model's files and prepare to ask it; weights are loaded when they are needed.

    Parameters
    ----------
    source : hub id, folder, or GGUF file.
    options : see :class:`ModelOptions`.
    builtin : the wording that the model in the package was trained on.

    Raises
    ------
    UsageError, DataError
        When it cannot be found, read or run here.
    """
    chosen = options or ModelOptions()
    device = resolve_device(chosen.device)
    dtype = resolve_dtype(chosen.dtype, device)
    template = builtin
    if chosen.prompt_template is not None:
        template = load_template(chosen.prompt_template)
    adapter = None if chosen.peft is None else check_adapter(chosen.peft)
    trained = chosen.untrained is None
    if not trained and adapter is not None:
        raise UsageError("--untrained draws the weights anew: there is nothing --peft fits")
    checkpoint = find_checkpoint(
        source,
        chosen.revision,
        chosen.gguf_file,
        weights=trained,
        code=chosen.trust_remote_code,
    )
    parts = {"checkpoint": checkpoint.sha256, "adapter": adapter and adapter[1]}
    return LanguageModel(
        _identifier(checkpoint, chosen),
        content_key(**parts, untrained=chosen.untrained),
        CheckpointLoader(
            checkpoint,
            device=device,
            dtype=dtype,
            adapter=adapter and adapter[0],
            untrained=chosen.untrained,
            # drawn weights are made on one device
            spread=trained and _is_spread(chosen.device),
            code=chosen.trust_remote_code,
        ),
        template=template,
        device=device,
        dtype=dtype,
        batch_size=chosen.batch_size or BATCH_SIZE,
        think=chosen.max_new_tokens if chosen.think else None,
        cache=cache_folder() / "activations",
        say=say,
        progress=progress,
        revision=checkpoint.revision,
        # adapted or untrained it is another model
        builtin=builtin is not None and chosen.peft is None and trained,
    )


def _identifier(checkpoint: Checkpoint, options: ModelOptions) -> str:
    """Name of the model, with what was done to it: an untrained one is another model."""
    name = checkpoint.name
    if options.untrained is not None:
        name += f"+untrained-{options.untrained}"
    if options.peft is not None:
        name += f"+{Path(options.peft).expanduser().resolve().name}"
    return name + ("+think" if options.think else "")


def _is_spread(asked: str | None) -> bool:
    """Whether layers are divided over several GPUs: only where none was named."""
    import torch

    return asked in (None, "auto") and torch.cuda.is_available() and torch.cuda.device_count() > 1


def _hash_parameters(model: Any) -> str:
    """Hash of a model in memory: its configuration, and every parameter and buffer."""
    import torch

    digest = hashlib.sha256(model.config.to_json_string().encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        # any dtype as bytes: numpy knows no bfloat16
        flat = tensor.detach().contiguous().cpu().flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    return digest.hexdigest()


def _hash_tokenizer(tokenizer: Any) -> str:
    """Hash of how a tokenizer in memory makes tokens of messages."""
    fast = getattr(tokenizer, "backend_tokenizer", None)
    rules = {"vocabulary": tokenizer.get_vocab()} if fast is None else json.loads(fast.to_str())
    # left behind by the last call of others
    rules |= {"padding": None, "truncation": None}
    return content_key(rules=rules, chat=tokenizer.chat_template)
