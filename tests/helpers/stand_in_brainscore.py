"""A package laid out as brainscore-language is, small enough to write into a test's folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARY = '''
"""Finds a plugin as Brain-Score does: by a line of its file, inside this package."""
import importlib
import os
from pathlib import Path

model_registry = {}
installs = []


def load_model(identifier):
    installs.append(os.environ.get("BS_INSTALL_DEPENDENCIES", "yes"))
    for file in Path(__file__).parent.glob("models/*/__init__.py"):
        if f"model_registry['{identifier}']" in file.read_text().replace('"', "'"):
            importlib.import_module(f"brainscore_language.models.{file.parent.name}")
    model = model_registry[identifier]()
    model.identifier = identifier
    return model
'''
STUB = '''
import xarray as xr
from brainscore_language import model_registry


class Stub:
    """Letters of a text, counted; one more neuroid for each time a recording was started."""

    def __init__(self):
        self.read, self.started = [], []

    def start_neural_recording(self, recording_target, recording_type):
        self.started.append((recording_target, recording_type))

    def digest_text(self, text):
        print("Using device: cpu")
        assert isinstance(text, list)
        self.read += text
        rows = [[float(part.count(letter)) for letter in "aeiou"] for part in text]
        values = xr.DataArray(rows, dims=("presentation", "neuroid"))
        return {"neural": xr.concat([values] * len(self.started), "neuroid").T}


class Broken(Stub):
    def digest_text(self, text):
        raise RuntimeError("out of memory")


class Ragged(Stub):
    def digest_text(self, text):
        width = len(text[0])
        return {"neural": xr.DataArray([[0.0] * width], dims=("presentation", "neuroid"))}


class Series(Stub):
    def digest_text(self, text):
        dims = ("presentation", "neuroid", "time_bin")
        return {"neural": xr.DataArray([[[0.0, 1.0]]], dims=dims)}


def lacking():
    import a_package_that_nobody_has


model_registry['stub'] = Stub
model_registry["broken"] = Broken
model_registry['ragged'] = Ragged
model_registry['series'] = Series
model_registry['lacking'] = lacking
'''


def write_library(folder: Path) -> Path:
    """The package's own folder, with one plugin of models and none of benchmarks or data."""
    package = folder / "brainscore_language"
    for kind, name, text in (
        ("", "", LIBRARY),
        ("models", "stub", STUB),
        ("benchmarks", "theirs", "benchmark_registry['Theirs2020-ridge'] = None\n"),
        ("data", "theirs", "data_registry['Theirs2020.language'] = None\n"),
    ):
        place = package / kind / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "__init__.py").write_text(text, "utf-8")
    return package


@pytest.fixture
def brainscore_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package, to be imported in place of one that is installed."""
    package = write_library(tmp_path / "site")
    monkeypatch.syspath_prepend(str(package.parent))
    for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delenv("BS_INSTALL_DEPENDENCIES", raising=False)
    before = set(sys.modules)
    yield package
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == package.name:
            del sys.modules[name]
