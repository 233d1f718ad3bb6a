"""Batches of prompts that share prefixes and need little padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

Tokens = tuple[int, ...]
# below this the bookkeeping costs more than the tokens
_SHORTEST_PREFIX = 8


@dataclass(frozen=True)
class Batch:
    """Prompts that go through the model together.

    Attributes
    ----------
    prefix : tokens that all of them begin with; computed once for every batch of the
        same prefix.
    suffixes : what follows in each, at least one token.
    rows : which prompts these are.
    places : tokens of each suffix whose mean is read; nothing where the last one is.
    groups : of each prompt whose directions steer it, None for none; nothing where no prompt
        is steered.
    """

    prefix: Tokens
    suffixes: tuple[Tokens, ...]
    rows: tuple[int, ...]
    places: tuple[tuple[int, ...], ...] = ()
    groups: tuple[str | None, ...] = ()

    @property
    def longest(self) -> int:
        """Tokens of the longest suffix."""
        return max(len(suffix) for suffix in self.suffixes)

    def halves(self) -> tuple[Batch, Batch]:
        """The same prompts in two batches."""
        half = (len(self.rows) + 1) // 2
        return self._part(slice(half)), self._part(slice(half, None))

    def whole(self) -> Batch:
        """The same prompts, none of which begins with what is computed before."""
        size = len(self.prefix)
        return replace(
            self,
            prefix=(),
            suffixes=tuple(self.prefix + suffix for suffix in self.suffixes),
            places=tuple(tuple(place + size for place in own) for own in self.places),
        )

    def _part(self, part: slice) -> Batch:
        rows = (self.suffixes[part], self.rows[part], self.places[part], self.groups[part])
        return Batch(self.prefix, *rows)


def plan_batches(
    prompts: Sequence[Tokens],
    kinds: Sequence[str],
    batch_size: int,
    share: bool = True,
    places: Sequence[tuple[int, ...]] = (),
    groups: Sequence[str | None] = (),
) -> list[Batch]:
    """Divide prompts into batches.

    Parameters
    ----------
    prompts : token ids, none empty.
    kinds : reasoning type of each; wordings may differ between types, so prompts are
        grouped by type where that leaves fewer tokens to compute.
    batch_size : prompts in a batch.
    share : whether a common beginning is split off.
    places : of each prompt the tokens whose mean is read, ascending, where not the last one
        is; a common beginning ends before the first of them.
    groups : of each prompt whose directions steer it.

    Returns
    -------
    Batches that depend on nothing but the arguments: batches of one prefix follow each
    other, prompts of like length stand together.
    """
    together = [list(range(len(prompts)))]
    apart = [[i for i, kind in enumerate(kinds) if kind == k] for k in dict.fromkeys(kinds)]
    # what is read must be computed in the batch: of a beginning only keys and values are kept
    most = [place[0] for place in places] or [len(prompt) - 1 for prompt in prompts]
    divided = together
    if share:
        divided = min(together, apart, key=lambda split: _tokens(prompts, split, most))
    batches = []
    for own in divided:
        size = _shared(prompts, own, most) if share else 0
        order = sorted(own, key=lambda i: len(prompts[i]))
        for start in range(0, len(order), batch_size):
            rows = tuple(order[start : start + batch_size])
            suffixes = tuple(tuple(prompts[i][size:]) for i in rows)
            moved = tuple(tuple(n - size for n in places[i]) for i in rows) if places else ()
            steered = tuple(groups[i] for i in rows) if groups else ()
            batches.append(Batch(tuple(prompts[own[0]][:size]), suffixes, rows, moved, steered))
    return batches


def plan_apart(
    prompts: Sequence[Tokens],
    kinds: Sequence[str],
    batch_size: int,
    groups: Sequence[str | None],
    share: bool = True,
    places: Sequence[tuple[int, ...]] = (),
) -> list[Batch]:
    """As :func:`plan_batches`, prompts of different groups in batches and beginnings of their own.

    For where every token is steered: what one group's directions have gone through is of no use
    to another.

    Parameters
    ----------
    prompts, kinds, batch_size, share, places : as in :func:`plan_batches`.
    groups : of each prompt whose directions steer it, None for none.

    Returns
    -------
    Batches of one group follow each other; their ``rows`` count in all prompts.
    """
    batches = []
    for group in dict.fromkeys(groups):
        own = [i for i, other in enumerate(groups) if other == group]
        batches += [
            replace(batch, rows=tuple(own[i] for i in batch.rows))
            for batch in plan_batches(
                [prompts[i] for i in own],
                [kinds[i] for i in own],
                batch_size,
                share,
                [places[i] for i in own] if places else (),
                [group] * len(own),
            )
        ]
    return batches


def _shared(prompts: Sequence[Tokens], group: Sequence[int], most: Sequence[int]) -> int:
    """Length of the beginning that a group has in common, none longer than its most."""
    if len(group) < 2:
        return 0
    # what the first and the last in order share, all between them share
    first, last = min(prompts[i] for i in group), max(prompts[i] for i in group)
    pairs = enumerate(zip(first, last, strict=False))
    common = next((i for i, (a, b) in pairs if a != b), min(len(first), len(last)))
    size = min(common, min(most[i] for i in group))
    return size if size >= _SHORTEST_PREFIX else 0


def _tokens(prompts: Sequence[Tokens], groups: Sequence[Sequence[int]], most: Sequence[int]) -> int:
    """Tokens to compute when each group's beginning is computed once."""
    total = 0
    for group in groups:
        size = _shared(prompts, group, most)
        total += size + sum(len(prompts[i]) - size for i in group)
    return total
