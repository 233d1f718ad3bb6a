"""Submissions to be looked at, broken and ranked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from synthetic_runs import make_run, write_run

from brainbench.leaderboard.submissions.submission import make_submission

SAID = {
    "org": "lab",
    "licence": "Apache-2.0",
    "contamination": "not known to be in the training data",
    "contact": "@somebody",
}
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Write a submission of a synthetic run; see :func:`synthetic_runs.make_run`."""
    runs = tmp_path_factory.mktemp("runs")

    def work(output: Path, seed: int = 0, said: dict[str, Any] | None = None, **truth: Any) -> Path:
        record, samples = make_run(seed, **truth)
        run = write_run(runs, record, samples)
        return make_submission(run, output, given={**SAID, **(said or {})}, overwrite=True)

    return work


@pytest.fixture(scope="session")
def _whole(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def _published(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("published"), 5, kinds=("published",))


@pytest.fixture
def whole(_whole: Path, tmp_path: Path) -> Path:
    """A submission without a fault: controlled alignment, behaviour, accuracy."""
    return _copied(_whole, tmp_path)


@pytest.fixture
def published(_published: Path, tmp_path: Path) -> Path:
    """A submission without a fault: published alignment."""
    return _copied(_published, tmp_path)


def _copied(folder: Path, target: Path) -> Path:
    new = target / folder.parent.name / folder.name
    shutil.copytree(folder, new)
    return new
