"""Faults of a submitted record, and whether two numbers agree within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

AGAIN = "run it again, and submit the record as brainbench wrote it"


class Fault(NamedTuple):
    """One fault: place in the record, what is wrong, what to do."""

    field: str
    problem: str
    remedy: str = AGAIN


def same(one: float | None, other: float | None, tolerance: float = 1e-6) -> bool:
    """Whether two numbers are the same but for rounding; None is only None.

    Parameters
    ----------
    one, other : the numbers.
    tolerance : greatest difference, absolute or as a share of the larger; either is enough.
    """
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)


def recomputed(field: str, stated: float | None, found: float | None, of: str) -> Iterator[Fault]:
    """A fault where a number is not the one that its sources give.

    Parameters
    ----------
    field : place in the record.
    stated, found : the number in the record, and the same computed again.
    of : what it was computed from, as the subject of "give".
    """
    if not same(stated, found):
        yield Fault(field, f"is {number(stated)}, {of} give {number(found)}")


def different(field: str, stated: object, found: object, of: str) -> Iterator[Fault]:
    """A fault where a value is not the one that ``of`` names.

    Parameters
    ----------
    field : place in the record.
    stated, found : the value in the record, and what it should be.
    of : where the latter is from, with a verb, such as ``its card says``.
    """
    if stated != found:
        yield Fault(field, f"is {shown(stated)}, {of} {shown(found)}")


def names_differ(
    field: str, stated: Iterable[str], known: Sequence[str], of: str
) -> Iterator[Fault]:
    """Faults where names are missing, unknown, or given twice.

    Parameters
    ----------
    field : place in the record.
    stated : names in the record.
    known : names that should be there, once each, in any order.
    of : what those are, such as ``the people of the data card``.
    """
    given = list(stated)
    lacking = [name for name in known if name not in given]
    strange = [name for name in given if name not in known]
    twice = [name for i, name in enumerate(given) if name in given[:i]]
    if lacking:
        yield Fault(field, f"lacks {', '.join(lacking[:5])}{_more(lacking)} of {of}")
    if strange:
        yield Fault(field, f"holds {shown(strange[0])}, which is not of {of}")
    if twice:
        yield Fault(field, f"holds {shown(twice[0])} twice")


def number(value: float | None) -> str:
    """A number as text of a fault."""
    return "nothing" if value is None else f"{value:.6g}"


def shown(value: object) -> str:
    """Any value as text of a fault: short, on one line."""
    text = value if isinstance(value, str) else str(value)
    text = " ".join(text.split())
    return repr(text[:80]) if isinstance(value, str) else text[:80]


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 5} more" if len(names) > 5 else ""
