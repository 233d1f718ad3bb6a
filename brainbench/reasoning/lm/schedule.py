"""Plan forward passes over continuations so that nothing is computed twice.

A *query* is a continuation of a context. It is read from a *row*, the context and all but the
last token of the continuation. Queries of one context share rows: continuations of one token are
read from the context's last place, and one that begins as another does from the other's row.
What all rows begin with is computed once. Beyond it some rows begin alike: problems about one
story, orders that begin with one premise, continuations of one context. Such a beginning is a
*stem*: computed once, then continued by *tails*, where that is less work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from brainbench.models.prompts.batches import Batch, Tokens, plan_batches

# numbers of the vocabulary's size that one pass may give: 1 GB of float32
_MAX_LOGITS = 2**28
# tokens; a shorter stem costs more than it saves
_SHORTEST_STEM = 6
# beginnings within beginnings that are looked into
_DEEPEST = 200


@dataclass(frozen=True)
class PassBudget:
    """Memory and cost of one forward pass.

    Attributes
    ----------
    rows : it holds at most.
    tokens : it holds at most, padding included; a longer row is alone.
    costs : as how many tokens one more pass counts.
    """

    rows: int
    tokens: int
    costs: int

    def divide(self, lengths: Sequence[int]) -> Iterator[range]:
        """Rows of these lengths, ascending, as they go through together."""
        start = 0
        for row, length in enumerate(lengths):
            count = row - start + 1
            if count > 1 and (count > self.rows or count * length > self.tokens):
                yield range(start, row)
                start = row
        if start < len(lengths):
            yield range(start, len(lengths))


@dataclass(frozen=True)
class Query:
    """A continuation whose log-likelihood is asked for, both at least one token.

    Attributes
    ----------
    group : whose directions steer it; queries of different groups share no row.
    """

    context: Tokens
    continuation: Tokens
    group: str | None = None


@dataclass(frozen=True)
class Ask:
    """One token whose log-probability is read.

    Attributes
    ----------
    row, place : where: at this place of this row stands the token before it.
    target : the token.
    query : whose it is.
    group : whose directions steer it, as the query's.
    """

    row: int
    place: int
    target: int
    query: int
    group: str | None = None


@dataclass(frozen=True)
class Tail:
    """Tokens that follow a stem."""

    stem: int
    tokens: Tokens


@dataclass(frozen=True)
class ScheduledWork:
    """Rows that go through the model together, with the log-probabilities to read.

    Attributes
    ----------
    batch : the rows; where tails follow, stems, all of one length.
    asks : read from them; places count from the end of the shared beginning.
    tails : what follows, the shorter first.
    tail_asks : read from the tails: their numbers, places in them.
    """

    batch: Batch
    asks: tuple[Ask, ...]
    tails: tuple[Tail, ...] = ()
    tail_asks: tuple[Ask, ...] = ()

    @property
    def queries(self) -> list[int]:
        """Whatever is read, ascending; all of a query is in one work."""
        return sorted({ask.query for ask in (*self.asks, *self.tail_asks)})

    @property
    def longest(self) -> int:
        """Tokens of a row at most, those of the shared beginning apart."""
        return self.batch.longest + max((len(tail.tokens) for tail in self.tails), default=0)

    def renumbered(self, numbers: Sequence[int]) -> ScheduledWork:
        """The same work with its queries renumbered."""
        asks, tail_asks = (_renumbered(a, numbers) for a in (self.asks, self.tail_asks))
        return replace(self, asks=asks, tail_asks=tail_asks)

    def parts(self, most: int) -> Iterator[ScheduledWork]:
        """The same work in batches of so many rows."""
        for start in range(0, len(self.batch.rows), most):
            rows = range(start, min(start + most, len(self.batch.rows)))
            kept = [i for i, tail in enumerate(self.tails) if tail.stem in rows]
            new = {old: i for i, old in enumerate(kept)}
            yield ScheduledWork(
                _some(self.batch, rows),
                tuple(shifted(ask, start) for ask in self.asks if ask.row in rows),
                tuple(Tail(self.tails[i].stem - start, self.tails[i].tokens) for i in kept),
                tuple(
                    shifted(ask, ask.row - new[ask.row]) for ask in self.tail_asks if ask.row in new
                ),
            )


def _renumbered(asks: Sequence[Ask], numbers: Sequence[int]) -> tuple[Ask, ...]:
    return tuple(replace(ask, query=numbers[ask.query]) for ask in asks)


def shifted(ask: Ask, rows: int = 0, places: int = 0) -> Ask:
    """The same, with rows and positions counted from an offset.

    Parameters
    ----------
    ask : a token whose log-probability is read.
    rows, places : subtracted from its row and its place.
    """
    return Ask(ask.row - rows, ask.place - places, ask.target, ask.query, ask.group)


def plan_queries(
    queries: Sequence[Query],
    kinds: Sequence[str],
    passes: PassBudget,
    vocabulary: int,
    steered: str = "",
) -> list[ScheduledWork]:
    """Divide queries into work.

    Parameters
    ----------
    queries : what is asked.
    kinds : of each, what it is of: those of one kind may begin alike.
    passes : what a pass holds.
    vocabulary : size; passes that read many places have fewer rows.
    steered : which tokens are steered, one of ``STEERED_TOKENS``. Of ``all``, queries of a group
        are work of their own; else nothing is shared from the context's last token on.
    """
    if steered == "all":
        found = []
        for group in dict.fromkeys(query.group for query in queries):
            own = [i for i, query in enumerate(queries) if query.group == group]
            works = plan_queries(
                [queries[i] for i in own], [kinds[i] for i in own], passes, vocabulary
            )
            found += [work.renumbered(own) for work in works]
        return found
    rows = _rows(queries, kinds)
    whole = _flat(rows, passes, vocabulary)
    clusters = _clusters(rows, bool(steered))
    alone = [cluster.rows[0] for cluster in clusters if len(cluster.rows) == 1]
    staged = [
        *_flat(alone, passes, vocabulary),
        *_staged([cluster for cluster in clusters if len(cluster.rows) > 1], passes),
    ]
    return staged if _cost(staged, passes) < _cost(whole, passes) else whole


# ---------------------------------------------------------------- rows


@dataclass(frozen=True)
class _Row:
    """Tokens, and what is read from them: asks of row 0, places counted from the first token."""

    tokens: Tokens
    kind: str
    asks: list[Ask] = field(default_factory=list)

    @property
    def places(self) -> tuple[int, ...]:
        return tuple(sorted({ask.place for ask in self.asks}))


def _rows(queries: Sequence[Query], kinds: Sequence[str]) -> list[_Row]:
    """As few rows as the queries of each context can be read from."""
    together: dict[tuple[Tokens, str | None], list[int]] = {}
    for i, query in enumerate(queries):
        together.setdefault((query.context, query.group), []).append(i)
    rows: list[_Row] = []
    for (context, group), own in together.items():
        bodies = _longest({queries[i].continuation[:-1] for i in own})
        found = {body: _Row(context + body, kinds[own[0]]) for body in bodies}
        for i in own:
            continuation = queries[i].continuation
            body = next(
                body for body in bodies if body[: len(continuation) - 1] == continuation[:-1]
            )
            first = len(context) - 1
            found[body].asks.extend(
                Ask(0, first + n, token, i, group) for n, token in enumerate(continuation)
            )
        rows += found.values()
    return rows


def _longest(bodies: set[Tokens]) -> list[Tokens]:
    """Those that no other begins with."""
    kept: list[Tokens] = []
    for body in sorted(bodies, reverse=True):
        # sorted so, one that begins with it stands right before it
        if not (kept and kept[-1][: len(body)] == body):
            kept.append(body)
    return kept


def _flat(rows: Sequence[_Row], passes: PassBudget, vocabulary: int) -> list[ScheduledWork]:
    """Every row in full behind the shared beginning."""
    if not rows:
        return []
    places = [row.places for row in rows]
    most = max(1, _MAX_LOGITS // (vocabulary * max(map(len, places))))
    whole = plan_batches(
        [row.tokens for row in rows], [row.kind for row in rows], len(rows), places=places
    )
    passes = replace(passes, rows=min(passes.rows, most))
    batches = [
        _some(batch, part)
        for batch in whole
        for part in passes.divide([len(suffix) for suffix in batch.suffixes])
    ]
    return [
        ScheduledWork(
            batch,
            tuple(
                shifted(ask, -number, len(batch.prefix))
                for number, row in enumerate(batch.rows)
                for ask in rows[row].asks
            ),
        )
        for batch in batches
    ]


# ---------------------------------------------------------------- stems


@dataclass(frozen=True)
class _Cluster:
    """Rows whose first ``stem`` tokens are the same, and not all of any."""

    rows: list[_Row]
    stem: int


def _clusters(rows: Sequence[_Row], steered: bool) -> list[_Cluster]:
    """Rows put together by what they begin with beyond the beginning of their kind.

    Where they are steered, from their first place that is read on they are alike no more.
    """
    found: list[_Cluster] = []
    for kind in dict.fromkeys(row.kind for row in rows):
        own = sorted((row for row in rows if row.kind == kind), key=lambda row: row.tokens)
        alike = [_alike(a.tokens, b.tokens) for a, b in pairwise(own)]
        if steered:
            ends = [row.places[0] for row in own]
            alike = [min(n, *pair) for n, pair in zip(alike, pairwise(ends), strict=True)]
        shared = min(alike, default=0)
        found += [
            _Cluster(own[start:stop], min(alike[start : stop - 1], default=0))
            for start, stop in _divided(alike, 0, len(own), shared)[1]
        ]
    return found


def _divided(
    alike: Sequence[int], start: int, stop: int, shared: int, depth: int = 0
) -> tuple[int, list[tuple[int, int]]]:
    """Tokens saved by the best division of rows start … stop, and the division.

    ``alike`` are the tokens that each row begins like the next with.
    """
    if stop - start == 1 or depth > _DEEPEST:
        return 0, [(row, row + 1) for row in range(start, stop)]
    least = min(alike[start : stop - 1])
    cuts = [start, *(i + 1 for i in range(start, stop - 1) if alike[i] == least), stop]
    parts = [_divided(alike, a, b, shared, depth + 1) for a, b in pairwise(cuts)]
    saved = sum(part[0] for part in parts)
    stem = least - shared
    together = (stop - start - 1) * stem
    if stem >= _SHORTEST_STEM and together >= saved:
        return together, [(start, stop)]
    return saved, [piece for part in parts for piece in part[1]]


def _alike(a: Tokens, b: Tokens) -> int:
    """Tokens that both begin with; at least one of each is left."""
    most = min(len(a), len(b)) - 1
    return next((i for i in range(most) if a[i] != b[i]), most)


def _staged(clusters: Sequence[_Cluster], passes: PassBudget) -> list[ScheduledWork]:
    """Stems of like length, cut to one length: what follows them leaves no gap."""
    if not clusters:
        return []
    whole = plan_batches(
        [cluster.rows[0].tokens[: cluster.stem] for cluster in clusters],
        [cluster.rows[0].kind for cluster in clusters],
        len(clusters),
        # what is read of a stem must be computed in its batch, and one token at least
        places=[
            (min(cluster.stem - 1, *(row.places[0] for row in cluster.rows)),)
            for cluster in clusters
        ],
    )
    works = []
    for batch in whole:
        for rows in passes.divide([len(suffix) for suffix in batch.suffixes]):
            part = _some(batch, rows)
            works.append(_stage(part, [clusters[row] for row in part.rows]))
    return works


def _stage(batch: Batch, clusters: Sequence[_Cluster]) -> ScheduledWork:
    """One batch of stems and all that follows them."""
    length = min(len(suffix) for suffix in batch.suffixes)
    prefix = len(batch.prefix)
    stem = prefix + length
    asks: list[Ask] = []
    following: list[tuple[Tail, _Row]] = []
    for number, cluster in enumerate(clusters):
        for row in cluster.rows:
            following.append((Tail(number, row.tokens[stem:]), row))
            asks += [shifted(ask, -number, prefix) for ask in row.asks if ask.place < stem]
    following.sort(key=lambda pair: len(pair[0].tokens))
    tail_asks = [
        shifted(ask, -number, stem)
        for number, (_, row) in enumerate(following)
        for ask in row.asks
        if ask.place >= stem
    ]
    cut = Batch(batch.prefix, tuple(s[:length] for s in batch.suffixes), batch.rows)
    return ScheduledWork(cut, tuple(asks), tuple(tail for tail, _ in following), tuple(tail_asks))


def _some(batch: Batch, rows: range) -> Batch:
    part = slice(rows.start, rows.stop)
    return Batch(batch.prefix, batch.suffixes[part], batch.rows[part])


def _cost(works: Sequence[ScheduledWork], passes: PassBudget) -> int:
    """Tokens to compute, padding included, and passes."""
    total = 0
    prefixes: set[Tokens] = set()
    for work in works:
        if work.batch.prefix not in prefixes:
            prefixes.add(work.batch.prefix)
            total += len(work.batch.prefix)
        total += passes.costs + len(work.batch.rows) * work.batch.longest
        lengths = [len(tail.tokens) for tail in work.tails]
        for part in passes.divide(lengths):
            total += passes.costs + len(part) * lengths[part[-1]]
    return total
