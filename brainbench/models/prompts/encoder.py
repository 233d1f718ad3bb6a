"""From texts to token ids, the same for chats, tasks and guidance.

Tokens are those of lm-eval's own models, but for two things, where theirs are wrong. What a
tokenizer puts behind every text is taken off: a model that is to go on has not ended. And where
the tokenizer joins the end of a context with what follows, both are made into tokens apart:
lm-eval would cut inside the joined token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from brainbench.errors import DataError
from brainbench.models.prompts.batches import Tokens

# two texts that share no token at their ends
_PROBES = ("True", "Is it?")
# what a continuation is put behind where its tokens alone are not those of its text
_ANCHORS = ("\n", ":", "a", ")")


class Encoder:
    """Makes the tokens of texts.

    Parameters
    ----------
    tokenizer : the model's.
    rows : of the model's embedding, where they are known: no token may be beyond them.

    Attributes
    ----------
    prefix : token that stands before an empty context, BOS or else EOS; None where the tokenizer
        has neither. A text that begins with it gets no other.
    """

    def __init__(self, tokenizer: Any, rows: int | None = None) -> None:
        self._tokenizer = tokenizer
        self._rows = rows
        begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
        prefix = end if begin is None else begin
        self.prefix: int | None = None if prefix is None else int(prefix)
        self._prefix_text = "" if prefix is None else str(tokenizer.decode(prefix))
        self._surroundings: dict[bool, tuple[Tokens, Tokens]] = {}

    def encode(self, texts: Sequence[str], special: bool | None = None) -> list[Tokens]:
        """Token ids of each text, each different text once.

        Parameters
        ----------
        special : whether the tokenizer adds its special tokens before a text; by default as it
            is used to, but not to a text that begins with one already, as chat templates write
            it.
        """
        found: dict[str, Tokens] = {}
        begun = [bool(self._prefix_text) and t.startswith(self._prefix_text) for t in texts]
        for has in (False, True):
            some = list(dict.fromkeys(t for t, b in zip(texts, begun, strict=True) if b == has))
            if some:
                adding = special if special is not None else False if has else None
                tokens = self._call(some, adding)
                bare = (self._cut(ids, adding) for ids in tokens)
                found.update(zip(some, (ids[s] for ids, s in zip(tokens, bare, strict=True)),
                                 strict=True))  # fmt: skip
        self.check_embedded(found.values())
        return [found[text] for text in texts]

    def with_characters(
        self, text: str, special: bool
    ) -> tuple[Tokens, tuple[tuple[int, int], ...]]:
        """Token ids of a text, and the first and last character that each holds, last excluded.

        Parameters
        ----------
        text : what is made into tokens.
        special : whether the tokenizer adds its special tokens.
        """
        given = self._tokenizer(text, add_special_tokens=special, return_offsets_mapping=True)
        ids = tuple(given["input_ids"])
        kept = self._cut(ids, special)
        self.check_embedded([ids[kept]])
        held = tuple((int(a), int(b)) for a, b in given["offset_mapping"])
        return ids[kept], held[kept]

    def pairs(self, requests: Sequence[tuple[str, str]]) -> list[tuple[Tokens, Tokens]]:
        """Each context and its continuation; of the latter nothing where it has no tokens.

        Both are made into tokens together and cut where the context alone ends; spaces at the
        end of a context belong to the continuation. Before an empty context stands the prefix.

        Raises
        ------
        DataError
            When a context is empty and there is no prefix, or the tokens of a continuation
            cannot be separated from those of its context.
        """
        bare = [context.rstrip() for context, _ in requests]
        wholes = [context + continuation for context, continuation in requests]
        alone = iter(self.encode([context for context in bare if context]))
        together = self.encode([w for w, c in zip(wholes, bare, strict=True) if c])
        rest = iter(self.encode([w for w, c in zip(wholes, bare, strict=True) if not c], False))
        behind = iter(together)
        pairs = []
        for text, context in zip(wholes, bare, strict=True):
            if not context:
                pairs.append(self._after_nothing(next(rest)))
                continue
            before, whole = next(alone), next(behind)
            after = whole[len(before) :]
            if whole[: len(before)] != before or (not after and text.strip() != context):
                after = self._apart(before, whole, context, text[len(context) :])
            pairs.append((before, after) if before else self._after_nothing(after))
        return pairs

    def check_embedded(self, tokens: Iterable[Tokens]) -> None:
        """Raise ``DataError`` when a token has no row in the model's embedding.

        Such a token would be an unclear error of torch, on cuda one that ends the process.
        """
        largest = max((max(ids) for ids in tokens if ids), default=0)
        if self._rows is not None and largest >= self._rows:
            raise DataError(
                f"the tokenizer has token {largest} ({self._decode((largest,))!r}), the model's "
                f"embedding has {self._rows} rows: the checkpoint and the tokenizer do not belong "
                "together. Take the tokenizer that came with the weights"
            )

    def check_distinct(self, texts: Sequence[str], tokens: Sequence[Tokens]) -> None:
        """Raise ``DataError`` when all of several different texts have the same tokens.

        Parameters
        ----------
        texts : the prompts; those that differ in spaces alone are the same.
        tokens : token ids of each.
        """
        if len(set(tokens)) == 1 and len({" ".join(text.split()) for text in texts}) > 1:
            raise DataError(
                f"the tokenizer makes the same {len(tokens[0])} tokens of {len(set(texts))} "
                "different prompts: the model would be asked the same each time. It may be the "
                "tokenizer of another model, or know no character of them"
            )

    def unknown(self, tokens: Sequence[Tokens]) -> int:
        """Number of texts with unknown tokens."""
        token = getattr(self._tokenizer, "unk_token_id", None)
        ends = (self._tokenizer.bos_token_id, self._tokenizer.eos_token_id,
                self._tokenizer.pad_token_id)  # fmt: skip
        # many vocabularies that know every byte name another special token here
        if token is None or token in ends:
            return 0
        return sum(token in ids for ids in tokens)

    def _after_nothing(self, whole: Tokens) -> tuple[Tokens, Tokens]:
        if self.prefix is None:
            raise DataError(
                "the context is empty, and the tokenizer has neither a BOS nor an EOS token to "
                "stand before the answer: name one in its tokenizer_config.json, as bos_token"
            )
        self.check_embedded([(self.prefix,)])
        if whole[:1] == (self.prefix,):
            return whole[:1], whole[1:]
        return (self.prefix,), whole

    def _apart(self, before: Tokens, whole: Tokens, context: str, continuation: str) -> Tokens:
        """Tokens of a continuation behind a context that it would be joined with.

        Those whose text, behind the context's, is the text of both.
        """
        wanted = self._decode(whole)
        for ids in self._candidates(continuation, context[-1:]):
            if ids and self._decode(before + ids) == wanted:
                return ids
        if not self._decode(whole[len(before) :]).strip() and not continuation.strip():
            return ()
        raise DataError(
            f"the tokenizer joins the end of the prompt, {context[-12:]!r}, with the answer "
            f"{continuation[:40]!r}, and makes other tokens of the answer alone: the answer "
            "cannot be separated from the question. --apply-chat-template puts the "
            "answer behind a turn of its own"
        )

    def _candidates(self, continuation: str, last: str) -> Iterator[Tokens]:
        yield self.encode([continuation], False)[0]
        # some tokenizers put a space before every text, or tell words' beginnings from the rest
        for anchor in (last, *_ANCHORS):
            start, whole = self.encode([anchor, anchor + continuation], False)
            if start and whole[: len(start)] == start:
                yield whole[len(start) :]

    def _decode(self, ids: Tokens) -> str:
        return str(self._tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))

    def _call(self, texts: Sequence[str], special: bool | None) -> list[Tokens]:
        given = {} if special is None else {"add_special_tokens": special}
        found = self._tokenizer(list(texts), return_attention_mask=False, **given)["input_ids"]
        return [tuple(ids) for ids in found]

    def _cut(self, ids: Tokens, special: bool | None) -> slice:
        """Which tokens are kept: not what ends every text; nor, asked for none, what begins it."""
        head, tail = self._around(special is not False)
        start = len(head) if special is False and head and ids[: len(head)] == head else 0
        stop = len(ids)
        if tail and ids[start:][-len(tail) :] == tail:
            stop -= len(tail)
        return slice(start, stop)

    def _around(self, special: bool) -> tuple[Tokens, Tokens]:
        """What the tokenizer puts before and behind every text."""
        if special not in self._surroundings:
            self._surroundings[special] = self._find_around(special)
        return self._surroundings[special]

    def _find_around(self, special: bool) -> tuple[Tokens, Tokens]:
        one, other = self._call(_PROBES, special)
        if special:
            # what stands around the tokens of the text itself
            inner = self.encode([_PROBES[0]], False)[0]
            for start in range(len(one) - len(inner) + 1):
                if inner and one[start : start + len(inner)] == inner:
                    return one[:start], one[start + len(inner) :]
        known = {int(token) for token in self._tokenizer.all_special_ids}
        known.discard(getattr(self._tokenizer, "unk_token_id", None))
        return _common(one, other, known), _common(one[::-1], other[::-1], known)[::-1]


def _common(one: Tokens, other: Tokens, known: set[int]) -> Tokens:
    """Special tokens that both begin with."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b or a not in known:
            break
        count += 1
    return one[:count]
