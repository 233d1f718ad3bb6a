"""``brainbench fetch``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer
from rich.status import Status

from brainbench.cli.console import stderr
from brainbench.datasets import cache_folder, load_card
from brainbench.datasets import fetch as fetch_files
from brainbench.models.bars import no_library_bars

HELP = """Download a dataset into the cache, every file checked against its card.

[bold]Examples[/bold]

  brainbench fetch xiao2026

  BRAINBENCH_MIRROR=/data/mirror brainbench fetch ds003076

A transfer that was cut off goes on where it stopped.
"""


def fetch(
    dataset: Annotated[str, typer.Argument(help="Dataset; what it is read with comes along.")],
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress.", envvar="BRAINBENCH_QUIET")
    ] = False,
) -> None:
    """Fetch the dataset and what it requires."""
    card = load_card(dataset)
    for each in (card, *(load_card(name) for name in card.requires)):
        if not each.files:
            print(f"{each.name}: built in, nothing to download")
            continue
        if quiet:
            with no_library_bars():
                fetch_files(each)
        else:
            with stderr.status(each.name) as status:
                fetch_files(each, progress=partial(_tell, status, each.name))
        folder = cache_folder() / "datasets" / each.name / each.version
        print(f"{each.name}: {len(each.files)} files, {each.size / 1e6:.1f} MB in {folder}")


def _tell(status: Status, name: str, path: str, number: int, count: int) -> None:
    status.update(f"{name} {number}/{count} {path.rsplit('/', 1)[-1]}")
