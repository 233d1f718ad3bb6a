"""What this brainbench itself knows: hashes of data, labels of problems, versions of tasks."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import yaml

from brainbench.datasets import load_card, load_recording
from brainbench.datasets.cards import plugged_datasets
from brainbench.errors import DataError
from brainbench.reasoning.checks.tasks import tasks_folder


class KnownProblem(NamedTuple):
    """An item of brainbench's own: its id, that of all its orders, and whether it follows."""

    id: str
    base_id: str
    label: str


@cache
def expected_data(name: str) -> str:
    """Hash of the data that a dataset's numbers come from, as this brainbench has it."""
    card = load_card(name)
    if card.simulated or name in plugged_datasets():
        return load_recording(name).data_sha256
    return card.data_sha256(*(load_card(other) for other in card.requires))


@cache
def own_versions() -> dict[str, str]:
    """Version of each task file of brainbench's own, by the name of the task."""
    return {
        name: str((config.get("metadata") or {}).get("version"))
        for name, config in _configs().items()
    }


@cache
def own_sets() -> dict[str, str]:
    """Set of problems that each task file of brainbench's own asks, by the name of the task."""
    asked = {name: config.get("dataset_kwargs") for name, config in _configs().items()}
    return {
        name: str(given.get("problem_set", ""))
        for name, given in asked.items()
        if isinstance(given, dict)
    }


@cache
def own_problems(task: str) -> tuple[KnownProblem, ...] | None:
    """Problems that a task of brainbench's own asks, in their order; None of data not shipped."""
    if not own_sets().get(task):
        return None
    config = _configs()[task]
    splits = _loading().chosen(**config["dataset_kwargs"])
    rows = splits[str(config["test_split"])]
    return tuple(KnownProblem(row["id"], row["base_id"], str(row["valid"])) for row in rows)


# ---------------------------------------------------------------- parts


@cache
def _configs() -> dict[str, dict[str, Any]]:
    """Name of each task → its file with all that it includes."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(tasks_folder().rglob("*.yaml")):
        if path.name.startswith("_") or path.parent.name == "data":
            continue
        name = _read(path).get("task")
        if isinstance(name, str):
            found[name] = _whole(path)
    return found


@cache
def _loading() -> ModuleType:
    """What chooses the problems of a task, beside the task files; imports nothing of brainbench."""
    path = tasks_folder() / "loading.py"
    spec = importlib.util.spec_from_file_location("brainbench_task_loading", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise DataError(f"{path} is missing: brainbench is not installed whole")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _whole(path: Path) -> dict[str, Any]:
    config = _read(path)
    includes = config.get("include", [])
    merged: dict[str, Any] = {}
    for include in [includes] if isinstance(includes, str) else includes:
        merged |= _whole((path.parent / include).resolve())
    return merged | config


class _Reader(yaml.SafeLoader):
    """Reads ``!function`` as text."""


_Reader.add_constructor("!function", lambda reader, node: str(node.value))


@cache
def _read(path: Path) -> dict[str, Any]:
    found = _Reader(path.read_text("utf-8")).get_single_data()
    return found if isinstance(found, dict) else {}
