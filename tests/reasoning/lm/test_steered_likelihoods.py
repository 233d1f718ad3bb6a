"""Log-likelihoods of a steered model against one prompt at a time with a hook by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiers import families, quick
from tiny_models import VOCABULARY, build_model
from tiny_steerings import by_hand, make_steering

from brainbench.models import MadeFor, Steering
from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.vector import STEERED_TOKENS
from brainbench.reasoning.lm import likelihoods
from brainbench.reasoning.lm.likelihoods import Likelihoods
from brainbench.reasoning.lm.response_cache import ResponseCache
from brainbench.reasoning.lm.schedule import PassBudget, Query, plan_queries

GROUPS = ("syllogistic", "transitive")
Scores = list[tuple[float, bool]]


def steering(tokens: str, groups: Sequence[str] = GROUPS, **changes: Any) -> Steering:
    made = MadeFor("tiny", "0" * 64, "llama", 4, 32)
    return make_steering(made, groups, tokens=tokens, **{"strength": 1.5, **changes})


def naive(model: Any, query: Query, given: Steering) -> tuple[float, bool]:
    """One whole sequence, every logit."""
    tokens = torch.tensor([query.context + query.continuation])
    start = len(query.context) - 1
    with by_hand(model, given, query.group, start), torch.inference_mode():
        logits = model(input_ids=tokens).logits[0].double()
    places = range(start, tokens.shape[1] - 1)
    values = logits.log_softmax(-1)
    total = sum(float(values[p, t]) for p, t in zip(places, query.continuation, strict=True))
    return total, [int(logits[p].argmax()) for p in places] == list(query.continuation)


def asked(seed: int = 0) -> list[Query]:
    """Stories with questions, of two groups and of none; some contexts begin others."""
    rng = np.random.default_rng(seed)

    def draw(n: int) -> Tokens:
        return tuple(rng.integers(3, VOCABULARY, n).tolist())

    instruction, queries = draw(12), []
    for i, story in enumerate((draw(17), draw(20), draw(8))):
        asking = draw(9)
        for length in (1, 4, 9):
            # the shorter ones are what the longer begin with
            context = instruction + story + asking[:length]
            own = (None, *GROUPS)[(i + length) % 3]
            queries += [
                Query(context, said, own)
                for said in ((5,), (6,), (7, 8, 9), (7, 8, 4, 3), draw(11), (7,))
            ]
            # the same words of another group
            queries.append(Query(context, (5,), (None, *GROUPS)[(i + length + 1) % 3]))
    return queries


def scored(model: Any, queries: Sequence[Query], given: Steering | None, **how: Any) -> Scores:
    made = Likelihoods(model, **{"batch_size": 4, "steering": given, **how})
    return made.score(queries, ["a"] * len(queries))


def agree(found: Scores, expected: Scores) -> None:
    np.testing.assert_allclose([v for v, _ in found], [v for v, _ in expected], atol=2e-4)
    assert [g for _, g in found] == [g for _, g in expected]


@pytest.mark.parametrize("tokens", ["generated", "all"])
@pytest.mark.parametrize("family", families())
def test_every_family_is_as_one_prompt_at_a_time(
    family: str, tokens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, queries, given = build_model(family), asked(), steering(tokens)
    expected = [naive(model, query, given) for query in queries]
    for costs in (0, 10_000):  # with stems and without
        monkeypatch.setitem(likelihoods._PASS_COSTS, "cpu", costs)
        agree(scored(model, queries, given), expected)
    # what steers is larger than what is tolerated
    bare = scored(model, queries, None)
    moved = [
        abs(b[0] - e[0]) > 2e-3 for b, e, q in zip(bare, expected, queries, strict=True) if q.group
    ]
    assert np.mean(moved) > 0.9


@pytest.mark.parametrize("batch_size", quick([1, 3, 64], [3]))
@pytest.mark.parametrize("tokens", STEERED_TOKENS)
def test_batches_change_nothing(
    tokens: str, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, given = build_model("llama"), steering(tokens, site="hidden")
    for seed in (1, 2):
        queries = asked(seed)
        expected = [naive(model, query, given) for query in queries]
        for costs in (0, 10_000):
            monkeypatch.setitem(likelihoods._PASS_COSTS, "cpu", costs)
            agree(scored(model, queries, given, batch_size=batch_size), expected)


def test_queries_of_no_group_are_as_they_were() -> None:
    model = build_model("llama")
    queries = [Query(q.context, q.continuation) for q in asked()]
    for tokens in STEERED_TOKENS:
        agree(scored(model, queries, steering(tokens)), scored(model, queries, None))


@pytest.mark.parametrize("tokens", ["last", "generated"])
def test_nothing_added_changes_no_bit(tokens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model("llama")
    # one group, and no stems: what is shared is the same with and without
    queries = [Query(q.context, q.continuation, "all") for q in asked()]
    monkeypatch.setitem(likelihoods._PASS_COSTS, "cpu", 10_000)
    flat = {"all": {1: np.zeros(32), 2: np.zeros(32)}}
    found = scored(model, queries, steering(tokens, ("all",), directions=flat))
    assert found == scored(model, [Query(q.context, q.continuation) for q in queries], None)


class TestThePlan:
    PASSES = PassBudget(64, 10_000, 0)

    def test_what_is_steered_is_shared_with_nobody(self) -> None:
        queries = asked()
        works = plan_queries(queries, ["a"] * len(queries), self.PASSES, VOCABULARY, "last")
        stems = [work for work in works if work.tails]
        assert stems, "nothing is shared"
        shortest = min(len(query.context) for query in queries)
        for work in works:
            assert len(work.batch.prefix) < shortest
        for work in stems:
            # nothing is read from a beginning: all contexts end behind it
            assert work.asks == ()
            assert {ask.row for ask in work.tail_asks} == set(range(len(work.tails)))

    def test_of_every_token_groups_are_apart_and_share_among_themselves(self) -> None:
        queries = asked()
        works = plan_queries(queries, ["a"] * len(queries), self.PASSES, VOCABULARY, "all")
        groups = [{queries[i].group for i in work.queries} for work in works]
        assert all(len(group) == 1 for group in groups)
        assert sorted(i for work in works for i in work.queries) == list(range(len(queries)))
        assert any(work.batch.prefix for work in works)

    def test_unsteered_it_is_what_it_was(self) -> None:
        queries = [Query(q.context, q.continuation) for q in asked()]
        plans = [
            plan_queries(queries, ["a"] * len(queries), self.PASSES, VOCABULARY, tokens)
            for tokens in ("", "all")
        ]
        assert plans[0] == plans[1]


def test_what_does_not_fit_is_divided(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    model, queries = build_model("llama"), asked()
    given = steering("generated")
    expected = [naive(model, query, given) for query in queries]
    forward = model.forward

    def limited(*args: Any, **named: Any) -> Any:
        if named["input_ids"].shape[0] > 3:
            raise torch.OutOfMemoryError("no room")
        return forward(*args, **named)

    monkeypatch.setattr(model, "forward", limited)
    agree(scored(model, queries, given, batch_size=16), expected)
    assert said


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
def test_no_hook_is_left_after_an_error(
    error: BaseException, count: Callable[[Any], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, queries = build_model("llama"), asked()
    seen: list[int] = []

    def fail(*given: Any, **named: Any) -> Any:
        seen.append(count(model))
        raise error

    monkeypatch.setattr(model.model.layers[3].mlp, "forward", fail)
    with pytest.raises(type(error)):
        scored(model, queries, steering("all"))
    assert seen[0] > 0
    assert count(model) == 0


def test_kept_answers_are_of_a_group(tmp_path: Path) -> None:
    model, given = build_model("llama"), steering("last")
    cache = ResponseCache(tmp_path, {"weights": "w", "intervention": given.sha256})
    for _ in range(2):
        for group in (None, *GROUPS):
            queries = [Query(q.context, q.continuation, group) for q in asked()[:5]]
            expected = [naive(model, query, given) for query in queries]
            agree(scored(model, queries, given, responses=cache), expected)
