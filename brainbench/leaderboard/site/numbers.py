"""Numbers as boards show them."""

from __future__ import annotations


def number(value: float | None, digits: int = 3) -> str:
    """``0.123``, or ``n/a``; ``-`` as scorecards and reports write it, and none before 0.

    Parameters
    ----------
    value : the number; None where it is not known.
    digits : after the point.
    """
    if value is None:
        return "n/a"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text
