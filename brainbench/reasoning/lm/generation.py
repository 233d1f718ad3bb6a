"""Generation: greedy decoding in batches that share prefixes.

Prompts are run padded on the right, behind what they share. Then their keys and values are moved
to the right end, so that what is generated follows without a gap; the room on the left is masked.
Rows that have ended leave the batch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from brainbench.models.architectures import require_cache
from brainbench.models.checkpoints.loading import Loader
from brainbench.models.forward.hooks import only_rows
from brainbench.models.forward.kv_cache import empty_cache, with_cache
from brainbench.models.forward.prefix_cache import SharedPrefix
from brainbench.models.forward.reader import pad, token_at
from brainbench.models.forward.running import (
    evaluating,
    input_device,
    not_finite,
    raise_unless_smaller_fits,
)
from brainbench.models.forward.shared_attention import rows_of
from brainbench.models.forward.thinking import stop_tokens
from brainbench.models.prompts.batches import Batch, Tokens, plan_apart, plan_batches
from brainbench.models.steering.hooks import Steerer
from brainbench.models.steering.vector import Steering
from brainbench.progress import Count
from brainbench.reasoning.lm.response_cache import ResponseCache

if TYPE_CHECKING:
    from torch import Tensor

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decoding:
    """Options of decoding.

    Attributes
    ----------
    most : tokens to generate at most.
    until : texts that end it.
    sampling : arguments of transformers' ``generate`` for sampling; empty for greedy decoding.
    """

    most: int
    until: tuple[str, ...] = ()
    sampling: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Completion:
    """A generated text: its tokens without the end token, and whether it was cut off."""

    tokens: Tokens
    cut_off: bool


class Generator:
    """Generates; batches that do not fit the memory are divided.

    Parameters
    ----------
    loader : the model and its tokenizer.
    batch_size : prompts in a batch.
    context_length : tokens that prompt and answer have together at most.
    responses : where to keep what was generated; not what was drawn at random.
    steering : what is added to the states of prompts that name a group of it.
    """

    def __init__(
        self,
        loader: Loader,
        batch_size: int,
        context_length: int | None,
        responses: ResponseCache | None = None,
        steering: Steering | None = None,
    ) -> None:
        require_cache(loader.model, "answering tasks")
        self._model = loader.model
        self._tokenizer = loader.tokenizer
        self._stops = stop_tokens(loader)
        self._batch_size = batch_size
        self._context_length = context_length
        self._responses = responses
        self._steerer = Steerer(loader.model, steering)
        self._shared = SharedPrefix(loader.model, self._steerer)
        self._device = input_device(loader.model)
        self._most = batch_size

    def generate(
        self,
        prompts: Sequence[Tokens],
        kinds: Sequence[str],
        decoding: Decoding,
        progress: Count = lambda done, total: None,
        groups: Sequence[str | None] = (),
    ) -> list[Completion]:
        """Go on from each prompt.

        Parameters
        ----------
        kinds : of each prompt, what it is of, such as its task.
        progress : called with (prompts done, prompts).
        groups : of each prompt whose directions steer it and what it goes on with.
        """
        completed: dict[int, Completion] = {}
        if self._steerer.everywhere and groups:
            batches = plan_apart(prompts, kinds, self._batch_size, groups)
        else:
            batches = plan_batches(prompts, kinds, self._batch_size, groups=groups)
        for batch in batches:
            progress(len(completed), len(prompts))
            completed.update(zip(batch.rows, self._answer(batch, decoding), strict=True))
        progress(len(prompts), len(prompts))
        return [completed[i] for i in range(len(prompts))]

    def forget(self) -> None:
        """Let the kept keys and values go."""
        self._shared.forget()

    def _answer(self, batch: Batch, decoding: Decoding) -> list[Completion]:
        """Found before, or generated now."""
        if self._responses is None or decoding.sampling:
            return self._run(batch, decoding)
        key = self._responses.key(
            prefix=batch.prefix,
            suffixes=batch.suffixes,
            most=decoding.most,
            until=decoding.until,
            groups=batch.groups,
        )
        held = self._responses.get(key)
        if held is None:
            found = self._run(batch, decoding)
            self._responses.put(
                key,
                {
                    "tokens": np.array([t for one in found for t in one.tokens], np.int64),
                    "lengths": np.array([len(one.tokens) for one in found], np.int64),
                    "cut_off": np.array([one.cut_off for one in found], bool),
                },
            )
            return found
        ends = np.cumsum(held["lengths"])[:-1]
        rows = np.split(held["tokens"], ends)
        return [
            Completion(tuple(row.tolist()), bool(cut))
            for row, cut in zip(rows, held["cut_off"], strict=True)
        ]

    def _run(self, batch: Batch, decoding: Decoding) -> list[Completion]:
        if len(batch.rows) > self._most:
            return [one for half in batch.halves() for one in self._run(half, decoding)]
        import torch

        try:
            with evaluating(self._model), torch.inference_mode():
                run = self._sample if decoding.sampling else self._decode
                return run(batch, decoding)
        except (RuntimeError, MemoryError) as error:
            raise_unless_smaller_fits(error, alone=len(batch.rows) == 1)
        # outside of `except`: the traceback would hold the tensors that filled the memory
        self._most = (len(batch.rows) + 1) // 2
        self.forget()
        _LOG.info("out of memory: batches of %d prompts from here on", self._most)
        return self._run(batch, decoding)

    def _decode(self, batch: Batch, decoding: Decoding) -> list[Completion]:
        import torch

        rows, before = len(batch.rows), len(batch.prefix)
        groups = batch.groups or (None,) * rows
        common = groups[0] if self._steerer.everywhere else None
        past = self._shared.past(batch.prefix, rows, common) or empty_cache()
        tokens, last = pad(batch.suffixes, self._device)
        lengths = [len(suffix) for suffix in batch.suffixes]
        steered = self._steerer.mask([n - 1 for n in lengths], lengths, batch.longest)
        with self._steerer.adding(groups, steered):
            logits = self._pass(last, past, input_ids=tokens)
        room = tokens.shape[1] - 1 - last
        _move_right(past, room)
        seen = (torch.arange(before + tokens.shape[1], device=self._device) >= room[:, None]).long()
        place = before + last + 1
        generated: list[list[int]] = [[] for _ in range(rows)]
        ended: dict[int, bool] = {}
        live = list(range(rows))
        most = [self._room(before + len(suffix), decoding.most) for suffix in batch.suffixes]
        while True:
            chosen = logits.argmax(dim=-1)
            for row, token in zip(live, chosen.tolist(), strict=True):
                self._add(generated[row], token, most[row], decoding.until, row, ended)
            kept = [i for i, row in enumerate(live) if row not in ended]
            if not kept:
                break
            if len(kept) < len(live):
                past = rows_of(past, kept)
                live = [live[i] for i in kept]
                at = torch.tensor(kept, device=self._device)
                seen, place, chosen = seen[at], place[at], chosen[at.to(chosen.device)]
            seen = torch.cat([seen, seen.new_ones(len(live), 1)], dim=1)
            steered = self._steerer.following(len(live))
            with self._steerer.adding([groups[row] for row in live], steered):
                logits = self._pass(
                    torch.zeros_like(place),
                    past,
                    input_ids=chosen[:, None].to(self._device),
                    attention_mask=seen,
                    position_ids=place[:, None],
                )
            place = place + 1
        return [Completion(tuple(generated[row]), ended[row]) for row in range(rows)]

    def _room(self, prompt: int, most: int) -> int:
        """Tokens that may be generated: what is asked for, or what the context leaves."""
        if self._context_length is None:
            return most
        return min(most, self._context_length - prompt)

    def _add(
        self,
        generated: list[int],
        token: int,
        most: int,
        until: tuple[str, ...],
        row: int,
        ended: dict[int, bool],
    ) -> None:
        """One more token of a row; where it ends there, note whether it was cut off."""
        if token in self._stops:
            ended[row] = False
            return
        generated.append(token)
        if self._stopped(generated, until):
            ended[row] = False
        elif len(generated) >= most:
            ended[row] = True

    def _stopped(self, generated: Sequence[int], until: tuple[str, ...]) -> bool:
        if not until:
            return False
        # a token holds one byte at least; a few more, for one text may be written in many ways
        tail = max(len(text.encode()) for text in until) + 4
        text = self._tokenizer.decode(generated[-tail:])
        return any(end in text for end in until)

    def _pass(self, places: Tensor, past: Any, **given: Any) -> Tensor:
        """Logits of one place of each row, float32."""
        import torch

        with only_rows(self._model.get_output_embeddings(), token_at(places)):
            given |= with_cache(self._model, past)
            found = self._model(use_cache=True, **given).logits[:, 0].float()
        if not torch.isfinite(found.amax(dim=-1)).all():
            raise not_finite(self._model)
        logits: Tensor = found
        return logits

    def _sample(self, batch: Batch, decoding: Decoding) -> list[Completion]:
        """By transformers' own ``generate``."""
        import torch
        from lm_eval.models.utils_hf import stop_sequences_criteria
        from transformers import GenerationConfig

        prompts = [batch.prefix + suffix for suffix in batch.suffixes]
        longest = max(map(len, prompts))
        filler = self._tokenizer.pad_token_id
        filler = filler if filler is not None else (self._stops or [0])[0]
        # it is read, though nothing of it is seen: a row of the embedding it must have
        filler = filler if filler < self._model.config.get_text_config().vocab_size else 0
        tokens = torch.full((len(prompts), longest), filler)
        seen = torch.zeros_like(tokens)
        for i, prompt in enumerate(prompts):
            tokens[i, longest - len(prompt) :] = torch.tensor(prompt)
            seen[i, longest - len(prompt) :] = 1
        most = self._room(longest, decoding.most)
        steered = self._steerer.generating([len(prompt) for prompt in prompts])
        with self._steerer.adding(batch.groups, steered):
            written = self._model.generate(
                tokens.to(self._device),
                attention_mask=seen.to(self._device),
                generation_config=GenerationConfig(
                    max_new_tokens=most,
                    eos_token_id=self._stops or None,
                    pad_token_id=filler,
                    **decoding.sampling,
                ),
                stopping_criteria=stop_sequences_criteria(
                    self._tokenizer, list(decoding.until), longest, len(prompts)
                ),
            )[:, longest:].tolist()
        found = []
        for row in written:
            end = next((i for i, token in enumerate(row) if token in self._stops), None)
            own = row if end is None else row[:end]
            whole = end is not None or self._ends(own, decoding.until)
            found.append(Completion(tuple(own), not whole))
        return found

    def _ends(self, generated: Sequence[int], until: tuple[str, ...]) -> bool:
        text = self._tokenizer.decode(generated)
        return any(end in text for end in until)


def _move_right(past: Any, room: Tensor) -> None:
    """Put the keys and values of each row at the right end, ``room`` places further."""
    import torch

    if not bool(room.any()):
        return
    for layer in past.layers:
        places = torch.arange(layer.keys.shape[2], device=layer.keys.device)
        source = (places - room.to(places.device)[:, None]).clamp(min=0)
        for name in ("keys", "values"):
            held = getattr(layer, name)
            index = source[:, None, :, None].expand(held.shape)
            setattr(layer, name, held.gather(2, index))
