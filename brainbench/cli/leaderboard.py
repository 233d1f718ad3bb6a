"""``brainbench leaderboard``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from brainbench.cli.console import say, stderr
from brainbench.cli.errors import FAILED
from brainbench.cli.options import Quiet, Verbose
from brainbench.cli.progress import step_progress
from brainbench.cli.verb import Verb, VerbGroup
from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.site.build import build_site
from brainbench.leaderboard.site.serve import HOST, open_server
from brainbench.paths import user_path

HELP = """Build the pages of the leaderboard, or serve them."""
_BUILD = """Check and rank submissions, and write the pages.

They are plain files, which open from a disk and which any server shows.
A submission with a fault is left out and named, and the exit code is 1.

[bold]Examples[/bold]
  brainbench leaderboard build --output-path site
  brainbench leaderboard build --output-path site --results results
  brainbench leaderboard build --output-path site --no-reports
  brainbench leaderboard build --output-path site --boards my-boards"""
_SERVE = """Show the pages on this machine, to nobody else, until Ctrl-C.

[bold]Example[/bold]
  brainbench leaderboard serve site --port 8000"""

app = typer.Typer(cls=VerbGroup, help=HELP, no_args_is_help=True, rich_markup_mode="rich")


@app.command("build", cls=Verb, help=_BUILD)
def build(
    output_path: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder of the pages: new, empty, or of an earlier build."
        ),
    ],
    submissions: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Submissions. By default `submissions`, if it is there and without --results.",
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Your own runs, shown as not submitted."),
    ] = None,
    boards: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="*.yaml of what is ranked and how. By default brainbench's own.",
        ),
    ] = None,
    reports: Annotated[
        bool,
        typer.Option("--reports/--no-reports", help="Write each run's report too, if missing."),
    ] = True,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read, rank, write, say what was left out."""
    usual = Path("submissions")
    if submissions is None and (results is None) and usual.is_dir():
        submissions = usual
    output_path = user_path(output_path)
    with step_progress(quiet, verbose) as report:
        built = build_site(
            load_boards(boards and user_path(boards)),
            output_path,
            submissions=submissions and user_path(submissions),
            results=results and user_path(results),
            reports=reports,
            progress=report,
        )
    for faults in built.refused.values():
        for fault in faults[:5]:
            say(fault)
    for folder in built.refused:
        stderr.print(f"[yellow]left out:[/yellow] {escape(folder)}", soft_wrap=True)
    for name in built.unheld:
        stderr.print(
            f"[dim]behaviour on {name}: held against the answers shipped only; `brainbench fetch "
            f"{name}` first, and it is held against the people's too[/dim]",
            soft_wrap=True,
        )
    runs = "1 run" if built.n_runs == 1 else f"{built.n_runs} runs"
    say(f"{output_path / 'index.html'}: {runs}, {built.n_files} files")
    if built.refused:
        raise typer.Exit(FAILED)


@app.command("serve", cls=Verb, help=_SERVE)
def serve(
    folder: Annotated[Path, typer.Argument(help="What build wrote.")],
    port: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=65535, help="0 takes a free one."),
    ] = 8000,
) -> None:
    """Serve until stopped."""
    with open_server(user_path(folder), port) as server:
        say(f"http://{HOST}:{server.server_address[1]}/  (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            stderr.print("[dim]stopped[/dim]")
