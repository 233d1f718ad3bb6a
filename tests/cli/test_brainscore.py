"""``brainbench brainscore`` from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from stand_in_brainscore import write_library

from brainbench.cli.main import main
from brainbench.exchange import brainscore


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["brainbench", "brainscore", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0), *capsys.readouterr()

    return run


def test_install_status_uninstall(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = write_library(tmp_path)
    monkeypatch.setattr(brainscore, "find_library", lambda: library)
    file = library / "benchmarks" / "brainbench" / "__init__.py"
    n_benchmarks, n_data = (len(folder.names) for folder in brainscore.plan_folders(library))

    code, out, _ = cli("status")
    assert code == 1
    assert f"{file}: not installed, {n_benchmarks} benchmarks\n  phantom.brain.all-ladder\n" in out
    assert "left out, for each needs a True or False" in out
    assert "  ds003076.behavior.all-consistency\n" in out
    assert not file.exists()

    code, out, _ = cli("install")
    assert code == 0
    assert f"{file}: written, {n_benchmarks} benchmarks\n" in out
    assert f"data/brainbench/__init__.py: written, {n_data} datasets\n" in out
    assert file.read_text("utf-8").count("benchmark_registry['") == n_benchmarks
    assert cli("install")[1].count("was up to date") == 2
    assert cli("status")[0] == 0

    code, out, _ = cli("uninstall")
    assert (code, out.count(": removed")) == (0, 2)
    assert not file.parent.exists()
    assert cli("uninstall")[1] == "nothing was installed\n"


def test_a_folder_of_somebody_else(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = write_library(tmp_path)
    monkeypatch.setattr(brainscore, "find_library", lambda: library)
    own = library / "data" / "brainbench"
    own.mkdir()
    code, _, err = cli("install")
    assert code == 2
    assert "was not written by brainbench: move it away" in " ".join(err.split())
    assert list(own.iterdir()) == []
