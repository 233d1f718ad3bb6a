"""Gains are held against the arms that stand beside them, and verdicts computed again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simulated_records import search
from synthetic_gains import arm, gain

from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.methods.registry import METHODS
from brainbench.guidance.rows import TRAINED_ON, SearchRow
from brainbench.guidance.score import GuidanceScore
from brainbench.leaderboard.checks.guidance import guidance_faults, search_faults


def faults(*gains: GuidanceScore) -> list[str]:
    return [f"{told.field}: {told.problem}" for told in guidance_faults(gains)]


def test_a_whole_gain_has_no_fault_and_less_may_always_be_claimed() -> None:
    assert faults(gain()) == []
    assert faults(gain(lambda g: g.update(verdict="inconclusive"))) == []
    # seeds decide, not the tier
    assert faults(gain(lambda g: g.update(tier="reduced"))) == []
    # by the rule that needed accuracy at the threshold to rise as well
    assert faults(gain(lambda g: g.update(verdict="not shown to help"))) == []


def without(name: str) -> Callable[[dict[str, Any]], None]:
    def work(content: dict[str, Any]) -> None:
        content["arms"] = [one for one in content["arms"] if one["arm"] != name]

    return work


def few_seeds(content: dict[str, Any]) -> None:
    for one in content["arms"]:
        if one["arm"] == LABEL_ONLY:
            one["n_seeds"] = 1


def below(content: dict[str, Any]) -> None:
    for change in content["differences"][1]["changes"]:
        change["interval"] = (-0.01, 0.3)


def larger(content: dict[str, Any]) -> None:
    content["differences"][0]["changes"][0]["value"] = 0.5


def unclaimed(content: dict[str, Any]) -> None:
    own = content["differences"][0]
    own["changes"] = [c for c in own["changes"] if c["metric"] != "accuracy_at_threshold"]


def untested(content: dict[str, Any]) -> None:
    content["differences"][1]["changes"][0]["p"] = None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without(UNGUIDED), "arms: lacks 'unguided': no gain without its arms"),
        (without(GUIDED), "arms: lacks 'guided'"),
        (without(PERMUTED), "holds 'permuted fMRI', which is not of the arms"),
        (lambda g: g["differences"].pop(), "differences: lacks label only of the arms"),
        (lambda g: g["arms"][3].update(arm="magic"), "'magic', which is not an arm"),
        (lambda g: g["arms"].append(arm(PERMUTED, 0.6)), "arms: holds an arm twice"),
        (larger, "(unguided).auc: is 0.5, its arms give 0.15"),
        (unclaimed, "lacks accuracy_at_threshold, which a claim rests on"),
        (untested, "is 'brain signals help', its numbers say 'not shown to help'"),
        (few_seeds, "its numbers say 'inconclusive' (1 seeds of label only)"),
        (lambda g: g.update(n_permutations=2), "(2 permutations of items)"),
        (lambda g: g.update(n_draws=500), "n_draws: is 500, a bootstrap has at least 10,000"),
        (below, "is 'brain signals help', its numbers say 'not shown to help'"),
        (lambda g: g.update(n_base=5000), "n_base: is 5000, more than its 1152 items"),
        (lambda g: g.update(roi="soul"), "roi: is 'soul', the data card has"),
        (lambda g: g.update(dataset="dreams"), "dataset: is 'dreams', which is not a dataset"),
        (lambda g: g.update(recipe="magic step"), "recipe: is 'magic step', which is not a method"),
        (lambda g: g.update(n_people=99), "n_people: is 99, the data card has 10"),
        (lambda g: g.update(answers_of="folio"), "answers_of: is 'folio', which the data card"),
        (lambda g: g.update(answers_of="deduction73", n_answered=99),
         "n_answered: is 99, deduction73 has 73"),
        (lambda g: g.update(answers_of="xiao2026"), "n_answered: is None, xiao2026 has 10"),
    ],
)  # fmt: skip
def test_gains_that_cannot_be(change: Callable[[dict[str, Any]], None], reason: str) -> None:
    found = faults(gain(change))
    assert any(reason in fault for fault in found), found


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_steering_may_be_handed_in(method: str) -> None:
    assert faults(gain(lambda g: g.update(recipe=method))) == []


def test_nothing_is_claimed_of_items_that_were_trained_on() -> None:
    told = faults(gain(lambda g: g.update(test=TRAINED_ON)))
    assert len(told) == 1
    assert "(it is read on the items that the model was trained on)" in told[0]
    assert faults(gain(lambda g: g.update(test=TRAINED_ON, verdict="inconclusive"))) == []


def test_answers_of_more_people_weigh_items() -> None:
    def weigh(gain: dict[str, Any]) -> None:
        gain.update(answers_of="deduction73", n_answered=73)

    assert faults(gain(weigh)) == faults(gain(lambda held: None))


def test_a_gain_stands_once() -> None:
    assert any("stands twice" in fault for fault in faults(gain(), gain()))


class TestSearches:
    def told(self, *more: dict[str, object]) -> list[str]:
        held = search()
        guided = held.rows[0].model_dump() | {"flipped": 0.5}
        rows = [guided, *({**guided, **row} for row in more)]
        made = held.model_copy(update={"rows": [SearchRow(**row) for row in rows]})
        return [f"{fault.field}: {fault.problem}" for fault in search_faults([made])]

    def test_like_is_held_against_like(self) -> None:
        drawn = {"one_direction": False}
        rows: list[dict[str, object]] = [
            {"arm": "permuted fMRI", "flipped": 0.4, "guided_minus": 0.1, "against": "guided"},
            {"arm": "guided, restarts", "flipped": 0.9, **drawn},
            {"arm": "random restarts", "flipped": 1.0, "guided_minus": -0.1,
             "against": "guided, restarts", **drawn},
        ]  # fmt: skip
        assert self.told(*rows) == []
        (unlike,) = self.told(rows[0], rows[1], rows[2] | {"against": "guided"})
        assert unlike.endswith("is compared with 'guided', not 'guided, restarts'")
        (wrong,) = self.told(rows[0] | {"guided_minus": 0.2})
        assert wrong.endswith("(permuted fMRI).guided_minus: is 0.2, its arms give 0.1")
        assert "which is not an arm of the registry" in self.told({"arm": "mine"})[0]
        assert "holds an arm twice" in self.told(rows[1], rows[1])[0]

    def test_an_older_random_direction_was_compared_with_guided(self) -> None:
        old = {"arm": "random direction", "flipped": 1.0, "guided_minus": -0.5}
        assert self.told(old) == []
