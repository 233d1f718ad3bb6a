"""What the schema of a record does not say of its numbers: what lm-eval gives, what nobody can get.

The schema holds what follows from the definition of a number, see :mod:`brainbench.quantities`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from brainbench.leaderboard.checks.faults import Fault, number, shown
from brainbench.quantities import ROUNDING

ABSURD = 1e15
_SHARE, _R2, _RATIO = (0.0, 1.0), (-1e3, 1.0), (-1e6, 1e6)
# metric of lm-eval, or field of a record → a value outside is not a result
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        ("acc", "acc_norm", "balanced_acc", "exact_match", "auc", "acc_stderr"), _SHARE
    ),
    **dict.fromkeys(("accuracy_stderr", "balanced_accuracy_stderr", "auc_stderr"), _SHARE),
    **dict.fromkeys(("r2", "nuisance_r2", "unique_r2"), _R2),
    **dict.fromkeys(("ratio", "score"), _RATIO),
    **dict.fromkeys(("reliability", "rho", "null_mean"), (-1.0, 1.0)),
    "dprime": (-20.0, 20.0),
    "criterion": (-20.0, 20.0),
    # nats, of a vocabulary of any size
    "kl": (0.0, 1e3),
    "rise": (-1e3, 1e3),
    "parameters": (1, 1e14),
    "layer": (0, 1e6),
}
# maps from a metric to how many items it is of
_OF_COUNTS = ("sample_count",)
_INTERVALS = ("interval", "items_interval", "interval_items")
# what names of intervals end in
_ENDS = ("interval", "_range")


def range_faults(
    content: Any, place: str = "", name: str = "", parent: str = ""
) -> Iterator[Fault]:
    """Numbers outside what they can be, and intervals far from their value.

    Parameters
    ----------
    content : a record as plain values.
    place, name, parent : where in the record it stands, and the last two names of that.
    """
    if isinstance(content, dict):
        for key, part in content.items():
            yield from range_faults(part, f"{place}.{key}" if place else str(key), str(key), name)
        for key in content:
            if str(key).endswith(_ENDS) and content[key] is not None:
                yield from _interval_faults(content, key, place)
    elif isinstance(content, list):
        for i, part in enumerate(content):
            yield from range_faults(part, f"{place}[{i}]", name, parent)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        low, high = (0.0, ABSURD) if parent in _OF_COUNTS else _range_of(name)
        if not low - ROUNDING <= content <= high + ROUNDING:
            problem = f"is {number(content)}, which lies outside {low:g} to {high:g}"
            yield Fault(place, problem)


def _range_of(name: str) -> tuple[float, float]:
    return RANGES.get(name.partition(",")[0], (-ABSURD, ABSURD))


def _interval_faults(row: dict[str, Any], name: str, place: str) -> Iterator[Fault]:
    """Of lm-eval's an interval may be anything; one holds its value, or misses it by its width."""
    ends, value = row[name], row.get("value")
    if (
        not isinstance(ends, list | tuple)
        or len(ends) != 2
        or not all(type(end) in (int, float) for end in ends)
    ):
        yield Fault(f"{place}.{name}", f"is {shown(ends)}, not the two ends of an interval")
        return
    low, high = ends
    both = f"{number(low)} to {number(high)}"
    slack = ROUNDING + max(0.0, high - low)
    if low > high + ROUNDING * max(1.0, abs(high)):
        yield Fault(f"{place}.{name}", f"runs backwards, from {both}")
    elif name not in _INTERVALS or not isinstance(value, int | float):
        return
    elif not low - slack <= value <= high + slack:
        yield Fault(f"{place}.{name}", f"is {both}, far from its value {number(value)}")
