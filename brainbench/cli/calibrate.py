"""``brainbench calibrate``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel
from rich.markup import escape

from brainbench.calibration import (
    DESIGNS,
    FULL,
    LADDER,
    LADDER_FULL,
    LADDER_QUICK,
    PICTURE,
    QUICK,
    RECORD,
    Calibration,
    CalibrationFolder,
    LadderCalibration,
    StudyDesigns,
    StudyPlan,
    calibrate_ladder,
    can_draw,
    draw_calibration,
    file_of,
    new_calibration,
    new_designs,
    new_ladder_calibration,
    render_calibration,
    render_designs,
    render_ladder_calibration,
    simulate_designs,
)
from brainbench.calibration import calibrate as run_calibration
from brainbench.cli.console import print_json, stderr, stdout
from brainbench.cli.errors import INTERRUPTED
from brainbench.cli.options import Json, Overwrite, Quiet, Seed, Verbose
from brainbench.cli.progress import step_progress
from brainbench.datasets import load_recording
from brainbench.errors import DataError, UsageError
from brainbench.models import load_model, read_activations
from brainbench.progress import Progress

HELP = """Score simulated people whose truth is known.

It shows false positives, power, and coverage of intervals.

[bold]Examples[/bold]
  brainbench calibrate
  brainbench calibrate --full --output-path calibration
  brainbench calibrate --dataset xiao2026
  brainbench calibrate --dataset xiao2026 --design
  brainbench calibrate --dataset xiao2026 --design --people 8 --items 54"""
Kept = TypeVar("Kept", bound=BaseModel)


def calibrate(
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Calibrate the ladder instead, on the noise of this dataset's people.",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(metavar="NAME", help="With --dataset: whose features are planted."),
    ] = "nano",
    design: Annotated[
        bool,
        typer.Option(
            "--design",
            help="With --dataset: simulate new studies of other sizes, and say which are enough.",
        ),
    ] = False,
    people: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="With --design: how many people.")
    ] = None,
    items: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,…", help="With --design: items of each type, in runs of 18: 36, 54, 72, …"
        ),
    ] = None,
    repeats: Annotated[
        str | None,
        typer.Option(metavar="N,N,…", help="With --design: how often each item is shown."),
    ] = None,
    share: Annotated[
        str | None,
        typer.Option(
            metavar="S,S,…",
            help="With --design: share of each person's variance that the model makes, 0 to 1.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="All scenarios, both reasoning types, more data sets: minutes, not seconds; "
            "of the ladder hours.",
        ),
    ] = False,
    seed: Seed = 0,
    output_path: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of calibration.json and calibration.png, of ladder.json, or of "
            "designs.json; finished rows in it are kept.",
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
        try:
            with step_progress(quiet, verbose) as report:
                found: Calibration | LadderCalibration | StudyDesigns
                if design:
                    plan = _plan(people, items, repeats, share)
                    found = _of_designs(folder, dataset, model, seed, plan, overwrite, report)
                elif any((people, items, repeats, share)):
                    raise UsageError("sizes of a study are simulated with --design")
                elif dataset is None:
                    found = _of_people(folder, seed, full, overwrite, report)
                else:
                    found = _of_ladder(folder, dataset, model, seed, full, overwrite, report)
        except KeyboardInterrupt:
            _say(f"stopped; {_what_is_kept(folder)}")
            raise typer.Exit(INTERRUPTED) from None
        if folder is not None and can_draw() and isinstance(found, Calibration):
            folder.write(PICTURE, draw_calibration(found))
    if json:
        print_json(found.model_dump_json(indent=1))
    elif isinstance(found, Calibration):
        stdout.print(render_calibration(found))
    elif isinstance(found, StudyDesigns):
        stdout.print(render_designs(found))
    else:
        stdout.print(render_ladder_calibration(found))
    if folder is not None and not quiet:
        _say(f"record: {folder.path / file_of(found)}")


def _of_people(
    folder: CalibrationFolder | None, seed: int, full: bool, overwrite: bool, report: Progress
) -> Calibration:
    plan, kept = FULL if full else QUICK, None
    if folder is not None:
        if not overwrite:
            wanted = new_calibration(seed, plan)
            kept = _kept(folder, RECORD, folder.load, lambda found: found.differs_from(wanted))
        if not can_draw():
            _say(f"no {PICTURE}: matplotlib is not installed; {RECORD} is written all the "
                 "same. With matplotlib, the same command draws it from there")  # fmt: skip
    return run_calibration(seed, plan, report, kept, None if folder is None else folder.save)


def _of_ladder(
    folder: CalibrationFolder | None,
    dataset: str,
    model: str,
    seed: int,
    full: bool,
    overwrite: bool,
    report: Progress,
) -> LadderCalibration:
    recording = load_recording(dataset)
    wanted = new_ladder_calibration(dataset, model, seed, LADDER_FULL if full else LADDER_QUICK)
    kept = None
    if folder is not None and not overwrite:
        kept = _kept(folder, LADDER, folder.load_ladder, lambda found: found.differs_from(wanted))
    if kept is not None and kept.complete:
        return kept
    read = read_activations(load_model(model), recording.problems)
    options = {} if folder is None else {"save": folder.save}
    return calibrate_ladder(kept or wanted, recording, read, report, **options)


def _of_designs(
    folder: CalibrationFolder | None,
    dataset: str | None,
    model: str,
    seed: int,
    plan: StudyPlan,
    overwrite: bool,
    report: Progress,
) -> StudyDesigns:
    if dataset is None:
        raise UsageError("--design takes its noise from measured people: name them by --dataset")
    wanted, kept = new_designs(dataset, model, seed, plan), None
    if folder is not None and not overwrite:
        kept = _kept(folder, DESIGNS, folder.load_designs, lambda found: found.differs_from(wanted))
    if kept is not None and kept.complete:
        return kept
    reader = load_model(model)
    options = {} if folder is None else {"save": folder.save}
    return simulate_designs(
        kept or wanted,
        load_recording(dataset),
        lambda problems: read_activations(reader, problems),
        report,
        **options,
    )


def _plan(
    people: str | None, items: str | None, repeats: str | None, share: str | None
) -> StudyPlan:
    """The default plan, but for what was given."""
    given = {"people": people, "items": items, "repeats": repeats}
    numbers: dict[str, tuple[float, ...]] = {
        name: _numbers(name, text, int) for name, text in given.items() if text is not None
    }
    if share is not None:
        numbers["shares"] = _numbers("share", share, float)
    return StudyPlan.model_validate(numbers)


def _numbers(name: str, text: str, kind: Callable[[str], float]) -> tuple[float, ...]:
    try:
        return tuple(dict.fromkeys(kind(part) for part in text.split(",")))
    except ValueError:
        whole = "whole numbers" if kind is int else "numbers"
        raise UsageError(f"--{name} takes {whole} with commas between, not {text!r}") from None


def _kept(
    folder: CalibrationFolder,
    name: str,
    load: Callable[[], Kept | None],
    differences: Callable[[Kept], list[str]],
) -> Kept | None:
    """What is there and goes on with this command; anything else is not written over."""
    advice = "give another folder with --output-path, or --overwrite"
    try:
        kept = load()
    except DataError as error:
        raise UsageError(f"{error}; {advice}") from error
    reasons = [] if kept is None else differences(kept)
    if reasons:
        raise UsageError(f"{folder.path / name} is of {'; '.join(reasons)}; {advice}")
    return kept


def _what_is_kept(folder: CalibrationFolder | None) -> str:
    if folder is None:
        return "nothing is kept; with --output-path finished rows are"
    return "finished rows are kept, the same command goes on after them"


def _say(text: str) -> None:
    stderr.print(escape(text), soft_wrap=True, highlight=False)
