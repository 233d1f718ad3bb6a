"""The 17 people of ds003076 among themselves, and models whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import golden_numbers
import numpy as np
import pytest
from golden_files import alone
from simulated_behavior import AnsweringFake, always_true, oracle
from sklearn.metrics import cohen_kappa_score

import brainbench
from brainbench.benchmarks import BehaviorBenchmark, BehaviorScore, score_behavior
from brainbench.benchmarks.behavior.people import Group, gather
from brainbench.datasets import Behavior, load_behavior
from brainbench.models import Model, load_model

CELLS = ("all", "syllogistic", "transitive")
LEFT_OUT = {
    "all": {"sub-1026": 21 / 70, "sub-1031": 16 / 70, "sub-1032": 16 / 70, "sub-1035": 16 / 70},
    "syllogistic": {"sub-1026": 18 / 36, "sub-1031": 9 / 36},
    "transitive": {
        "sub-1010": 7 / 34, "sub-1031": 7 / 34, "sub-1032": 16 / 34, "sub-1035": 16 / 34,
    },
}  # fmt: skip
# people among themselves: value, and its 95 % interval over people
REFERENCES: dict[str, dict[str, tuple[float, float, float]]] = {
    "all": {
        "error_consistency": (0.3477, 0.2044, 0.4909),
        "answer_kappa": (0.6258, 0.5286, 0.7229),
        "agreement": (0.8443, 0.8018, 0.8869),
        "above_chance": (0.2599, 0.2167, 0.3030),
        "confidence_accuracy": (0.5200, 0.4209, 0.6191),
        "certainty_time": (0.7326, 0.6660, 0.7991),
    },
    "syllogistic": {
        "error_consistency": (0.4841, 0.2242, 0.7439),
        "answer_kappa": (0.7421, 0.6413, 0.8428),
        "agreement": (0.8984, 0.8542, 0.9426),
        "above_chance": (0.2757, 0.2536, 0.2979),
        "confidence_accuracy": (0.5754, 0.3707, 0.7800),
        "certainty_time": (0.4965, 0.3683, 0.6247),
    },
    "transitive": {
        "error_consistency": (0.1549, 0.0298, 0.2801),
        "answer_kappa": (0.5616, 0.4428, 0.6805),
        "agreement": (0.8036, 0.7569, 0.8503),
        "above_chance": (0.2575, 0.1933, 0.3216),
        "confidence_accuracy": (0.3931, 0.2829, 0.5032),
        "certainty_time": (0.5317, 0.4180, 0.6454),
    },
}
# of the share of people right and of the mean response time
RELIABILITY = {"all": (0.879, 0.938), "syllogistic": (0.85, 0.853), "transitive": (0.824, 0.867)}


@pytest.fixture(scope="module")
def people(shared: Path) -> Behavior:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
        return load_behavior("ds003076")


@pytest.fixture(autouse=True)
def loaded_once(people: Behavior, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "brainbench.benchmarks.behavior.benchmark.load_behavior", lambda name: people
    )


@pytest.fixture(scope="module")
def groups(people: Behavior) -> dict[str, Group]:
    return {cell: gather(people, cell) for cell in CELLS}


def score(model: Model, cell: str = "all") -> BehaviorScore:
    return BehaviorBenchmark("ds003076", cell)(model)


@pytest.mark.parametrize("cell", CELLS)
def test_who_is_left_out(cell: str, groups: dict[str, Group]) -> None:
    group = groups[cell]
    assert {one.subject: one.missing for one in group.left_out} == pytest.approx(LEFT_OUT[cell])
    assert len(group.subjects) + len(group.left_out) == 17


@pytest.mark.parametrize("cell", CELLS)
def test_people_among_themselves_are_as_they_were_measured(
    cell: str, groups: dict[str, Group]
) -> None:
    for name, expected in REFERENCES[cell].items():
        reference = groups[cell].references[name]  # type: ignore[index]
        assert (reference.value, *(reference.interval or ())) == pytest.approx(expected, abs=5e-4)
    reliabilities = groups[cell].reliabilities
    found = (reliabilities["confidence_accuracy"], reliabilities["certainty_time"])
    assert found == pytest.approx(RELIABILITY[cell], abs=0.01)  # random halves


@pytest.mark.parametrize("cell", CELLS)
def test_the_reference_is_the_mean_over_pairs_by_scikit_learn(
    cell: str, groups: dict[str, Group]
) -> None:
    group = groups[cell]
    kappas = []
    for i in range(len(group.subjects)):
        for j in range(i):
            both = ~np.isnan(group.right[:, i] + group.right[:, j])
            kappas.append(cohen_kappa_score(group.right[both, i], group.right[both, j]))
    assert not np.isnan(kappas).any()
    found = groups[cell].references["error_consistency"]
    assert found.undefined == 0
    assert found.value == pytest.approx(np.mean(kappas), abs=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_the_benchmark_knows_its_people(cell: str, groups: dict[str, Group]) -> None:
    benchmark = brainbench.load_benchmark(f"ds003076.behavior.{cell}-consistency")
    assert benchmark == BehaviorBenchmark("ds003076", cell)
    assert benchmark.ceiling == groups[cell].references["error_consistency"].value


@pytest.mark.parametrize("subject", ["sub-1001", "sub-1030", "sub-1034"])
def test_a_copy_of_a_person(subject: str, people: Behavior, groups: dict[str, Group]) -> None:
    answers = people.values("answer")[:, people.subjects.index(subject)]
    model = AnsweringFake(lambda problems: (answers, np.full(len(answers), np.nan)))
    found = score(model)
    person = next(row for row in found.people if row.subject == subject)
    assert person.error_consistency == person.answer_kappa == person.agreement == 1.0
    others = [p.error_consistency for p in found.people if p.subject != subject]
    i = groups["all"].subjects.index(subject)
    assert others == pytest.approx(np.delete(groups["all"].pairs["error_consistency"][i], i))
    assert found.n_invalid == np.isnan(answers).sum()


def test_always_true_shares_peoples_errors_without_reasoning() -> None:
    """Half of all problems are valid and affirmative, and people err by saying True."""
    found = score(AnsweringFake(always_true), "syllogistic")
    assert found.accuracy == pytest.approx(24 / 36)
    assert found.balanced_accuracy == 0.5
    assert found.auc == 0.5
    assert found.error_consistency.value == pytest.approx(0.322, abs=5e-4)
    assert found.error_consistency.ratio == pytest.approx(0.665, abs=5e-3)
    assert found.above_chance.value == 0.0
    assert any(text.startswith("always True reaches the model") for text in found.warnings)


def test_the_oracle_agrees_more_than_people_do_and_shares_no_error() -> None:
    found = score(AnsweringFake(oracle), "transitive")
    assert found.accuracy == 1.0
    assert found.error_consistency.value == 0.0
    assert found.agreement.value == pytest.approx(0.856, abs=5e-4)
    assert found.agreement.ratio is not None
    assert found.agreement.ratio > 1.0, "shown as such"


def test_one_bit_tells_how_long_people_take() -> None:
    found = score(AnsweringFake())
    rows = {row.control: row for row in found.controls}
    assert rows["reasoning type"].certainty_time == pytest.approx(0.819, abs=5e-4)
    assert rows["number of words"].certainty_time == pytest.approx(0.913, abs=5e-4)
    assert found.certainty_time.reference is not None
    assert rows["reasoning type"].certainty_time >= abs(found.certainty_time.reference)


def test_nano_gives_the_golden_scores(
    people: Behavior, golden: Callable[..., None], tmp_path: Path
) -> None:
    nano: Any = load_model("nano")
    with alone(tmp_path):
        answers = nano.answer(people.problems)
    benchmarks = [BehaviorBenchmark("ds003076", cell) for cell in CELLS]
    found = list(score_behavior(benchmarks, people, answers))
    golden(golden_numbers.behavior(found), "ds003076_nano", golden_numbers.FLOAT32)


def test_a_person_without_errors_is_told() -> None:
    found = score(AnsweringFake(), "syllogistic")
    assert any(text.startswith("sub-1030 made no error") for text in found.warnings)
