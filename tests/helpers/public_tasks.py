"""lm-eval's own task files, thousands of them, read once by all tests of a process."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def public_tasks_read_once() -> Iterator[None]:
    """Each ``TaskManager`` of lm-eval reads them anew, for eight seconds."""
    from lm_eval.tasks import _index as index

    folder, load_yaml = Path(index.__file__).parent, index.load_yaml
    kept: dict[Any, dict[str, Any]] = {}

    def load(path: Path, **options: Any) -> dict[str, Any]:
        if folder not in path.parents:
            return load_yaml(path, **options)
        key = path, *sorted(options.items())
        if key not in kept:
            kept[key] = load_yaml(path, **options)
        return copy.deepcopy(kept[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "load_yaml", load)
        yield
