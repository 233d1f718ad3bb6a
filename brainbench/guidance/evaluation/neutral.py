"""How far guidance moves a model away from itself on neutral text, in nats.

Arms that are equally long need not do equally much. So what each does to the prediction of
ordinary prose is measured, in two ways. ``kl`` is the Kullback–Leibler divergence of the guided
distribution of the next token from the one without guidance, Σ p log(p / q): how much the
surprisal of a next token rises on average, if it is drawn from the model itself. ``rise`` is how
much the surprisal of the token rises that the text goes on with; its exponential is the ratio of
perplexities. They estimate much the same, but one token a prefix is a noisy sample of a
distribution: strengths are chosen, and arms compared, by ``kl``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.evaluation.cached_prompts import (
    LastTokenEvaluator,
    PrefilledBatch,
    Question,
)
from brainbench.guidance.evaluation.neutral_text import NeutralText, neutral_text
from brainbench.guidance.rows import NeutralMeasure
from brainbench.models import LanguageModel
from brainbench.models.forward.reader import pad
from brainbench.models.forward.running import evaluating, input_device

if TYPE_CHECKING:
    from torch import Tensor

# passages that are run together
_BATCH = 6
# of a passage, every eighth token's whole distribution is kept: 1 GB of a large vocabulary else
_KEPT = 8
# of passages, where directions differ from item to item, or a training is watched
SOME = 3


@dataclass(frozen=True)
class Shift:
    """How far the prediction of neutral text moves; nats, means over passages.

    Attributes
    ----------
    kl : (n,) divergence of the guided distribution of the next token from the plain one.
    rise : (n,) of -log p of the text's own next token; its exponential is the perplexity's ratio.
    """

    kl: Array
    rise: Array


def neutral_measure(limit: float | None, every: int = 1) -> NeutralMeasure:
    """What shifts were measured on, as in a record.

    Parameters
    ----------
    limit : of the shift, nats; None for none.
    every : 1 for all passages, 3 for every third.
    """
    text = neutral_text()
    count = len(text.passages[::every])
    return NeutralMeasure(sha256=text.sha256, n_passages=count, limit=limit)


class NeutralPrefixes:
    """Halves of passages, after whose last token directions are tried as after a prompt's.

    Parameters
    ----------
    evaluator : of the model, the site and the layers of the directions.
    every : 1 for all passages, 3 for every third.
    text : of the passages; the package's by default.

    Raises
    ------
    DataError
        When a passage is too short or too long for the model.
    """

    def __init__(
        self, evaluator: LastTokenEvaluator, every: int = 1, text: NeutralText | None = None
    ) -> None:
        passages = (text or neutral_text()).tokens(evaluator.model, every)
        self._follows = np.array([tokens[len(tokens) // 2] for tokens in passages])
        self._held = evaluator.hold(
            [
                Question(f"neutral {i}", f"neutral {i}", 0, half, (), 0, "neutral")
                for i, half in enumerate(tokens[: len(tokens) // 2] for tokens in passages)
            ]
        )
        self._plain = [part.read_logits(None, _log_softmax)[0] for part in self._held]

    def __len__(self) -> int:
        """Number of prefixes."""
        return len(self._follows)

    @cached_property
    def states(self) -> Array:
        """(n_prefixes, L, units) of the model at the last token of each, nothing added."""
        rows: list[int] = []
        found = []
        for part in self._held:
            plain = part.ask(states=True).states
            assert plain is not None
            rows += part.rows
            found.append(plain[:, 0].astype(np.float64))
        states: Array = np.concatenate(found)[np.argsort(rows)]
        return states

    def shift(self, delta: Array) -> Shift:
        """Shift under each candidate.

        Parameters
        ----------
        delta : (n_prefixes or 1, n_candidates, L, units) added at the last token of each prefix.
        """
        if len(delta) not in (1, len(self)):
            raise DataError(f"directions of {len(delta)} items do not fit {len(self)} prefixes")
        kl, rise = np.zeros(delta.shape[1]), np.zeros(delta.shape[1])
        for part, plain in zip(self._held, self._plain, strict=True):
            own = torch.as_tensor(delta if len(delta) == 1 else delta[list(part.rows)])
            found = np.concatenate(self._divergences(part, plain, own), axis=-1)
            kl, rise = kl + found[0], rise + found[1]
        return Shift(kl / len(self), rise / len(self))

    def _divergences(self, part: PrefilledBatch, plain: Tensor, delta: Tensor) -> list[Array]:
        """(2, some) sums over prefixes, of some candidates after others."""
        follows = torch.as_tensor(self._follows[list(part.rows)], device=plain.device)

        def read(logits: Tensor) -> Array:
            moved = _log_softmax(logits)
            own = follows[:, None, None].expand(-1, moved.shape[1], 1)
            rise = plain.expand(-1, moved.shape[1], -1).gather(-1, own) - moved.gather(-1, own)
            sums = [_divergence(plain, moved).sum(dim=0), rise[..., 0].sum(dim=0)]
            return torch.stack(sums).double().cpu().numpy()

        return part.read_logits(delta, read)


class NeutralPassages:
    """Whole passages, on which a trained model is held against itself before training.

    Parameters
    ----------
    model : the model before training.
    every : 1 for all passages, 3 for every third.
    text : of the passages; the package's by default.

    Raises
    ------
    DataError
        When a passage is too short or too long for the model.
    """

    def __init__(
        self, model: LanguageModel, every: int = 1, text: NeutralText | None = None
    ) -> None:
        self._passages = (text or neutral_text()).tokens(model, every)
        read = list(self._read(model))
        self._surprisal = np.array([surprisal for surprisal, _ in read])
        self._plain = [kept for _, kept in read]

    def shift(self, model: LanguageModel) -> Shift:
        """Shift of a trained model: of the surprisal of every token, and of every eighth's KL.

        Parameters
        ----------
        model : the same model, trained.
        """
        kl, rise = [], []
        for plain, before, (surprisal, kept) in zip(
            self._plain, self._surprisal, self._read(model), strict=True
        ):
            kl.append(_divergence(plain, kept).double().mean().item())
            rise.append(surprisal - before)
        return Shift(np.array([np.mean(kl)]), np.array([np.mean(rise)]))

    def _read(self, model: LanguageModel) -> Iterator[tuple[float, Tensor]]:
        """Of each passage the mean surprisal of its tokens, and log-probabilities of some."""
        network = model.loader.model
        device = input_device(network)
        for start in range(0, len(self._passages), _BATCH):
            some = self._passages[start : start + _BATCH]
            tokens, last = pad(some, device)
            found: list[tuple[float, Tensor]] = []
            with evaluating(network), torch.inference_mode():
                logits = network(input_ids=tokens, use_cache=False).logits
                for row, end in enumerate(last.tolist()):
                    known = _log_softmax(logits[row, :end])
                    own = known.gather(-1, tokens[row, 1 : end + 1, None].to(known.device))
                    found.append((-own.double().mean().item(), known[::_KEPT].clone()))
            # outside: the mode of the pass reaches nobody who reads
            yield from found


def _log_softmax(logits: Tensor) -> Tensor:
    return logits.float().log_softmax(dim=-1)


def _divergence(plain: Tensor, moved: Tensor) -> Tensor:
    """Σ p log(p / q) over the vocabulary; by rounding it may fall below 0, which is cut."""
    terms = torch.where(plain.isneginf(), 0.0, plain.exp() * (plain - moved))
    return terms.sum(dim=-1).clamp(min=0.0)
