"""What no number of a record can be, whatever it was measured on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from brainbench.leaderboard.checks.faults import Fault, number, shown

ABSURD = 1e15
_SHARE = (0.0, 1.0)
_CORRELATION = (-1.0, 1.0)
_SHARES = (
    "p", "q", "p_corrected", "p_within_condition", "mcnemar_p", "accuracy", "accuracy_stderr",
    "balanced_accuracy", "balanced_accuracy_stderr", "auc", "auc_stderr", "accuracy_at_threshold",
    "agreement", "said_true", "labelled_true", "missing", "says_true", "valid", "bound", "acc",
    "exact_match", "acc_norm", "balanced_acc", "acc_stderr",
)  # fmt: skip
_CORRELATIONS = (
    "raw", "r", "reference", "error_consistency", "answer_kappa", "above_chance",
    "confidence_accuracy", "certainty_time", "confidence_time", "curve", "ceiling",
    "ceiling_median", "reliability", "rho", "bound_r", "null_mean",
)  # fmt: skip
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(_SHARES, _SHARE),
    **dict.fromkeys(_CORRELATIONS, _CORRELATION),
    # of what predicts worse than the mean it is negative, without a limit in theory
    **dict.fromkeys(("r2", "nuisance_r2", "unique_r2"), (-1e3, 1.0)),
    **dict.fromkeys(("ratio", "score"), (-1e6, 1e6)),
    "dprime": (-20.0, 20.0),
    "parameters": (1, 1e14),
    "seconds": (0.0, 1e9),
}
_COUNT = re.compile(r"n_\w+|draws\w*|family|layer|score_layer|voxels_above|ceiling_near_\w+")
_MAX = 1e8
# maps from a choice to a share
_OF_CHOICES = ("always", "said")
# maps from a metric to how many items it is of
_OF_COUNTS = ("sample_count",)
_ROUNDING = 1e-9
_INDEX = re.compile(r"\[\d+\]$")
_INTERVALS = ("interval", "items_interval", "interval_items")
# what names of intervals end in
_ENDS = ("interval", "_range")


def range_faults(content: Any) -> Iterator[Fault]:
    """Numbers outside what they can be, and intervals that are upside down.

    Parameters
    ----------
    content : a record as plain values.
    """
    if not _is_fine(content, "", ""):
        yield from _told(content, "")


def _is_fine(content: Any, name: str, parent: str) -> bool:
    """Whether there is nothing to tell: most records have nothing, and places take time."""
    if type(content) is float or type(content) is int:
        low, high = _bounds(name, parent)
        return low - _ROUNDING <= content <= high + _ROUNDING
    if type(content) is dict:
        for key, part in content.items():
            if key.endswith(_ENDS) and part is not None:
                ends = _ends(part)
                if ends is None or ends[0] > ends[1]:
                    return False
                if key in _INTERVALS and not _holds(ends, content.get("value")):
                    return False
            if not _is_fine(part, key, name):
                return False
    elif type(content) is list:
        return all(_is_fine(part, name, parent) for part in content)
    return True


def _told(content: Any, place: str) -> Iterator[Fault]:
    if isinstance(content, dict):
        for key, part in content.items():
            yield from _told(part, f"{place}.{key}" if place else str(key))
        for name in [name for name in content if name.endswith(_ENDS)]:
            yield from _interval_faults(content, name, place)
        for name in _INTERVALS:
            if name in content:
                yield from _around(content, name, place)
    elif isinstance(content, list):
        for i, part in enumerate(content):
            yield from _told(part, f"{place}[{i}]")
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield from _number_faults(place, content)


def _number_faults(place: str, value: float) -> Iterator[Fault]:
    parents, _, name = _INDEX.sub("", place).rpartition(".")
    low, high = _bounds(name, _INDEX.sub("", parents.rpartition(".")[2]))
    if not low - _ROUNDING <= value <= high + _ROUNDING:
        yield Fault(place, f"is {number(value)}, which lies outside {low:g} to {high:g}")


@cache
def _bounds(name: str, parent: str) -> tuple[float, float]:
    """What a number of this name, in a map of that name, lies between."""
    metric = name.partition(",")[0]
    found = RANGES.get(metric)
    if parent in _OF_CHOICES:
        found = _SHARE
    elif parent in _OF_COUNTS or (found is None and _COUNT.fullmatch(metric)):
        found = (0, _MAX)
    return found or (-ABSURD, ABSURD)


def _interval_faults(row: dict[str, Any], name: str, place: str) -> Iterator[Fault]:
    if row[name] is None:
        return
    ends = _ends(row[name])
    if ends is None:
        yield Fault(f"{place}.{name}", f"is {shown(row[name])}, not the two ends of an interval")
    elif ends[0] > ends[1]:
        yield Fault(f"{place}.{name}", f"runs backwards, from {_words(ends)}")


def _around(row: dict[str, Any], name: str, place: str) -> Iterator[Fault]:
    """An interval holds its value; a bootstrap's may miss it, by less than its own width."""
    ends, value = _ends(row[name]), row.get("value")
    if ends is not None and not _holds(ends, value):
        problem = f"is {_words(ends)}, far from its value {number(value)}"
        yield Fault(f"{place}.{name}", problem)


def _ends(interval: Any) -> tuple[float, float] | None:
    """Both ends; None where it is not an interval: what lm-eval gave may be anything."""
    if not isinstance(interval, list | tuple) or len(interval) != 2:
        return None
    low, high = interval
    if type(low) not in (int, float) or type(high) not in (int, float):
        return None
    return low, high


def _words(ends: tuple[float, float]) -> str:
    return f"{number(ends[0])} to {number(ends[1])}"


def _holds(ends: tuple[float, float], value: Any) -> bool:
    if not isinstance(value, int | float):
        return True
    low, high = ends
    slack = _ROUNDING + max(0.0, high - low)
    return low - slack <= value <= high + slack
