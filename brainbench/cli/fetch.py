"""``brainbench fetch``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from brainbench.cli.console import say, show_log
from brainbench.cli.options import Quiet, Verbose
from brainbench.cli.progress import step_progress
from brainbench.datasets import cache_folder, load_card
from brainbench.datasets import fetch as fetch_files
from brainbench.progress import Progress, Step

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
            say(f"{each.name}: {made}, nothing to download")
            continue
        with step_progress(quiet, verbose) as report:
            fetch_files(each, progress=partial(_show, report, each.name))
        folder = cache_folder() / "datasets" / each.name / each.version
        say(f"{each.name}: {len(each.files)} files, {each.size / 1e6:.1f} MB in {folder}")


def _show(report: Progress, name: str, path: str, number: int, count: int) -> None:
    report(Step(f"{name}: {path.rsplit('/', 1)[-1]}", number - 1, count))
