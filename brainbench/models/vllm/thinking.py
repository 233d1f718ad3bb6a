"""Models that think before they answer, in vLLM's engine; see :class:`.ThinkingReader`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from brainbench.models.forward.reader import NO_TOKEN, Reading
from brainbench.models.forward.thinking import stops_of
from brainbench.models.model import SITES
from brainbench.models.prompts.batches import Batch
from brainbench.models.prompts.thoughts import answer_place
from brainbench.models.prompts.verbalizer import Spellings
from brainbench.models.steering.vector import Steering
from brainbench.models.vllm.engine import Engine
from brainbench.models.vllm.reader import EngineReader


class EngineThinkingReader(EngineReader):
    """Lets the engine generate, greedily, then reads out the tokens that it generated.

    Parameters
    ----------
    limit : tokens to generate at most.
    """

    def __init__(
        self,
        engine: Engine,
        spellings: Spellings,
        limit: int,
        steering: Steering | None = None,
    ) -> None:
        super().__init__(engine, spellings, steering)
        self._limit = limit

    @cached_property
    def _stops(self) -> list[int]:
        from transformers import GenerationConfig

        loader, own = self._engine.loader, None
        # many models have none
        with contextlib.suppress(OSError, ValueError):
            own = GenerationConfig.from_pretrained(str(loader.checkpoint.folder))
        return stops_of(own, loader.config, loader.tokenizer)

    def _read(self, batch: Batch, own: Sequence[int], group: str | None) -> Reading:
        prompts = [batch.prefix + batch.suffixes[number] for number in own]
        added = self._added(group)
        thoughts, cut_off = self._engine.generate(prompts, self._limit, self._stops, added)
        onsets = [len(prompt) - 1 for prompt in prompts]
        whole = [prompt + thought for prompt, thought in zip(prompts, thoughts, strict=True)]
        spelled = self._spellings.true, self._spellings.false
        # where nothing was generated, the last token of the prompt
        generated = [
            range(min(onset + 1, len(text) - 1), len(text))
            for onset, text in zip(onsets, whole, strict=True)
        ]
        found = self._engine.read(whole, generated, spelled, added, onsets)
        tokens = np.full(len(own), NO_TOKEN, np.int64)
        odds = np.full(len(own), np.nan)
        answered: list[int] = []
        until = []
        for number, (prompt, thought) in enumerate(zip(prompts, thoughts, strict=True)):
            place = answer_place(
                prompt,
                thought,
                bool(cut_off[number]),
                self._engine.loader.tokenizer,
                (*spelled[0], *spelled[1]),
            )
            if place >= 0:
                tokens[number] = thought[place]
                answered.append(number)
                until.append(prompt + thought[:place])
        if answered:
            # log-odds stand where the word does: behind what was generated before it
            before = [onsets[number] for number in answered]
            read = self._engine.read(until, [], spelled, added, before)
            odds[answered] = read["log_odds"]
        return Reading(
            {site: found[site] for site in SITES}, tokens, odds, np.array(cut_off, np.int64)
        )
