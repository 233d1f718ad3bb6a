"""``brainbench fetch``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer
from rich.status import Status

from brainbench.cli.console import show_log, stderr
from brainbench.cli.options import Quiet, Verbose
from brainbench.datasets import cache_folder, load_card
from brainbench.datasets import fetch as fetch_files
from brainbench.models.bars import no_library_bars

HELP = """Download a dataset into the cache, each file checked.
A transfer that was cut off goes on where it stopped.

[bold]Examples[/bold]
  brainbench fetch xiao2026
  BRAINBENCH_MIRROR=/data/mirror brainbench fetch ds003076"""


def fetch(
    dataset: Annotated[str, typer.Argument(help="Dataset; what it is read with comes along.")],
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fetch the dataset and what it requires."""
    show_log(quiet=quiet, verbose=verbose)
    card = load_card(dataset)
    for each in (card, *(load_card(name) for name in card.requires)):
        if not each.files:
            made = f"made of {' and '.join(each.requires)}" if each.joined else "built in"
            print(f"{each.name}: {made}, nothing to download")
            continue
        if quiet:
            with no_library_bars():
                fetch_files(each)
        else:
            with stderr.status(each.name) as status:
                fetch_files(each, progress=partial(_show_progress, status, each.name))
        folder = cache_folder() / "datasets" / each.name / each.version
        print(f"{each.name}: {len(each.files)} files, {each.size / 1e6:.1f} MB in {folder}")


def _show_progress(status: Status, name: str, path: str, number: int, count: int) -> None:
    status.update(f"{name} {number}/{count} {path.rsplit('/', 1)[-1]}")
