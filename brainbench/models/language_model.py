"""A language model as a scored system: problems in, states and answers out."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from brainbench.errors import UsageError
from brainbench.models.architectures import find_sites
from brainbench.models.cache import ArrayCache, content_key
from brainbench.models.checkpoints.forward_state import hash_parameters
from brainbench.models.checkpoints.in_memory import UntrainedTwin, hash_tokenizer
from brainbench.models.checkpoints.loading import (
    Loaded,
    Loader,
    count_parameters,
    without_weights,
)
from brainbench.models.checkpoints.quantized import quantisation_of
from brainbench.models.forward.cached_reader import KeptReader
from brainbench.models.forward.reader import NO_TOKEN, Reader, Reading
from brainbench.models.forward.running import input_device
from brainbench.models.forward.thinking import ThinkingReader
from brainbench.models.forward.trial import tried
from brainbench.models.model import SITES, Activations, Answers, Site
from brainbench.models.options import BATCH_SIZE, check_readout, check_whole, readout_suffix
from brainbench.models.prompts.batches import Batch
from brainbench.models.prompts.chat import Chat
from brainbench.models.prompts.plan import PromptPlan
from brainbench.models.prompts.template import PromptTemplate, builtin_template
from brainbench.models.prompts.verbalizer import Spellings, find_spellings
from brainbench.models.steering.made_for import check_fits
from brainbench.models.steering.vector import Steering
from brainbench.models.vllm.engine import Engine
from brainbench.models.vllm.library import check_vllm_loads
from brainbench.models.vllm.reader import EngineReader
from brainbench.models.vllm.thinking import EngineThinkingReader
from brainbench.problems import Problem, Stimulus
from brainbench.progress import Count
from brainbench.source import computing_versions


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
    attn_implementation : that computes attention, where one was asked for.
    batch_size : prompts in a batch.
    think : tokens to generate at most before the answer, or None to answer at once.
    readout : which tokens' states stand for a problem, one of ``READOUTS``.
    share_prefix : compute the prompts' common beginning once.
    cache : where to keep what was read; None keeps nothing.
    progress : called with (prompts done, prompts).
    revision : commit on the hub it came from.
    files : name → sha256 of each file it was read from.
    builtin : whether it ships with the package.
    twin : gives the same model with weights that a seed draws.
    steering : directions that are added to its states whatever it is asked, made for it.
    notes : what a reader of its scores must know of it.
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
        attn_implementation: str | None = None,
        batch_size: int = BATCH_SIZE,
        think: int | None = None,
        readout: str = "last",
        share_prefix: bool = True,
        cache: Path | None = None,
        progress: Count = lambda done, total: None,
        revision: str | None = None,
        files: Mapping[str, str] | None = None,
        builtin: bool = False,
        twin: Callable[[int], LanguageModel] | None = None,
        steering: Steering | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        check_readout(readout, think is not None)
        self.identifier = identifier
        self.template = template or builtin_template()
        self.device = device
        self.dtype = dtype
        self.attn_implementation = attn_implementation
        self.builtin = builtin
        self._revision = revision
        self._files = dict(files or {})
        self.progress = progress
        self._weights = weights_sha256
        self._loader: Loader = loader
        self._batch_size = batch_size
        self._think = think
        self._readout = readout
        self._twin = twin
        self._share = share_prefix and think is None
        self._cache = None if cache is None else ArrayCache(cache)
        self.notes = tuple(notes)
        self._steering = steering
        self._engine: Engine | None = None
        if steering is not None:
            check_fits(steering, self)

    @classmethod
    def of(
        cls,
        model: Any,
        tokenizer: Any,
        identifier: str,
        template: PromptTemplate | None = None,
        readout: str = "last",
        steering: Steering | None = None,
    ) -> LanguageModel:
        """A model that is already in memory, such as one just trained.

        Parameters
        ----------
        model : a causal language model of transformers.
        tokenizer : its tokenizer.
        identifier : its name; what is done to it is added, as ``+premises``.
        template : wording of the question.
        readout : one of ``READOUTS``.
        steering : made for it; directions of a model on disk fit the model on disk alone.
        """
        config = model.config
        device = str(input_device(model))
        dtype = str(model.dtype).removeprefix("torch.")

        def opened(
            name: str,
            sha256: Callable[[], str],
            loader: Loader,
            steering: Steering | None = None,
        ) -> LanguageModel:
            return cls(
                name + readout_suffix(readout) + ("" if steering is None else steering.suffix),
                # asked for each time: the model may be trained on
                sha256,
                loader,
                template=template,
                device=device,
                dtype=dtype,
                readout=readout,
                twin=twin,
                steering=steering,
            )

        def twin(seed: int) -> LanguageModel:
            # holds the configuration, not the weights; directions fit none but these
            drawn = UntrainedTwin(copy.deepcopy(config), tokenizer, seed, device, dtype)
            return opened(f"{identifier}+untrained-{seed}", drawn.sha256, drawn)

        def sha256() -> str:
            return content_key(model=hash_parameters(model), tokenizer=hash_tokenizer(tokenizer))

        return opened(identifier, sha256, Loaded(model, tokenizer), steering)

    @contextlib.contextmanager
    def steered(self, steering: Steering) -> Iterator[LanguageModel]:
        """The same model, with directions added to its states: ``with model.steered(s) as m:``.

        It shares the weights, and has a name, a hash and a cache of its own. Hooks are on
        the modules only while it runs a pass, so this model stays as it is, within the block too.

        Raises
        ------
        UsageError
            When it is steered already.
        DataError
            When the directions were made for another model.
        """
        if self._steering is not None:
            raise UsageError(f"{self.identifier} is steered already: take the model without it")
        check_fits(steering, self)
        view = copy.copy(self)
        view.__dict__.pop("_reader", None)
        view._steering = steering
        view.identifier += steering.suffix
        view.builtin = False
        try:
            yield view
        finally:
            view.__dict__.pop("_reader", None)

    def in_vllm(self, arguments: Mapping[str, Any] | None = None, seed: int = 0) -> LanguageModel:
        """The same model, its states and answers computed by vLLM.

        The engine is started when it is first asked something that is not in the cache. Twins
        (:meth:`untrained`) are computed by transformers.

        Parameters
        ----------
        arguments : of vLLM's engine, such as ``tensor_parallel_size``.
        seed : of the engine.

        Raises
        ------
        UsageError
            When vLLM is not installed, cannot load this kind of model, or an argument does not fit.
        """
        if self.attn_implementation is not None:
            raise UsageError(
                "--attn-implementation is of transformers: vLLM chooses its own, or takes "
                "attention_backend in --model-args"
            )
        view = copy.copy(self)
        view.__dict__.pop("_reader", None)
        view._engine = Engine(
            self.identifier,
            check_vllm_loads(self._loader, self.identifier),
            self.dtype,
            self.device,
            self.context_length,
            dict(arguments or {}),
            seed,
            self._think or 0,
        )
        return view

    def close(self) -> None:
        """Let vLLM's engine go, where one was started, and the memory that it holds."""
        if self._engine is not None:
            self._engine.close()

    def untrained(self, seed: int) -> LanguageModel:
        """The untrained twin: the same architecture and prompts, with random weights of a seed.

        Of a checkpoint it is what ``--untrained SEED`` opens. Only the architecture counts: a
        PEFT adapter and a steering are left out, and the twin of a twin is that of its own seed.
        Neither loads nor hashes the trained weights.

        Raises
        ------
        UsageError
            When the seed is not a whole number from 0, or the model was made by hand.
        """
        check_whole("untrained", seed, 0)
        if self._twin is None:
            raise UsageError(
                f"{self.identifier} was put together by hand: load_model() and LanguageModel.of() "
                "make models that know how to draw their weights anew"
            )
        # on a GPU an engine takes nearly all of the memory
        self.close()
        twin = self._twin(seed)
        twin.progress = self.progress
        return twin

    @property
    def facts(self) -> dict[str, Any]:
        """What the record says of the model."""
        chat = self._chat.template
        return {
            "revision": self._revision,
            "weights_sha256": self.weights_sha256,
            "files": self._files,
            "device": self.device,
            "dtype": self.dtype,
            "attn_implementation": self.attn_implementation,
            "family": self._loader.config.model_type,
            "parameters": count_parameters(self._loader.config),
            "chat_template_sha256": chat and hashlib.sha256(chat.encode()).hexdigest(),
            "prompt": self.template.name,
            "prompt_sha256": self.template.sha256,
            **({} if self._steering is None else {"steering": self._steering.facts}),
        }

    def loading_warnings(self) -> tuple[str, ...]:
        """Warnings of weights that it has no place for, and of sites that were found untested.

        Loads the model, unless the result is in the cache: with the cache a run needs no weights.

        Raises
        ------
        DataError
            When it cannot be loaded, or the weights are another model's.
        """
        if self._cache is None:
            return self._loading_warnings()
        key = content_key(loading=self.weights_sha256, versions=computing_versions(__name__))
        held = self._cache.get(key)
        if held is not None:
            return tuple(json.loads(held["warnings"].tobytes()))
        found = self._loading_warnings()
        self._cache.put(key, {"warnings": np.frombuffer(json.dumps(found).encode(), np.uint8)})
        return found

    def _loading_warnings(self) -> tuple[str, ...]:
        method = quantisation_of(self._loader.config)
        packed = () if method is None else (f"its weights are quantised ({method})",)
        return (*self._loader.unused, *packed, *tried(self._loader.model).notes)

    @property
    def sha256(self) -> str:
        """Hash of everything that changes states or answers, wording included."""
        reading = self.template.reading_sha256 if self._readout == "localised" else None
        return content_key(
            weights=self.weights_sha256,
            dtype=self.dtype,
            prompt=self.template.sha256,
            think=self._think,
            **({} if self._steering is None else {"steering": self._steering.sha256}),
            **self._read_otherwise(reading=reading),
        )

    def activations(self, problems: Sequence[Stimulus]) -> Activations:
        """States of every layer: at the last prompt token, or means over the premises' tokens
        or the generated ones; ``localised``, with those of a prompt that asks only to read.

        Texts that are not problems are read as they stand, in no prompt: at their last token, or
        the mean over their tokens where that of the premises is asked for.

        Raises
        ------
        UsageError
            When texts are to be thought about, or localised.
        DataError
            When the model cannot be loaded or read, a prompt is longer than its context, or
            the premises are not found in it.
        """
        plans = [self._plan.questions(problems)]
        if self._readout == "localised":
            plans.append(self._plan.readings(problems))
        reading, *others = self._read(plans)
        layers = self._layers(reading)
        warnings, contrast = self._warnings(reading, problems), None
        if others:
            contrast = others[0].states
            if self.template.reading is None:
                warnings += (
                    f"prompt template {self.template.name} has no turns that ask only to read: "
                    "those of the built-in wording are the contrast",
                )
        return Activations(reading.states, layers, warnings, contrast)

    def answer(self, problems: Sequence[Problem]) -> Answers:
        """The greedy answer and the log-odds of True against False, from the same pass."""
        (reading,) = self._read([self._plan.questions(problems)])
        texts = [
            "" if token == NO_TOKEN else self._loader.tokenizer.decode([token])
            for token in reading.tokens.tolist()
        ]
        return Answers(
            self._spellings.answers(reading.tokens),
            reading.log_odds,
            tuple(texts),
            int(reading.cut_off.sum()),
            self._warnings(reading, problems),
        )

    def _layers(self, reading: Reading) -> dict[Site, tuple[int, ...]]:
        """Site → numbers of the layers that it was read in."""
        counts = {site: states.shape[1] for site, states in reading.states.items()}
        layers: dict[Site, tuple[int, ...]] = {n: tuple(range(counts[n])) for n in counts}
        if counts.get("attention", counts["hidden"]) != counts["hidden"]:
            # which blocks have attention is the same without weights
            layers["attention"] = find_sites(without_weights(self._loader.config)).layers(
                "attention"
            )
        return layers

    @property
    def steering(self) -> Steering | None:
        """The steering that was given, whatever its strength."""
        return self._steering

    @property
    def acting(self) -> Steering | None:
        """The steering where it has an effect: None at strength 0."""
        return None if self._steering is None or not self._steering.strength else self._steering

    @property
    def loader(self) -> Loader:
        """Its tokenizer, configuration and weights, each loaded when it is asked for."""
        return self._loader

    @property
    def weights_sha256(self) -> str:
        """Hash of weights, adapter and seed, whatever the prompt and readout."""
        return self._weights() if callable(self._weights) else self._weights

    @property
    def batch_size(self) -> int:
        """Prompts in a batch."""
        return self._batch_size

    @property
    def chat(self) -> Chat:
        """Writes messages in the model's own format."""
        return self._chat

    @property
    def context_length(self) -> int | None:
        """Context length in tokens; None where its configuration does not state it."""
        config = self._loader.config.get_text_config()
        limit: int | None = getattr(config, "max_position_embeddings", None)
        return limit

    @property
    def vocabulary_size(self) -> int | None:
        """Rows of its embedding; None where its configuration does not state them."""
        size: int | None = getattr(self._loader.config.get_text_config(), "vocab_size", None)
        return size

    @property
    def computed_with(self) -> dict[str, Any]:
        """What changes the last bits of its numbers."""
        held = {"device": self.device, "dtype": self.dtype, "batch_size": self._batch_size}
        return held | self._attention_identity | self._engine_identity

    @cached_property
    def _spellings(self) -> Spellings:
        return find_spellings(self._loader.tokenizer, self.vocabulary_size)

    @cached_property
    def _chat(self) -> Chat:
        return Chat(self._loader.tokenizer, self._think is not None, self.vocabulary_size)

    @cached_property
    def _reader(self) -> Reader | EngineReader:
        if self._engine is not None and self._think is not None:
            return EngineThinkingReader(self._engine, self._spellings, self._think, self.acting)
        if self._engine is not None:
            return EngineReader(self._engine, self._spellings, self.acting)
        if self._think is not None:
            return ThinkingReader(self._loader, self._spellings, self._think, self.acting)
        return Reader(self._loader, self._spellings, self.acting)

    def _read_otherwise(self, **what: Any) -> dict[str, Any]:
        """What hashes hold of the readout: nothing where it is the last token."""
        return {} if self._readout == "last" else {"readout": self._readout, **what}

    @property
    def _plan(self) -> PromptPlan:
        return PromptPlan(
            self.identifier,
            self.template,
            self._chat,
            self._batch_size,
            self._readout,
            self._share,
            self.context_length,
            self._think,
            self.acting,
        )

    def _read(self, plans: Sequence[Sequence[Batch]]) -> list[Reading]:
        """A reading of each plan, its rows in the order of the problems."""
        kept = KeptReader(lambda: self._reader, self._cache, self._key, self.progress)
        try:
            return kept.read(plans)
        finally:
            if "_reader" in self.__dict__:
                # a model in memory may be trained on before it is read again
                self._reader.forget()

    def _key(self, batch: Batch) -> str:
        """Everything that a batch's numbers depend on, to the last bit."""
        return content_key(
            weights=self.weights_sha256,
            device=self.device,
            dtype=self.dtype,
            prefix=batch.prefix,
            suffixes=batch.suffixes,
            sites=SITES,
            think=self._think,
            intervention=self.acting and [self.acting.sha256, batch.groups],
            versions=computing_versions(__name__),
            **self._read_otherwise(places=batch.places),
            **self._attention_identity,
            **self._engine_identity,
        )

    @property
    def _attention_identity(self) -> dict[str, Any]:
        """The attention implementation that was asked for; nothing where none was."""
        asked = self.attn_implementation
        return {} if asked is None else {"attn_implementation": asked}

    @property
    def _engine_identity(self) -> dict[str, Any]:
        """The engine that computes, and how; nothing where it is transformers."""
        return {} if self._engine is None else {"engine": self._engine.identity}

    def _warnings(self, reading: Reading, problems: Sequence[Stimulus]) -> tuple[str, ...]:
        warnings = list(self._chat.warnings)
        cut = int(reading.cut_off.sum())
        if cut:
            warnings.append(f"{cut} of {len(reading.tokens)} answers were cut off at {self._think} "
                        "generated tokens")  # fmt: skip
        if self.acting is not None:
            warnings += self.acting.missing([p.reasoning_type for p in problems])
        return tuple(warnings)
