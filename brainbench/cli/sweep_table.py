"""How far a sweep is, on a screen: a table that updates, or plain lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from brainbench.cli.console import stderr
from brainbench.cli.progress import spell
from brainbench.results.wording import plural
from brainbench.sweep.status import Row, count_states, is_settled

_STYLES = {
    "failed": "bold red",
    "lost": "red",
    "running": "cyan",
    "queued": "yellow",
    "waiting": "dim",
    "done": "green",
}
_MOST = 40  # rows of a table that updates: those that somebody waits for come first
_LOOK = 1.0  # seconds between two looks


def sweep_table(name: str, rows: Sequence[Row], most: int | None = None) -> RenderableType:
    """A table of all steps, or of the first that matter most.

    Parameters
    ----------
    name : of the sweep.
    rows : of its steps.
    most : rows that are shown.
    """
    shown = list(rows)
    if most is not None and len(shown) > most:
        order = {state: place for place, state in enumerate(("running", "failed", "lost"))}
        shown = sorted(shown, key=lambda row: order.get(row.state, len(order)))[:most]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("state", "step", "time", ""):
        table.add_column(heading, no_wrap=heading in ("state", "time"), overflow="fold")
    for row in shown:
        table.add_row(
            Text(row.state, style=_STYLES.get(row.state, "")),
            Text(row.step.label),
            Text("" if row.seconds is None else spell(row.seconds)),
            Text(_said(row)),
        )
    left_out = len(rows) - len(shown)
    more = [Text(f"and {left_out} more", style="dim")] if left_out else []
    return Group(Text(f"{name}: {_counts(rows)}", style="bold"), table, *more)


def _said(row: Row) -> str:
    parts = [row.text] if row.text else [row.held.run or ""] if row.state == "done" else []
    if row.held.preempted:
        times = "once" if row.held.preempted == 1 else f"{row.held.preempted} times"
        parts.append(f"pre-empted {times}")
    return "; ".join(part for part in parts if part)


def _counts(rows: Sequence[Row]) -> str:
    runs = sum(row.step.kind == "run" for row in rows)
    counts = ", ".join(f"{number} {state}" for state, number in count_states(rows).items())
    return f"{plural(runs, 'run')}, {counts}"


class SweepDisplay:
    """Shows rows as they change: a table in a terminal, a line for each that ends elsewhere.

    Parameters
    ----------
    name : of the sweep.
    quiet : show nothing.
    """

    def __init__(self, name: str, quiet: bool = False) -> None:
        self._name, self._quiet = name, quiet
        self._told: set[str] | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if stderr.is_terminal and not self._quiet:
            self._live = Live(console=stderr, auto_refresh=False, transient=True)
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def show(self, rows: Sequence[Row]) -> None:
        """Show how far the steps are."""
        if self._quiet:
            return
        if self._live is not None:
            self._live.update(sweep_table(self._name, rows, _MOST), refresh=True)
            return
        ended = {row.step.id for row in rows if row.state in ("done", "failed")}
        if self._told is None:
            self._told = set(ended) if len(ended) < len(rows) else set()
        for row in rows:
            if row.step.id in ended - self._told:
                took = "" if row.seconds is None else f" ({spell(row.seconds)})"
                text = f": {row.text}" if row.state == "failed" else ""
                line = f"[{len(ended)}/{len(rows)}] {row.state} {row.step.label}{took}{text}"
                stderr.print(line, markup=False, highlight=False, soft_wrap=True)
        self._told |= ended

    def watch(self, look: Callable[[], Sequence[Row]]) -> None:
        """Look again and again until all is settled, or Ctrl-C."""
        try:
            while True:
                rows = look()
                self.show(rows)
                if is_settled(rows):
                    return
                time.sleep(_LOOK)
        except KeyboardInterrupt:
            return
