"""What a kernel is held against, apart from the code that computes it."""

from __future__ import annotations

from typing import Literal, get_args

Statistic = Literal["own", "between", "larger"]
"""Each person's items with each other, with every other person's, or the largest of the two and
their sum."""
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)
