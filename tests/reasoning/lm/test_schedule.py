"""What is computed for which continuations."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from brainbench.models.prompts.batches import Tokens
from brainbench.reasoning.lm.schedule import PassBudget, Query, ScheduledWork, plan_queries

VOCABULARY = 50_000


def plan(
    queries: Sequence[Query],
    batch_size: int = 4,
    pass_costs: int = 0,
    kinds: Sequence[str] = (),
    pass_tokens: int = 10**9,
) -> list[ScheduledWork]:
    passes = PassBudget(batch_size, pass_tokens, pass_costs)
    return plan_queries(queries, kinds or ["a"] * len(queries), passes, VOCABULARY)


def computed(works: Sequence[ScheduledWork]) -> int:
    """Tokens that go through the model, padding aside."""
    prefixes = {work.batch.prefix for work in works}
    rows = sum(len(suffix) for work in works for suffix in work.batch.suffixes)
    tails = sum(len(tail.tokens) for work in works for tail in work.tails)
    return sum(map(len, prefixes)) + rows + tails


def read(works: Sequence[ScheduledWork]) -> dict[int, list[tuple[Tokens, int]]]:
    """Query → (all tokens before, token asked for), in order."""
    found: dict[int, list[tuple[Tokens, int]]] = {}
    for work in works:
        rows = [work.batch.prefix + suffix for suffix in work.batch.suffixes]
        start = len(work.batch.prefix)
        for ask in work.asks:
            before = rows[ask.row][: start + ask.place + 1]
            found.setdefault(ask.query, []).append((before, ask.target))
        for ask in work.tail_asks:
            tail = work.tails[ask.row]
            before = rows[tail.stem] + tail.tokens[: ask.place + 1]
            found.setdefault(ask.query, []).append((before, ask.target))
    return found


def expected(query: Query) -> list[tuple[Tokens, int]]:
    return [
        (query.context + query.continuation[:n], token)
        for n, token in enumerate(query.continuation)
    ]


def drawn(seed: int) -> list[Query]:
    """Contexts that begin alike here and there, with continuations that do too."""
    rng = random.Random(seed)
    instruction = tuple(rng.choices(range(9), k=rng.randint(0, 20)))
    stories = [tuple(rng.choices(range(9), k=rng.randint(1, 25))) for _ in range(4)]
    queries = []
    for _ in range(25):
        own = tuple(rng.choices(range(9), k=rng.randint(0, 9)))
        context = instruction + rng.choice(stories) + own
        for _ in range(rng.randint(1, 4)):
            said = tuple(rng.choices(range(3), k=rng.choice((1, 1, 1, 2, 3, 9))))
            queries.append(Query(context, said))
    return queries


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("pass_costs", [0, 10_000])
@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_every_token_is_asked_once_behind_all_that_stands_before_it(
    seed: int, pass_costs: int, batch_size: int
) -> None:
    queries = drawn(seed)
    kinds = [str(i % 2) for i in range(len(queries))]
    works = plan(queries, batch_size, pass_costs, kinds)
    found = read(works)
    assert sorted(found) == list(range(len(queries)))
    for i, query in enumerate(queries):
        assert sorted(found[i]) == sorted(expected(query))
    for work in works:
        assert len(work.batch.rows) <= batch_size
        assert all(work.batch.suffixes)
        assert all(tail.tokens for tail in work.tails)
        if work.tails:
            assert len({len(suffix) for suffix in work.batch.suffixes}) == 1, "no gap"


@pytest.mark.parametrize("most", [1, 2, 5])
def test_work_in_parts_is_the_same_work(most: int) -> None:
    queries = drawn(3)
    works = plan(queries, 32)
    assert any(work.tails for work in works)
    parts = [part for work in works for part in work.parts(most)]
    assert all(len(part.batch.rows) <= most for part in parts)
    assert {q: sorted(asks) for q, asks in read(parts).items()} == {
        q: sorted(asks) for q, asks in read(works).items()
    }
    assert sorted(q for part in parts for q in part.queries) == list(range(len(queries)))


def test_answers_of_one_token_come_from_one_row() -> None:
    contexts = [(1, 2, 3, n) for n in range(10, 14)]
    works = plan([Query(c, (a,)) for c in contexts for a in (7, 8)])
    assert sum(len(work.batch.rows) for work in works) == len(contexts)


def test_an_answer_that_begins_as_another_is_read_from_its_row() -> None:
    # True, False, Un|certain
    (work,) = plan([Query((1, 2), said) for said in ((5,), (6,), (7, 8), (7,))])
    assert work.batch.suffixes == ((1, 2, 7),)
    assert len(work.asks) == 5


def test_what_all_begin_with_is_computed_once() -> None:
    instruction = tuple(range(100, 150))
    works = plan([Query((*instruction, n), (7,)) for n in range(9)])
    assert computed(works) == 50 + 9
    assert not any(work.tails for work in works)


def test_a_story_is_computed_once_for_its_questions() -> None:
    instruction = tuple(range(100, 120))
    stories = [tuple(range(200 + 100 * s, 240 + 100 * s)) for s in range(3)]
    queries = [
        Query((*instruction, *story, 900 + n, 901), (7,)) for story in stories for n in range(5)
    ]
    works = plan(queries, batch_size=8)
    assert computed(works) == 20 + 3 * 40 + 15 * 2
    # where a pass costs more than it saves, none is added
    assert computed(plan(queries, 8, pass_costs=10_000)) == 20 + 15 * 42


def test_a_context_is_computed_once_for_long_continuations() -> None:
    queries = [
        Query(tuple(range(100 * c, 100 * c + 60)), (end, *range(9000, 9009)))
        for c in range(4)
        for end in (8001, 8002, 8003)
    ]
    works = plan(queries)
    assert computed(works) == 4 * 60 + 12 * 9
    # the first token of each is read where the context ends
    assert sum(len(work.asks) for work in works) == 12


def test_stems_of_different_length_are_cut_to_one() -> None:
    queries = []
    for c, length in enumerate((30, 33, 40)):
        stem = tuple(range(1000 * (c + 1), 1000 * (c + 1) + length))
        queries += [Query((*stem, 1 + n, 2), (7,)) for n in range(2)]
    (work,) = plan(queries)
    assert [len(suffix) for suffix in work.batch.suffixes] == [30, 30, 30]
    assert sorted(len(tail.tokens) for tail in work.tails) == [2, 2, 5, 5, 12, 12]


def test_passes_that_read_many_places_have_fewer_rows() -> None:
    # whole windows of a text: the output of every place
    queries = [Query((n,), tuple(range(2000))) for n in range(8)]
    works = plan(queries, batch_size=8)
    assert max(len(work.batch.rows) for work in works) == 2


def test_a_pass_holds_so_many_tokens() -> None:
    queries = [Query((n, *range(length)), (7,)) for n, length in enumerate((3, 3, 4, 9, 40, 2, 3))]
    works = plan(queries, batch_size=32, pass_tokens=20)
    sizes = [(len(work.batch.rows), work.batch.longest) for work in works]
    # a longer one is alone
    assert sizes == [(4, 4), (2, 10), (1, 41)]
    stems = [
        Query((s, *range(100 * s, 100 * s + 30), n), (7,)) for s in range(1, 6) for n in (8, 9)
    ]
    staged = plan(stems, batch_size=32, pass_tokens=70)
    assert [len(work.batch.rows) for work in staged] == [2, 2, 1]
    assert all(work.tails for work in staged)


def test_rows_go_through_together_up_to_rows_and_tokens() -> None:
    def divided(rows: int, tokens: int, lengths: list[int]) -> list[list[int]]:
        return [list(part) for part in PassBudget(rows, tokens, 0).divide(lengths)]

    assert divided(3, 100, [1] * 7) == [[0, 1, 2], [3, 4, 5], [6]]
    assert divided(9, 10, [2, 3, 3, 4, 11]) == [[0, 1, 2], [3], [4]]
    assert divided(1, 1, [5, 5]) == [[0], [1]]
    assert divided(4, 4, []) == []


def test_beginnings_within_beginnings_have_an_end() -> None:
    chain = [Query((*range(n), 9_999), (7,)) for n in range(10, 1500)]
    assert sorted(read(plan(chain, 32))) == list(range(len(chain)))


def test_nothing_asked_is_nothing_planned() -> None:
    assert plan([]) == []
