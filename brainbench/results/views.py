"""How records and scores show themselves in Python: words, a notebook's page, table, picture."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from brainbench.results.blocks import Block, Bullets, Scores, Words
from brainbench.results.blocks.html import page_environment
from brainbench.results.record import Record
from brainbench.results.scorecard import remarks, scorecard
from brainbench.results.scorecard.array import to_xarray
from brainbench.results.scorecard.frame import to_dataframe
from brainbench.results.scorecard.picture import plot
from brainbench.results.scorecard.single import PRINTED, name_of, print_score, score_line
from brainbench.results.screen import render_scorecard, title_of
from brainbench.shown import show_with

# where nothing says how wide a line is
_WIDTH, _LONGEST = 80, 600


def _text(record: Record) -> str:
    """The scorecard, as a terminal of 80 columns shows it."""
    # in a notebook rich would show it there, and write nothing
    console = Console(width=_WIDTH, file=io.StringIO(), color_system=None, force_jupyter=False)
    console.print(render_scorecard(record))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def _html(record: Record) -> str:
    warned = Bullets([("", text) for text in remarks(record)])
    blocks: list[Block] = [*scorecard(record).blocks, warned]
    template = page_environment("brainbench.results.report", _LONGEST).get_template("notebook.html")
    return template.render(title=title_of(record), blocks=blocks)


def _score_html(score: Any) -> str:
    line = score_line(score)
    block: Block = Words(print_score(score)) if line is None else Scores([line], "score")
    template = page_environment("brainbench.results.report", _LONGEST).get_template("notebook.html")
    return template.render(title=name_of(score), blocks=[block])


show_with("text", Record, _text)
show_with("html", Record, _html)
show_with("table", Record, to_dataframe)
show_with("picture", Record, plot)
for _kind in PRINTED:
    show_with("text", _kind, print_score)
    show_with("html", _kind, _score_html)
    show_with("array", _kind, to_xarray)
