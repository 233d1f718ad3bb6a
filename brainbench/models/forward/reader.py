"""Run a model on batches of prompts: one pass gives states and answers.

Suffixes are padded on the right. Attention is causal, so no token sees what stands after
it: padding changes nothing and needs no mask, and positions count as in a single prompt.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainbench.models.cache import Arrays
from brainbench.models.checkpoints.loading import Loader
from brainbench.models.forward.hooks import Pick, Recorder, only_rows
from brainbench.models.forward.prefix_cache import SharedPrefix
from brainbench.models.forward.running import (
    evaluating,
    input_device,
    not_finite,
    raise_unless_smaller_fits,
)
from brainbench.models.forward.shared_attention import run
from brainbench.models.forward.trial import tried
from brainbench.models.model import SITES, Site
from brainbench.models.prompts.batches import Batch, Tokens
from brainbench.models.prompts.verbalizer import Spellings
from brainbench.models.steering.hooks import Steerer
from brainbench.models.steering.vector import Steering

if TYPE_CHECKING:
    from torch import Tensor

_LOG = logging.getLogger(__name__)

NO_TOKEN = -1


@dataclass(frozen=True)
class Reading:
    """What a model did on some prompts.

    Attributes
    ----------
    states : site → (rows, layers, units) float32, at the token that is read out, or the mean
        over several: those of the premises, or those that a model that thinks generated.
    tokens : (rows,) the token that answers; -1 where there is none.
    log_odds : (rows,) of True against False where that token stands.
    cut_off : (rows,) 1 where the token limit stopped a model that thinks.
    """

    states: dict[Site, NDArray[np.float32]]
    tokens: NDArray[np.int64]
    log_odds: NDArray[np.float64]
    cut_off: NDArray[np.int64]

    def to_arrays(self) -> Arrays:
        """As named arrays, for a file."""
        rest = {"tokens": self.tokens, "log_odds": self.log_odds, "cut_off": self.cut_off}
        return {**{str(site): states for site, states in self.states.items()}, **rest}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Reading:
        """Back from :meth:`to_arrays`."""
        # models without attention have none
        states = {site: arrays[site] for site in SITES if site in arrays}
        return cls(states, arrays["tokens"], arrays["log_odds"], arrays["cut_off"])

    @classmethod
    def join(cls, parts: Sequence[Reading]) -> Reading:
        """Rows of several readings, one after the other."""
        arrays = [part.to_arrays() for part in parts]
        return cls.from_arrays({k: np.concatenate([a[k] for a in arrays]) for k in arrays[0]})

    def at(self, rows: Sequence[int]) -> Reading:
        """Some rows, in the order asked for."""
        return Reading.from_arrays({k: v[list(rows)] for k, v in self.to_arrays().items()})


class Reader:
    """Reads a model out at the last token of each prompt, or over the places of its batch.

    Parameters
    ----------
    loader : the model and its tokenizer.
    spellings : of the answers.
    steering : what is added to the states; those that are read are the steered ones.
    """

    def __init__(
        self,
        loader: Loader,
        spellings: Spellings,
        steering: Steering | None = None,
    ) -> None:
        self._model = loader.model
        self._spellings = spellings
        trial = tried(loader.model)
        self._shares = trial.shares
        self._recorder = Recorder(trial.sites)
        # where the embedding is, the tokens must be; layers may be on other devices
        self._device = input_device(loader.model)
        self._steerer = Steerer(loader.model, steering)
        self._shared = SharedPrefix(loader.model, self._steerer)
        self._most: int | None = None

    def read(self, batch: Batch) -> Reading:
        """Run a batch; one that does not fit the memory is run in smaller ones.

        Raises
        ------
        DataError
            When a single prompt does not fit, or the model gives NaN.
        """
        if self._most is not None and len(batch.rows) > self._most:
            return Reading.join([self.read(half) for half in batch.halves()])
        try:
            with evaluating(self._model):
                return self._run(batch if self._shares else batch.whole())
        except (RuntimeError, MemoryError) as error:
            raise_unless_smaller_fits(error, alone=len(batch.rows) == 1)
        # outside of `except`: the traceback would hold the tensors that filled the memory
        self._most = (len(batch.rows) + 1) // 2
        self.forget()
        _LOG.info("out of memory: batches of %d prompts from here on", self._most)
        return self.read(batch)

    def _run(self, batch: Batch) -> Reading:
        import torch

        tokens, last = pad(batch.suffixes, self._device)
        pick = token_at(last)
        if batch.places:
            kept = torch.zeros(tokens.shape, dtype=torch.bool)
            for i, places in enumerate(batch.places):
                kept[i, list(places)] = True
            pick = mean_over(kept.to(self._device))
        lengths = [len(suffix) for suffix in batch.suffixes]
        steered = self._steerer.mask([n - 1 for n in lengths], lengths, batch.longest)
        with torch.inference_mode():
            past = self._shared.past(batch.prefix, len(tokens), self._common(batch), batch.longest)
            with self._steerer.adding(batch.groups, steered):
                logits = self.forward(tokens, pick, token_at(last), past)
        return Reading(
            self._recorder.states(),
            logits.argmax(axis=1).astype(np.int64),
            self._spellings.log_odds(logits),
            np.zeros(len(tokens), np.int64),
        )

    def forward(
        self,
        tokens: Tensor,
        pick: Pick,
        pick_logits: Pick,
        past: Any = None,
    ) -> NDArray[np.float64]:
        """One pass with the hooks on: logits (rows, vocabulary) of the token picked.

        Parameters
        ----------
        tokens : (rows, longest) token ids, padded on the right.
        pick : (rows, longest, units) → (rows, units), which states are recorded.
        pick_logits : the same for the states that logits are computed from.
        past : cache of keys and values of a beginning; None where there is none.

        Returns
        -------
        (rows, vocabulary) float64.

        Raises
        ------
        DataError
            When the largest logit of a row is not finite.
        """
        head = self._model.get_output_embeddings()
        with self._recorder.listening(pick), only_rows(head, pick_logits):
            given = run(self._model, tokens, past)
        logits: NDArray[np.float64] = given.logits[:, 0].float().cpu().double().numpy()
        if not np.isfinite(logits.max(axis=1)).all():
            raise not_finite(self._model)
        return logits

    def _common(self, batch: Batch) -> str | None:
        """The group that steers every token of a batch, its beginning too; None where not all."""
        return batch.groups[0] if self._steerer.everywhere and batch.groups else None

    def forget(self) -> None:
        """Let the kept keys and values go."""
        self._shared.forget()


def token_at(places: Tensor) -> Pick:
    """Keep one token of each row."""
    import torch

    def pick(states: Tensor) -> Tensor:
        rows = torch.arange(len(states), device=states.device)
        return states[rows, places.to(states.device)]

    return pick


def mean_over(kept: Tensor) -> Pick:
    """Mean over the tokens of each row that are kept: (rows, tokens), true or false."""
    import torch

    weights = kept.float() / kept.sum(1, keepdim=True)

    def pick(states: Tensor) -> Tensor:
        # summed in float32: thousands of half-precision terms lose what is added last
        return torch.einsum("rt,rtu->ru", weights.to(states.device), states.float())

    return pick


def pad(rows: Sequence[Tokens], device: Any) -> tuple[Tensor, Tensor]:
    """Token ids (rows, longest), padded on the right, and the last place of each row.

    Parameters
    ----------
    rows : token ids of each row, none empty.
    device : torch device for both tensors.

    Returns
    -------
    (rows, longest) token ids and (rows,) places, both int64.
    """
    import torch

    longest = max(len(row) for row in rows)
    # any token will do: nothing that is read comes after it
    padded = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = torch.tensor(row)
    last = torch.tensor([len(row) - 1 for row in rows])
    return padded.to(device), last.to(device)
