"""A ~ that no shell expanded is the home folder, wherever a path is given."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_runs import make_run, write_run
from tiny_steerings import make_steering

from brainbench.calibration import CalibrationFolder
from brainbench.cli.main import main
from brainbench.guidance.finetuning.folder import FinetuningFolder
from brainbench.models import MadeFor, load_steering, save_steering
from brainbench.paths import user_path
from brainbench.reasoning.lm_eval_export import export_lm_eval
from brainbench.results import RunFolder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, and another in which the work is done."""
    place = tmp_path / "home"
    (tmp_path / "elsewhere").mkdir()
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return place


@pytest.fixture
def cli(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run a command in this process, which must succeed; what it prints."""

    def work(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["brainbench", *arguments])
        code: object = 0
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code
        out, err = capsys.readouterr()
        assert not code, err
        assert not list(Path().rglob("~")), "no folder is called ~"
        return out

    return work


def test_of_one_that_nobody_has_nothing_is_made(home: Path) -> None:
    assert user_path("~/x") == home / "x"
    assert user_path("~nobody-here/x") == Path("~nobody-here/x")
    assert user_path("a/~/x") == Path("a/~/x")


def test_folders_that_are_written(home: Path) -> None:
    assert RunFolder("~/r", "m", "abc").path == home / "r" / "m" / "abc"
    assert FinetuningFolder("~/f").path == home / "f"
    assert CalibrationFolder("~/c").path == home / "c"


def test_steerings(home: Path) -> None:
    steering = make_steering(MadeFor("tiny", "0" * 64, "llama", 4, 32))
    assert save_steering(steering, "~/s") == home / "s"
    assert load_steering("~/s").name == steering.name
    export_lm_eval(steering, "~/s.pt")
    assert (home / "s.pt").is_file()


def test_verbs_that_read_runs(cli: Callable[..., str], home: Path) -> None:
    runs = []
    for seed in range(2):
        record, samples = make_run(seed)
        runs.append(f"~/{write_run(home / 'results', record, samples).relative_to(home)}")
    assert "synthetic-0000" in cli("show", runs[0])
    assert "synthetic-0001" in cli("compare", *runs)
    assert str(home / "page.html") in cli("report", runs[0], "--output-path", "~/page.html")
    said = ("--org", "lab", "--licence", "MIT", "--contact", "@me", "--contamination", "none")
    made = cli("submit", runs[0], *said, "--output-path", "~/submissions").strip()
    assert made.startswith(str(home / "submissions"))
    assert "no fault" in cli("submit", "--check", "~/submissions")
    given = ("--submissions", "~/submissions", "--results", "~/results", "--no-reports")
    cli("leaderboard", "build", "--output-path", "~/site", *given)
    assert (home / "site" / "index.html").is_file()
