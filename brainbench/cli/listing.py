"""``brainbench list``."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from typing import Annotated

import typer

from brainbench.benchmarks import PROTOCOLS, SUITES, list_benchmarks
from brainbench.datasets import list_datasets
from brainbench.errors import UnknownNameError
from brainbench.models import list_models

HELP = """List what there is: benchmarks, datasets, models, suites or protocols.

[bold]Examples[/bold]

  brainbench list

  brainbench list datasets --json
"""

_KINDS: dict[str, Callable[[], list[str]]] = {
    "benchmarks": list_benchmarks,
    "datasets": list_datasets,
    "models": list_models,
    "suites": lambda: sorted(SUITES),
    "protocols": lambda: list(PROTOCOLS),
}


def list_names(
    kind: Annotated[str, typer.Argument(help=", ".join(_KINDS))] = "benchmarks",
    json: Annotated[
        bool, typer.Option("--json", help="As a JSON list.", envvar="BRAINBENCH_JSON")
    ] = False,
) -> None:
    """One name a line."""
    if kind not in _KINDS:
        raise UnknownNameError("kind of thing to list", kind, _KINDS)
    names = _KINDS[kind]()
    print(json_module.dumps(names) if json else "\n".join(names))
