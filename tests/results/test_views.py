"""Records and scores in Python: what prints, a notebook shows, and a table and a picture hold."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape
from scorecards import PARTIAL, passed, record_of
from simulated_records import controlled, empty, full, gain, published, search

from brainbench.benchmarks import LadderScore
from brainbench.errors import UsageError
from brainbench.results.scorecard import scorecard
from brainbench.results.scorecard.alignment import ladder_line, published_interval
from brainbench.results.scorecard.behavior import behavior_interval

COLUMNS = ["benchmark", "roi", "reasoning_type", "statistic", "value", "low", "high", "p"]


@pytest.mark.parametrize("name", PARTIAL)
def test_a_record_prints_as_its_scorecard(name: str) -> None:
    record = PARTIAL[name]
    shown = repr(record)
    assert shown == str(record)
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    words = " ".join(shown.split())
    for line in scorecard(record).lines:
        assert line.number in words
    assert shown.startswith(record.model.identifier)


def test_in_a_notebook_it_prints_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = str(record_of("f50c41311891"))
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert str(record_of("f50c41311891")) == before


@pytest.mark.parametrize("name", PARTIAL)
def test_a_notebook_shows_the_same(name: str) -> None:
    record = PARTIAL[name]
    page = record._repr_html_()
    for line in scorecard(record).lines:
        for text in (line.number, line.verdict, line.details):
            assert str(escape(text)) in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_every_score_prints_as_one_line() -> None:
    record = record_of("f50c41311891")
    ladder = LadderScore.read_from(record)[0]
    assert repr(ladder) == (
        "xiao2026.brain.all-ladder 3.7: found beyond position; explained by text length "
        "(z beyond position [0.5, 6.8], untrained networks 0.8)"
    )
    behavior = next(score for score in record.behavior if "transitive" in score.benchmark)
    assert repr(behavior) == (
        "ds003076.behavior.transitive-consistency 0.137: no more than chance "
        "(κ of errors [-0.011, 0.286], people 0.155)"
    )
    assert repr(record.answer_bias[0]).startswith("brainbench_quick_syllogistic 0.469: no better")
    record = full()
    scores = [*record.each_score(), *record.answer_bias, controlled(), published(), gain(),
              search(), *record_of("25193ca65ae1").behavior]  # fmt: skip
    for score in scores:
        assert "\n" not in repr(score)
        assert 20 < len(repr(score)) < 320
        assert "(" not in repr(score)[:12]
    assert repr(record_of("25193ca65ae1").behavior[0]).endswith("-consistency undefined")
    assert "response time alone predicts better" in repr(controlled())
    assert "no nuisance predicts better" in repr(controlled(controls=()))


def test_the_table_holds_every_number_once() -> None:
    record = full()
    record.add(passed("run", "position"))
    record.add(published("dr", "all"))
    table = record.to_dataframe()
    assert list(table.columns) == COLUMNS
    assert not table.value.isna().any()
    assert not table.duplicated(["benchmark", "roi", "reasoning_type", "statistic"]).any()
    assert (table.low.isna() == table.high.isna()).all()
    assert (table.dropna(subset=["low"]).eval("low <= high")).all()
    assert table.p.dropna().between(0, 1).all()

    def held(benchmark: str, statistic: str, **where: str) -> pd.Series:
        rows = table[(table.benchmark == benchmark) & (table.statistic == statistic)]
        for name, value in where.items():
            rows = rows[rows[name] == value]
        assert len(rows) == 1
        return rows.iloc[0]

    score = record.controlled[0]
    row = held(score.benchmark, "unique R²")
    assert row.value == score.unique_r2.value
    assert (row.low, row.high) == score.unique_r2.interval
    assert (row.roi, row.reasoning_type, row.p) == ("language", "syllogistic", 0.4)
    ladder = LadderScore.read_from(record)[0]
    row = held("xiao2026.brain.all-ladder", "z of larger beyond position and neighbours", roi="all")
    assert row.value == ladder.context.compared.z
    assert row.p == 0.001
    # one interval for each score: the scorecard's
    assert (row.low, row.high) == ladder_line(ladder).interval
    bias = record.answer_bias[0]
    row = held(bias.task, "accuracy")
    assert (row.low, row.high) == bias.accuracy_interval
    row = held("xiao2026.dr.all-ridge", "r as published")
    assert row.value == record.published[0].raw
    assert pd.isna(row.low) == (published_interval(record.published) is None)
    change = record.gains[0].differences[0].changes[0]
    row = held(record.gains[0].identifier, "change of auc against unguided")
    assert (row.value, row.low, row.high) == (change.value, *(change.interval or ()))


def test_a_record_without_scores_has_an_empty_table() -> None:
    table = empty().to_dataframe()
    assert list(table.columns) == COLUMNS
    assert len(table) == 0


@pytest.mark.parametrize("name", PARTIAL)
def test_any_record_has_a_table(name: str) -> None:
    assert len(PARTIAL[name].to_dataframe()) > 0


def test_a_picture_is_of_the_ladder_or_of_the_scorecard(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the plot extra")
    figure = record_of("f50c41311891").plot()
    # what a notebook asks of it
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:3] == ["beyond run means", "beyond position and neighbours", "beyond text length"]
    models = [line for line in axes.lines if line.get_marker() == "o"]
    assert round(float(models[1].get_xdata()[0]), 1) == 3.7  # type: ignore[index]
    figure.savefig(tmp_path / "ladder.png")
    assert (tmp_path / "ladder.png").stat().st_size > 5000
    lines = record_of("a37d3f7cf98f").plot()
    assert [axes.get_yticklabels()[0].get_text().split("\n")[0] for axes in lines.axes] == [
        "alignment", "behaviour",
    ]  # fmt: skip


def test_a_picture_that_cannot_be_drawn_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="needs the plot extra")
    with pytest.raises(UsageError, match="no score to draw"):
        empty().plot()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("brainbench.results.scorecard.picture.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'brainbench\[plot\]'"):
        full().plot()


def test_a_table_has_the_interval_of_the_scorecard() -> None:
    submitted = record_of("c94d1ed8716b")
    table = submitted.to_dataframe()
    for score in submitted.published:
        rows = table[(table.benchmark == score.benchmark) & (table.statistic == "r as published")]
        assert tuple(rows[["low", "high"]].iloc[0]) == published_interval([score])
    for own in submitted.behavior:
        rows = table[(table.benchmark == own.benchmark) & (table.statistic == "κ of errors")]
        assert tuple(rows[["low", "high"]].iloc[0]) == pytest.approx(behavior_interval([own]))
