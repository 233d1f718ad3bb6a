"""Verbalizer: the token ids that spell each answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from brainbench.errors import DataError
from brainbench.models.prompts.encoder import Encoder

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spellings:
    """Token ids of each answer: True, true, TRUE, with and without a space in front."""

    true: tuple[int, ...]
    false: tuple[int, ...]

    def answers(self, tokens: NDArray[np.integer]) -> Array:
        """Answers that tokens spell.

        Parameters
        ----------
        tokens : (n_items,) token ids.

        Returns
        -------
        (n_items,) 1 for True, 0 for False, NaN for anything else.
        """
        return np.where(
            np.isin(tokens, self.true), 1.0, np.where(np.isin(tokens, self.false), 0.0, np.nan)
        )

    def log_odds(self, logits: Array) -> Array:
        """Log P(True) − log P(False), each summed over its spellings.

        Parameters
        ----------
        logits : (n_items, vocabulary), unnormalised: their normalisation cancels.

        Returns
        -------
        (n_items,) natural logarithm of P(True) / P(False).
        """
        true, false = (
            np.asarray(logsumexp(logits[:, list(ids)], axis=1), dtype=np.float64)
            for ids in (self.true, self.false)
        )
        odds: Array = true - false
        return odds


def find_spellings(tokenizer: Any, rows: int | None = None) -> Spellings:
    """Find the spellings of True and False in a vocabulary.

    Parameters
    ----------
    rows : of the model's embedding, where they are known: a token beyond them is never generated.

    Raises
    ------
    DataError
        When it has no single token for one of them, and their first tokens are the same.
    """
    found: dict[str, list[int]] = {"true": [], "false": []}
    encoder = Encoder(tokenizer, rows)
    for piece, token in tokenizer.get_vocab().items():
        if rows is not None and token >= rows:
            continue
        for word, tokens in found.items():
            # decoding tells a word from its parts; asked only where it can be one
            if word in piece.lower() and tokenizer.decode([token]).strip().lower() == word:
                tokens.append(token)
    for word, tokens in found.items():
        if not tokens:
            starts = {
                pieces[0]
                for spelt in (word.title(), f" {word.title()}")
                if (pieces := encoder.encode([spelt], False)[0])
            }
            tokens += sorted(starts)
    if not found["true"] or not found["false"] or set(found["true"]) & set(found["false"]):
        raise DataError("the tokenizer's vocabulary cannot tell True from False in one token")
    return Spellings(tuple(sorted(found["true"])), tuple(sorted(found["false"])))
