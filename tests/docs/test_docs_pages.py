"""Links of pages that are shown elsewhere than they stand, and docstrings as they are shown."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from docs_blocks import DOCS


def load(name: str, needs: str) -> ModuleType:
    pytest.importorskip(needs, reason=f"needs {needs}: install the docs extra")
    path = DOCS.parent / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("README.md", "[a](docs/report.md#x) b", "[a](report.md#x) b"),
        ("README.md", "[`x`](docs/report.md)", "[`x`](report.md)"),
        ("README.md", "![p](docs/images/p.png)", "![p](images/p.png)"),
        ("README.md", "[c](CITATION.cff)", "c (`CITATION.cff`)"),
        ("README.md", "[h](#limits) [w](https://a.b/docs/x.md)", "[h](#limits) [w](https://a.b/docs/x.md)"),
        ("docs/a.md", "[n](../brainbench/models/data/nano/README.md)", "[n](nano.md)"),
        ("docs/a.md", "[r](../README.md#limits)", "[r](index.md#limits)"),
        ("docs/a.md", "[b](b.md)", "[b](b.md)"),
        ("docs/a.md", "[s](../scripts/x.py)", "s (`../scripts/x.py`)"),
        ("docs/a.md", "```\n[s](../scripts/x.py)\n```\n", "```\n[s](../scripts/x.py)\n```\n"),
    ],
)  # fmt: skip
def test_links(source: str, text: str, expected: str) -> None:
    assert load("docs_pages", "mkdocs").relink(text, source) == expected


def test_docstrings() -> None:
    written = (
        "One line.\n\nMore of :class:`.Score` and :func:`~a.b.run`.\n\n"
        "Parameters\n----------\none, two : what they are,\n    and more.\nthree : x\n\n"
        "Returns\n-------\nA sentence.\n\nRaises\n------\nDataError\n    When: it fails.\n"
    )
    shown = load("docs_docstrings", "griffe").as_numpydoc(written)
    assert shown == (
        "One line.\n\nMore of ``Score`` and ``run``.\n\n**Returns** A sentence.\n\n"
        "Parameters\n----------\none, two\n    what they are,\n    and more.\nthree\n    x\n\n"
        "Raises\n------\nDataError\n    When: it fails.\n"
    )
    plain = load("docs_docstrings", "griffe").as_numpydoc("No sections : here.")
    assert plain == "No sections : here."
