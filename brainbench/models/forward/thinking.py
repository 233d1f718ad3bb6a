"""Models that think before they answer: states are means over the generated tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brainbench.models.checkpoints.loading import Loader
from brainbench.models.forward.reader import NO_TOKEN, Reader, Reading, mean_over, pad, token_at
from brainbench.models.prompts.batches import Batch, Tokens
from brainbench.models.prompts.thoughts import answer_place
from brainbench.models.prompts.verbalizer import Spellings
from brainbench.models.steering.vector import Steering


class ThinkingReader(Reader):
    """Lets a model generate, greedily, then reads out the tokens it generated.

    The answer is the last True or False after the end of its thoughts. Where nothing was
    generated, the state is that of the last prompt token.

    Parameters
    ----------
    limit : tokens to generate at most.
    """

    def __init__(
        self,
        loader: Loader,
        spellings: Spellings,
        limit: int,
        steering: Steering | None = None,
    ) -> None:
        super().__init__(loader, spellings, steering)
        self._limit = limit
        padding, rows = loader.tokenizer.pad_token_id, loader.config.get_text_config().vocab_size
        # it is read, though nothing of it is seen
        self._padding = padding if padding is None or padding < rows else 0
        self._tokenizer = loader.tokenizer
        self._answers = (*spellings.true, *spellings.false)
        self._stops = stop_tokens(loader)

    def _run(self, batch: Batch) -> Reading:
        import torch

        prompts = [batch.prefix + suffix for suffix in batch.suffixes]
        with torch.inference_mode():
            lengths = [len(prompt) for prompt in prompts]
            with self._steerer.adding(batch.groups, self._steerer.generating(lengths)):
                thoughts, cut_off = self._generate(prompts)
            # the cache of generation holds no states; a second pass over all of it does
            whole = [prompt + thought for prompt, thought in zip(prompts, thoughts, strict=True)]
            tokens, last = pad(whole, self._device)
            starts = torch.tensor(lengths, device=self._device)
            starts = torch.minimum(starts, last)
            order = torch.arange(tokens.shape[1], device=self._device)
            generated = (order >= starts[:, None]) & (order <= last[:, None])
            places = [
                answer_place(prompt, thought, bool(cut), self._tokenizer, self._answers)
                for prompt, thought, cut in zip(prompts, thoughts, cut_off, strict=True)
            ]
            before = torch.tensor(
                [
                    len(prompt) - 1 + max(place, 0)
                    for prompt, place in zip(prompts, places, strict=True)
                ],
                device=self._device,
            )
            steered = self._steerer.mask(
                [n - 1 for n in lengths], [len(text) for text in whole], tokens.shape[1]
            )
            with self._steerer.adding(batch.groups, steered):
                logits = self.forward(tokens, mean_over(generated), token_at(before))
        answers = [
            thought[place] if place >= 0 else NO_TOKEN
            for thought, place in zip(thoughts, places, strict=True)
        ]
        found = np.array(answers, np.int64)
        log_odds = np.where(found == NO_TOKEN, np.nan, self._spellings.log_odds(logits))
        return Reading(self._recorder.states(), found, log_odds, np.array(cut_off, np.int64))

    def _generate(self, prompts: Sequence[Tokens]) -> tuple[list[Tokens], list[int]]:
        """What was generated, without the token that ends it, and whether it was cut off."""
        import torch
        from transformers import GenerationConfig

        longest = max(len(prompt) for prompt in prompts)
        filler = self._stops[0] if self._padding is None and self._stops else self._padding or 0
        tokens = torch.full((len(prompts), longest), filler)
        seen = torch.zeros_like(tokens)
        for i, prompt in enumerate(prompts):
            # generation goes on at the right end, so padding stands on the left
            tokens[i, longest - len(prompt) :] = torch.tensor(prompt)
            seen[i, longest - len(prompt) :] = 1
        # its own configuration may penalise repetition, search beams, sample: not greedy
        greedy = GenerationConfig(
            max_new_tokens=self._limit,
            do_sample=False,
            eos_token_id=self._stops or None,
            pad_token_id=filler,
        )
        written = self._model.generate(
            tokens.to(self._device),
            attention_mask=seen.to(self._device),
            generation_config=greedy,
        )[:, longest:].tolist()
        thoughts, cut_off = [], []
        for row in written:
            end = next((i for i, token in enumerate(row) if token in self._stops), None)
            thoughts.append(tuple(row if end is None else row[:end]))
            cut_off.append(int(end is None))
        return thoughts, cut_off


def stop_tokens(loader: Loader) -> list[int]:
    """Tokens that end an answer, from every place where a model may list them."""
    return stops_of(loader.model.generation_config, loader.config, loader.tokenizer)


def stops_of(*holders: Any) -> list[int]:
    """Tokens that end an answer, as configurations and a tokenizer list them, each once."""
    stops: dict[int, None] = {}
    for holder in holders:
        given: Any = getattr(holder, "eos_token_id", None)
        if given is not None:
            stops.update(dict.fromkeys(given if isinstance(given, list | tuple) else [given]))
    return list(stops)
