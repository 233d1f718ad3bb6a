"""Let plain ``lm_eval --model brainbench`` find brainbench's model.

lm-eval 0.4 has no place where other packages tell it of their models: it knows its own list, and
what was imported before. Two small files in the environment's ``site-packages`` add one name to
that list when lm-eval loads it, and do nothing until then. They are written when asked for, and no
sooner: what runs at the start of every Python is for whoever owns the environment to decide.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

from brainbench.atomic import write_whole
from brainbench.errors import UsageError

TARGET = "brainbench.reasoning.lm.lm:BrainbenchLM"
_MODULE = "_brainbench_lm_eval"
_HEAD = '"""Written by `python -m brainbench.reasoning install`; `uninstall` removes it."""\n'
_CODE = f'''
import sys


class _Finder:
    """Stands aside for every module but lm-eval's list of models."""

    def find_spec(self, name, path=None, target=None):
        if name != "lm_eval.models":
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                from lm_eval.api.registry import model_registry

                if "brainbench" not in model_registry:
                    model_registry.register("brainbench", target="{TARGET}")

            spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Finder())
'''


def plugin_files(folder: Path | None = None) -> dict[Path, str]:
    """File → what it holds.

    Parameters
    ----------
    folder : of installed packages; by default that of this Python.
    """
    place = folder or Path(sysconfig.get_paths()["purelib"])
    return {place / f"{_MODULE}.py": _HEAD + _CODE, place / f"{_MODULE}.pth": f"import {_MODULE}\n"}


def install(folder: Path | None = None) -> list[Path]:
    """Write the files.

    Raises
    ------
    UsageError
        When the folder cannot be written.
    """
    files = plugin_files(folder)
    for path, text in files.items():
        write_whole(path, text.encode())
    return list(files)


def uninstall(folder: Path | None = None) -> list[Path]:
    """Remove the files; what somebody else wrote there stays.

    Raises
    ------
    UsageError
        When a file is not as it was written, or cannot be removed.
    """
    removed = []
    # the line that runs the other file goes first
    for path, text in reversed(plugin_files(folder).items()):
        if not path.is_file():
            continue
        if path.suffix == ".py" and not path.read_bytes().startswith(_HEAD.encode()):
            raise UsageError(f"{path} was not written by brainbench: look at it and remove it")
        if path.suffix == ".pth" and path.read_text("utf-8", errors="replace") != text:
            raise UsageError(f"{path} was changed: look at it and remove it")
        try:
            path.unlink()
        except OSError as error:
            raise UsageError(f"{path} cannot be removed: {error.strerror or error}") from error
        removed.append(path)
    return removed
