"""Texts of requests as tokens, as lm-eval makes them, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brainbench.models.batches import Tokens


class Encoder:
    """Makes the tokens that lm-eval's own models make.

    Parameters
    ----------
    tokenizer : the model's.
    prefix_token : stands before an empty context; a text that begins with it gets no other.
    """

    def __init__(self, tokenizer: Any, prefix_token: int) -> None:
        self._tokenizer = tokenizer
        self._prefix_token = prefix_token
        self._prefix = tokenizer.decode(prefix_token)

    def encode(self, texts: Sequence[str], special: bool | None = None) -> list[Tokens]:
        """Token ids of each text, each different text once.

        Parameters
        ----------
        special : whether the tokenizer adds its special tokens; by default as it is used to,
            but not to a text that begins with one already, as chat templates write it.
        """
        found: dict[str, Tokens] = {}
        begun = [bool(self._prefix) and text.startswith(self._prefix) for text in texts]
        for has in (False, True):
            some = list(dict.fromkeys(t for t, b in zip(texts, begun, strict=True) if b == has))
            if some:
                adding = special if special is not None else False if has else None
                given = {} if adding is None else {"add_special_tokens": adding}
                ids = self._tokenizer(some, return_attention_mask=False, **given)["input_ids"]
                found.update(zip(some, map(tuple, ids), strict=True))
        return [found[text] for text in texts]

    def pairs(self, requests: Sequence[tuple[str, str]]) -> list[tuple[Tokens, Tokens]]:
        """Each context and its continuation.

        Both are made into tokens together and cut where the context alone ends; spaces at the
        end of a context belong to the continuation. Before an empty context stands the prefix.
        """
        contexts, wholes = [], []
        for context, continuation in requests:
            bare = context.rstrip()
            wholes.append(context + continuation)
            contexts.append(bare if context else "")
        alone = self.encode([context for context in contexts if context])
        together = self.encode([w for w, c in zip(wholes, contexts, strict=True) if c])
        after_nothing = self.encode(
            [w for w, c in zip(wholes, contexts, strict=True) if not c], False
        )
        tokens = iter(zip(alone, together, strict=True))
        rest = iter(after_nothing)
        pairs = []
        for context in contexts:
            if context:
                before, whole = next(tokens)
                pairs.append((before, whole[len(before) :]))
                continue
            whole = next(rest)
            if whole[:1] == (self._prefix_token,):
                pairs.append((whole[:1], whole[1:]))
            else:
                pairs.append(((self._prefix_token,), whole))
        return pairs
