"""The script of the paper's claims: commands that the command line takes, and a rehearsal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import run_command

from scripts import load_script

ROOT = Path(__file__).resolve().parents[2]
script = load_script("reproduce")


@pytest.mark.parametrize("name", script.CLAIMS)
@pytest.mark.parametrize("rehearse", [False, True])
def test_every_command_is_one_that_evaluate_takes(
    name: str, rehearse: bool, monkeypatch: Any, capsys: Any
) -> None:
    _, known, _ = run_command(monkeypatch, capsys, "evaluate", "--help")
    for command in script.commands(script.CLAIMS[name], "nano", rehearse):
        assert command[:2] == ["brainbench", "evaluate"]
        assert all(word in known for word in command if word.startswith("--"))
        # a plan parses all of it, and runs nothing; alignment has none
        if any("guidance" in word for word in command) and "FOLIO" not in command:
            code, _, told = run_command(monkeypatch, capsys, *command[1:], "--plan")
            assert code == 0, told


def test_every_claim_is_on_the_page() -> None:
    text = (ROOT / "docs" / "reproduction.md").read_text("utf-8")
    for name, claim in script.CLAIMS.items():
        assert f"| `{name}`{', **a GPU**' if claim.gpu else ''} |" in text


def test_printing_runs_nothing(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script.subprocess, "run", lambda *given, **named: pytest.fail("ran"))
    assert script.main(["flips", "--model", "my model", "--print"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("brainbench evaluate --model 'my model' --suite guidance-steering")
    assert "--dataset xiao2026" in told
    assert script.main([]) == 0
    assert "(needs a GPU)" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        script.main(["flips"])


def test_a_run_that_fails_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Any] = []

    def run(command: Any, check: bool) -> Any:
        ran.append(command)
        return type("Done", (), {"returncode": 3})

    monkeypatch.setattr(script.subprocess, "run", run)
    assert script.main(["alignment", "--rehearse"]) == 3
    assert len(ran) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["alignment", "direction"])
def test_a_rehearsal_runs(name: str, tmp_path: Path) -> None:
    assert script.main([name, "--rehearse", "--output-path", str(tmp_path)]) == 0
    assert list(tmp_path.glob("nano/*/results.json"))
