"""17 adults and 56 children on the same problems, as they were measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from simulated_behavior import AnsweringFake, always_true

from brainbench.benchmarks import DifficultyBenchmark, DifficultyScore, score_difficulty
from brainbench.benchmarks.behavior.people import gather
from brainbench.benchmarks.difficulty.scoring import Crowd
from brainbench.datasets import Behavior, load_behavior

CELLS = ("all", "syllogistic", "transitive")
# r of the two groups' difficulty; its 95 % intervals over people and over items; without noise
AGREE = {
    "all": (0.8895, (0.8057, 0.9384), (0.8061, 0.9383), 0.961),
    "syllogistic": (0.9477, (0.8919, 0.9751), (0.8866, 0.9763), 0.975),
    "transitive": (0.7983, (0.5770, 0.9104), (0.6273, 0.8959), 0.969),
}
# of the profiles: joint, adults, children, joint beyond condition
RELIABILITY = {
    "all": (0.921, 0.887, 0.910, 0.70),
    "syllogistic": (0.881, 0.855, 0.880, 0.50),
    "transitive": (0.883, 0.865, 0.811, 0.56),
}
# children whose answers are held against a model's, and κ of errors among them
CHILDREN = {"all": (36, 0.303), "syllogistic": (46, 0.572), "transitive": (35, 0.077)}


@pytest.fixture(scope="module")
def people(shared: Path) -> Behavior:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
        return load_behavior("deduction73")


@pytest.fixture(scope="module")
def children(shared: Path) -> Behavior:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
        return load_behavior("ds002886")


@pytest.fixture(scope="module")
def scores(people: Behavior) -> dict[str, DifficultyScore]:
    """Of a model that says True to everything."""
    answers = AnsweringFake(always_true).answer(people.problems)
    benchmarks = [DifficultyBenchmark("deduction73", cell) for cell in CELLS]
    found = score_difficulty(benchmarks, people, answers)
    return {score.reasoning_type: score for score in found}


def test_people_of_each_run(people: Behavior) -> None:
    runs = people.responses["run"].values
    answered = ~np.isnan(people.values("answer"))
    counts = {
        (group, run): int(answered[runs == run][:, people.groups == group].any(axis=0).sum())
        for group in ("adults", "children")
        for run in people.card.runs
    }
    # sub-1035 has the file of transitive-01, and no answer in it
    assert list(counts.values()) == [16, 17, 16, 17, 51, 50, 45, 50]
    lacks = Counter(len(runs) for runs in people.card.missing_runs.values())
    assert lacks == {1: 10, 2: 5, 3: 3}


@pytest.mark.parametrize("cell", CELLS)
def test_how_far_adults_and_children_agree(cell: str, scores: dict[str, DifficultyScore]) -> None:
    one = scores[cell].correlations[0]
    assert one.groups == ("adults", "children")
    value, over_people, over_items, corrected = AGREE[cell]
    assert one.value == pytest.approx(value, abs=5e-4)
    assert one.interval == pytest.approx(over_people, abs=5e-4)
    assert one.interval_items == pytest.approx(over_items, abs=5e-4)
    assert one.corrected == pytest.approx(corrected, abs=0.01)  # random halves


def test_their_correlation_by_scipy(people: Behavior, scores: dict[str, DifficultyScore]) -> None:
    right = people.values("accuracy")
    means = [np.nanmean(right[:, people.groups == name], axis=1) for name in ("adults", "children")]
    assert scores["all"].correlations[0].value == pytest.approx(stats.pearsonr(*means)[0])
    # before two early answers were left out it was 0.889, as published responses give it
    assert stats.pearsonr(*means)[0] == pytest.approx(0.8895, abs=5e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_how_reliable_the_profiles_are(cell: str, scores: dict[str, DifficultyScore]) -> None:
    rows = {row.profile: row.reliability for row in scores[cell].profiles}
    names = ("joint", "adults", "children", "joint, beyond condition")
    assert [rows[name] for name in names] == pytest.approx(RELIABILITY[cell], abs=0.015)


def test_what_knows_nothing_orders_the_items(scores: dict[str, DifficultyScore]) -> None:
    """People err on what is negated or false: this is the number to beat."""
    found = {cell: scores[cell].joint for cell in CELLS}
    values = [row.value for row in found.values()]
    assert values == pytest.approx([0.573, 0.661, 0.527], abs=5e-4)
    words = [row.controls["number of words"] for row in found.values()]
    assert words == pytest.approx([-0.630, -0.694, -0.602], abs=5e-4)
    assert all(scores[cell].beyond.value is None for cell in CELLS)


def test_everybody_counts_for_what_they_did(people: Behavior) -> None:
    counts = {cell: Counter(Crowd.of(people, cell).groups.tolist()) for cell in CELLS}
    assert counts == {
        "all": {"adults": 17, "children": 56},
        "syllogistic": {"adults": 17, "children": 54},
        "transitive": {"adults": 17, "children": 53},
    }


@pytest.mark.parametrize("cell", CELLS)
def test_children_among_themselves(cell: str, children: Behavior) -> None:
    group = gather(children, cell)
    count, kappa = CHILDREN[cell]
    assert len(group.subjects) == count
    assert len(group.left_out) == 56 - count
    # who lacks a run lacks a quarter of all items, or half of one type
    types = {"syllogistic", "transitive"} if cell == "all" else {cell}
    lacking = {
        subject
        for subject, runs in group.behavior.card.missing_runs.items()
        if {run.rpartition("-")[0] for run in runs} & types
    }
    assert lacking <= {one.subject for one in group.left_out}
    assert group.references["error_consistency"].value == pytest.approx(kappa, abs=5e-4)
