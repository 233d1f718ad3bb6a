"""Task files as lm-eval sees them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from brainbench.reasoning.checks.tasks import Installed, installed

TASKS = Path(__file__).resolve().parent.parent.parent / "tasks"


@pytest.fixture(scope="session")
def manager() -> Any:
    """Only our own tasks: lm-eval's take seconds to read."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=[str(TASKS)], include_defaults=False)


@pytest.fixture(scope="session")
def known() -> Installed:
    """What the installed lm-eval knows; takes seconds."""
    return installed()


@pytest.fixture(scope="session")
def ask(manager: Any) -> Callable[..., dict[str, Any]]:
    """Run tasks through lm-eval's own evaluation."""
    import lm_eval

    def run(lm: Any, tasks: Sequence[str], **more: Any) -> dict[str, Any]:
        more.setdefault("bootstrap_iters", 100)
        return lm_eval.simple_evaluate(
            model=lm, model_args={}, tasks=list(tasks), task_manager=manager, **more
        )

    return run


@pytest.fixture(scope="session")
def helper() -> Callable[[str], ModuleType]:
    """A module beside the task files, loaded as lm-eval does: by its path."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"task_{name}", TASKS / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
