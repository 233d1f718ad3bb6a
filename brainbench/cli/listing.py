"""``brainbench list``."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from brainbench.benchmarks import PROTOCOLS, SUITES, list_benchmarks
from brainbench.cli.errors import FAILED
from brainbench.cli.options import Json
from brainbench.datasets import list_datasets
from brainbench.errors import UnknownNameError, UsageError
from brainbench.guidance.options import GUIDANCE_SUITES
from brainbench.models import list_models
from brainbench.paths import user_path
from brainbench.reasoning import TASK_SUITES
from brainbench.reasoning.checks.tasks import check_tasks, installed, list_tasks, tasks_folder

HELP = """List benchmarks, datasets, models, suites, protocols or tasks.

[bold]Examples[/bold]
  brainbench list
  brainbench list datasets --json
  brainbench list tasks
  brainbench list tasks --check --include-path MY_TASKS"""

_TASKS = "tasks"
_KINDS: dict[str, Callable[[], list[str]]] = {
    "benchmarks": list_benchmarks,
    "datasets": list_datasets,
    "models": list_models,
    "suites": lambda: sorted([*SUITES, *TASK_SUITES, *GUIDANCE_SUITES]),
    "protocols": lambda: list(PROTOCOLS),
    _TASKS: lambda: list_tasks([tasks_folder()]),
}


def list_names(
    kind: Annotated[str, typer.Argument(help=", ".join(_KINDS))] = "benchmarks",
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Look for faults in files and data of tasks, prove every label."
        ),
    ] = False,
    include_path: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="More task files. May be given again."),
    ] = None,
    json: Json = False,
) -> None:
    """One name a line; with ``--check`` one fault a line, and exit code 1 where there is one."""
    if kind not in _KINDS:
        raise UnknownNameError("kind of thing to list", kind, _KINDS)
    if kind != _TASKS and (check or include_path):
        raise UsageError("--check and --include-path go with tasks: brainbench list tasks --check")
    folders = [tasks_folder(), *map(user_path, include_path or [])]
    if check:
        _check(folders, json)
        return
    names = list_tasks(folders) if kind == _TASKS else _KINDS[kind]()
    print(json_module.dumps(names) if json else "\n".join(names))


def _check(folders: list[Path], json: bool) -> None:
    faults = check_tasks(folders, installed())
    if json:
        print(json_module.dumps([asdict(fault) for fault in faults]))
    elif faults:
        print("\n".join(map(str, faults)))
    else:
        print(f"{len(list_tasks(folders))} tasks and groups: no fault")
    if faults:
        raise typer.Exit(FAILED)
