"""κ of errors is held against the counts of answers: what can be passes, what cannot is told."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_runs import make_run

from brainbench.benchmarks import BehaviorScore
from brainbench.benchmarks.behavior.people import answer_measures
from brainbench.leaderboard.checks.kappa import kappa_faults

N = 24


def drawn(seed: int, people: int = 6) -> BehaviorScore:
    """Answers of a model and of people, some of them missing, scored as the benchmark does."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=N).astype(float)
    said, answers = rng.integers(2, size=N) * 1.0, rng.integers(2, size=(N, people)) * 1.0
    said[rng.random(N) < rng.choice([0.0, 0.1, 1.0], p=[0.4, 0.5, 0.1])] = np.nan
    answers[rng.random(answers.shape) < 0.1] = np.nan
    if seed % 5 == 0:
        answers[:, 0] = labels  # right throughout
    if seed % 7 == 0:
        said = labels.copy()
    values = answer_measures(said[:, None], answers, labels)
    rows = [
        {
            "subject": f"p{i}",
            "n_items": int((~np.isnan(said) & ~np.isnan(own)).sum()),
            "missing": float(np.isnan(own).mean()),
            "accuracy": float((own == labels)[~np.isnan(own)].mean()),
            "reference": {},
            **{name: None if np.isnan(v[i]) else float(v[i]) for name, v in values.items()},
        }
        for i, own in enumerate(answers.T)
    ]
    score = make_run(0, kinds=("behavior",))[0].behavior[0]
    changed = {"accuracy": float((said == labels).mean()), "n_items": N, "people": rows,
               "n_invalid": int(np.isnan(said).sum())}  # fmt: skip
    return BehaviorScore.model_validate(score.model_dump() | changed)


def test_what_was_scored_is_never_refused() -> None:
    assert [str(told) for seed in range(300) for told in kappa_faults(drawn(seed))] == []


def changed(**values: object) -> list[str]:
    content = drawn(1).model_dump()
    content["people"][2].update(values)
    return [f"{t.field}: {t.problem}" for t in kappa_faults(BehaviorScore.model_validate(content))]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"error_consistency": 0.99}, "people (p2).error_consistency: is 0.99; with"),
        ({"error_consistency": -0.99}, "people (p2).error_consistency: is -0.99; with"),
        (
            {"error_consistency": 0.99, "agreement": 1.0, "accuracy": 0.0},
            "both accuracies there is none",
        ),
        ({"error_consistency": None}, "is nothing, though both vary in their errors"),
        ({"accuracy": 0.98765}, "has shares that are not of whole numbers of its 24 items"),
        ({"missing": 0.5, "accuracy": 0.5}, "n_items: is"),
    ],
)
def test_what_cannot_be_is_told(values: dict[str, object], reason: str) -> None:
    found = changed(**values)
    assert len(found) == 1
    assert reason in found[0]


def test_a_perfect_person_leaves_a_poor_model_nothing() -> None:
    """Accuracies 1 and below: the most they can agree is what chance implies."""
    content = drawn(5).model_dump()
    assert content["people"][0]["accuracy"] == 1.0
    content["people"][0]["error_consistency"] = 0.5
    (told,) = kappa_faults(BehaviorScore.model_validate(content))
    assert "it is at most 0" in told.problem
