"""Accuracy in a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from shown_tables import lines

from brainbench.reasoning import TaskScore
from brainbench.reasoning.response_bias import measure_bias
from brainbench.reasoning.score import Threshold
from brainbench.results import ModelInfo, Record, TaskInfo


def record(*scores: TaskScore) -> Record:
    made = Record(
        run_id="abc",
        status="success",
        versions={},
        model=ModelInfo(identifier="m", sha256="0"),
        datasets=[],
        benchmarks={},
        tasks={s.task: TaskInfo(version="1", sha256="0") for s in scores if "group" not in s.task},
        config={},
    )
    for score in scores:
        made.add(score)
    return made


def score(task: str, metrics: dict[str, Any], bias: Any = None, n: int = 8) -> TaskScore:
    return TaskScore(
        task=task, version="1", n_shot=0, n_items=n, n_docs=n, metrics=metrics, bias=bias
    )


def answered(task: str = "brainbench_folded", n: int = 40) -> TaskScore:
    """Six in ten right, each problem in two orders, leaning towards True."""
    items = [
        [f"p{i // 2}", "True" if i % 4 < 2 else "False", "True" if i % 5 else "False", 0.5 - i % 5]
        for i in range(n)
    ]
    bias = measure_bias(
        task, ("True", "False"), items, 3, Threshold(task="v", value=-1.0, n_items=9)
    )
    return score(task, {"acc,none": bias.accuracy}, bias, n)


def test_a_row_stands_beside_blind_answers() -> None:
    made = record(answered())
    printed = lines(made, 110)
    assert printed[:2] == ["m", "1 task of lm-eval"]
    (row,) = [line for line in printed if line.startswith("folded ")]
    bias = made.answer_bias[0]
    cells = row.split()
    assert cells[:3] == ["folded", "40", "(20)"]
    assert f"{bias.accuracy:.3f} ± {bias.accuracy_stderr:.3f}" in row
    assert " True 0.500 " in row
    assert f" True {bias.answer_shares['True']:.0%} ".replace("%", " %") in row  # type: ignore[index]
    # nothing is invalid, so nothing is said of it
    assert cells[-2:] == [f"{bias.accuracy_at_threshold:.3f}", "3"]
    assert not any("inv." in line for line in printed)
    assert any(line.startswith("folded: ") for line in printed)
    assert "±: standard errors" in " ".join(printed)


def test_it_fits_and_nothing_is_cut_off() -> None:
    names = ("brainbench_xiao2026_syllogistic_3", "leaderboard_musr_object_placements")
    printed = lines(record(*(answered(name, 1600) for name in names)), 110)
    for line in printed:
        assert len(line) <= 110
        assert "…" not in line
    assert any(line.startswith(f"{names[1]} ") for line in printed)
    printed = lines(record(*(answered(name, 1600) for name in names)), 80)
    at = next(i for i, line in enumerate(printed) if line.startswith("leaderboard"))
    # where there is less room, a long name goes on below
    assert printed[at].split()[0] + printed[at + 1].strip() == names[1]
    assert max(map(len, printed)) <= 80


def test_groups_and_tasks_without_choices_show_the_metric_that_stands_for_them() -> None:
    made = record(
        answered(),
        score("squad", {"alias": "squad", "f1,none": 0.25, "exact_match,none": 0.125}),
        score("gsm", {"exact_match,strict-match": 0.5, "exact_match_stderr,strict-match": 0.1}),
        score("wiki", {"word_perplexity,none": 12.0, "word_perplexity_stderr,none": "N/A"}),
        score("odd", {"alias": "odd"}),
        score(
            "brainbench_group", {"acc,none": 0.5, "acc_stderr,none": 0.02, "auc,none": 0.75}, n=99
        ),
    )
    text = {line.split()[0]: " ".join(line.split()) for line in lines(made, 110) if line.split()}
    assert text["squad"] == "squad 8 exact_match 0.125 f1 0.250"
    assert text["gsm"] == "gsm 8 exact_match (strict-match) 0.500 ± 0.100"
    assert text["wiki"] == "wiki 8 word_perplexity 12.000"
    assert text["odd"] == "odd 8 no number"
    assert text["group"].startswith("group")
    assert "acc 0.500 ± 0.020 auc 0.750" in text["group"]


def test_a_record_from_before_has_no_accuracy() -> None:
    made = record()
    old = made.model_dump(exclude={"accuracy", "answer_bias", "tasks"})
    assert Record.model_validate(old).accuracy == {}
    assert lines(made, 110) == ["m", "no scores"]


def test_a_row_comes_back_whole() -> None:
    made = record(answered())
    assert Record.model_validate_json(made.model_dump_json()) == made
    assert made.tasks["brainbench_folded"].n_items == 40


@pytest.mark.parametrize("width", [80, 110])
def test_readings_are_folded_not_lost(width: int) -> None:
    made = record(answered())
    text = " ".join(" ".join(lines(made, width)).split())
    assert made.answer_bias[0].reading in text
