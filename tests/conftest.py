"""Fixtures that every test may use.

Real data live in ``../shared`` beside the checkout, or where BRAINBENCH_TEST_SHARED says.
Tests that need them skip, with the reason, where they are not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

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
    """Hold every number of a record's table against the golden ones, by name."""

    def check(record: Record, name: str, tolerance: float = 1e-6) -> None:
        found: dict[str, list[float | None]] = {
            row.benchmark: [row.raw, row.reference, row.ceiling, row.score]
            for row in record.scores
            if row.subject == "all"
        }
        for row in record.controls:
            found[f"{row.benchmark}: {row.control}"] = [row.raw, row.score]
        path = GOLDEN / f"{name}.json"
        if request.config.getoption("--regold"):
            path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        expected = json.loads(path.read_text("utf-8"))
        assert set(found) == set(expected)
        for key, numbers in expected.items():
            assert found[key] == pytest.approx(numbers, abs=tolerance), key

    return check
