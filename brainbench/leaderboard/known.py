"""What this brainbench itself knows: hashes of data, labels of problems, versions of tasks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from brainbench.datasets import load_card, load_recording
from brainbench.reasoning.task_check import tasks_folder


@cache
def expected_data(name: str) -> str:
    """Hash of the data that a dataset's numbers come from, as this brainbench has it."""
    card = load_card(name)
    if card.simulated:
        return load_recording(name).data_sha256
    return card.data_sha256(*(load_card(other) for other in card.requires))


@cache
def own_labels() -> dict[str, str]:
    """Whether each problem of brainbench's own follows, by its id."""
    labels: dict[str, str] = {}
    for path in sorted((tasks_folder() / "data").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            labels[row["id"]] = str(row["valid"])
    return labels


@cache
def own_versions() -> dict[str, str]:
    """Version of each task file of brainbench's own, by the name of the task."""
    versions: dict[str, str] = {}
    for path in sorted(tasks_folder().rglob("*.yaml")):
        if path.name.startswith("_") or path.parent.name == "data":
            continue
        config = _read(path)
        name = config.get("task")
        if isinstance(name, str):
            versions[name] = str((_whole(path).get("metadata") or {}).get("version"))
    return versions


@cache
def own_sets() -> dict[str, str]:
    """Set of problems that each task file of brainbench's own asks, by the name of the task."""
    found: dict[str, str] = {}
    for path in sorted(tasks_folder().rglob("*.yaml")):
        if path.name.startswith("_") or path.parent.name == "data":
            continue
        config = _read(path)
        asked = config.get("dataset_kwargs")
        if isinstance(config.get("task"), str) and isinstance(asked, dict):
            found[config["task"]] = str(asked.get("problem_set", ""))
    return found


# ---------------------------------------------------------------- parts


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
