"""Numbers and names as a report says them, whatever a record holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

Interval = tuple[float, float]

# characters of one text: what is longer is not a text that a person reads
LONGEST = 600
# what is not a letter of any text: control characters, halves of pairs, marks that turn the order
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# names of the field, where a name in data is an abbreviation or a single word of one
_ROIS = {"deductive_reasoning": "deductive reasoning", "md": "multiple demand"}
_KINDS = {
    "all": "all problems",
    "syllogistic": "syllogisms",
    "transitive": "transitive problems",
    "propositional": "propositional problems",
}
# what stands together is not broken between lines
_GAP = "\N{NO-BREAK SPACE}"
# larger numbers are written with a power of ten
_LARGE = 1e6


def clip(text: str, limit: int = LONGEST) -> str:
    """A text cut where it is longer than anyone reads, without characters of no text.

    Parameters
    ----------
    text : of a record, whatever it holds.
    limit : characters that are kept, the mark of the cut among them.
    """
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return _UNPRINTABLE.sub("\ufffd", shown)


def number(value: float | None, digits: int = 3, lacking: str = "n/a") -> str:
    """``0.123``; NaN and infinities as words or signs.

    Parameters
    ----------
    value : a number or a truth value.
    digits : decimals of a fraction.
    lacking : what is shown for None.
    """
    if value is None:
        return lacking
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        # whole numbers of a file may be too large for any other
        return f"{value:,}" if abs(value) < _LARGE**2 else f"about 2^{value.bit_length() - 1}"
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.3g}" if abs(value) >= _LARGE else f"{value:.{digits}f}"


def interval(ends: Sequence[float] | None, digits: int = 3) -> str:
    """``[0.1, 0.2]``, or nothing.

    Parameters
    ----------
    ends : lower and upper end; None for nothing.
    digits : decimals of both.
    """
    if ends is None:
        return ""
    return f"[{f',{_GAP}'.join(number(end, digits) for end in ends)}]"


def with_interval(value: float | None, ends: Sequence[float] | None, digits: int = 3) -> str:
    """``0.123 [0.1, 0.2]``.

    Parameters
    ----------
    value : None is shown as ``n/a``.
    ends : lower and upper end; None leaves them out.
    digits : decimals of all three.
    """
    return " ".join(part for part in (number(value, digits), interval(ends, digits)) if part)


def with_error(value: float | None, error: float | None, digits: int = 3) -> str:
    """``0.123 ± 0.012``; nothing where there is no value.

    Parameters
    ----------
    value : the estimate.
    error : its standard error; None leaves it out.
    digits : decimals of both.
    """
    if value is None:
        return ""
    shown = number(value, digits)
    return shown if error is None else f"{shown}{_GAP}±{_GAP}{number(error, digits)}"


def percent(share: float | None, digits: int = 0) -> str:
    """``12 %``.

    Parameters
    ----------
    share : 1 for all; None is shown as ``n/a``.
    digits : decimals.
    """
    if share is None or not math.isfinite(share):
        return number(share)
    return f"{100 * share:.{digits}f}{_GAP}%"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 cell``, ``9 cells``.

    Parameters
    ----------
    count : how many.
    one : the word for one.
    many : the word for any other number; by default the first with an s.
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """``a, b and 3 more``; with semicolons where a name holds a comma.

    Parameters
    ----------
    names : each cut to 120 characters.
    most : names that are given; of the rest the number.
    """
    every = [clip(name, 120) for name in names]
    between = "; " if any(", " in name for name in every) else ", "
    if len(every) <= most:
        return between.join(every)
    return between.join(every[:most]) + f" and {len(every) - most:,} more"


def plain_roi(roi: str) -> str:
    """``multiple demand`` of ``md``.

    Parameters
    ----------
    roi : as data name it; of one's own it is shown with spaces.
    """
    return _ROIS.get(roi) or clip(roi, 120).replace("_", " ")


def plain_kind(reasoning_type: str) -> str:
    """``syllogisms`` of ``syllogistic``.

    Parameters
    ----------
    reasoning_type : as data name it; ``all`` for all of them.
    """
    return _KINDS.get(reasoning_type) or clip(reasoning_type, 120).replace("_", " ")


def plain_cell(roi: str, reasoning_type: str) -> str:
    """``deductive reasoning, syllogisms``.

    Parameters
    ----------
    roi, reasoning_type : as data name them.
    """
    return f"{plain_roi(roi)}, {plain_kind(reasoning_type)}"


def size(bytes_: int) -> str:
    """``134.5 million``, of parameters."""
    for limit, word in ((10**9, "billion"), (10**6, "million")):
        if bytes_ >= limit:
            return f"{bytes_ / limit:.1f} {word}"
    return f"{bytes_:,}"


def finite(value: float | None) -> float | None:
    """The value where it can be drawn."""
    return value if value is not None and -1e9 <= value <= 1e9 else None


def plain_board(name: str) -> str:
    """The name of a board as people read it, such as ``behaviour, children``.

    Parameters
    ----------
    name : of its file, which addresses and commands keep.
    """
    return name.replace("behavior", "behaviour").replace("-", ", ", 1).replace("-", " ")
