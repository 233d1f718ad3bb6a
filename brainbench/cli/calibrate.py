"""``brainbench calibrate``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from brainbench.calibration import (
    FULL,
    PICTURE,
    QUICK,
    RECORD,
    Calibration,
    CalibrationFolder,
    can_draw,
    draw_calibration,
    new_calibration,
    render_calibration,
)
from brainbench.calibration import calibrate as run_calibration
from brainbench.cli.console import print_json, stderr, stdout
from brainbench.cli.errors import INTERRUPTED
from brainbench.cli.options import Json, Overwrite, Quiet, Seed, Verbose
from brainbench.cli.progress import step_progress
from brainbench.errors import DataError, UsageError

HELP = """Score simulated people whose truth is known.

It shows false positives, power, and coverage of intervals.

[bold]Examples[/bold]
  brainbench calibrate
  brainbench calibrate --full --output-path calibration"""


def calibrate(
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="All scenarios, both reasoning types, 4,000 data sets without an effect: an hour "
            "on two cores, not 15 seconds.",
        ),
    ] = False,
    seed: Seed = 0,
    output_path: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of calibration.json and calibration.png; finished rows in it are kept.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Simulate, score, print."""
    folder = None if output_path is None else CalibrationFolder(output_path)
    with folder.locked() if folder else contextlib.nullcontext():
        kept = None
        if folder is not None:
            kept = _kept(folder, new_calibration(seed, FULL if full else QUICK), overwrite)
            if not can_draw():
                _say(f"no {PICTURE}: matplotlib is not installed; {RECORD} is written all the "
                     "same. With matplotlib, the same command draws it from there")  # fmt: skip
        try:
            found = _computed(seed, full, folder, kept, quiet, verbose)
        except KeyboardInterrupt:
            _say(f"stopped; {_what_is_kept(folder)}")
            raise typer.Exit(INTERRUPTED) from None
        if folder is not None and can_draw():
            folder.write(PICTURE, draw_calibration(found))
    if json:
        print_json(found.model_dump_json(indent=1))
    else:
        stdout.print(render_calibration(found))
    if folder is not None and not quiet:
        _say(f"record: {folder.path / RECORD}")


def _computed(
    seed: int,
    full: bool,
    folder: CalibrationFolder | None,
    kept: Calibration | None,
    quiet: bool,
    verbose: bool,
) -> Calibration:
    with step_progress(quiet, verbose) as report:
        return run_calibration(
            seed,
            FULL if full else QUICK,
            report,
            kept,
            None if folder is None else folder.save,
        )


def _kept(folder: CalibrationFolder, wanted: Calibration, overwrite: bool) -> Calibration | None:
    """What is there and goes on with this command; anything else is not written over."""
    if overwrite:
        return None
    advice = "give another folder with --output-path, or --overwrite"
    try:
        kept = folder.load()
    except DataError as error:
        raise UsageError(f"{error}; {advice}") from error
    reasons = [] if kept is None else kept.differs_from(wanted)
    if reasons:
        raise UsageError(f"{folder.path / RECORD} is of {'; '.join(reasons)}; {advice}")
    return kept


def _what_is_kept(folder: CalibrationFolder | None) -> str:
    if folder is None:
        return "nothing is kept; with --output-path finished rows are"
    return "finished rows are kept, the same command goes on after them"


def _say(text: str) -> None:
    stderr.print(escape(text), soft_wrap=True, highlight=False)
