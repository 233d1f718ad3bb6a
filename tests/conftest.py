"""Fixtures that every test may use.

Real data live in ``../shared`` beside the checkout, or where BRAINBENCH_TEST_SHARED says.
Tests that need them skip, with the reason, where they are not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brainbench.results import Record

GOLDEN = Path(__file__).parent / "regression" / "golden"
SHARED = Path(
    os.environ.get(
        "BRAINBENCH_TEST_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"
    )
)


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session", autouse=True)
def clean_environment(cache_folder: Path) -> Iterator[None]:
    """No setting of the user reaches a test, and no test reaches the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        ours = [name for name in os.environ if name.startswith("BRAINBENCH_")]
        for name in [name for name in ours if not name.startswith("BRAINBENCH_TEST_")]:
            patch.delenv(name)
        patch.setenv("BRAINBENCH_CACHE", str(cache_folder))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real data and reference numbers."""
    for part in ("mirror", "reference"):
        if not (SHARED / part).is_dir():
            pytest.skip(f"needs the real data and reference numbers (shared/{part}): not here")
    return SHARED


@pytest.fixture
def mirror(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of real data; BRAINBENCH_MIRROR is set to it."""
    monkeypatch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
    return shared / "mirror"


@pytest.fixture
def reference(shared: Path) -> Path:
    """Folder of numbers made with the paper's own code."""
    return shared / "reference"


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """GGUF file of SmolLM2-135M-Instruct, a real language model."""
    return _real_model("SmolLM2-135M-Instruct", "BRAINBENCH_TEST_SMOLLM2")


@pytest.fixture(scope="session")
def gemma3() -> Path:
    """GGUF file of Gemma 3 270M, a real language model of another family."""
    return _real_model("Gemma 3 270M", "BRAINBENCH_TEST_GEMMA3")


def _real_model(name: str, variable: str) -> Path:
    given = os.environ.get(variable)
    if given is None:
        pytest.skip(f"needs {name}: set {variable} to its GGUF file")
    return Path(given)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regold",
        action="store_true",
        help="write the golden scores anew, after a change that was meant to change them",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Hold every number of a record's tables against the golden ones, by name.

    ``tolerance`` is of scores, ``p_tolerance`` of p values: a score that rounding moves may
    pass one of the permuted ones. Verdicts, chosen layers and counts are the same, or it fails.
    """

    def check(
        record: Record, name: str, tolerance: float = 1e-6, p_tolerance: float = 1e-6
    ) -> None:
        found = _published_numbers(record) | _controlled_numbers(record)
        path = GOLDEN / f"{name}.json"
        if request.config.getoption("--regold"):
            path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        assert path.is_file(), f"no golden scores {path.name} yet: pytest --regold writes them"
        expected = json.loads(path.read_text("utf-8"))
        assert set(found) == set(expected)
        for key, numbers in expected.items():
            if isinstance(numbers, list):
                assert found[key] == pytest.approx(numbers, abs=tolerance), key
                continue
            assert set(found[key]) == set(numbers), key
            for leaf, value in numbers.items():
                within = tolerance
                if leaf.split(".")[-1] in P_VALUES:
                    # Holm multiplies p by up to the number of tests
                    within = p_tolerance * (numbers["family"] if leaf == "p_corrected" else 1)
                if isinstance(value, float):
                    value = pytest.approx(value, abs=within, rel=tolerance)
                assert found[key][leaf] == value, (key, leaf)

    return check


P_VALUES = ("p", "p_within_condition", "p_corrected")
# text, what has rows of its own, and a count that rounding may move
NOT_HELD = {"version", "reading", "warnings", "subjects", "layers", "controls", "voxels_above"}


def _published_numbers(record: Record) -> dict[str, Any]:
    """Benchmark, or benchmark and nuisance → the numbers of its row."""
    found: dict[str, Any] = {
        row.benchmark: [row.raw, row.reference, row.ceiling, row.score]
        for row in record.scores
        if row.subject == "all"
    }
    for row in record.controls:
        found[f"{row.benchmark}: {row.control}"] = [row.raw, row.score]
    return found


def _controlled_numbers(record: Record) -> dict[str, Any]:
    """The same under the controlled protocol; of a benchmark, leaves of its score by path."""
    found: dict[str, Any] = {}
    for score in record.controlled:
        found[score.benchmark] = dict(_leaves(score.model_dump(mode="json", exclude=NOT_HELD)))
        for row in score.controls:
            found[f"{score.benchmark}: {row.control}"] = [row.r, row.r2]
    return found


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """("nested.chosen.0", "hidden 3"), …"""
    if not isinstance(value, dict | list):
        yield path, value
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in items:
        yield from _leaves(part, f"{path}.{name}" if path else str(name))
