"""The picture beside the scorecard is the most telling one that a record has."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from scorecards import passed
from simulated_records import answers, controlled, empty, full, gain, published, task

from brainbench.guidance.verdict import AGAINST
from brainbench.results.record import Record
from brainbench.results.report.first_picture import KEY, first_picture


def record(*scores: Any) -> Record:
    made = empty()
    for score in scores:
        made.add(score)
    return made


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([published(), controlled(), gain(), passed("run", "position")], "z on every rung"),
        ([published(), controlled(), gain()], "Gain in AUC of log-odds"),
        ([published(), controlled()], "bars: 95 % intervals over people"),
        ([published()], "median absolute deviation"),
        ([task("brainbench_quick", answers(3, n=60))], "always giving one answer"),
    ],
    ids=["ladder", "guidance", "controlled", "published", "accuracy"],
)
def test_the_most_telling_comes_first(scores: list[Any], told: str) -> None:
    figure = first_picture(record(*scores))
    assert figure is not None
    assert told in figure.caption
    assert f'id="{KEY}-title"' in figure.picture
    assert len(figure.data) > 1


def test_of_behaviour_and_of_a_search_alone() -> None:
    whole = full()
    behaviour = empty().model_copy(update={"behavior": whole.behavior})
    figure = first_picture(behaviour)
    assert figure is not None
    assert figure.caption.startswith("All problems, ds003076")
    search = empty().model_copy(update={"searches": whole.searches})
    figure = first_picture(search)
    assert figure is not None
    flipped = {row.arm: row.flipped for row in whole.searches[0].rows}
    rows = list(csv.DictReader(io.StringIO(figure.csv)))
    assert {row["row"]: float(row["value"]) for row in rows} == pytest.approx(flipped)


def test_of_several_tests_each_is_held_against_both_arms() -> None:
    differences = gain().differences
    named = [
        d.model_copy(update={"against": a}) for d, a in zip(differences, AGAINST, strict=False)
    ]
    made = gain().model_copy(update={"differences": named})
    other = made.model_copy(update={"test": "six premises"})
    figure = first_picture(record(made, other))
    assert figure is not None
    assert "in 2 tests" in figure.caption
    rows = list(csv.DictReader(io.StringIO(figure.csv)))
    assert {row["row"] for row in rows} == {"three premises", "six premises"}
    known = {d.against: c.value for d in made.differences for c in d.changes if c.metric == "auc"}
    for row in rows:
        arm = row["mark"].rpartition("against ")[2]
        assert float(row["value"]) == pytest.approx(known[arm])


def test_without_scores_there_is_none() -> None:
    assert first_picture(empty()) is None


def test_many_cells_fit_on_a_screen() -> None:
    cells = [controlled(f"roi{i}") for i in range(30)]
    figure = first_picture(record(*cells))
    assert figure is not None
    height = float(figure.picture.partition('height="')[2].partition('"')[0])
    assert height < 420
