"""The ``brainbench`` command."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from brainbench.cli import (
    calibrate,
    compare,
    evaluate,
    fetch,
    finetune,
    leaderboard,
    listing,
    report,
    show,
    steer,
    submit,
)
from brainbench.cli.errors import reporting

app = typer.Typer(
    name="brainbench",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command("evaluate", help=evaluate.HELP)(evaluate.evaluate)
app.command("list", help=listing.HELP)(listing.list_names)
app.command("show", help=show.HELP)(show.show)
app.command("finetune", help=finetune.HELP)(finetune.finetune)
app.command("report", help=report.HELP)(report.report)
app.command("compare", help=compare.HELP)(compare.compare)
app.command("steer", help=steer.HELP)(steer.steer)
app.command("submit", help=submit.HELP)(submit.submit)
app.add_typer(leaderboard.app, name="leaderboard")
app.command("calibrate", help=calibrate.HELP)(calibrate.calibrate)
app.command("fetch", help=fetch.HELP)(fetch.fetch)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"brainbench {version('brainbench')}")
        raise typer.Exit


@app.callback(help="How well do language models predict the reasoning brain?")
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print it and stop."
        ),
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Run the command; a known error ends with its text and exit code 1 or 2."""
    with reporting():
        app()


if __name__ == "__main__":
    main()
