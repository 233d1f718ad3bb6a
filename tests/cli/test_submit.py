"""``brainbench submit`` as its user meets it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from broken_submissions import edit_record
from synthetic_runs import make_run, write_run

from brainbench.cli.main import main

Run = Callable[..., tuple[int, str, str]]
SAID = ("--org", "lab", "--licence", "MIT", "--contact", "@me", "--contamination", "none known")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in this process, in a folder that holds one run."""
    monkeypatch.chdir(tmp_path)
    record, samples = make_run(0)
    write_run(tmp_path / "results", record, samples)

    def work(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["brainbench", "submit", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        return code, out, " ".join(err.split())

    return work


def made() -> str:
    return str(next(Path("results").glob("*/*")))


def test_make_check_and_make_again(run: Run) -> None:
    code, out, err = run(made(), *SAID)
    folder = out.strip()
    assert code == 0
    assert folder == f"submissions/lab__synthetic-0000/{Path(made()).name}"
    assert "board alignment: complete" in err
    assert f"brainbench submit --check {folder}" in err
    code, out, err = run("--check", folder)
    assert (code, out) == (0, f"{folder}: no fault\n")
    assert "board accuracy: complete" in err
    code, _, err = run(made(), *SAID)
    assert code == 2
    assert "--overwrite replaces it" in err
    assert run(made(), *SAID, "--overwrite")[0] == 0


def test_placeholders_are_told_filled_in_and_sealed(run: Run) -> None:
    _, out, err = run(made(), "--org", "lab")
    folder = Path(out.strip())
    assert "still to be filled in: licence still to be filled in: contamination" in err
    assert run("--check", str(folder))[0] == 1
    path = folder / "metadata.yaml"
    text = path.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(" ")]
    path.write_text(
        "\n".join(f"{line.split(':')[0]}: '@x'" if "FILL IN" in line else line for line in lines)
    )
    assert run("--check", str(folder))[0] == 1
    code, out, _ = run("--seal", str(folder))
    assert (code, out.strip()) == (0, str(folder))
    assert run("--check", str(folder))[0] == 0


def test_faults_as_text_and_json(run: Run) -> None:
    _, out, _ = run(made(), *SAID)
    folder = Path(out.strip())
    edit_record(folder, lambda record: record["controlled"][0].update(nuisance_r2=0.5))
    code, out, _ = run("--check", "submissions")
    assert code == 1
    fault, count = out.splitlines()
    assert fault.startswith(f"{folder}/record/results.json: controlled[0] (xiao2026.")
    assert "nuisance_r2: is 0.5, the people's give" in fault
    assert count == f"{folder}: 1 fault"
    code, out, err = run("--check", str(folder), "--json")
    assert (code, err) == (1, "")
    (told,) = json.loads(out)
    assert not told["ok"]
    assert set(told["faults"][0]) == {"file", "field", "problem", "remedy"}
    assert told["boards"]["accuracy"] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("results",), "say who submits: --org NAME"),
        (("nowhere", "--org", "lab"), "is not a record of a run"),
        (("--check", "nowhere"), "nowhere is not a folder"),
        (("--check", "results"), "holds no submission"),
        (("results", "--check", "--seal"), "--check and --seal are two commands"),
        (("results", "--json"), "--json goes with --check"),
        (("--seal", "results"), "is not a submission"),
    ],
)
def test_wrong_requests(run: Run, arguments: tuple[str, ...], reason: str) -> None:
    code, out, err = run(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert reason in err


def test_options_can_be_set_for_good(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ORG", "lab"), ("LICENCE", "MIT"), ("CONTACT", "@me"),
                        ("CONTAMINATION", "none")):  # fmt: skip
        monkeypatch.setenv(f"BRAINBENCH_{name}", value)
    code, out, _ = run(made(), "--name", "Better-Name", "--family", "own")
    assert code == 0
    assert "lab__Better-Name" in out
    assert run("--check", out.strip())[0] == 0
