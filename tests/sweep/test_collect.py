"""What a sweep found as tables, a page and submissions."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from simulated_records import full, write_run
from small_sweep import SMALL, small_sweep

from brainbench.cli.main import main
from brainbench.results import Record
from brainbench.results.scorecard import scorecard
from brainbench.sweep.collect import collect_runs, scores_table, write_page, write_tables
from brainbench.sweep.status import sweep_rows


@pytest.fixture
def records() -> list[Record]:
    return [full(0, identifier="a<b>", run_id="0" * 12), full(1, identifier="c", run_id="1" * 12)]


@pytest.fixture
def swept(tmp_path: Path, records: list[Record]) -> Path:
    """A sweep of three runs, two of them done."""
    folder, plan = small_sweep(tmp_path, SMALL.replace("[0, 1]", "[0, 1, 2]"))
    for step, record in zip(plan.runs, records, strict=False):
        run = write_run(record, tmp_path / "results" / record.run_id)
        (run / "report.html").write_text("x")
        state = folder.state(step.id)
        state.state, state.run = "done", str(run.relative_to(tmp_path))
        folder.save(state)
    state = folder.state(plan.runs[2].id)
    state.state, state.error = "failed", "no <luck>"
    folder.save(state)
    return tmp_path


class Links(HTMLParser):
    """Addresses and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(str(dict(attrs)["href"]))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_scores_are_those_of_the_scorecards(swept: Path, records: list[Record]) -> None:
    folder, plan = small_sweep(swept, SMALL.replace("[0, 1]", "[0, 1, 2]"))
    runs, lacking = collect_runs(plan, sweep_rows(folder, plan))
    assert lacking == {plan.runs[2].label: "failed: no <luck>"}
    table = scores_table(runs)
    lines = [line for record in records for line in scorecard(record).lines]
    assert [*table["value"]] == [line.value for line in lines]
    assert [*table["score"]] == [line.name for line in lines]
    assert {*table["seed"]} == {"0", "1"}
    assert {*table["model"]} == {"a<b>", "c"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables(swept: Path, records: list[Record], kind: str) -> None:
    folder, plan = small_sweep(swept, SMALL.replace("[0, 1]", "[0, 1, 2]"))
    runs, _ = collect_runs(plan, sweep_rows(folder, plan))
    scores, numbers = write_tables(runs, swept / "out", kind)
    read = pd.read_csv if kind == "csv" else pd.read_parquet
    assert len(read(scores)) == len(scores_table(runs))
    assert len(read(numbers)) == sum(len(record.to_dataframe()) for record in records)


def test_the_page_links_to_each_report(swept: Path) -> None:
    folder, plan = small_sweep(swept, SMALL.replace("[0, 1]", "[0, 1, 2]"))
    rows = sweep_rows(folder, plan)
    runs, lacking = collect_runs(plan, rows)
    text = write_page(plan, rows, runs, lacking, swept / "out" / "report.html").read_text("utf-8")
    page = Links(text)
    reports = {link for link in page.links if link.endswith("/report.html")}
    assert reports == {f"../results/{n * 12}/report.html" for n in "01"}
    for link in reports:
        assert (swept / "out" / link).is_file()
    assert "no <luck>" in page.text
    assert "<luck>" not in text
    assert "2 done" in page.text


def test_from_the_command_line(
    swept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(swept)
    words = ["brainbench", "sweep", "collect", "--org", "lab"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert not ended.value.code, err
    assert [Path(line).name for line in out.splitlines()] == [
        "scores.csv",
        "numbers.csv",
        "report.html",
    ]
    made = [*(swept / "sweeps" / "small" / "collected" / "submissions").glob("*/*/metadata.yaml")]
    assert len(made) == 2, err
    assert "missing:" in err
