"""Scores of kinds that have no table of their own, as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.results.record import OtherScore
from brainbench.results.report.other import single_numbers
from brainbench.results.wording import number


def render_other(scores: Sequence[OtherScore]) -> list[RenderableType]:
    """Each kind of score: headline and single numbers of each benchmark, then warnings."""
    parts: list[RenderableType] = []
    for kind in dict.fromkeys(score.kind for score in scores):
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
        table.add_column("benchmark", overflow="fold")
        table.add_column("value", justify="right", no_wrap=True)
        table.add_column("numbers", overflow="fold")
        own = [score for score in scores if score.kind == kind]
        for score in own:
            value = Text(number(score.value), style="bold")
            table.add_row(Text(score.benchmark), value, Text(single_numbers(score), style="dim"))
        parts += ["", Text(kind, style="bold"), table]
        warned = dict.fromkeys(text for score in own for text in score.warnings)
        parts += [Text("! ", style="yellow").append(text, style="default") for text in warned]
    return parts
