"""Progress of long work: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import rich.progress
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from brainbench.cli.console import show_log, stderr
from brainbench.models.bars import no_library_bars
from brainbench.progress import Progress, Step, no_progress

_LINES = 10  # plain lines for a whole run
_MIN = 10  # seconds that are worth a word


@contextlib.contextmanager
def step_progress(quiet: bool, verbose: bool = False) -> Iterator[Progress]:
    """Show steps, but for a user who wants none; no library's bar is shown then either.

    Parameters
    ----------
    quiet : show nothing of steps.
    verbose : show more of the log.

    Yields
    ------
    What is called before each step.
    """
    show_log(quiet=quiet, verbose=verbose)
    if quiet:
        with no_library_bars():
            yield no_progress
    elif stderr.is_terminal:
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),  # names are in it
        )
        with rich.progress.Progress(*columns, console=stderr, transient=True) as bar:
            yield _Bar(bar, bar.add_task("starting", total=None)).add
    else:
        yield _Lines().add


class _Bar:
    """One bar for all work; its time begins anew with other work, so what is left is of that."""

    def __init__(self, bar: rich.progress.Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task
        self._work = Work()

    def add(self, step: Step) -> None:
        if self._work.begins(step):
            self._bar.reset(self._task, total=step.total, completed=step.done)
        self._bar.update(self._task, completed=step.done, total=step.total, description=step.label)


class _Lines:
    """One line for every tenth of some work, however many steps come at once."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._last = ("", -1)
        self._now = now
        self._work = Work()
        self._since = (0.0, 0)

    def add(self, step: Step) -> None:
        if self._work.begins(step):
            self._since = (self._now(), step.done)
        tenth = (step.label, step.done // max(1, step.total // _LINES))
        if tenth != self._last:
            self._last = tenth
            text = f"[{step.done}/{step.total}] {step.label}{self._left(step)}"
            stderr.print(text, markup=False, highlight=False)

    def _left(self, step: Step) -> str:
        """How long the rest of this work takes at the pace so far; nothing of short work."""
        started, done = self._since
        if not done < step.done < step.total:
            return ""
        seconds = (self._now() - started) / (step.done - done) * (step.total - step.done)
        return f", about {spell(seconds)} left" if seconds >= _MIN else ""


class Work:
    """Tells when steps are of other work than before.

    Steps of one work may have labels of their own, as the arms of a test: as long as they count
    on towards the same total they are one.
    """

    def __init__(self) -> None:
        self._last: Step | None = None

    def begins(self, step: Step) -> bool:
        """Whether other work begins with a step; it is the last one then."""
        last, self._last = self._last, step
        return last is None or step.total != last.total or step.done < last.done


def spell(seconds: float) -> str:
    """``40 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
