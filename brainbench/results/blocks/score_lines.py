"""Scores in a terminal: a line each, with the interval as a bar where there is room for one.

In a narrow terminal the bar goes first, and what a number is held against stands under it; no
number, name or word is cut.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from brainbench.results.blocks.model import Mood, ScoreLine, Scores
from brainbench.results.wording import Interval, clip, finite

STYLES: dict[Mood, str] = {
    "good": "bold green",
    "bad": "bold red",
    "warning": "yellow",
    "": "bold",
}
_BAR, _SHORT_BAR = 15, 11
# columns of a terminal with room for a bar
_BARRED = 72
_GAP = (0, 2, 0, 0)


def bar(line: ScoreLine, width: int = _BAR) -> str:
    """The interval, the number on it and what it is held against, on an axis of its own.

    Parameters
    ----------
    line : what cannot be drawn is left out.
    width : characters.

    Returns
    -------
    ``··│··━━━●━━━··``; with ``╋`` where the interval holds what the number is held against.
    """
    drawn = [finite(value) for value in (line.value, line.held, *(line.interval or ()))]
    known = [value for value in drawn if value is not None]
    if len(known) < 2 or max(known) == min(known):
        return ("·" * (width // 2) + "●" + "·" * width)[:width] if known else ""
    low, high = min(known), max(known)

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (width - 3)) + 1

    marks = ["·"] * width
    for at in _between(line.interval, place):
        marks[at] = "━"
    if drawn[1] is not None:
        at = place(drawn[1])
        marks[at] = "╋" if marks[at] == "━" else "│"
    if drawn[0] is not None:
        marks[place(drawn[0])] = "●"
    return "".join(marks)


def _between(interval: Interval | None, place: object) -> range:
    if interval is None or any(finite(end) is None for end in interval):
        return range(0)
    assert callable(place)
    return range(place(interval[0]), place(interval[1]) + 1)


class ScoreLines:
    """The lines of a scorecard: what a number is of and held against goes below the verdict where
    it does not fit beside it.
    """

    def __init__(self, block: Scores) -> None:
        self.lines = block.lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.lines:
            return
        yield self._grid(options.max_width)
        if options.max_width >= _BARRED:
            yield Text("● number, ━ [ ] 95 % interval, │ what it is held against", style="dim")

    def _grid(self, width: int) -> RichTable:
        names, numbers, verdicts, details = (
            max(cell_len(_plain(text)) for text in texts)
            for texts in zip(
                *((line.name, line.number, line.verdict, line.details) for line in self.lines),
                strict=True,
            )
        )
        room = width - min(names, width // 3) - numbers - verdicts - 3 * _GAP[1]
        beside = room >= _BAR + details + _GAP[1]
        drawn = 0 if width < _BARRED else _BAR if beside else min(_BAR, max(_SHORT_BAR, room))
        grid = RichTable.grid(padding=_GAP)
        grid.add_column(width=min(names, width // 3), overflow="fold")
        grid.add_column(width=numbers, justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for line in self.lines:
            parts: list[RenderableType] = [bar(line, drawn)] if drawn else []
            parts.append(Text(_plain(line.verdict), style=STYLES[line.mood]))
            below = Text(_plain(line.details), style="dim")
            first = RichTable.grid(padding=_GAP)
            if drawn:
                first.add_column(width=drawn)
            first.add_column(width=verdicts if beside else None)
            first.add_row(*parts, *([below] if beside else []))
            grid.add_row(
                Text(_plain(line.name), style="bold"),
                line.number,
                first if beside else Group(first, below),
            )
        return grid


def _plain(text: str) -> str:
    return clip(text).replace("\N{NO-BREAK SPACE}", " ")
