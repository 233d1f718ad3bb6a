"""Evaluate prompts many times, with cached keys and values of all tokens but those at the end.

What is steered is the last token of a prompt, or the last few. So the keys and values of all tokens
before are computed once; then every candidate, a person's direction, a strength, an arm, is one
more end at the same place, that sees what stands before it and itself, but no other candidate. One
pass asks any number of candidates of any number of problems. Of several tokens, each sees those of
its own candidate that stand before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.evaluation.last_token import Before, Below, added, caught
from brainbench.models import LanguageModel, Site
from brainbench.models.architectures import require_attention
from brainbench.models.forward.kv_cache import empty_cache, with_cache
from brainbench.models.forward.prefix_cache import SharedPrefix
from brainbench.models.forward.reader import pad
from brainbench.models.forward.running import evaluating
from brainbench.models.prompts.batches import Batch, Tokens, plan_batches
from brainbench.models.prompts.plan import ask
from brainbench.models.prompts.verbalizer import find_spellings
from brainbench.problems import Problem
from brainbench.progress import Count

if TYPE_CHECKING:
    from torch import Tensor, nn

T = TypeVar("T")
# numbers of the vocabulary's size that one pass may give: 256 MB of float32
_MAX_LOGITS = 2**26
# tokens whose keys and values are held at a time
_HELD_TOKENS = {"cpu": 4096, "cuda": 65536}


@dataclass(frozen=True)
class Question:
    """A prompt and its choices; the answer is the token after the prompt.

    Attributes
    ----------
    identifier : of the problem.
    base_id : the problem of which this is one order of premises.
    order : which order it is.
    tokens : the prompt.
    choices : for each answer the tokens that spell it; of two, the first counts as True.
    label : which of them is right.
    kind : reasoning type, or another name of its set.
    """

    identifier: str
    base_id: str
    order: int
    tokens: Tokens
    choices: tuple[tuple[int, ...], ...]
    label: int
    kind: str


@dataclass(frozen=True)
class Responses:
    """Answers to B questions under C candidate vectors.

    Attributes
    ----------
    answer : (B, C) number of the choice that the likeliest token spells; -1 for none of them.
    log_odds : (B, C) of the first of two choices, natural logarithm; NaN where there are more.
    states : (B, C, layers, units) at the last token, steering included; None where not asked for.
    """

    answer: NDArray[np.int64]
    log_odds: Array
    states: NDArray[np.float32] | None = None


def ask_problems(model: LanguageModel, problems: Sequence[Problem]) -> list[Question]:
    """Problems as questions, in the model's own format and wording.

    A problem without a ``base_id`` has order 0.

    Parameters
    ----------
    model : its tokenizer, wording and chat format are used; it is not run.
    problems : in the order of the questions.

    Returns
    -------
    One question for each problem, label 0 where the conclusion follows and 1 where it does not;
    problems of one ``base_id`` are numbered by ``order`` as they come.
    """
    spellings = find_spellings(model.loader.tokenizer, model.vocabulary_size)
    orders: dict[str, int] = {}
    asked = []
    prompts = ask(problems, model.template, model.chat)
    for problem, tokens in zip(problems, prompts, strict=True):
        base = problem.base_id or problem.identifier
        orders[base] = orders.get(base, -1) + 1
        asked.append(
            Question(
                problem.identifier,
                base,
                orders[base],
                tokens,
                (spellings.true, spellings.false),
                0 if problem.condition.valid else 1,
                problem.reasoning_type,
            )
        )
    return asked


class LastTokenEvaluator:
    """Evaluates prompts with vectors added to a model's states at the last token, or the last few.

    Parameters
    ----------
    model : the model; its weights are loaded.
    site : where states are read and vectors added.
    layers : which layers.
    tokens : how many of the last tokens of a prompt vectors are added at; of a shorter prompt,
        at all. States are those of the last.

    Raises
    ------
    DataError
        When the model has no such layer, or no token is steered.
    """

    def __init__(
        self, model: LanguageModel, site: Site, layers: Sequence[int], tokens: int = 1
    ) -> None:
        if tokens < 1:
            raise DataError(f"{tokens} tokens are steered: at least 1 must be")
        self.tokens = tokens
        self.model = model
        self.site: Site = site
        self.layers = tuple(layers)
        self._network = model.loader.model
        sites = require_attention(self._network, "the search for directions")
        self._modules: tuple[nn.Module, ...] = getattr(sites, site)
        outside = [layer for layer in self.layers if not 0 <= layer < len(self._modules)]
        if outside or not self.layers:
            raise DataError(
                f"{model.identifier} has layers 0 to {len(self._modules) - 1}, not "
                f"{outside or 'none'}"
            )
        self._below = sites.hidden[: min(self.layers)]

    @cached_property
    def _window(self) -> int | None:
        config = self._network.config.get_text_config()
        used = getattr(config, "use_sliding_window", True)
        windows = [
            getattr(config, "sliding_window", None) if used else None,
            getattr(config, "attention_chunk_size", None),
        ]
        return min((window for window in windows if window is not None), default=None)

    def batches(
        self, questions: Sequence[Question], progress: Count = lambda done, total: None
    ) -> Iterator[PrefilledBatch]:
        """Questions batch by batch, with the keys and values before their last tokens computed.

        Parameters
        ----------
        questions : at least one; their prompts may differ in length.
        progress : called with (questions done, questions).

        Raises
        ------
        DataError
            When there are no questions, or a prompt is longer than the context or the attention
            window of the model.
        """
        if not questions:
            raise DataError("there are no questions to ask")
        self._check(questions)
        prompts = [question.tokens for question in questions]
        room = _HELD_TOKENS.get(self._device.type, 4096)
        most = max(1, room // max(map(len, prompts)))
        shared = SharedPrefix(self._network)
        done = 0
        try:
            for batch in plan_batches(prompts, [q.kind for q in questions], most):
                progress(done, len(questions))
                # done before it is given: no mode of the pass reaches those who ask
                with evaluating(self._network), torch.inference_mode():
                    held = self._hold(batch, questions, shared)
                yield held
                done += len(batch.rows)
        finally:
            shared.forget()
        progress(done, len(questions))

    def hold(
        self, questions: Sequence[Question], some: NDArray[np.intp] | None = None
    ) -> list[PrefilledBatch]:
        """All batches at once, for questions that are asked many times.

        Parameters
        ----------
        some : indices of the questions to prefill, all by default.
        """
        rows = np.arange(len(questions)) if some is None else some
        held = list(self.batches([questions[row] for row in rows]))
        for part in held:
            part.rows = tuple(int(rows[row]) for row in part.rows)
        return held

    @property
    def _device(self) -> Any:
        return self._network.get_input_embeddings().weight.device

    def _check(self, questions: Sequence[Question]) -> None:
        longest = max(questions, key=lambda question: len(question.tokens))
        count, limit = len(longest.tokens), self.model.context_length
        if limit is not None and count > limit:
            raise DataError(
                f"the prompt of {longest.identifier} has {count} tokens; "
                f"{self.model.identifier} reads {limit} at most"
            )
        if self._window is not None and count > self._window:
            raise DataError(
                f"the prompt of {longest.identifier} has {count} tokens; {self.model.identifier} "
                f"looks back {self._window}: guidance needs layers that see the whole prompt"
            )

    def _hold(
        self, batch: Batch, questions: Sequence[Question], shared: SharedPrefix
    ) -> PrefilledBatch:
        # everything but the end; a prompt that is no longer has nothing before it
        ends = [min(self.tokens, len(questions[row].tokens)) for row in batch.rows]
        held = [questions[row].tokens[:-end] for row, end in zip(batch.rows, ends, strict=True)]
        begun = min(len(batch.prefix), *map(len, held))
        before = [tokens[begun:] for tokens in held]
        past = shared.past(batch.prefix[:begun], len(before)) or empty_cache()
        if any(before):
            tokens = pad([row or (0,) for row in before], self._device)[0]
            decoder = self._network.get_decoder()
            decoder(input_ids=tokens, use_cache=True, **with_cache(decoder, past))
        return PrefilledBatch(
            self,
            [questions[row] for row in batch.rows],
            batch.rows,
            Before(past, [len(tokens) for tokens in held], ends),
            ends,
        )


class PrefilledBatch:
    """Questions whose keys and values, but those of the last tokens, are computed.

    Made by :class:`LastTokenEvaluator`.

    Attributes
    ----------
    questions : which.
    rows : their numbers among all that were given.
    """

    def __init__(
        self,
        evaluator: LastTokenEvaluator,
        questions: Sequence[Question],
        rows: Sequence[int],
        before: Before,
        ends: Sequence[int],
    ) -> None:
        self.questions = list(questions)
        self.rows = tuple(rows)
        self._evaluator = evaluator
        self._before = before
        self._below = Below(evaluator._below)
        self._wide = max(ends)
        last = [question.tokens[-end:] for question, end in zip(questions, ends, strict=True)]
        self._last = torch.tensor([(0,) * (self._wide - len(own)) + own for own in last])

    def ask(
        self,
        delta: Tensor | None = None,
        states: bool = False,
        rows: Sequence[int] | None = None,
    ) -> Responses:
        """Evaluate B prompts under C candidate vectors in one pass over their last tokens.

        Parameters
        ----------
        delta : (B or 1, C, layers, units) added to the states of the evaluator's layers;
            None evaluates once, with nothing added.
        states : whether to keep the states, as they are then.
        rows : (B,) numbers of the questions among ``questions``, as often as wanted; each once
            by default.

        Raises
        ------
        DataError
            When the model's output is NaN.
        """
        chosen = torch.arange(len(self.questions)) if rows is None else torch.as_tensor(rows)
        parts = self._pieces(chosen, delta, lambda some: self._pass(chosen, some, states))
        return Responses(
            np.concatenate([part.answer for part in parts], axis=1),
            np.concatenate([part.log_odds for part in parts], axis=1),
            np.concatenate([part.states for part in parts if part.states is not None], axis=1)
            if states
            else None,
        )

    def read_logits(self, delta: Tensor | None, read: Callable[[Tensor], T]) -> list[T]:
        """What a function makes of all logits, a few candidates at a time.

        Parameters
        ----------
        delta : (B or 1, C, layers, units) as of :meth:`ask`.
        read : is given (B, some, vocabulary) logits of the next token, some candidates after
            others; they are gone when it returns.
        """
        chosen = torch.arange(len(self.questions))

        def given(some: Tensor | None) -> T:
            count = 1 if some is None else some.shape[1]
            modules, layers = self._evaluator._modules, self._evaluator.layers
            with self._below.left_out(chosen, count), added(modules, layers, some):
                return read(self._run(chosen, count))

        return self._pieces(chosen, delta, given)

    def _pieces(
        self, rows: Tensor, delta: Tensor | None, run: Callable[[Tensor | None], T]
    ) -> list[T]:
        """Results of passes that each hold no more logits than memory allows."""
        network = self._evaluator._network
        count = 1 if delta is None else delta.shape[1]
        vocabulary = network.config.get_text_config().vocab_size
        step = max(1, _MAX_LOGITS // (vocabulary * len(rows)))
        with evaluating(network), torch.inference_mode():
            if delta is not None and not self._below.known:
                with self._below.listening():
                    self._run(torch.arange(len(self.questions)), 1)
            return [
                run(None if delta is None else delta[:, start : start + step])
                for start in range(0, count, step)
            ]

    def _pass(self, rows: Tensor, delta: Tensor | None, states: bool) -> Responses:
        evaluator = self._evaluator
        count = 1 if delta is None else delta.shape[1]
        hearing = evaluator.layers if states else ()
        with (
            self._below.left_out(rows, count),
            added(evaluator._modules, evaluator.layers, delta),
            caught(evaluator._modules, hearing) as heard,
        ):
            logits = self._run(rows, count)
        answer, odds = self._read(rows.tolist(), logits)
        kept = None
        if states:
            last = slice(self._wide - 1, None, self._wide)
            moved_to = [heard[layer][:, last].float().cpu() for layer in evaluator.layers]
            kept = torch.stack(moved_to, dim=2).numpy()
        return Responses(answer, odds, kept)

    def _run(self, rows: Tensor, count: int) -> Tensor:
        """(rows, count, vocabulary) logits of the last tokens of some prompts."""
        network, device = self._evaluator._network, self._evaluator._device
        last = torch.arange(self._wide - 1, count * self._wide, self._wide, device=device)
        logits: Tensor = network(
            input_ids=self._last[rows].repeat(1, count).to(device),
            attention_mask=self._before.mask(rows, count, network.dtype, device),
            position_ids=self._before.places(rows, count, device),
            use_cache=True,
            # a vocabulary is large: of several tokens, only the last is read out
            **({"logits_to_keep": last} if self._wide > 1 else {}),
            **with_cache(network, self._before.cache(rows)),
        ).logits
        return logits

    def _read(self, rows: Sequence[int], logits: Tensor) -> tuple[NDArray[np.int64], Array]:
        highest, likeliest = logits.max(dim=-1)
        if not torch.isfinite(highest).all():
            raise DataError(
                "the model's output is NaN or infinite: a step is too long for its numbers, or "
                "they do not fit this --dtype"
            )
        best = likeliest.cpu().numpy()
        answer = np.full(best.shape, -1, np.int64)
        odds = np.full(best.shape, np.nan)
        for i, row in enumerate(rows):
            choices = self.questions[row].choices
            for number, ids in enumerate(choices):
                answer[i][np.isin(best[i], ids)] = number
            if len(choices) == 2:
                # only what is read leaves the device; a vocabulary is large
                true, false = (
                    logits[i][:, list(ids)].cpu().double().logsumexp(dim=-1) for ids in choices
                )
                odds[i] = (true - false).numpy()
        return answer, odds
