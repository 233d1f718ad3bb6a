"""A wrapper of lm-eval's vLLM model: no prompt is truncated, answers are cached."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from lm_eval.api.model import LM

from brainbench.errors import DataError
from brainbench.models import LanguageModel
from brainbench.models.vllm.alive import noticing_death
from brainbench.models.vllm.library import engine_failures
from brainbench.progress import Count
from brainbench.reasoning.lm.lm import name_of
from brainbench.reasoning.lm.response_cache import ResponseCache

_LOG = logging.getLogger(__name__)

_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")


class WatchedLM(LM):  # type: ignore[misc]
    """Checks prompt lengths, and asks the model only for answers that are not cached.

    Parameters
    ----------
    make : gives the model; called when it is first asked something new.
    model : the same as brainbench knows it: its name and chat template.
    responses : where to keep what was answered, a task's requests together.
    progress : called with (requests done, requests).
    """

    def __init__(
        self,
        make: Callable[[], Any],
        model: LanguageModel,
        responses: ResponseCache,
        progress: Count = lambda done, total: None,
    ) -> None:
        super().__init__()
        self._make = make
        self._model = model
        self._responses = responses
        self._progress = progress

    @cached_property
    def asked(self) -> Any:
        """The model."""
        return self._make()

    @property
    def tokenizer_name(self) -> str:
        """For lm-eval's cache of requests, which brainbench does not use."""
        return self._model.weights_sha256

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The messages as the model's own template writes them, as for every backend."""
        return self._model.chat.text(chat_history, go_on=not add_generation_prompt)

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        """The template that is applied."""
        return self._model.chat.template if chat_template else None

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        """Log-likelihood of each (context, continuation) in nats, and whether greedy decoding would
        produce it.
        """

        def check(request: Any) -> Any:
            # vLLM generates one token, whatever it is asked
            self._check(request, "".join(request.args[:2]), 1)
            return request

        return [(float(v), bool(g)) for v, g in self._answers("loglikelihood", requests, check)]

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
        """Log-likelihood of each whole text in nats, in windows of the model's context."""
        found = self._answers("loglikelihood_rolling", requests, lambda request: request)
        return [float(value) for value in found]

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        """Generated text: the prompt is never truncated, so the context limits its length."""
        shortened: list[str] = []

        def check(request: Any) -> Any:
            prompt, settings = request.args[0], dict(request.args[1])
            room = self._check(request, prompt, 1)
            name = next((limit for limit in _LIMITS if limit in settings), _LIMITS[0])
            asked = int(settings.get(name) or self.asked.max_gen_toks)
            if asked <= room:
                return request
            shortened.append(str(request.task_name))
            return replace(request, arguments=(prompt, {**settings, name: room}))

        answers = [str(text) for text in self._answers("generate_until", requests, check)]
        if shortened:
            _LOG.warning(
                "%d prompts of %s leave less room for an answer than it allows: they have what "
                "there is",
                len(shortened),
                shortened[0],
            )
        return answers

    def get_model_info(self) -> dict[str, Any]:
        """For lm-eval's record."""
        return {"model_dtype": self._model.dtype, "model_sha": self._model.weights_sha256}

    def _answers(
        self, kind: str, requests: Sequence[Any], check: Callable[[Any], Any]
    ) -> list[Any]:
        """What was answered before to the same requests, or is now."""
        drawn = any(
            isinstance(part, Mapping) and part.get("do_sample")
            for request in requests
            for part in request.args
        )
        key = self._responses.key(kind=kind, requests=[request.args for request in requests])
        held = None if drawn else self._responses.get(key)
        if held is None:
            self._progress(0, len(requests))
            asked = [check(request) for request in requests]
            answer = getattr(self.asked, kind)
            what = f"vLLM stopped while it answered {requests[0].task_name}"
            with engine_failures(what), noticing_death(getattr(self.asked, "model", None)):
                given = answer(asked, disable_tqdm=True)
            held = {"json": np.frombuffer(json.dumps(given).encode(), np.uint8)}
            if not drawn:
                self._responses.put(key, held)
        self._progress(len(requests), len(requests))
        answers: list[Any] = json.loads(held["json"].tobytes())
        return answers

    def _check(self, request: Any, text: str, more: int) -> int:
        """Room that a text leaves; an error where there is not even that for ``more`` tokens."""
        tokens = tuple(self.asked.tok_encode(text))
        self._model.chat.encoder.check_embedded([tokens])
        needed, limit = len(tokens), int(self.asked.max_length)
        if needed + more > limit:
            raise DataError(
                f"{name_of(request)}: the prompt has {needed} tokens and {more} to generate; "
                f"{self._model.identifier} reads {limit} at most here. Take a model with a longer "
                "context, fewer examples (--num-fewshot), or a greater max_model_len in "
                "--model-args"
            )
        return limit - needed
