"""A drawing together with the numbers that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from brainbench.results.spreadsheet import Cell


@dataclass(frozen=True)
class Plot:
    """What is seen, and what can be downloaded.

    Attributes
    ----------
    name : unique on the page.
    picture : as SVG or an image.
    data : the numbers in it, a header first; empty where there are none.
    """

    name: str
    picture: Markup
    data: Sequence[Sequence[Cell]] = ()

    def __str__(self) -> str:
        return str(self.picture)
