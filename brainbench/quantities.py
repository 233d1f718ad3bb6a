"""Types of the numbers in a record: each says which range its numbers lie in.

Only what follows from the definition of a number is held here, with slack for rounding, so that no
run loses its result to it. What is merely implausible is for a check of submissions to say.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

ROUNDING = 1e-9

Share = Annotated[float, Field(ge=-ROUNDING, le=1.0 + ROUNDING)]
"""A share of items, an accuracy, or an area under a curve: from 0 to 1."""
P = Share
"""A p value, corrected or not."""
Correlation = Annotated[float, Field(ge=-1.0 - ROUNDING, le=1.0 + ROUNDING)]
"""Pearson's r, Spearman's ρ, Cohen's κ, or a difference of two shares: from -1 to 1."""
Spread = Annotated[float, Field(ge=-ROUNDING, le=1e6)]
"""A standard error or a deviation: a jackknife's may be large, and its square is still a number."""
AtMostOne = Annotated[float, Field(le=1.0 + ROUNDING)]
"""R², or a reliability: without a limit below, for a prediction may be worse than the mean."""
Count = Annotated[int, Field(ge=0)]
"""How many."""


def _in_order(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = ends
    if low > high + ROUNDING * max(1.0, abs(low), abs(high)):
        raise ValueError(f"runs backwards, from {low:.6g} to {high:.6g}")
    return ends


Interval = Annotated[tuple[float, float], AfterValidator(_in_order)]
"""Lower and upper end."""


class Layer(NamedTuple):
    """A layer of a model; its text is ``hidden 7``."""

    site: str
    """``attention`` or ``hidden``."""
    number: Count | None
    """Counting from 0; None where units of all layers were chosen together, by a localiser."""

    def __str__(self) -> str:
        return f"{self.site} {'localised' if self.number is None else self.number}"
