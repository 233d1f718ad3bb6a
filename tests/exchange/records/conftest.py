"""A small run that asked tasks, its texts kept; and one that holds a score of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_records import full

from brainbench.reasoning import TaskOptions
from brainbench.results import Record
from brainbench.results.finished import FinishedRun, open_run
from brainbench.run import Settings, evaluate

TASKS = ("brainbench_quick_belief", "brainbench_scanner_generate")


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Two tasks of the built-in model, four items each."""
    folder = tmp_path_factory.mktemp("asked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_CACHE", str(folder / "cache"))
        options = TaskOptions(log_samples=True)
        evaluate(
            tasks=TASKS, settings=Settings(limit=4, task_options=options), output_path=folder / "r"
        )
    return open_run(folder / "r")


@pytest.fixture
def everything() -> Record:
    return full()


@pytest.fixture
def whole(everything: Record, tmp_path: Path) -> FinishedRun:
    return FinishedRun(everything, tmp_path)
