"""The verbs of the ``brainbench`` command."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

import typer

from brainbench.cli import (
    brainscore,
    calibrate,
    catalogue,
    compare,
    evaluate,
    export,
    fetch,
    finetune,
    leaderboard,
    listing,
    prepare,
    report,
    show,
    steer,
    submit,
    sweep,
)
from brainbench.cli.console import say, show_log
from brainbench.cli.errors import CarriedError
from brainbench.cli.verb import Verb, VerbGroup
from brainbench.errors import BrainbenchError, UnknownNameError, UsageError

# what is kept after an error or Ctrl-C, by verb; the other verbs keep nothing
_KEPT = {
    "evaluate": "finished steps are kept, the same command goes on after them",
    "fetch": "files that are whole are kept, the same command fetches the others",
    "prepare": "finished runs and people are kept, the same command goes on after them",
    "steer": "no steering was written",
    "finetune": "finished epochs are kept, the same command with --resume goes on after them",
    "calibrate": "with --output-path finished rows are kept, the same command goes on after them",
    "submit": "what was not finished is not sealed: run the same command again",
    "sweep": "finished runs are kept, `brainbench sweep resume` does the others",
    "leaderboard": "the pages may be incomplete: run the same command again",
}


class _Verbs(VerbGroup):
    """Tells what a verb that did not end well has kept.

    It also hands on what typer would end without a word: Ctrl-C, and the end of a file.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UnknownNameError as error:
            more = catalogue.elsewhere(error) if error.kind in catalogue.KINDS else ""
            raise UsageError(f"{error}; {more}" if more else str(error)) from error
        except BrainbenchError:
            raise
        except BaseException as error:
            if _is_typers(error) or isinstance(error, SystemExit):
                raise
            raise CarriedError(_KEPT.get(ctx.invoked_subcommand, "")) from error


def _is_typers(error: BaseException) -> bool:
    """Whether typer ends it well: its own exceptions, and a pipe that nobody reads any more."""
    own = type(error).__module__.partition(".")[0] in ("typer", "click")
    return own or isinstance(error, BrokenPipeError)


app = typer.Typer(
    name="brainbench",
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command("evaluate", cls=Verb, help=evaluate.HELP)(evaluate.evaluate)
app.command("list", cls=Verb, help=listing.HELP)(listing.list_names)
app.command("show", cls=Verb, help=show.HELP)(show.show)
app.command("report", cls=Verb, help=report.HELP)(report.report)
app.command("export", cls=Verb, help=export.HELP)(export.export)
app.command("compare", cls=Verb, help=compare.HELP)(compare.compare)
app.command("steer", cls=Verb, help=steer.HELP)(steer.steer)
app.command("finetune", cls=Verb, help=finetune.HELP)(finetune.finetune)
app.command("submit", cls=Verb, help=submit.HELP)(submit.submit)
app.add_typer(sweep.app, name="sweep")
app.add_typer(leaderboard.app, name="leaderboard")
app.command("calibrate", cls=Verb, help=calibrate.HELP)(calibrate.calibrate)
app.command("prepare", cls=Verb, help=prepare.HELP)(prepare.prepare)
app.command("fetch", cls=Verb, help=fetch.HELP)(fetch.fetch)
app.add_typer(brainscore.app, name="brainscore")


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"brainbench {version('brainbench')}")
        raise typer.Exit


@app.callback(help="How well do language models predict the reasoning brain?")
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print it and stop."
        ),
    ] = False,
    # main() acts on it; it stands here to be listed
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Show the traceback of an error; also after the verb.",
        ),
    ] = False,
) -> None:
    """Options of the command itself."""


def run() -> None:
    """Parse the command line and run its verb; it ends in ``SystemExit``."""
    show_log()
    app()
