"""Item difficulty in one line: the numbers stored, and what each verdict needs."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from simulated_behavior import AnsweringFake, grouped, hesitant, sharing
from simulated_records import empty

from brainbench.benchmarks import DifficultyBenchmark, DifficultyScore, score_difficulty
from brainbench.results import Record
from brainbench.results.blocks import ScoreLine
from brainbench.results.scorecard import scorecard
from brainbench.results.scorecard.remarks import remarks

KINDS = ("all", "syllogistic", "transitive")


@pytest.fixture(scope="module")
def scores() -> list[DifficultyScore]:
    groups = np.array(["adults"] * 4 + ["children"] * 6)
    behavior = grouped(sharing(0.7, n_people=10), groups, np.arange(10, 20, dtype=float))
    answers = AnsweringFake(hesitant).answer(behavior.problems)
    benchmarks = [DifficultyBenchmark("deduction73", kind) for kind in KINDS]
    return list(score_difficulty(benchmarks, behavior, answers))


def record(scores: list[DifficultyScore]) -> Record:
    made = empty()
    for score in scores:
        made.add(score)
    return made


def line(scores: list[DifficultyScore], **changes: object) -> ScoreLine:
    """Of the single kinds, with other numbers in their joint rows and beyond condition."""
    beyond = changes.pop("beyond", None)
    made = []
    for score in scores[1:]:
        rows = []
        for row in score.profiles:
            update = changes if row.profile == "joint" else {}
            if row.profile == "joint, beyond condition" and beyond is not None:
                update = {"value": 0.3, "interval_items": beyond}
            rows.append(row.model_copy(update=update))
        made.append(score.model_copy(update={"profiles": tuple(rows)}))
    (found,) = scorecard(record(made)).lines
    return found


def test_it_is_the_mean_of_single_kinds(scores: list[DifficultyScore]) -> None:
    card = scorecard(record(scores))
    (found,) = card.lines
    cells = [score.joint for score in scores[1:]]
    assert found.value == pytest.approx(fmean(row.value for row in cells))
    for place, end in enumerate(found.interval):
        assert end == pytest.approx(fmean(row.interval_items[place] for row in cells))
    shared = [name for name in cells[0].controls if all(row.controls[name] for row in cells)]
    sizes = {name: fmean(abs(row.controls[name]) for row in cells) for name in shared}
    assert (found.against, found.held) == max(sizes.items(), key=lambda item: item[1])
    assert found.of == "deduction73, 2 kinds"
    text = " ".join(card.sentences)
    for name in ("adults", "children"):
        mean = fmean(next(r.value for r in s.profiles if r.profile == name) for s in scores[1:])
        assert f"{mean:.3f} with {name}" in text
    assert "Beyond validity, negation and length ρ is" in text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"value": -0.5, "interval_items": (-0.8, -0.2)}, "sure where people are wrong"),
        ({"value": 0.5, "interval_items": (-0.1, 0.9)}, "no more than chance"),
        ({"value": 0.5, "interval_items": None}, "no more than chance"),
        (
            {"value": 0.5, "interval_items": (0.2, 0.8), "controls": {"number of words": -0.6}},
            "no more than number of words does",
        ),
        (
            {"value": 0.5, "interval_items": (0.2, 0.8), "controls": {}, "beyond": (-0.1, 0.7)},
            "explained by validity, negation and length",
        ),
        (
            {"value": 0.5, "interval_items": (0.2, 0.8), "controls": {}, "beyond": (0.1, 0.5)},
            "follows what people find easy",
        ),
    ],
)
def test_verdicts(changes: dict[str, object], verdict: str, scores: list[DifficultyScore]) -> None:
    found = line(scores, **changes)
    assert found.verdict == verdict
    assert len(verdict.split()) <= 8


def test_without_log_odds_there_is_no_line(scores: list[DifficultyScore]) -> None:
    rows = [row.model_copy(update={"value": None}) for row in scores[0].profiles]
    nothing = scores[0].model_copy(update={"profiles": tuple(rows)})
    assert scorecard(record([nothing])).lines == []


def test_its_cautions_are_remarks_on_behaviour(scores: list[DifficultyScore]) -> None:
    found = [text for text in remarks(record(scores)) if text.startswith("Behaviour: ")]
    assert len(found) == 1
