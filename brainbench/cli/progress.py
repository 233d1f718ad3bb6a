"""Progress of long work: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from brainbench.benchmarks import Report, Step
from brainbench.cli.console import stderr
from brainbench.models.bars import no_library_bars
from brainbench.models.cache import Say, Status

_LINES = 10  # plain lines for a whole run


def teller(quiet: bool) -> Say:
    """What says a line as it happens; where the user wants quiet, all but how the work goes."""

    def say(text: str) -> None:
        if not (quiet and isinstance(text, Status)):
            stderr.print(f"[dim]{escape(text)}[/dim]", soft_wrap=True, highlight=False)

    return say


@contextlib.contextmanager
def step_progress(quiet: bool) -> Iterator[Report | None]:
    """A callback for steps; None where the user wants none, and then no library's bar either."""
    if quiet:
        with no_library_bars():
            yield None
    elif stderr.is_terminal:
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=stderr, transient=True) as bar:
            task = bar.add_task("starting", total=None)
            yield lambda step: bar.update(
                task, completed=step.done, total=step.total, description=step.label
            )
    else:
        yield _Lines().add


class _Lines:
    """One line for every tenth of some work, however many steps come at once."""

    def __init__(self) -> None:
        self._last = ("", -1)

    def add(self, step: Step) -> None:
        tenth = (step.label, step.done // max(1, step.total // _LINES))
        if tenth != self._last:
            self._last = tenth
            stderr.print(f"[{step.done}/{step.total}] {step.label}", markup=False, highlight=False)
