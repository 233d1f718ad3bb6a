"""``brainbench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import say
from brainbench.errors import UsageError
from brainbench.paths import user_path
from brainbench.results.file_names import folder_name
from brainbench.results.finished import FinishedRun, open_run
from brainbench.results.report import write_report

HELP = """Write the page of a run: one HTML file that opens offline.

Every run writes report.html beside its record; this does it again, for a
record made elsewhere or by another version.

[bold]Examples[/bold]
  brainbench report results/MODEL/RUN
  brainbench report results/MODEL/RUN/results.json --output-path model.html"""


def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or its results.json.")],
    output_path: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="An .html file, or a folder. By default report.html beside the record.",
        ),
    ] = None,
) -> None:
    """Read, write, say where."""
    found = open_run(run)
    path = write_report(found.record, found.folder, _target(found, output_path))
    say(f"{path} ({path.stat().st_size:,} bytes)")


def _target(found: FinishedRun, output_path: Path | None) -> Path | None:
    if output_path is None:
        return None
    target = user_path(output_path)
    if target.is_dir():
        return target / f"{folder_name(found.name)}.html"
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output-path {output_path}: give an .html file, or a folder")
    return target
