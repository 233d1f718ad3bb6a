"""``brainbench leaderboard`` as its user meets it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from broken_submissions import edit_record
from synthetic_runs import make_run, write_run

import brainbench.cli.leaderboard as command
from brainbench.cli.main import main
from brainbench.leaderboard.submissions.submission import make_submission

Run = Callable[..., tuple[int, str, str]]
SAID = {"org": "lab", "licence": "MIT", "contamination": "none", "contact": "@me"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in this process, in a folder with submissions and a run of one's own."""
    monkeypatch.chdir(tmp_path)
    for seed in range(3):
        record, samples = make_run(seed)
        folder = write_run(tmp_path / ("results" if seed == 2 else "runs"), record, samples)
        if seed < 2:
            make_submission(folder, tmp_path / "submissions", given=SAID)

    def work(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["brainbench", "leaderboard", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        return code, out, " ".join(err.split())

    return work


def test_builds_from_submissions_beside_it(run: Run) -> None:
    code, out, err = run("build", "--output-path", "site", "--no-reports")
    assert code == 0
    assert out.startswith("site/index.html: 2 runs, ")
    assert "[0/" in err
    text = Path("site/alignment.html").read_text("utf-8")
    assert "synthetic-0000" in text
    assert "synthetic-0002" not in text


def test_own_runs_are_asked_for(run: Run) -> None:
    code, out, err = run(
        "build", "--output-path", "site", "--results", "results", "--no-reports", "--quiet"
    )
    assert (code, err) == (0, "")
    assert out.startswith("site/index.html: 1 run, ")
    code, out, _ = run("build", "--output-path", "site", "--results", "results", "--submissions",
                       "submissions", "--no-reports", "--quiet")  # fmt: skip
    assert out.startswith("site/index.html: 3 runs, ")


def test_faulty_ones_are_told_and_the_exit_code_says_so(run: Run) -> None:
    folder = next(Path("submissions/lab__synthetic-0001").iterdir())
    edit_record(folder, lambda record: record["controlled"][0].update(draws=3))
    code, out, err = run("build", "--output-path", "site", "--no-reports", "--quiet")
    assert code == 1
    assert "draws: are 3, the protocol asks for 200 or more" in out
    assert f"left out: {folder}" in err
    assert "site/index.html: 1 run, " in out


def test_boards_of_ones_own(run: Run) -> None:
    Path("boards").mkdir()
    board = {"name": "raw", "title": "Raw", "page": "raw", "kind": "controlled", "label": "raw r",
             "what": "w", "statistic": "raw_r",
             "benchmarks": {"xiao2026.language.syllogistic-ridge": 3}}  # fmt: skip
    Path("boards/raw.yaml").write_text(yaml.safe_dump(board))
    code, _, _ = run(
        "build", "--output-path", "site", "--boards", "boards", "--no-reports", "--quiet"
    )
    assert code == 0
    text = Path("site/raw.html").read_text("utf-8")
    assert "synthetic-0001" in text
    assert not Path("site/alignment.html").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("build", "--output-path", "submissions", "--quiet"), "holds other files"),
        (
            ("build", "--output-path", "site", "--results", "nowhere", "--quiet"),
            "holds no finished run",
        ),
        (("build", "--output-path", "site", "--boards", "nowhere", "--quiet"), "holds no board"),
        (("serve", "submissions"), "holds no pages"),
    ],
)
def test_wrong_requests(run: Run, arguments: tuple[str, ...], reason: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert reason in err


def test_serve_says_where_and_ends_by_itself(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("build", "--output-path", "site", "--no-reports", "--quiet")
    opened = command.open_server

    def interrupted(*arguments: Any) -> Any:
        server = opened(*arguments)

        def stop() -> None:
            raise KeyboardInterrupt

        server.serve_forever = stop  # type: ignore[method-assign]
        return server

    monkeypatch.setattr(command, "open_server", interrupted)
    code, out, err = run("serve", "site", "--port", "0")
    assert code == 0
    assert out.startswith("http://127.0.0.1:")
    assert err == "stopped"
