"""Answers of two runs, paired over items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulated_records import answers, empty, full, samples, task, write_run
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from brainbench.results import TaskInfo
from brainbench.results.compare.comparison import ComparisonRow, Refusal
from brainbench.results.compare.items import count_prompts, pair_tasks
from brainbench.results.compare.paired import mean_difference
from brainbench.results.compare.task_rows import task_rows
from brainbench.results.finished import FinishedRun, open_run
from brainbench.statistics.answers import mcnemar

Rows = list[dict[str, Any]]
NAME = "brainbench_quick_a"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., FinishedRun]:
    """A run of one task that was answered so."""

    def make(name: str, rows: Rows, sha256: str = "5" * 64, **fields: Any) -> FinishedRun:
        record = empty(run_id=name, **fields)
        record.add(task(NAME, answers(0)))
        record.tasks = {NAME: TaskInfo(version="1.0", sha256=sha256)}
        return open_run(write_run(record, tmp_path / name, {NAME: rows}))

    return make


def compare_tasks(first: FinishedRun, second: FinishedRun) -> list[ComparisonRow | Refusal]:
    tasks, refused = pair_tasks(first, second)
    return [*task_rows(tasks), *refused]


def rows_of(first: FinishedRun, second: FinishedRun) -> dict[str, ComparisonRow]:
    found = list(compare_tasks(first, second))
    assert not [one for one in found if isinstance(one, Refusal)], found
    return {row.metric: row for row in found if isinstance(row, ComparisonRow)}


def reason(first: FinishedRun, second: FinishedRun) -> str:
    (found,) = compare_tasks(first, second)
    assert isinstance(found, Refusal)
    assert found.name == NAME
    assert found.lost
    return found.reason


def test_accuracy_balanced_accuracy_and_area_are_those_of_scikit_learn(
    run: Callable[..., FinishedRun],
) -> None:
    before, after = answers(1, labels="TTF"), answers(1, labels="TTF", skill=0.2)
    found = rows_of(run("a", before), run("b", after))
    assert set(found) == {"accuracy", "balanced accuracy", "AUC"}
    labels = [row["label"] for row in before]
    for metric, score in (
        ("accuracy", lambda rows: np.mean([r["said"] == r["label"] for r in rows])),
        ("balanced accuracy", lambda rows: balanced_accuracy_score(
            labels, [r["said"] for r in rows])),
        ("AUC", lambda rows: roc_auc_score(
            [label == "True" for label in labels], [r["log_odds"] for r in rows])),
    ):  # fmt: skip
        row = found[metric]
        assert row.baseline == pytest.approx(score(before)), metric
        assert row.other == pytest.approx(score(after)), metric
        assert row.difference == pytest.approx(score(after) - score(before)), metric
        assert (row.over, row.n, row.clusters) == ("items", 40, 20)


def test_orders_of_a_problem_are_one_cluster_and_mcnemar_takes_one_of_each(
    run: Callable[..., FinishedRun],
) -> None:
    before, after = answers(1), answers(1, skill=0.2)
    row = rows_of(run("a", before), run("b", after))["accuracy"]
    change = [b["acc"] - a["acc"] for a, b in zip(before, after, strict=True)]
    bases = [r["base_id"] for r in before]
    # with a problem more that is gained in both orders, and one that is lost in both
    expected = mean_difference([*change, 1, 1, -1, -1], [*bases, "more", "more", "less", "less"])
    assert row.stderr == pytest.approx(expected.stderr)
    assert row.interval == pytest.approx(expected.interval)
    assert row.p == pytest.approx(expected.p)
    assert row.difference == pytest.approx(np.mean(change))
    exact = mcnemar([r["acc"] for r in before[::2]], [r["acc"] for r in after[::2]])
    assert (row.mcnemar_p, row.gained, row.lost) == exact


def test_items_are_matched_by_id_whatever_their_order(run: Callable[..., FinishedRun]) -> None:
    rows = answers(1)
    found = rows_of(run("a", rows), run("b", rows[::-1]))
    assert {row.difference for row in found.values()} == {0.0}
    assert {row.reading for row in found.values()} == {"identical"}
    assert found["accuracy"].changed == 0


def test_items_without_ids_are_matched_by_their_hash(run: Callable[..., FinishedRun]) -> None:
    bare = [
        {k: v for k, v in row.items() if k not in ("id", "base_id")} | {"doc_id": 99 - i}
        for i, row in enumerate(answers(1))
    ]
    found = rows_of(run("a", bare), run("b", bare[::-1]))
    assert found["accuracy"].difference == 0
    assert found["accuracy"].clusters == 40


def test_an_invalid_answer_is_not_right(run: Callable[..., FinishedRun]) -> None:
    rows = answers(1)
    silent = [row | {"said": None} for row in rows]
    found = rows_of(run("a", rows), run("b", silent))
    assert found["accuracy"].other == 0


@pytest.mark.parametrize(
    ("keep", "of"),
    [
        (lambda row: False, "40 and 0"),
        # those that it orders rightly
        (lambda row: row["acc"] == 1.0 and row["doc_id"] < 4, "40 and 4"),
    ],
)
def test_the_area_of_other_items_is_lost(
    keep: Callable[[dict[str, Any]], bool], of: str, run: Callable[..., FinishedRun]
) -> None:
    rows = answers(1)
    fewer = [row | {"log_odds": row["log_odds"] if keep(row) else None} for row in rows]
    assert sum(row["log_odds"] is not None for row in fewer) == int(of.split()[-1])
    first, second = run("a", rows), run("b", fewer)
    found = list(compare_tasks(first, second))
    assert {one.metric for one in found if isinstance(one, ComparisonRow)} == {
        "accuracy", "balanced accuracy"
    }  # fmt: skip
    (refused,) = [one for one in found if isinstance(one, Refusal)]
    assert refused.reason == f"AUC: log-odds of other items: of {of} of 40"
    assert refused.lost
    # what the other run has more of is not a loss where the baseline has nothing
    (refused,) = [one for one in compare_tasks(second, first) if isinstance(one, Refusal)]
    assert refused.lost is (of != "40 and 0")


def test_an_area_of_the_same_part_is_that_of_the_record(run: Callable[..., FinishedRun]) -> None:
    rows, after = (
        [row | {"log_odds": None} if i < 6 else row for i, row in enumerate(answers(1, skill=s))]
        for s in (1.0, 0.2)
    )
    row = rows_of(run("a", rows), run("b", after))["AUC"]
    assert row.n == 34
    assert row.baseline == pytest.approx(task(NAME, rows).bias.auc)


def test_an_area_of_one_label_is_refused_and_not_lost(run: Callable[..., FinishedRun]) -> None:
    rows = answers(1, labels="T")
    (refused,) = [
        one for one in compare_tasks(run("a", rows), run("b", rows)) if isinstance(one, Refusal)
    ]
    assert (refused.reason, refused.lost) == (
        "AUC: all items with log-odds have the same label", False
    )  # fmt: skip


def test_two_items_that_are_both_lost_are_no_certainty(run: Callable[..., FinishedRun]) -> None:
    rows = [row | {"said": row["label"]} for row in answers(1, n=2, orders=1)]
    wrong = [
        row | {"said": "False" if row["label"] == "True" else "True", "log_odds": -row["log_odds"]}
        for row in rows
    ]
    found = rows_of(run("a", rows), run("b", wrong))
    for row in found.values():
        assert row.interval is not None
        assert row.interval[0] == -1.0, row.metric
        assert row.interval[1] > 0.5, row.metric
        assert row.reading == "inconclusive"
    assert (found["accuracy"].difference, found["accuracy"].mcnemar_p) == (-1.0, 0.5)


@pytest.mark.parametrize("n", [1, 2, 4, 16, 40])
def test_always_true_against_always_false_is_not_the_same(
    run: Callable[..., FinishedRun], n: int
) -> None:
    """Both have half of the problems right; every answer differs."""
    rows = answers(1, n=n, orders=1)
    true, false = ([row | {"said": word, "log_odds": odds} for row in rows]
                   for word, odds in (("True", 9.0), ("False", -9.0)))  # fmt: skip
    for row in rows_of(run("a", true), run("b", false)).values() if n > 1 else ():
        assert row.difference == 0.0
        assert row.interval is not None
        assert row.interval[1] - row.interval[0] > 2 / n / 2
        assert max(map(abs, row.interval)) <= 1.0
        # the log-odds of the other are all moved, and all tied as before
        assert row.reading == "inconclusive"
    accuracy = next(row for row in compare_tasks(run("c", true), run("d", false))
                    if isinstance(row, ComparisonRow))  # fmt: skip
    assert (accuracy.changed, accuracy.says) == (n, ("True", 1.0, 0.0))


def test_a_task_that_was_asked_and_not_answered_is_lost(run: Callable[..., FinishedRun]) -> None:
    first, second = run("a", answers(1)), run("b", answers(1))
    second.record.accuracy = {}
    (found,) = compare_tasks(first, second)
    assert (found.reason, found.lost) == ("only the baseline has it", True)
    second.record.tasks = {}
    (found,) = compare_tasks(first, second)
    assert (found.reason, found.lost) == ("only the baseline has it", False)
    (found,) = compare_tasks(second, first)
    assert (found.reason, found.lost) == ("only the other run has it", False)


def test_other_metrics_stand_in_where_there_are_no_choices(
    run: Callable[..., FinishedRun],
) -> None:
    rows = [{"doc_id": i, "doc_hash": str(i), "filter": f, "exact_match": (i % 3) / 2}
            for i in range(9) for f in ("strict", "loose")]  # fmt: skip
    better = [row | {"exact_match": 1.0} for row in rows]
    found = rows_of(run("a", rows), run("b", better))
    assert set(found) == {"accuracy"}
    assert found["accuracy"].difference == pytest.approx(0.5)
    assert found["accuracy"].n == 9  # of several filters the first
    assert found["accuracy"].mcnemar_p is None  # halves are not right or wrong


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[:-1], "other items: 40 and 39, of which 39 are the same"),
        (lambda rows: [r | {"doc_hash": "f"} for r in rows], "differ in doc_hash"),
        (lambda rows: [r | {"target_hash": "f"} for r in rows], "differ in target_hash"),
        (lambda rows: [r | {"label": "False"} for r in rows], "differ in label"),
        (lambda rows: [*rows, rows[0]], "'item-0' is there twice"),
        (lambda rows: [{"id": r["id"]} for r in rows], "neither label and answer nor one of"),
        (lambda rows: [], "holds no item"),
    ],
)
def test_other_items_are_refused(
    change: Callable[[Rows], Rows], told: str, run: Callable[..., FinishedRun]
) -> None:
    rows = answers(1)
    assert told in reason(run("a", rows), run("b", change(rows)))


def test_another_task_is_refused(run: Callable[..., FinishedRun]) -> None:
    rows = answers(1)
    told = reason(run("a", rows), run("b", rows, sha256="6" * 64))
    assert told == "other task: 555555555555… and 666666666666…"


def test_lost_or_damaged_samples_are_refused(run: Callable[..., FinishedRun]) -> None:
    rows = answers(1)
    first, second = run("a", rows), run("b", rows)
    path = second.folder / "samples" / f"{NAME}.jsonl"
    path.write_text("not json\n", "utf-8")
    assert "line 1 is not JSON" in reason(first, second)
    path.unlink()
    assert f"has no samples/{NAME}.jsonl" in reason(first, second)


def test_answers_to_a_datasets_problems_are_a_task_too(tmp_path: Path) -> None:
    record = full()
    given = [
        {"id": f"p{i}", "reasoning_type": "x", "label": i % 2, "said": (i // 2) % 2,
         "log_odds": "inf" if i % 4 else -0.5, "people_right": 1.0, "n_people": 9}
        for i in range(24)
    ]  # fmt: skip
    first = open_run(write_run(record, tmp_path / "a", samples() | {"ds003076": given}))
    turned = [row | {"said": row["label"], "log_odds": 2.0 * row["label"] - 1} for row in given]
    second = open_run(write_run(record, tmp_path / "b", samples() | {"ds003076": turned}))
    found = [row for row in compare_tasks(first, second) if isinstance(row, ComparisonRow)]
    by_metric = {row.metric: row for row in found if row.name == "ds003076"}
    assert by_metric["accuracy"].other == by_metric["AUC"].other == 1.0
    assert by_metric["accuracy"].baseline == pytest.approx(0.5)


def test_the_same_answers_to_the_same_problems_count_once(tmp_path: Path) -> None:
    """Adults and children saw the same problems, of which a run has one set of answers."""
    record = full()
    children = record.behavior[0].model_copy(update={"dataset": "ds002886"})
    record = record.model_copy(update={"behavior": [*record.behavior, children]})
    given = [
        {"id": f"p{i}", "label": i % 2, "said": (i // 2) % 2, "log_odds": 1.0}
        for i in range(24)
    ]  # fmt: skip
    turned = [row | {"said": row["label"]} for row in given]

    def compared(*datasets: tuple[Rows, Rows]) -> list[str]:
        names, runs = ("ds003076", "ds002886"), []
        for side, folder in enumerate("ab"):
            held = {name: rows[side] for name, rows in zip(names, datasets, strict=True)}
            place = tmp_path / f"{folder}{len(list(tmp_path.iterdir()))}"
            runs.append(open_run(write_run(record, place, samples() | held)))
        return [task.name for task in pair_tasks(*runs)[0] if task.name in names]

    assert compared((given, turned), (given, turned)) == ["ds003076"]
    # what was answered in one of the two runs alone differs: both are shown
    half = [*turned[:12], *given[12:]]
    assert compared((given, turned), (given, half)) == ["ds003076", "ds002886"]


def test_prompts_that_differ_are_counted(run: Callable[..., FinishedRun]) -> None:
    rows = answers(1)
    other = [row | {"prompt_hash": "f"} if i < 5 else row for i, row in enumerate(rows)]
    assert count_prompts(run("a", rows), run("b", other), NAME) == (5, 40)
