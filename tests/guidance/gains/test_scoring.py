"""From answers to a score of the record: nothing lost, nothing claimed too much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_answers import answers, problems
from simulated_signals import make_signals

from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.arms import ARMS, GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.gains import scoring
from brainbench.guidance.gains.compare import MIN_DRAWS, Gains, GainSettings, measure_gains
from brainbench.guidance.gains.scoring import Method, Read, oracles_of, score_test
from brainbench.guidance.options import Extent, GuidanceOptions
from brainbench.guidance.rows import HELD_OUT, ArmAlignment, Dose, Tier
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.verdict import read_gains

WAY = Method("steering", "controlled", "one step", "attention", (1, 2, 5))
SIGNALS = make_signals()
ITEMS = problems(30, 1)


def extent(tier: Tier, seeds: int | None = None) -> Extent:
    return GuidanceOptions(tier=tier, seeds=seeds).extent("steering", "cpu", False, 11)


def make_arms(items: TestItems = ITEMS) -> dict[str, ArmAnswers]:
    """Guided far better than its baselines."""
    rng = np.random.default_rng(0)
    return {
        UNGUIDED: answers(items, rng, 0.3),
        GUIDED: answers(items, rng, 2.0),
        PERMUTED: answers(items, rng, 0.3),
        LABEL_ONLY: answers(items, rng, 0.3),
    }


def score(
    tier: Tier = "full",
    oracles: frozenset[str] = frozenset(),
    seeds: int | None = None,
    **more: object,
) -> GuidanceScore:
    arms = make_arms()
    if oracles:
        arms["label as fMRI"] = answers(ITEMS, np.random.default_rng(5), 6.0)
    read = Read(HELD_OUT, "syllogistic", ITEMS, arms, oracles)
    return score_test(WAY, read, SIGNALS, extent(tier, seeds), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plain() -> GuidanceScore:
    return score()


def test_everything_that_was_done_is_told(plain: GuidanceScore) -> None:
    found = plain
    assert found.identifier == (
        "steering/controlled/one step/simulated.roi.syllogistic/held-out scanner items"
    )
    assert (found.site, found.layers, found.tier) == ("attention", [1, 2, 5], "full")
    assert (found.n_items, found.n_base, found.n_people) == (30, 30, 3)
    assert (found.n_permutations, found.n_draws) == (5, MIN_DRAWS)
    assert (found.test, found.test_type) == (HELD_OUT, "syllogistic")
    assert [row.arm for row in found.arms] == [UNGUIDED, GUIDED, PERMUTED, LABEL_ONLY]
    again = GuidanceScore.model_validate_json(found.model_dump_json())
    assert again == found


def test_layers_are_those_where_guided_adds() -> None:
    arms = make_arms()
    arms[GUIDED] = replace(arms[GUIDED], layers=(2, 5))
    arms[PERMUTED] = replace(arms[PERMUTED], layers=(1, 2, 5))
    found = score_test(WAY, Read(HELD_OUT, "syllogistic", ITEMS, arms), SIGNALS, extent("full"))
    assert found.layers == [2, 5]
    assert [row.layers for row in found.arms] == [None, [2, 5], [1, 2, 5], None]
    assert found.acting == "layers 2, 5"
    assert score().acting == "layers chosen among 1 to 2, 5"


def test_numbers_and_verdict_are_those_of_the_gains(plain: GuidanceScore) -> None:
    found = plain
    expected = measure_gains(make_arms(), ITEMS, GainSettings(seed=11))
    assert found.arms == expected.arms
    assert found.differences == expected.differences
    assert found.verdict == expected.verdict == "brain signals help"
    assert found.reading == read_gains(expected.differences)
    assert found.warnings == ()


def test_the_reduced_tier_claims_what_its_seeds_allow() -> None:
    few = score("reduced")
    assert (few.verdict, few.n_permutations) == ("inconclusive", 1)
    assert few.reading.endswith("At most inconclusive: 1 permutation, not 5.")
    enough = score("reduced", seeds=5)
    assert (enough.verdict, enough.n_permutations) == ("brain signals help", 5)
    assert "inconclusive" not in enough.reading
    assert "reduced tier: 5 seeds, few arms, each problem in one order" in enough.warnings


def test_few_problems_and_single_seeds_are_warned_of() -> None:
    items = problems(4, 6)
    arms = make_arms(items)
    single = arms[PERMUTED]
    arms[PERMUTED] = ArmAnswers(single.log_odds[:1], single.answer[:1], thresholds=np.zeros(1))
    found = score_test(WAY, Read(HELD_OUT, "syllogistic", items, arms), SIGNALS, extent("full"))
    assert found.warnings == (
        "4 problems: no intervals below 5",
        "one seed of permuted fMRI: intervals say nothing of other seeds or permutations",
    )


def test_who_was_told_the_answers_is_named_and_changes_no_claim(plain: GuidanceScore) -> None:
    found = score(oracles=frozenset({"label as fMRI"}))
    assert "label as fMRI: their signals are the answers of these very items" in found.warnings
    assert (found.verdict, found.reading) == (plain.verdict, plain.reading)
    assert found.differences[:3] == plain.differences


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gains of nothing: no bootstrap is waited for."""
    nothing = Gains([], [], "inconclusive")
    monkeypatch.setattr(scoring, "measure_gains", lambda arms, items, settings: nothing)


def test_doses_alignment_and_facts_come_along(measured: None) -> None:
    dose = Dose(
        arm=GUIDED, layers="all", strength=1.0, auc=0.7, accuracy=0.6, true_rate=0.5, valid=1
    )
    rows = [
        ArmAlignment(arm=GUIDED, before=0.1, after=0.25),
        ArmAlignment(arm=PERMUTED, before=0.1, after=0.125),
    ]
    found = score(doses=[dose], alignment=rows, humans_beat_model=False)
    assert (found.doses, found.alignment) == ((dose,), tuple(rows))
    assert found.warnings == (
        "the model has no item wrong that a person has right: every item guides",
    )
    assert found.reading == (
        "Nothing to compare guided with. Alignment with held-out runs, r 0.100 before training: "
        "guided 0.250, permuted fMRI 0.125."
    )


def test_a_test_of_another_type_is_a_transfer(measured: None) -> None:
    def warned(kind: str) -> bool:
        read = Read("three premises", kind, ITEMS, make_arms())
        found = score_test(WAY, read, SIGNALS, extent("full"))
        return "transfer: guided by syllogistic items" in found.warnings

    assert [warned(kind) for kind in ("transitive", "syllogistic", "all")] == [True, False, False]


def test_without_a_permuted_arm_there_are_no_permutations(measured: None) -> None:
    arms = make_arms()
    del arms[PERMUTED]
    found = score_test(WAY, Read("t", "all", ITEMS, arms), SIGNALS, extent("full"))
    assert found.n_permutations == 0


def test_an_oracle_has_the_answer_for_a_signal() -> None:
    assert oracles_of(ARMS) == {"label as fMRI"}
    assert oracles_of([GUIDED, LABEL_ONLY]) == frozenset()
