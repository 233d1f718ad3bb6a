"""``brainbench brainscore``."""

from __future__ import annotations

import typer

from brainbench.cli.console import say
from brainbench.cli.errors import FAILED
from brainbench.cli.verb import Verb, VerbGroup
from brainbench.exchange import brainscore
from brainbench.exchange.brainscore import Folder

HELP = """Let Brain-Score score its models on brainbench's benchmarks."""
_INSTALL = """Write two plugin folders into Brain-Score's package.

It looks for plugins there and nowhere else. Run it again after an update of
brainbench. A folder of somebody else is left alone.

[bold]Example[/bold]
  brainbench brainscore install
  python -m brainscore_language score randomembedding-100 \\
    phantom.signal.all-ridge"""
_UNINSTALL = """Remove the folders that install wrote.

[bold]Example[/bold]
  brainbench brainscore uninstall"""
_STATUS = """Show what install has written or would write, and what does not fit.

The exit code is 1 where something is missing or out of date.

[bold]Example[/bold]
  brainbench brainscore status"""
_STATES = {
    "missing": "not installed",
    "current": "installed",
    "outdated": "written by another version: run `brainbench brainscore install`",
    "changed": "changed by hand",
    "foreign": "not brainbench's",
}

app = typer.Typer(cls=VerbGroup, help=HELP, no_args_is_help=True, rich_markup_mode="rich")


@app.command("install", cls=Verb, help=_INSTALL)
def install() -> None:
    """Write, and show what was written."""
    library = brainscore.find_library()
    written = {folder.path for folder in brainscore.install(library)}
    for folder in brainscore.plan_folders(library):
        what = "written" if folder.path in written else "was up to date"
        say(f"{folder.file}: {what}, {_count(folder)}")


@app.command("uninstall", cls=Verb, help=_UNINSTALL)
def uninstall() -> None:
    """Remove, and show what was removed."""
    removed = brainscore.uninstall(brainscore.find_library())
    for folder in removed:
        say(f"{folder.path}: removed")
    if not removed:
        say("nothing was installed")


@app.command("status", cls=Verb, help=_STATUS)
def status() -> None:
    """Show folders, identifiers and what is left out."""
    folders = brainscore.plan_folders(brainscore.find_library())
    for folder in folders:
        say(f"{folder.file}: {_STATES[folder.state]}, {_count(folder)}")
        for name in folder.names:
            say(f"  {name}")
    reasons: dict[str, list[str]] = {}
    for name, reason in brainscore.not_registered().items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        say(f"left out, for each {reason}:")
        for name in names:
            say(f"  {name}")
    if any(folder.state != "current" for folder in folders):
        raise typer.Exit(FAILED)


def _count(folder: Folder) -> str:
    what = "benchmarks" if folder.registry.startswith("benchmark") else "datasets"
    return f"{len(folder.names)} {what}"
