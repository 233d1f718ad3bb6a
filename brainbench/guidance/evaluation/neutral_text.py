"""Everyday prose that ships with the package: what guidance changes where nothing is asked.

The text is plain, without a chat template: the template would make it somebody's message, which a
chat model is not trained to predict, and what follows its last token an answer. What is wanted is
what guidance does to ordinary language, the same for chat models and others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from brainbench.errors import DataError
from brainbench.models import LanguageModel
from brainbench.models.prompts.batches import Tokens
from brainbench.models.prompts.encoder import Encoder

_PATH = Path(__file__).with_name("neutral.txt")
# a prefix needs a token, and so does what follows it
_FEWEST = 2


@dataclass(frozen=True)
class NeutralText:
    """Passages of prose on everyday subjects, none of them a problem to reason about.

    Attributes
    ----------
    passages : one paragraph each.
    sha256 : of the text.
    """

    passages: tuple[str, ...]
    sha256: str

    @classmethod
    def of(cls, text: str, name: str) -> NeutralText:
        """Passages of a text, which blank lines separate.

        Parameters
        ----------
        text : all passages.
        name : of the text, for messages.

        Raises
        ------
        DataError
            When a passage is empty, or stands there twice.
        """
        passages = [" ".join(part.split()) for part in text.strip("\n").split("\n\n")]
        for number, passage in enumerate(passages, start=1):
            if not passage:
                raise DataError(
                    f"{name}: passage {number} is empty; passages are separated by one blank line"
                )
            if passage in passages[: number - 1]:
                raise DataError(f"{name}: passage {number} stands there twice")
        return cls(tuple(passages), hashlib.sha256(text.encode()).hexdigest())

    def tokens(self, model: LanguageModel, every: int = 1) -> list[Tokens]:
        """Tokens of passages, as the model's tokenizer begins a text.

        Parameters
        ----------
        model : its tokenizer is used; it is not run.
        every : 1 for all passages, 3 for every third.

        Raises
        ------
        DataError
            When a passage has fewer than two tokens, or more than the model reads.
        """
        encoder = Encoder(model.loader.tokenizer, model.vocabulary_size)
        found = encoder.encode(self.passages[::every])
        _check(found, model, every)
        return found


@cache
def neutral_text() -> NeutralText:
    """The text of the package."""
    return NeutralText.of(_PATH.read_text(encoding="utf-8"), _PATH.name)


def _check(found: Sequence[Tokens], model: LanguageModel, every: int) -> None:
    for number, tokens in enumerate(found):
        which = f"passage {1 + number * every} of the neutral text"
        if len(tokens) < _FEWEST:
            raise DataError(f"{which} has {len(tokens)} tokens for {model.identifier}, not two")
        limit = model.context_length
        if limit is not None and len(tokens) > limit:
            raise DataError(
                f"{which} has {len(tokens)} tokens; {model.identifier} reads {limit} at most"
            )
