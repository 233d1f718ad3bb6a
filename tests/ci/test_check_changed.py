"""Which submissions a branch changes, and that they are checked without running anything of it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from synthetic_runs import make_run, write_run

from brainbench.leaderboard.submissions.submission import make_submission

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "check_changed.py"
SAID = {"org": "lab", "licence": "MIT", "contamination": "none known", "contact": "@me"}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_changed", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def git(tmp_path: Path) -> Any:
    """A repository of one commit; gives a function that runs git in it."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    root = tmp_path / "proposed"
    root.mkdir()

    def run(*arguments: str) -> str:
        own = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b.c"]
        done = subprocess.run([*own, *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    run("init", "--quiet")
    (root / "submissions").mkdir()
    (root / "submissions" / "README.md").write_text("how\n")
    run("add", ".")
    run("commit", "--quiet", "-m", "base")
    run.root, run.base = root, run("rev-parse", "HEAD")  # type: ignore[attr-defined]
    return run


def commit(git: Any) -> None:
    git("add", "--all")
    git("commit", "--quiet", "-m", "proposed")


def test_folders_of_paths(script: ModuleType) -> None:
    folders, stray = script.folders_of(
        [
            "submissions/lab__m/abc/metadata.yaml",
            "submissions/lab__m/abc/record/results.json",
            "submissions/lab__n/def/metadata.yaml",
            "submissions/README.md",
            "submissions/evil.py",
            "submissions/lab__m/abc",
            "submissions/lab/abc/metadata.yaml",
        ]
    )
    assert folders == ["submissions/lab__m/abc", "submissions/lab__n/def"]
    assert stray == [
        "submissions/evil.py",
        "submissions/lab__m/abc",
        "submissions/lab/abc/metadata.yaml",
    ]


def test_a_good_submission_passes_and_a_broken_one_does_not(
    script: ModuleType, git: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record, samples = make_run(0)
    run = write_run(tmp_path / "runs", record, samples)
    folder = make_submission(run, git.root / "submissions", given=SAID)
    # a module that would take the place of the checker, were anything of the branch imported
    (git.root / "submissions" / "README.md").write_text("new words\n")
    (git.root / "brainbench").mkdir()
    (git.root / "brainbench" / "__init__.py").write_text("raise SystemExit('was run')\n")
    commit(git)
    assert script.main([str(git.root), "--base", git.base]) == 0
    out = capfd.readouterr().out
    assert f"{folder}: no fault" in out.replace("\n", "")
    assert "was run" not in out

    results = next(folder.rglob("results.json"))
    results.write_text(results.read_text("utf-8").replace('"success"', '"succes"'))
    commit(git)
    assert script.main([str(git.root), "--base", git.base]) == 1


def test_what_lies_in_no_submission_is_refused(
    script: ModuleType, git: Any, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (git.root / "submissions" / "x\n::error::mine").write_text("")
    commit(git)
    assert script.main([str(git.root), "--base", git.base]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].startswith("::stop-commands::")
    assert not any(line.startswith("::error") for line in lines)
    assert any("lies in no submissions/<org>__<model>/<run>" in line for line in lines)


def test_nothing_changed_and_something_taken_away(
    script: ModuleType, git: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    assert script.main([str(git.root), "--base", git.base]) == 0
    assert "no submission is changed" in capfd.readouterr().out
    folder = git.root / "submissions" / "lab__m" / "abc"
    folder.mkdir(parents=True)
    (folder / "metadata.yaml").write_text("a: 1\n")
    commit(git)
    base = git("rev-parse", "HEAD")
    shutil.rmtree(folder)
    commit(git)
    assert script.main([str(git.root), "--base", base]) == 0
    assert "taken away" in capfd.readouterr().out
