"""Plain ``lm_eval`` finds the model once two files lie in site-packages; nothing else changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from brainbench.errors import UsageError
from brainbench.reasoning.lm_eval_plugin import TARGET, install, plugin_files, uninstall

# a Python that starts with the folder as its site-packages, then looks where lm-eval's command does
SCRIPT = """
import site, sys
before = set(sys.modules)
site.addsitedir(sys.argv[1])
print(sorted(name for name in set(sys.modules) - before if not name.startswith("_")))
import lm_eval.models
from lm_eval.api.registry import model_registry
print(model_registry._objs["brainbench"], "hf" in model_registry)
print("brainbench" in sys.modules, "torch" in sys.modules)
"""


def test_lm_eval_knows_the_name_and_loads_nothing_for_it(tmp_path: Path) -> None:
    assert install(tmp_path) == list(plugin_files(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=True
    )
    added, known, loaded = done.stdout.splitlines()
    assert added == "[]"
    assert known == f"{TARGET} True"
    assert loaded.startswith("False")


def test_the_name_is_that_of_the_model_here() -> None:
    from brainbench.reasoning.lm.lm import BrainbenchLM

    assert f"{BrainbenchLM.__module__}:{BrainbenchLM.__name__}" == TARGET


def test_it_is_taken_back(tmp_path: Path) -> None:
    install(tmp_path)
    assert len(uninstall(tmp_path)) == 2
    assert list(tmp_path.iterdir()) == []
    assert uninstall(tmp_path) == []


@pytest.mark.parametrize("ending", [".py", ".pth"])
def test_what_somebody_else_wrote_stays(tmp_path: Path, ending: str) -> None:
    path = next(path for path in install(tmp_path) if path.suffix == ending)
    path.write_text("import os\n")
    with pytest.raises(UsageError, match="look at it and remove it"):
        uninstall(tmp_path)
    assert path.read_text() == "import os\n"


def test_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from brainbench.reasoning.__main__ import main

    monkeypatch.setattr("sysconfig.get_paths", lambda: {"purelib": str(tmp_path)})
    for word, told in (("install", "written"), ("uninstall", "removed")):
        monkeypatch.setattr(sys, "argv", ["brainbench.reasoning", word])
        main()
        out = capsys.readouterr().out.splitlines()
        assert [line.rpartition(": ")[2] for line in out] == [told, told]
    main()
    assert capsys.readouterr().out == "nothing was installed\n"
