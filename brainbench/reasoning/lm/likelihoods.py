"""Log-likelihoods of continuations: the passes of a plan, run on a model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainbench.models.architectures import require_cache
from brainbench.models.cache import Arrays
from brainbench.models.forward.hooks import only_rows
from brainbench.models.forward.kv_cache import empty_cache
from brainbench.models.forward.prefix_cache import SharedPrefix
from brainbench.models.forward.reader import pad
from brainbench.models.forward.running import (
    evaluating,
    input_device,
    not_finite,
    raise_unless_smaller_fits,
)
from brainbench.models.forward.shared_attention import rows_of, run
from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.hooks import Steerer
from brainbench.models.steering.vector import Steering
from brainbench.progress import Count
from brainbench.reasoning.lm.response_cache import ResponseCache
from brainbench.reasoning.lm.schedule import (
    Ask,
    PassBudget,
    Query,
    ScheduledWork,
    plan_queries,
    shifted,
)
from brainbench.reasoning.lm.steered_rows import SteeredRows

if TYPE_CHECKING:
    from torch import Tensor

_LOG = logging.getLogger(__name__)

# as how many tokens one more pass counts: a GPU is idle while few are computed
_PASS_COSTS = {"cpu": 32, "cuda": 4096, "mps": 1024}
# tokens in a pass: of more, a processor's caches do not hold what a layer leaves
_PASS_TOKENS = {"cpu": 1024}
_ANY = 2**31


@dataclass(frozen=True)
class _Found:
    """Of each query of some work its log-likelihood, and whether it was the likeliest."""

    values: NDArray[np.float64]
    greedy: NDArray[np.bool_]

    def to_arrays(self) -> Arrays:
        return {"values": self.values, "greedy": self.greedy}


class Likelihoods:
    """Computes log-likelihoods; batches that do not fit the memory are divided.

    Parameters
    ----------
    model : a causal language model of transformers.
    batch_size : rows in a pass.
    responses : where to keep what was computed.
    steering : what is added to the states of queries that name a group of it.
    """

    def __init__(
        self,
        model: Any,
        batch_size: int,
        responses: ResponseCache | None = None,
        steering: Steering | None = None,
    ) -> None:
        require_cache(model, "answering tasks")
        self._model = model
        self._batch_size = batch_size
        self._responses = responses
        self._steerer = Steerer(model, steering)
        self._shared = SharedPrefix(model, self._steerer)
        self._device = input_device(model)
        self._most = batch_size

    def score(
        self,
        queries: Sequence[Query],
        kinds: Sequence[str],
        progress: Count = lambda done, total: None,
    ) -> list[tuple[float, bool]]:
        """Log-likelihood of each query in nats, and whether greedy decoding would produce it.

        Parameters
        ----------
        kinds : of each query, what it is of, such as its task.
        progress : called with (queries done, queries).

        Raises
        ------
        DataError
            When a single row does not fit the memory, or the model gives NaN.
        """
        values, greedy = np.zeros(len(queries)), np.ones(len(queries), bool)
        works = plan_queries(
            queries,
            kinds,
            self._passes(self._batch_size),
            self._model.config.get_text_config().vocab_size,
            "" if self._steerer.steering is None else self._steerer.steering.tokens,
        )
        done = 0
        for work in works:
            progress(done, len(queries))
            found, asked = self._answer(work), work.queries
            values[asked], greedy[asked] = found.values, found.greedy
            done += len(asked)
        progress(len(queries), len(queries))
        return list(zip(values.tolist(), greedy.tolist(), strict=True))

    def forget(self) -> None:
        """Let the kept keys and values go."""
        self._shared.forget()

    def _passes(self, rows: int) -> PassBudget:
        kind = self._device.type
        return PassBudget(rows, _PASS_TOKENS.get(kind, _ANY), _PASS_COSTS.get(kind, 1024))

    def _answer(self, work: ScheduledWork) -> _Found:
        """Found before, or computed now."""
        if self._responses is None:
            return self._run(work)
        numbers = {query: i for i, query in enumerate(work.queries)}
        key = self._responses.key(
            prefix=work.batch.prefix,
            suffixes=work.batch.suffixes,
            tails=[[tail.stem, tail.tokens] for tail in work.tails],
            asks=[
                [[a.row, a.place, a.target, numbers[a.query], a.group] for a in asks]
                for asks in (work.asks, work.tail_asks)
            ],
        )
        held = self._responses.get(key)
        if held is not None:
            return _Found(held["values"], held["greedy"])
        found = self._run(work)
        self._responses.put(key, found.to_arrays())
        return found

    def _run(self, work: ScheduledWork) -> _Found:
        if len(work.batch.rows) > self._most:
            return _joined(work, [(part, self._run(part)) for part in work.parts(self._most)])
        try:
            with evaluating(self._model):
                return self._compute(work)
        except (RuntimeError, MemoryError) as error:
            raise_unless_smaller_fits(error, alone=self._most == 1)
        # outside of `except`: the traceback would hold the tensors that filled the memory
        self._most = (min(self._most, max(len(work.batch.rows), len(work.tails))) + 1) // 2
        self.forget()
        _LOG.info("out of memory: batches of %d prompts from here on", self._most)
        return self._run(work)

    def _compute(self, work: ScheduledWork) -> _Found:
        import torch

        asked, steered = work.queries, SteeredRows(self._steerer, work)
        values, greedy = np.zeros(asked[-1] + 1), np.ones(asked[-1] + 1, bool)

        def add(rows: Sequence[Tokens], past: Any, asks: Sequence[Ask]) -> None:
            with steered.adding(rows, asks):
                read, hit = self._pass(pad(rows, self._device)[0], past, asks)
            of = [ask.query for ask in asks]
            np.add.at(values, of, read)
            np.logical_and.at(greedy, of, hit)

        with torch.inference_mode():
            past = self._shared.past(
                work.batch.prefix, len(work.batch.rows), steered.common, work.longest
            )
            if work.tails and past is None:
                past = empty_cache()
            add(work.batch.suffixes, past, work.asks)
            lengths = [len(tail.tokens) for tail in work.tails]
            for rows in self._passes(self._most).divide(lengths):
                tails = work.tails[rows.start : rows.stop]
                add(
                    [tail.tokens for tail in tails],
                    rows_of(past, [tail.stem for tail in tails]),
                    [shifted(ask, rows.start) for ask in work.tail_asks if ask.row in rows],
                )
        return _Found(values[asked], greedy[asked])

    def _pass(
        self, tokens: Tensor, past: Any, asks: Sequence[Ask]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """One pass, the output layer asked only for what is read; it may be nothing."""
        import torch

        spots = sorted({(ask.row, ask.place) for ask in asks}) or [(0, 0)]
        rows, places = torch.tensor(spots, device=self._device).T
        index = {spot: i for i, spot in enumerate(spots)}

        def pick(states: Tensor) -> Tensor:
            return states[rows.to(states.device), places.to(states.device)]

        with only_rows(self._model.get_output_embeddings(), pick):
            given = run(self._model, tokens, past)
        logits = given.logits[:, 0].float()
        norm = logits.logsumexp(dim=-1)
        if not torch.isfinite(norm).all():
            raise not_finite(self._model)
        at = [index[ask.row, ask.place] for ask in asks]
        targets = torch.tensor([ask.target for ask in asks], device=logits.device, dtype=torch.long)
        values = logits[at, targets] - norm[at]
        greedy = logits.argmax(dim=-1)[at] == targets
        return values.cpu().double().numpy(), greedy.cpu().numpy()


def _joined(work: ScheduledWork, parts: Sequence[tuple[ScheduledWork, _Found]]) -> _Found:
    """What was found in parts, in the order of the whole."""
    numbers = {query: i for i, query in enumerate(work.queries)}
    values, greedy = np.zeros(len(numbers)), np.ones(len(numbers), bool)
    for part, found in parts:
        at = [numbers[query] for query in part.queries]
        values[at], greedy[at] = found.values, found.greedy
    return _Found(values, greedy)
