"""``brainbench submit``."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from brainbench.cli.console import say, stderr
from brainbench.cli.errors import FAILED
from brainbench.cli.options import Json, Overwrite
from brainbench.cli.progress import step_progress
from brainbench.errors import UsageError
from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.checks.check import (
    Checked,
    accepted_beside,
    check_submission,
    find_submissions,
)
from brainbench.leaderboard.submissions.submission import make_submission, seal_submission
from brainbench.paths import user_path
from brainbench.progress import Step

HELP = """Make a submission to the leaderboard from a run, or check one.

A submission is a folder: metadata.yaml, the record, answers by item without
texts, and a manifest. What neither an option nor the record says is FILL IN
in metadata.yaml: fill it in, then --seal. Nothing in a submission is run.

[bold]Examples[/bold]
  brainbench submit results/MODEL/RUN --org my-lab
  brainbench submit results/MODEL/RUN --org my-lab --licence MIT --contact @me
  brainbench submit --seal submissions/my-lab__MODEL/RUN
  brainbench submit --check submissions/my-lab__MODEL/RUN
  brainbench submit --check submissions --json"""

_ABOUT = "Metadata"


def submit(
    path: Annotated[
        Path, typer.Argument(help="Folder of a run; with --check or --seal of a submission.")
    ],
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Look for faults, in each submission of a folder. Exit code 1 if any."
        ),
    ] = False,
    seal: Annotated[
        bool, typer.Option("--seal", help="Write the manifest, after metadata.yaml is filled in.")
    ] = False,
    output_path: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Submissions go to <org>__<model>/<run> in it."),
    ] = Path("submissions"),
    overwrite: Overwrite = False,
    json: Json = False,
    org: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who submits, as shown on the board.", rich_help_panel=_ABOUT
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Model's name on the board. By default the record's.",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Commit or version of the weights.", rich_help_panel=_ABOUT
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="As in llama, qwen3. By default the record's.",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    parameters: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="How many, if the record does not know.",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of the weights, as in Apache-2.0.", rich_help_panel=_ABOUT
        ),
    ] = None,
    contamination: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Whether these problems were in its training.",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whom to ask, as in @me.", rich_help_panel=_ABOUT),
    ] = None,
    rerun: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Makes the record again. By default the record's.",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
) -> None:
    """Make, seal or check."""
    given = {
        "org": org,
        "model": name,
        "revision": revision,
        "family": family,
        "parameters": parameters,
        "licence": licence,
        "contamination": contamination,
        "contact": contact,
        "rerun": rerun,
    }
    if check and seal:
        raise UsageError("--check and --seal are two commands: seal first")
    if json and not check:
        raise UsageError("--json goes with --check")
    path = user_path(path)
    if check:
        _check(path, json)
    elif seal:
        seal_submission(path)
        say(path)
    else:
        _make(path, output_path, given, overwrite)


def _make(run: Path, output: Path, given: dict[str, Any], overwrite: bool) -> None:
    if given["org"] is None:
        raise UsageError("say who submits: --org NAME")
    folder = make_submission(run, output, given=given, overwrite=overwrite)
    say(folder)
    found = check_submission(folder, load_boards())
    metadata = found.submission.metadata if found.submission else None
    missing = metadata.missing if metadata else []
    for text in missing:
        _say(f"still to be filled in: {text}")
    if missing:
        _say(f"edit {folder / 'metadata.yaml'}, then: brainbench submit --seal {folder}")
    for line in _boards(found):
        _say(line)
    _say(f"before you send it: brainbench submit --check {folder}")


def _check(folder: Path, json: bool) -> None:
    """Every submission of a folder; 1 where one has a fault."""
    boards = load_boards()
    folders = find_submissions(folder)
    found = []
    # several take a while
    with step_progress(quiet=json or len(folders) == 1) as report:
        for number, path in enumerate(folders):
            report(Step(f"checking {path.parent.name}", number, len(folders)))
            found.append(check_submission(path, boards, accepted_beside(path)))
    if json:
        say(json_module.dumps([_as_json(one) for one in found], indent=1))
    for one in found if not json else ():
        for fault in one.faults:
            say(fault)
        count = len(one.faults)
        found_faults = "no fault" if not count else "1 fault" if count == 1 else f"{count} faults"
        say(f"{one.folder}: {found_faults}")
        for line in (*_boards(one), *one.notes):
            _say(line)
    if any(one.faults for one in found):
        raise typer.Exit(FAILED)


def _boards(found: Checked) -> list[str]:
    """On which boards it stands, and what it lacks for others."""
    lines = []
    for name, lacks in found.boards.items():
        few = "; ".join(lacks[:3]) + (f"; and {len(lacks) - 3} more" if len(lacks) > 3 else "")
        lines.append(f"board {name}: {f'incomplete, {few}' if lacks else 'complete'}")
    return lines or ["it is on no board: no board has what it scored"]


def _as_json(found: Checked) -> dict[str, Any]:
    return {
        "folder": str(found.folder),
        "ok": not found.faults,
        "faults": [asdict(fault) for fault in found.faults],
        "boards": {name: list(lacks) for name, lacks in found.boards.items()},
        "notes": found.notes,
    }


def _say(text: str) -> None:
    stderr.print(f"[dim]{escape(text)}[/dim]", soft_wrap=True, highlight=False)
