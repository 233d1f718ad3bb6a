"""``brainbench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from brainbench.errors import UsageError
from brainbench.paths import user_path
from brainbench.results.file_names import folder_name
from brainbench.results.finished import FinishedRun, open_run
from brainbench.results.report import write_report

HELP = """Make the page of a run again: one file that opens offline, on a phone too, and prints.

Every run writes report.html beside its record; this does it anew, for a record made elsewhere or
by another version.

[bold]Examples[/bold]

  brainbench report results/MODEL/RUN

  brainbench report results/MODEL/RUN/results.json --output-path my-model.html
"""


def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or its results.json.")],
    output_path: Annotated[
        Path | None,
        typer.Option(
            help="An .html file, or a folder to put it in under the run's name; by default "
            "report.html beside the record.",
            envvar="BRAINBENCH_OUTPUT_PATH",
        ),
    ] = None,
) -> None:
    """Read, write, say where."""
    found = open_run(run)
    path = write_report(found.record, found.folder, _target(found, output_path))
    print(f"{path} ({path.stat().st_size:,} bytes)")


def _target(found: FinishedRun, output_path: Path | None) -> Path | None:
    if output_path is None:
        return None
    target = user_path(output_path)
    if target.is_dir():
        return target / f"{folder_name(found.name)}.html"
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output-path {output_path}: give an .html file, or a folder")
    return target
