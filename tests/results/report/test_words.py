"""What a report says in words: warnings first, then a summary; null results are said as such."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from simulated_records import answers, controlled, empty, full, gain, published, task

from brainbench.benchmarks.controlled.score import Estimate
from brainbench.results import Record
from brainbench.results.blocks import Block, Bullets, Words
from brainbench.results.report.summary import summary
from brainbench.results.sections.cautions import cautions


def told(blocks: Iterable[Block]) -> str:
    parts = []
    for block in blocks:
        if isinstance(block, Words):
            parts.append(block.text)
        elif isinstance(block, Bullets):
            parts += [f"{name}: {text}" for name, text in block.items]
    return "\n".join(parts)


def with_scores(*scores: Any) -> Record:
    record = empty()
    for score in scores:
        record.add(score)
    return record


class TestSummary:
    def test_controlled_scores_describe_and_the_ladder_answers(self) -> None:
        more = controlled("md", unique_r2=Estimate(value=0.2, p=0.01))
        less = controlled(unique_r2=Estimate(value=-0.1, p=0.9))
        text = told(summary(with_scores(more, less)))
        assert (
            "from R² -0.1000 (language, syllogisms) to 0.2000 (multiple demand, syllogisms)."
            in text
        )
        assert "whether the model is aligned is what the ladder answers" in text
        assert "multiple demand, syllogisms: unique R² 0.2000 (p 0.010 by itself)" in text

    def test_published_scores_stand_beside_what_reaches_them(self) -> None:
        text = told(summary(with_scores(published(), published("md"))))
        assert "In 2 of 2 cells something that knows nothing of the model does as well" in text
        assert "most often response time (2 cells)" in text
        assert "The layer is chosen on the items it is scored on" in text

    def test_published_scores_that_nothing_reaches(self) -> None:
        free = published(controls=())
        text = told(summary(with_scores(free)))
        assert "No nuisance row reaches it." in text

    @pytest.mark.parametrize(
        ("skill", "said"),
        [
            (2.0, "on 1 the model is clearly better than always giving one answer (quick)"),
            (0.0, "a null result: on none is the model clearly better"),
        ],
    )
    def test_accuracy_is_held_against_a_constant_answer(self, skill: float, said: str) -> None:
        record = with_scores(task("brainbench_quick", answers(3, n=60, skill=skill)))
        assert said in told(summary(record))

    def test_behaviour_and_guidance_are_read(self) -> None:
        record = full()
        text = told(summary(record))
        assert "all problems, ds003076: the model shares people's errors with κ" in text
        assert "no more than" in text
        title = "Steering by language, syllogisms: three premises"
        areas = {row.arm: row.auc for row in gain().arms}
        brief = f"AUC of log-odds {areas['unguided']:.3f} unguided, {areas['guided']:.3f} guided"
        assert f"{title}: inconclusive; {brief}" in text

    def test_a_run_without_scores_says_so(self) -> None:
        assert told(summary(empty())) == "No score came out."
        assert told(summary(empty(status="started"))) == "This run has no scores yet."


class TestWarnings:
    def test_what_is_wrong_with_the_run_comes_first(self) -> None:
        record = with_scores(controlled())
        record.status, record.error, record.notes = "error", "the disk is gone", ["limited"]
        record.datasets[0].simulated = True
        record.model.builtin = True
        found = cautions(record)
        assert [name for name, _ in found[:4]] == [
            "This run is not complete", "Simulated people", "Built-in model", ""
        ]  # fmt: skip
        assert found[0][1] == "its status is error: the disk is gone"
        assert found[3][1] == "limited"

    def test_that_people_are_simulated_is_said_once(self) -> None:
        record = with_scores(controlled(notes=("xiao2026 is simulated: nothing was measured",)))
        record.datasets[0].simulated = True
        record.notes = ["xiao2026: simulated people; these scores say nothing about any brain"]
        found = cautions(record)
        assert sum("simulated" in f"{about} {text}".lower() for about, text in found) == 1

    def test_nuisance_that_reaches_the_model_is_told_once_for_all_cells(self) -> None:
        record = with_scores(controlled(), controlled("md"), controlled("md", "all", controls=()))
        found = dict(cautions(record))
        assert found["response time reaches the model (controlled)"] == (
            "in language (syllogisms); multiple demand (syllogisms)"
        )
        # said above, so not again in the words of each cell
        assert not [text for text in found.values() if "alone scores" in text]

    def test_a_warning_of_every_cell_is_said_once_of_all(self) -> None:
        record = with_scores(controlled(), controlled("md", notes=("voxels are few", "odd")))
        texts = [text for _, text in cautions(record)]
        assert texts.count("voxels are few (all of alignment, controlled)") == 1
        assert texts.count("odd (multiple demand, syllogisms)") == 1

    def test_nothing_to_say_is_nothing(self) -> None:
        assert cautions(empty()) == []
