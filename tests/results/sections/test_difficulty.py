"""Item difficulty in a terminal, the report's summary and the warnings."""

from __future__ import annotations

import numpy as np
import pytest
from shown_tables import lines, table_named
from simulated_behavior import AnsweringFake, grouped, hesitant, sharing

from brainbench.benchmarks import DifficultyBenchmark, DifficultyScore, score_difficulty
from brainbench.results import ModelInfo, Record
from brainbench.results.blocks import Bullets
from brainbench.results.report.summary import summary
from brainbench.results.sections.cautions import cautions, section_cautions
from brainbench.results.sections.difficulty import difficulty_section, read_difficulty
from brainbench.results.sections.other import other_section


@pytest.fixture(scope="module")
def record() -> Record:
    made = Record(
        run_id="abc", status="success", versions={}, datasets=[], benchmarks={}, config={},
        model=ModelInfo(identifier="m", sha256="0"),
    )  # fmt: skip
    groups = np.array(["adults"] * 4 + ["children"] * 6)
    behavior = grouped(sharing(0.7, n_people=10), groups, np.arange(10, 20, dtype=float))
    answers = AnsweringFake(hesitant).answer(behavior.problems)
    benchmarks = [DifficultyBenchmark("deduction73", kind) for kind in ("all", "transitive")]
    for score in score_difficulty(benchmarks, behavior, answers):
        made.add(score)
    return made


def test_a_run_without_it_has_no_section(record: Record) -> None:
    assert difficulty_section(record.model_copy(update={"other": []})) is None


def test_every_profile_stands_with_its_groups(record: Record) -> None:
    score = DifficultyScore.read_from(record)[0]
    shown = table_named(difficulty_section(record), "95 % intervals over people")
    assert list(shown) == [
        "joint", "adults", "children", "joint, at one age", "joint, beyond condition",
    ]  # fmt: skip
    for row in score.profiles:
        cells = shown[row.profile]
        assert cells["ρ of the model"].startswith(f"{row.value:.3f} [")
    assert shown["joint"]["reliability"] == f"{score.joint.reliability:.3f}"
    text = " ".join(lines(record))
    assert "4 adults, 6 children; 72 items. Difficulty for adults and children correlates" in text
    assert "no scores" not in text


def test_lines_fit(record: Record) -> None:
    printed = lines(record)
    assert all(len(line) <= 100 for line in printed)
    assert "…" not in "\n".join(printed)


def test_it_is_not_shown_twice(record: Record) -> None:
    assert other_section(record) is None
    items = [
        item for block in summary(record) if isinstance(block, Bullets) for item in block.items
    ]
    assert [name for name, _ in items] == [
        "All problems, deduction73",
        "Transitive problems, deduction73",
    ]


def test_the_sentence_names_groups_controls_and_bound(record: Record) -> None:
    score = DifficultyScore.read_from(record)[0]
    text = read_difficulty(score)
    assert text.startswith("confidence follows what adults and children find easy with ρ ")
    for row in score.profiles[1:3]:
        assert f"{row.profile} {row.value:.3f}" in text
    assert f"bound {score.joint.bound:.3f}" in text
    assert f"beyond condition and length {score.beyond.value:.3f} [" in text
    # nothing that is as far from 0 is left out of the sentence
    assert score.reached_by
    assert all(name in text for name in score.reached_by[:3])


def test_the_sentence_of_chance_of_more_and_of_nothing(record: Record) -> None:
    score = DifficultyScore.read_from(record)[0]
    joint = score.joint.model_copy(update={"controls": {"number of words": 0.1}})

    def reading(**changes: object) -> str:
        row = joint.model_copy(update=changes)
        return read_difficulty(score.model_copy(update={"profiles": (row, *score.profiles[1:])}))

    clear = {"value": 0.5, "interval": (0.4, 0.6), "interval_items": (0.2, 0.8)}
    assert "above chance, and above everything" in reading(**clear)
    assert "a null result" in reading(**clear | {"interval_items": (-0.1, 0.8)})
    below = {"value": -0.5, "interval": (-0.6, -0.4), "interval_items": (-0.8, -0.2)}
    assert "less than chance" in reading(**below)
    assert "undefined" in reading(value=None)


def test_the_sentence_of_age_names_what_is_as_near(record: Record) -> None:
    score = DifficultyScore.read_from(record)[0]
    ends = {"interval": (0.5, 1.5), "interval_items": (0.1, 1.9)}
    controls = {"always True": 1.2, "number of words": -3.0, "position in run": 0.9}
    older = score.slopes[0].model_copy(update={"slope": 1.0, "controls": controls, **ends})
    alone = older.model_copy(update={"controls": {}})
    for row, text in ((older, "; nearer to older people by ρ of confidence with right answers, as "
                       "always True."), (alone, "with right answers.")):  # fmt: skip
        others = [one.model_copy(update={"interval_items": None}) for one in score.slopes[1:]]
        found = read_difficulty(score.model_copy(update={"slopes": (row, *others)}))
        assert found.endswith(text)


def test_warnings_stand_under_its_name(record: Record) -> None:
    own = section_cautions(record, "difficulty")
    assert any("items of different reasoning types are pooled" in text for _, text in own)
    assert section_cautions(record, "other") == []
    assert set(own) <= set(cautions(record))
