"""Fixtures that every test may use.

Real data live in ``../shared`` beside the checkout, or where BRAINBENCH_TEST_SHARED says.
Tests that need them skip, with the reason, where they are not.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

# pytest's own readline leaves a width for the processes it starts; no test is to depend on it
os.environ.pop("COLUMNS", None)

import pytest
import torch
from golden_files import Tolerance, hold_golden, write_golden
from golden_numbers import alignment, of_alignment
from threadpoolctl import threadpool_limits

from brainbench.results import Record

pytest_plugins = [
    "browser_fixtures",
    "guided_run",
    "local_host",
    "public_tasks",
    "slurm",
    "small_study",
    "stand_in_brainscore",
    "vllm_fixtures",
]

# fixtures whose users need something that not every machine has, by the marker for it
NEEDS = {
    "real": {"shared", "mirror", "reference", "smollm2", "gemma3"},
    "browser": {"browser"},
}
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
    with pytest.MonkeyPatch.context() as patch, _share_of_cores(patch):
        ours = [name for name in os.environ if name.startswith("BRAINBENCH_")]
        for name in [name for name in ours if not name.startswith("BRAINBENCH_TEST_")]:
            patch.delenv(name)
        patch.setenv("BRAINBENCH_CACHE", str(cache_folder))
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # started in the background, a shell has Ctrl-C ignored, by everything below too
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield


@contextlib.contextmanager
def _share_of_cores(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread for each of several processes of tests, and for what they start."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    patch.setenv("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests are marked by what they need, before ``-m`` chooses among them."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for marker, fixtures in NEEDS.items():
            if not fixtures.isdisjoint(names):
                item.add_marker(marker)


def pytest_configure() -> None:
    """What is imported and collected stays: looking for garbage in it takes a third of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What is there by now stays: Trainer of transformers collects garbage at every training."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadgroup`` tests go to a process by file, or by what they share."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from scheduling import SharingScheduler

    return SharingScheduler(config, log)


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
    """Hold numbers against the golden ones; a record's are those of its alignment.

    ``tolerance`` is of another platform than the file's: of scores, or by the name of each
    number (see ``golden_numbers``); ``p_tolerance`` of the p values of alignment. Words, counts and
    verdicts are the same, or it fails. ``only`` says which of the first names are held.
    """

    def check(
        found: Record | Mapping[str, Any],
        name: str | Path,
        tolerance: Tolerance | float = 1e-6,
        p_tolerance: float = 1e-6,
        only: Callable[[str], bool] | None = None,
    ) -> None:
        path = name if isinstance(name, Path) else GOLDEN / f"{name}.json"
        if isinstance(found, Record):
            assert not callable(tolerance)
            tolerance = of_alignment(tolerance, p_tolerance)
            found = alignment(found)
        if only is None and request.config.getoption("--regold"):
            write_golden(path, found)
        hold_golden(path, found, tolerance, only=only)

    return check


class _Heard(logging.Handler):
    """Keeps the text of each message."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Messages to the user so far: what the logger ``brainbench`` got, but for details."""
    logger, heard = logging.getLogger("brainbench"), _Heard()
    level = logger.level
    logger.addHandler(heard)
    logger.setLevel(logging.INFO)
    yield heard.texts
    logger.setLevel(level)
    logger.removeHandler(heard)


@pytest.fixture
def silent(request: pytest.FixtureRequest, said: list[str]) -> Iterator[None]:
    """Nothing is said to the user in a test that does not ask for it as ``said``."""
    yield
    if "said" not in inspect.signature(request.function).parameters:
        assert said == []
