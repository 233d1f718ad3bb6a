"""Models held against groups of simulated people whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from simulated_behavior import AnsweringFake, always_true, grouped, hesitant

import brainbench
from brainbench.benchmarks import DifficultyBenchmark, DifficultyScore, score_difficulty
from brainbench.benchmarks.behavior.consistency import spearman, split_half_reliability
from brainbench.benchmarks.difficulty.age import slope_on_age
from brainbench.benchmarks.difficulty.profiles import joint_profile, without_each_item
from brainbench.benchmarks.difficulty.score import AgeSlope
from brainbench.datasets import Behavior
from brainbench.errors import DataError
from brainbench.models import Answers
from brainbench.results import ModelInfo, Record
from brainbench.statistics.inference import jackknife_interval

NAN = float("nan")
ADULTS, CHILDREN = 8, 24
GROUPS = np.array(["adults"] * ADULTS + ["children"] * CHILDREN)
AGES = np.concatenate([np.linspace(19, 30, ADULTS), np.linspace(8, 15, CHILDREN)])


def growing(seed: int = 0, times: int = 2) -> tuple[Behavior, np.ndarray, np.ndarray]:
    """People who go from one pattern of difficulty to another as they grow older.

    Returns them, and log-odds of being right of the youngest and of the oldest.
    """
    rng = np.random.default_rng(seed)
    young, old = rng.normal(0.8, 1.5, (2, 72 * times, 1))
    grown = (AGES - AGES.min()) / np.ptp(AGES)
    odds = (1.0 - grown) * young + grown * old
    right = (rng.random(odds.shape) < 1.0 / (1.0 + np.exp(-odds))).astype(float)
    return grouped(right, GROUPS, AGES), young[:, 0], old[:, 0]


def confident(behavior: Behavior, confidence: np.ndarray) -> Answers:
    """A model with these log-odds of the right answer, which it gives where they are above 0."""
    labels = behavior.labels
    odds = np.where(labels == 1.0, confidence, -confidence)
    return Answers((odds > 0).astype(float), odds, ("",) * len(odds))


def score(
    behavior: Behavior, answers: Answers, kind: str = "all", **options: Any
) -> DifficultyScore:
    benchmark = DifficultyBenchmark("deduction73", kind)
    return next(iter(score_difficulty([benchmark], behavior, answers, **options)))


def slopes(found: DifficultyScore) -> dict[tuple[str, str], AgeSlope]:
    return {(row.measure, row.people): row for row in found.slopes}


@pytest.fixture(scope="module")
def grown() -> tuple[Behavior, np.ndarray, np.ndarray]:
    return growing()


@pytest.fixture(scope="module")
def like_old(grown: tuple[Behavior, np.ndarray, np.ndarray]) -> DifficultyScore:
    return score(grown[0], confident(grown[0], grown[2]))


class TestTruth:
    def test_a_model_of_the_oldest_is_nearer_to_older_people(
        self, like_old: DifficultyScore
    ) -> None:
        found = slopes(like_old)
        for measure in ("confidence", "errors"):
            assert found[measure, "everybody"].nearer == "older"
        rows = {row.profile: row for row in like_old.profiles}
        assert rows["adults"].value > rows["joint"].value > rows["children"].value

    def test_a_model_of_the_youngest_is_nearer_to_younger_people(
        self, grown: tuple[Behavior, np.ndarray, np.ndarray]
    ) -> None:
        behavior, young, _ = grown
        found = slopes(score(behavior, confident(behavior, young)))
        for measure in ("confidence", "errors"):
            assert found[measure, "everybody"].nearer == "younger"

    def test_a_model_that_knows_nothing_is_nearer_to_neither(self) -> None:
        """Any model agrees with some by the luck of the items: over items the rate is held."""
        rng, over_people, nearer = np.random.default_rng(3), [], []
        right = growing(4, times=1)[0].values("accuracy")
        for _ in range(25):
            odds = rng.standard_normal(72)
            with_each = np.array([spearman(odds, column) for column in right.T])
            own = slope_on_age(with_each, AGES)
            left = [slope_on_age(row, AGES, None, False).value
                    for row in without_each_item(odds, right)]  # fmt: skip
            row = AgeSlope(
                measure="confidence", people="everybody", n_people=32,
                slope=own.value, interval=own.interval,
                interval_items=jackknife_interval(own.value, left),
                reference=None, reference_interval=None, controls={},
            )  # fmt: skip
            low, high = row.interval or (NAN, NAN)
            over_people.append(not low < 0.0 < high)
            nearer.append(row.nearer != "neither")
        assert sum(nearer) <= 4
        assert sum(over_people) > sum(nearer), "which is why items are left out too"

    def test_perfect_confidence_reaches_the_bound(self) -> None:
        """The true difficulty against the measured profile: √reliability, that of Spearman."""
        rng, found = np.random.default_rng(5), []
        for _ in range(6):
            odds = rng.normal(0.8, 1.2, (144, 1))
            right = (rng.random((144, 32)) < 1.0 / (1.0 + np.exp(-odds))).astype(float)
            value = spearman(odds[:, 0], joint_profile(right, GROUPS))
            bound = np.sqrt(split_half_reliability(right, 20, rng, GROUPS))
            found.append((value, bound))
        value, bound = np.mean(found, axis=0)
        assert value == pytest.approx(bound, abs=0.015)

    def test_the_share_of_people_right_correlates_perfectly(
        self, grown: tuple[Behavior, np.ndarray, np.ndarray]
    ) -> None:
        behavior = grown[0]
        right = behavior.values("accuracy")
        joint = (right[:, :ADULTS].mean(axis=1) + right[:, ADULTS:].mean(axis=1)) / 2.0
        assert score(behavior, confident(behavior, joint)).headline == pytest.approx(1.0)


class TestNumbers:
    def test_values_are_spearman_by_scipy(
        self, grown: tuple[Behavior, np.ndarray, np.ndarray], like_old: DifficultyScore
    ) -> None:
        behavior, _, old = grown
        right = behavior.values("accuracy")
        means = {
            "adults": right[:, :ADULTS].mean(axis=1),
            "children": right[:, ADULTS:].mean(axis=1),
        }
        means["joint"] = (means["adults"] + means["children"]) / 2.0
        for row in like_old.profiles[:3]:
            expected = stats.spearmanr(old, means[row.profile])[0]
            assert row.value == pytest.approx(expected, abs=1e-12)
            low, high = row.interval or (NAN, NAN)
            assert low < row.value < high
        for person, column in zip(like_old.people, right.T, strict=True):
            assert person.confidence == pytest.approx(stats.spearmanr(old, column)[0], abs=1e-12)

    def test_groups_are_never_hidden(self, like_old: DifficultyScore) -> None:
        names = [row.profile for row in like_old.profiles]
        assert names == [
            "joint", "adults", "children", "joint, at one age", "joint, beyond condition",
        ]  # fmt: skip
        assert like_old.groups == {"adults": ADULTS, "children": CHILDREN}
        facts = like_old.facts
        assert facts["groups"] == {row.profile: row.value for row in like_old.profiles[1:3]}
        assert set(facts["groups_r"]) == {"adults and children"}
        assert facts["ceiling"] == like_old.joint.bound
        one = like_old.correlations[0]
        assert one.corrected > one.value

    def test_same_seed_same_score_and_another_moves_the_halves_only(
        self, grown: tuple[Behavior, np.ndarray, np.ndarray], like_old: DifficultyScore
    ) -> None:
        behavior, _, old = grown
        assert score(behavior, confident(behavior, old)) == like_old
        other = score(behavior, confident(behavior, old), seed=1)
        assert other.joint.reliability != like_old.joint.reliability
        assert other.joint.reliability == pytest.approx(like_old.joint.reliability, abs=0.02)
        parts = {"profiles": {"__all__": {"reliability", "bound"}},
                 "correlations": {"__all__": {"corrected"}}}  # fmt: skip
        assert other.model_dump(exclude=parts) == like_old.model_dump(exclude=parts)

    def test_who_lacks_a_run_counts_for_the_others_and_is_named(self) -> None:
        behavior, _, old = growing(6, times=1)
        right = behavior.values("accuracy").copy()
        right[:36, 9] = NAN
        right[:, 10] = NAN  # nobody is counted who answered nothing
        lacking = grouped(right, GROUPS, AGES)
        names = lacking.subjects
        card = lacking.card.model_copy(update={"missing_runs": {names[9]: ("syllogistic-01",)}})
        object.__setattr__(lacking, "card", card)
        found = score(lacking, confident(lacking, old))
        rows = {row.profile: row for row in found.profiles}
        assert (rows["children"].n_people, rows["children"].fewest) == (23, 22)
        person = next(one for one in found.people if one.subject == names[9])
        assert (person.n_items, person.lacks) == (36, ("syllogistic-01",))
        assert names[10] not in {one.subject for one in found.people}
        assert any(f"{names[9]} (syllogistic-01)" in text for text in found.warnings)

    def test_controls_are_scored_as_the_model_is(
        self, grown: tuple[Behavior, np.ndarray, np.ndarray]
    ) -> None:
        behavior = grown[0]
        said, odds = always_true(behavior.problems)
        found = score(behavior, Answers(said, odds, ("",) * len(said)))
        for row in found.profiles[:4]:
            assert row.controls["always True"] == row.value
            assert row.controls["always False"] == -row.value
        # the label explains it altogether
        assert found.beyond.value is found.beyond.controls["always True"] is None
        for slope in found.slopes:
            assert slope.controls["always True"] == pytest.approx(slope.slope, abs=1e-15)
        assert {"always True", "always False"} <= set(found.reached_by)
        assert any(text.startswith("as far from 0 as the model: ") for text in found.warnings)

    def test_one_type_alone(self, grown: tuple[Behavior, np.ndarray, np.ndarray]) -> None:
        behavior, _, old = grown
        found = score(behavior, confident(behavior, old), "transitive")
        assert (found.n_items, found.pooled) == (72, False)
        assert not any("pooled" in text for text in found.warnings)
        whole = score(behavior, confident(behavior, old))
        assert whole.pooled
        assert any("pooled" in text for text in whole.warnings)

    def test_a_model_without_log_odds_has_no_number_and_says_so(
        self, grown: tuple[Behavior, np.ndarray, np.ndarray]
    ) -> None:
        behavior = grown[0]
        nothing = np.full(len(behavior.problems), NAN)
        found = score(behavior, Answers(nothing, nothing, ("",) * len(nothing)))
        assert found.headline is None
        assert found.n_log_odds == 0
        assert all(row.slope is None for row in found.slopes)
        assert found.correlations[0].value is not None
        assert "144 items have no log-odds of the model" in found.warnings

    def test_answers_must_fit(self, grown: tuple[Behavior, np.ndarray, np.ndarray]) -> None:
        one = Answers(np.ones(1), np.ones(1), ("",))
        with pytest.raises(DataError, match="1 answers for 144 problems"):
            score(grown[0], one)


def test_it_comes_back_from_a_record(like_old: DifficultyScore) -> None:
    record = Record(
        run_id="a", versions={}, model=ModelInfo(identifier="m", sha256="0"), datasets=[],
        benchmarks={}, config={},
    )  # fmt: skip
    record.add(like_old)
    again = Record.model_validate_json(record.model_dump_json())
    assert DifficultyScore.read_from(again) == [like_old]
    assert again.other[0].notes == like_old.warnings
    assert again.other[0].value == like_old.headline


def test_the_registry_knows_it() -> None:
    benchmark = brainbench.load_benchmark("deduction73.difficulty.syllogistic-correlation")
    assert benchmark == DifficultyBenchmark("deduction73", "syllogistic")
    assert benchmark.needs.answers == ("syllogistic",)
    assert benchmark.about["groups"] == "17 adults (ds003076), 56 children (ds002886)"
    assert benchmark.bibtex.count("@") == 3
    assert [
        one.identifier for one in brainbench.benchmarks.select_benchmarks(["deduction73.*"])
    ] == [
        f"deduction73.difficulty.{kind}-correlation"
        for kind in ("all", "syllogistic", "transitive")
    ]


def test_a_model_scores_on_it_alone(
    grown: tuple[Behavior, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainbench.benchmarks.base.load_behavior", lambda name: grown[0])
    monkeypatch.setattr(
        "brainbench.benchmarks.difficulty.benchmark.load_behavior", lambda name: grown[0]
    )
    benchmark = DifficultyBenchmark("deduction73", "all")
    found = benchmark(AnsweringFake(hesitant, warnings=("quantised",)))
    assert found.notes == ("quantised",)
    assert benchmark.ceiling == found.joint.bound
