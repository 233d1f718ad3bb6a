"""Scores are of the items of the card; what no model changes is compared whatever they say."""

from __future__ import annotations

from typing import Any

import pytest
from synthetic_runs import make_run

from brainbench.datasets import load_card
from brainbench.leaderboard.checks.consensus import differing, model_free
from brainbench.leaderboard.checks.items import items_faults
from brainbench.results import Record

KINDS = ("controlled", "behavior")


def edited(part: str, limit: Any = None, **values: Any) -> Record:
    kinds = ("published",) if part == "published" else KINDS
    content = make_run(1, kinds=kinds)[0].model_dump(mode="json")
    content["config"]["limit"] = limit
    for score in content[part]:
        score.update(values)
    return Record.model_validate(content)


def faults(record: Record) -> list[str]:
    return [f"{told.field}: {told.problem}" for told in items_faults(record)]


def test_cards_say_how_many_of_each_type() -> None:
    card = load_card("xiao2026")
    assert [card.items_of(kind) for kind in ("syllogistic", "transitive", "all")] == [36, 34, 70]
    assert [card.items_of(kind, 35) for kind in ("syllogistic", "transitive", "all")] == [
        35,
        34,
        69,
    ]
    silent = card.model_copy(update={"type_items": {}})
    assert [silent.items_of(kind) for kind in ("syllogistic", "all")] == [None, 70]
    assert silent.items_of("all", 3) is None


@pytest.mark.parametrize("part", ["controlled", "published", "behavior"])
def test_fewer_items_than_the_card_has(part: str) -> None:
    assert faults(edited(part)) == []
    found = faults(edited(part, n_items=35))
    assert len(found) == len(getattr(edited(part), part))
    assert "syllogistic" in found[0]
    assert found[0].endswith(".n_items: is 35, the data card has 36")


def test_a_limited_run_has_as_many_as_its_limit() -> None:
    assert faults(edited("controlled", 4, n_items=4, reasoning_type="transitive")) != []
    assert [f for f in faults(edited("controlled", 4, n_items=4)) if "behavior" not in f] == []
    # words are no limit
    assert faults(edited("controlled", "4", n_items=4)) != []


def test_other_items_do_not_put_a_record_beside_nothing() -> None:
    honest = [model_free(make_run(seed, kinds=KINDS)[0]) for seed in (2, 3)]
    assert list(differing(model_free(edited("controlled")), honest)) == []
    low = edited("controlled", n_items=35, nuisance_r2=-0.5)
    told = [one.field for one in differing(model_free(low), honest)]
    assert told == [f"controlled ({score.benchmark}) nuisance R²" for score in low.controlled]
    # a limited run is of other items, and on no board
    assert model_free(edited("controlled", 4)) == {}


def test_peoples_own_accuracy_is_what_no_model_changes() -> None:
    honest = [model_free(make_run(seed, kinds=KINDS)[0]) for seed in (2, 3)]
    record = make_run(1, kinds=KINDS)[0].model_dump(mode="json")
    record["behavior"][0]["people"][3]["accuracy"] = 0.25
    (told,) = differing(model_free(Record.model_validate(record)), honest)
    assert told.field.endswith("accuracy of sub-1010")
