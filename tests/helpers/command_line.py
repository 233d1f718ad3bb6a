"""The command ``brainbench``, run in the process of a test."""

from __future__ import annotations

import sys

import pytest

from brainbench.cli.main import main


def run_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Exit code, output, and errors on one line, of ``brainbench WORDS``."""
    monkeypatch.setattr(sys, "argv", ["brainbench", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, " ".join(err.split())
