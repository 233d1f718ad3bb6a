"""``brainbench evaluate --suite guidance --plan`` as its user meets it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from brainbench.cli.main import main


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run ``brainbench evaluate`` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def work(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["brainbench", "evaluate", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, " ".join(err.split())

    return work


def test_a_plan_is_printed_and_nothing_run(cli: Any, tmp_path: Path) -> None:
    code, out, err = cli("--suite", "guidance", "--plan", "--gain", "0.1")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "Smallest gain in AUC that four of five runs would find" in lines[0]
    assert "What finds a gain of 0.1" in out
    assert not list(tmp_path.iterdir())


def test_folio_alone_cannot_be_planned(cli: Any) -> None:
    code, _, err = cli("--suite", "guidance", "--plan", "--guidance-tests", "FOLIO")
    assert code == 2
    assert "FOLIO is not among them: name another --guidance-tests beside it" in err


def test_one_way_of_guiding_and_the_default_gain(cli: Any) -> None:
    code, out, _ = cli("--suite", "guidance-steering", "--plan")
    assert code == 0
    assert "What finds a gain of 0.05" in out
    assert "fine-tuning  " not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--suite", "guidance", "--gain", "0.1"), "--gain goes with --plan"),
        (("--suite", "guidance", "--plan", "--gain", "5"), "above 0 and below 1, not 5"),
        (
            ("--suite", "alignment", "--plan"),
            "--plan goes with --suite guidance, guidance-steering",
        ),
        (("--plan",), "--plan goes with --suite guidance"),
    ],
)
def test_what_does_not_go_together_is_refused(
    cli: Any, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert message in err
