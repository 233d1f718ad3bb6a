"""Steering in lm-eval's vLLM model: which requests get which directions, and where they begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brainbench.models import LanguageModel, Steering
from brainbench.models.vllm.engine import Added, adding, rounds
from brainbench.reasoning.lm.request_groups import groups_of


class SteeredVLLM:
    """Lm-eval's vLLM model, a steering's directions added to its states.

    Requests of one group of directions are asked together. Of a continuation that is scored, the
    last token of the context and, with ``generated``, those after it are steered, as in
    brainbench's own scorer.

    Parameters
    ----------
    asked : lm-eval's model, its engine made with what hooks need.
    model : the same as brainbench knows it.
    steering : made for it.
    """

    def __init__(self, asked: Any, model: LanguageModel, steering: Steering) -> None:
        self._asked = asked
        self._identifier = model.identifier
        self._steering = steering
        self._warned: set[str] = set()
        self._added: Added | None = None
        # of what is scored: whole → place of the last token of its context
        self._onsets: dict[tuple[int, ...], int] = {}
        self._score, self._generate = asked._loglikelihood_tokens, asked._model_generate
        asked._loglikelihood_tokens = self._scored
        asked._model_generate = self._generated

    def __getattr__(self, name: str) -> Any:
        return getattr(self._asked, name)

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[Any]:
        """As lm-eval's, steered."""
        return self._by_group("loglikelihood", requests, disable_tqdm)

    def loglikelihood_rolling(
        self, requests: Sequence[Any], disable_tqdm: bool = False
    ) -> list[Any]:
        """As lm-eval's, steered from the first scored token of each window on."""
        return self._by_group("loglikelihood_rolling", requests, disable_tqdm)

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[Any]:
        """As lm-eval's, steered."""
        return self._by_group("generate_until", requests, disable_tqdm)

    def _by_group(self, kind: str, requests: Sequence[Any], disable_tqdm: bool) -> list[Any]:
        groups = groups_of(self._steering, requests, self._warned)
        answers: dict[int, Any] = {}
        for group in dict.fromkeys(groups):
            own = [number for number, other in enumerate(groups) if other == group]
            self._added = None if group is None else Added.of(self._steering, group)
            ask = getattr(self._asked, kind)
            given = ask([requests[number] for number in own], disable_tqdm=disable_tqdm)
            answers.update(zip(own, given, strict=True))
        return [answers[number] for number in range(len(requests))]

    def _scored(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[Any]:
        """Of (texts, context, continuation), in rounds in which no text has two contexts."""
        # as lm-eval cuts it, where it is too long
        limit = self._asked.max_length - 1
        texts = [tuple((*context, *said)[-limit:]) for _, context, said in requests]
        onsets = [
            len(text) - len(said) - 1 for text, (_, _, said) in zip(texts, requests, strict=True)
        ]
        found: dict[int, Any] = {}
        for numbers in rounds(texts, onsets):
            self._onsets = {texts[number]: onsets[number] for number in numbers}
            given = self._score([requests[number] for number in numbers], disable_tqdm=disable_tqdm)
            found.update(zip(numbers, given, strict=True))
        return [found[number] for number in range(len(requests))]

    def _generated(self, requests: Sequence[Sequence[int]], *given: Any, **more: Any) -> Any:
        if self._added is None:
            return self._generate(requests, *given, **more)
        generates = more.get("generate") or (given and given[0])
        onsets = [
            len(tokens) - 1 if generates else self._onsets[tuple(tokens)] for tokens in requests
        ]
        with adding(self._asked.model, requests, onsets, self._added, self._identifier):
            return self._generate(requests, *given, **more)
