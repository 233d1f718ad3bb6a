"""Run the notebooks of examples/ again and keep what they show.

    pip install -e '.[notebooks]'
    python scripts/run_notebooks.py [NOTEBOOK ...]

Each is run in a folder of its own, offline, with the built-in model. What differs from run to run
or machine to machine is not kept: progress, warnings, times, the name of the kernel. A test runs
them too and compares.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "examples"
# seconds a cell may take
_LIMIT = 300


def execute(path: Path) -> Any:
    """The notebook after a run, with what is to be kept."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder, _offline():
        client = NotebookClient(
            notebook,
            timeout=_LIMIT,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        )
        client.execute()
    return kept(notebook)


@contextmanager
def _offline() -> Iterator[None]:
    """The kernel asks no network for anything, and takes its font sizes from nobody's settings."""
    with patch.dict(
        os.environ, HF_HUB_OFFLINE="1", MPLBACKEND="module://matplotlib_inline.backend_inline"
    ):
        yield


def kept(notebook: Any) -> Any:
    """The notebook without what belongs to one run or machine."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [
                one
                for one in cell.outputs
                if not (one.output_type == "stream" and one.name != "stdout")
            ]
            for one in cell.outputs:
                if "metadata" in one:
                    one.metadata = {}
    return notebook


def main() -> None:
    named = [Path(name) for name in sys.argv[1:]]
    for path in named or sorted(FOLDER.glob("*.ipynb")):
        nbformat.write(execute(path), path)
        print(path.name)


if __name__ == "__main__":
    main()
