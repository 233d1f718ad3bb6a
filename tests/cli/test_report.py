"""The report from the command line, and beside every run."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from simulated_records import empty, full, samples, write_run

from brainbench.cli.main import main
from brainbench.models import PHANTOM_FILE
from brainbench.results import load_record

# its package has a function of the same name
EVALUATE = import_module("brainbench.run.evaluate")
ONE = "phantom.signal.syllogistic-ridge"


class Result:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["brainbench", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return Result(int(caught.value.code or 0), out, " ".join(err.split()))

    return run


def evaluate(cli: Any, *more: str) -> Result:
    asked = ("--model", PHANTOM_FILE, "--protocol", "published", "--benchmarks", ONE)
    result: Result = cli("evaluate", *asked, *more)
    return result


def test_every_run_writes_its_report_and_the_command_makes_it_again(cli: Any) -> None:
    assert evaluate(cli).code == 0
    (page,) = Path("results").glob("*/*/report.html")
    first = page.read_bytes()
    assert b"published protocol" in first
    page.unlink()
    result = cli("report", str(page.parent))
    assert result.code == 0
    assert result.out == f"{page} ({len(first):,} bytes)\n"
    assert page.read_bytes() == first
    assert cli("report", str(page.parent / "results.json")).code == 0


def test_a_report_that_fails_loses_nothing(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a number that cannot be drawn")

    monkeypatch.setattr(EVALUATE, "write_report", broken)
    result = evaluate(cli)
    assert result.code == 0
    assert "no report: ZeroDivisionError: a number that cannot be drawn" in result.err
    (path,) = Path("results").glob("*/*/results.json")
    assert f"`brainbench report {path.parent}` tries again" in result.err
    assert load_record(path).status == "success"
    assert not (path.parent / "report.html").exists()
    assert not (path.parent / "steps").exists()


def test_a_run_that_breaks_off_has_a_report_of_what_it_was(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("brainbench.benchmarks.published.benchmark.score_benchmarks", stop)
    assert evaluate(cli).code == 130
    (page,) = Path("results").glob("*/*/report.html")
    assert "its status is cancelled: interrupted by the user" in page.read_text("utf-8")


def test_it_goes_where_it_is_told(cli: Any, tmp_path: Path) -> None:
    record = full()
    record.model.identifier = "../../lab/model"
    run = write_run(record, tmp_path / "run", samples())
    assert cli("report", str(run), "--output-path", "page.HTML").code == 0
    assert (tmp_path / "page.HTML").is_file()
    (tmp_path / "pages").mkdir()
    result = cli("report", str(run), "--output-path", "pages")
    (page,) = (tmp_path / "pages").iterdir()
    assert page.name == "_.._lab_model_abc123.html"
    assert str(page.relative_to(tmp_path)) in result.out
    assert not (run / "report.html").exists()


def test_reports_have_a_place_of_their_own(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINBENCH_OUTPUT_PATH", str(tmp_path / "results"))
    run = write_run(empty(), tmp_path / "run")
    assert cli("report", str(run)).code == 0
    assert (run / "report.html").is_file()
    assert not (tmp_path / "results").exists()
    monkeypatch.setenv("BRAINBENCH_REPORT_OUTPUT_PATH", str(tmp_path))
    assert cli("report", str(run)).code == 0
    assert (tmp_path / "lab_model_abc123.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("gone",), 2, "gone is not a run: give the folder of one"),
        (("run", "--output-path", "run/results.json"), 2, "give an .html file, or a folder"),
        (("bad.json",), 1, "bad.json is not a record of a run"),
        ((), 2, "Missing argument"),
    ],
)
def test_what_is_off_is_said(
    arguments: tuple[str, ...], code: int, told: str, cli: Any, tmp_path: Path
) -> None:
    write_run(empty(), tmp_path / "run")
    (tmp_path / "bad.json").write_text("{}x", "utf-8")
    result = cli("report", *arguments)
    assert (result.code, told in result.err) == (code, True), result.err


def test_help_shows_examples(cli: Any) -> None:
    result = cli("report", "--help")
    assert "brainbench report results/MODEL/RUN" in result.out
    assert "report.html" in result.out
