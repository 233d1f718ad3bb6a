"""``brainbench list``."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from brainbench.benchmarks import list_benchmarks
from brainbench.cli import catalogue
from brainbench.cli.console import say
from brainbench.cli.errors import FAILED
from brainbench.cli.options import Json
from brainbench.errors import UnknownNameError, UsageError
from brainbench.paths import results_folder, user_path
from brainbench.reasoning.checks.tasks import check_tasks, installed, list_tasks, tasks_folder
from brainbench.results.finished import list_runs

HELP = """List benchmarks, datasets, suites, models, tasks, runs, …

[bold]Examples[/bold]
  brainbench list
  brainbench list datasets --json
  brainbench list suites
  brainbench list runs results
  brainbench list tasks --check --include-path MY_TASKS"""

_TASKS = "tasks"
_RUNS = "runs"
# of benchmarks the names alone: each says what it is
_KINDS: dict[str, Callable[..., Sequence[str] | Mapping[str, str]]] = {
    "benchmarks": list_benchmarks,
    "datasets": catalogue.datasets,
    "models": catalogue.models,
    "suites": catalogue.suites,
    "protocols": catalogue.protocols,
    "methods": catalogue.methods,
    _TASKS: catalogue.tasks,
    _RUNS: list_runs,
}


def list_names(
    kind: Annotated[str, typer.Argument(help=", ".join(_KINDS))] = "benchmarks",
    folder: Annotated[
        str | None, typer.Argument(help="Of runs: where they lie. By default results.")
    ] = None,
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
    """One name a line, and what it is; with ``--check`` one fault a line, and exit code 1 where
    there is one.
    """
    if kind not in _KINDS:
        raise UnknownNameError("kind of thing to list", kind, _KINDS)
    if kind != _TASKS and (check or include_path):
        raise UsageError("--check and --include-path go with tasks: brainbench list tasks --check")
    folders = [tasks_folder(), *map(user_path, include_path or [])]
    if check:
        _check(folders, json)
        return
    if folder is not None and kind != _RUNS:
        raise UsageError("a folder goes with runs: brainbench list runs FOLDER")
    given = {_TASKS: (folders,), _RUNS: (folder or results_folder(),)}.get(kind, ())
    found = _KINDS[kind](*given)
    if json:
        say(json_module.dumps(list(found)))
    elif isinstance(found, Mapping):
        width = max(map(len, found), default=0)
        # a name of somebody's record may hold ends of lines, which begin no line here
        lines = ((name, " ".join(text.split())) for name, text in found.items())
        say("\n".join(f"{name:<{width}}  {text}".rstrip() for name, text in lines))
    else:
        say("\n".join(found))


def _check(folders: list[Path], json: bool) -> None:
    faults = check_tasks(folders, installed())
    if json:
        say(json_module.dumps([asdict(fault) for fault in faults]))
    elif faults:
        say("\n".join(map(str, faults)))
    else:
        say(f"{len(list_tasks(folders))} tasks and groups: no fault")
    if faults:
        raise typer.Exit(FAILED)
