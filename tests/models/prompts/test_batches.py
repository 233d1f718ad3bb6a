"""Batches hold every prompt once, whole, and compute no token that they need not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from brainbench.models.prompts.batches import Batch, Tokens, plan_apart, plan_batches


def tokens_computed(batches: Sequence[Batch]) -> int:
    """Each beginning once, then every suffix; padding aside."""
    prefixes = {batch.prefix for batch in batches}
    return sum(map(len, prefixes)) + sum(len(s) for batch in batches for s in batch.suffixes)


def draw(rng: np.random.Generator) -> tuple[list[Tokens], list[str]]:
    """Prompts of up to three kinds, with beginnings in common, some of them the same."""
    heads = [tuple(rng.integers(0, 3, rng.integers(0, 30)).tolist()) for _ in range(3)]
    common = tuple(rng.integers(0, 3, rng.integers(0, 20)).tolist())
    prompts, kinds = [], []
    for _ in range(rng.integers(1, 30)):
        kind = int(rng.integers(3))
        tail = tuple(rng.integers(0, 3, rng.integers(1, 12)).tolist())
        prompts.append(common + heads[kind] + tail)
        kinds.append(f"kind {kind}")
    return prompts, kinds


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("seed", range(60))
def test_every_prompt_is_there_once_and_whole(seed: int, share: bool) -> None:
    rng = np.random.default_rng(seed)
    prompts, kinds = draw(rng)
    size = int(rng.integers(1, 9))
    batches = plan_batches(prompts, kinds, size, share)
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(prompts)))
    for batch in batches:
        assert 1 <= len(batch.rows) <= size
        assert all(batch.suffixes)
        assert batch.longest == max(len(prompts[row]) for row in batch.rows) - len(batch.prefix)
        for row, suffix in zip(batch.rows, batch.suffixes, strict=True):
            assert batch.prefix + suffix == prompts[row]
    # a beginning is computed anew whenever another one came between
    prefixes = [batch.prefix for batch in batches]
    changes = sum(a != b for a, b in itertools.pairwise(prefixes))
    assert changes == len(set(prefixes)) - 1
    assert share or set(prefixes) == {()}
    assert tokens_computed(batches) <= sum(map(len, prompts))
    assert batches == plan_batches(prompts, kinds, size, share)


@pytest.mark.parametrize("seed", range(20))
def test_kinds_are_parted_only_where_that_is_cheaper(seed: int) -> None:
    prompts, kinds = draw(np.random.default_rng(seed))
    together = tokens_computed(plan_batches(prompts, ["one"] * len(prompts), 4))
    apart = sum(
        tokens_computed(plan_batches(group, ["one"] * len(group), 4))
        for kind in set(kinds)
        if (group := [p for p, k in zip(prompts, kinds, strict=True) if k == kind])
    )
    found = plan_batches(prompts, kinds, 4)
    assert tokens_computed(found) == min(together, apart)
    if together <= apart:
        assert found == plan_batches(prompts, ["one"] * len(prompts), 4)


def test_two_wordings_make_two_groups() -> None:
    first, second = tuple(range(50)), tuple(range(100, 150))
    prompts = [(*head, 200 + i) for i in range(3) for head in (first, second)]
    batches = plan_batches(prompts, ["a", "b"] * 3, 2)
    assert [batch.prefix for batch in batches] == [first, first, second, second]
    assert [batch.rows for batch in batches] == [(0, 2), (4,), (1, 3), (5,)]


def test_one_wording_is_not_parted_by_kind() -> None:
    head = tuple(range(50))
    prompts = [(*head, 200 + i) for i in range(4)]
    (batch,) = plan_batches(prompts, ["a", "b", "a", "b"], 8)
    assert (batch.prefix, batch.rows) == (head, (0, 1, 2, 3))


def test_identical_prompts_keep_their_last_token() -> None:
    prompt = tuple(range(20))
    (batch,) = plan_batches([prompt] * 3, ["a"] * 3, 8)
    assert batch.prefix == prompt[:-1]
    assert batch.suffixes == (prompt[-1:],) * 3


def test_a_prompt_that_begins_another_keeps_its_last_token() -> None:
    prompt = tuple(range(20))
    (batch,) = plan_batches([(*prompt, 7, 8), prompt], ["a"] * 2, 8)
    assert batch.prefix == prompt[:-1]
    assert batch.rows == (1, 0)
    assert batch.suffixes == ((19,), (19, 7, 8))


@pytest.mark.parametrize(("common", "expected"), [(7, 0), (8, 8), (9, 9)])
def test_a_few_common_tokens_are_not_worth_it(common: int, expected: int) -> None:
    prompts = [(*range(common), 100 + i) for i in range(3)]
    assert {len(batch.prefix) for batch in plan_batches(prompts, ["a"] * 3, 2)} == {expected}


def test_one_prompt_shares_nothing() -> None:
    prompt = tuple(range(30))
    assert plan_batches([prompt], ["a"], 4) == [Batch((), (prompt,), (0,))]


def test_prompts_of_like_length_stand_together() -> None:
    prompts = [tuple(range(n)) for n in (40, 3, 41, 4, 42, 5)]
    batches = plan_batches(prompts, ["a"] * 6, 3)
    assert [batch.rows for batch in batches] == [(1, 3, 5), (0, 2, 4)]


@pytest.mark.parametrize("count", [2, 3, 8, 9])
def test_halves_are_the_whole(count: int) -> None:
    whole = Batch((1, 2), tuple((i,) for i in range(count)), tuple(range(count)))
    first, second = whole.halves()
    assert first.prefix == second.prefix == whole.prefix
    assert first.rows + second.rows == whole.rows
    assert first.suffixes + second.suffixes == whole.suffixes
    assert 0 <= len(first.rows) - len(second.rows) <= 1


# places that are read


@pytest.mark.parametrize("seed", range(30))
def test_places_stay_with_their_tokens(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prompts, kinds = draw(rng)
    places = [
        tuple(sorted(rng.choice(len(p), rng.integers(1, len(p) + 1), replace=False).tolist()))
        for p in prompts
    ]
    batches = plan_batches(prompts, kinds, 4, places=places)
    for batch in batches:
        assert all(batch.suffixes)
        for row, suffix, place in zip(batch.rows, batch.suffixes, batch.places, strict=True):
            assert [suffix[n] for n in place] == [prompts[row][n] for n in places[row]]
            # nothing that is read lies in the beginning, of which no state is kept
            assert len(batch.prefix) <= places[row][0]
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(prompts)))


def test_a_beginning_ends_before_the_first_place_of_any_prompt() -> None:
    prompts = [(*range(30), 100 + i) for i in range(3)]
    places = [(25, 26), (20, 30), (29,)]
    (batch,) = plan_batches(prompts, ["a"] * 3, 4, places=places)
    assert batch.prefix == tuple(range(20))
    assert batch.places == ((5, 6), (0, 10), (9,))
    (whole,) = plan_batches(prompts, ["a"] * 3, 4, share=False, places=places)
    assert (whole.prefix, whole.places) == ((), tuple(places))


def test_halves_keep_their_places() -> None:
    suffixes = tuple((i, i) for i in range(5))
    places = tuple((i % 2,) for i in range(5))
    first, second = Batch((1,), suffixes, tuple(range(5)), places).halves()
    assert first.places + second.places == places
    assert len(first.places) == len(first.rows)


# groups that are steered


@pytest.mark.parametrize("seed", range(20))
def test_groups_stay_with_their_prompts(seed: int) -> None:
    prompts, kinds = draw(np.random.default_rng(seed))
    groups = [None if kind == "kind 0" else kind for kind in kinds]
    together = plan_batches(prompts, kinds, 4, groups=groups)
    apart = plan_apart(prompts, kinds, 4, groups)
    for batches in (together, apart):
        assert sorted(row for batch in batches for row in batch.rows) == list(range(len(prompts)))
        for batch in batches:
            assert batch.groups == tuple(groups[row] for row in batch.rows)
            for row, suffix in zip(batch.rows, batch.suffixes, strict=True):
                assert batch.prefix + suffix == prompts[row]
    assert [replace(batch, groups=()) for batch in together] == plan_batches(prompts, kinds, 4)
    assert all(len(set(batch.groups)) == 1 for batch in apart)


def test_apart_each_group_has_a_beginning_and_places_of_its_own() -> None:
    prompts = [(*range(20), *([30 + i % 2] * 10), 100 + i) for i in range(4)]
    places = [(29 - i % 2, 30) for i in range(4)]
    groups = ["a", "b", "a", "b"]
    batches = plan_apart(prompts, ["one"] * 4, 8, groups, places=places)
    assert [(len(b.prefix), b.rows, b.groups, b.places) for b in batches] == [
        (29, (0, 2), ("a", "a"), ((0, 1), (0, 1))),
        (28, (1, 3), ("b", "b"), ((0, 2), (0, 2))),
    ]


def test_halves_keep_their_groups() -> None:
    groups = ("a", None, "b", "a", None)
    first, second = Batch((1,), ((2,),) * 5, tuple(range(5)), (), groups).halves()
    assert first.groups + second.groups == groups
    assert len(first.groups) == len(first.rows)
