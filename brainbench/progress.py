"""How far long work is: one protocol for all that computes and all that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

# called with (done, total) by work that has no name of its own, such as the batches of a plan
Count = Callable[[int, int], None]


@dataclass(frozen=True)
class Step:
    """What is under way, after ``done`` of ``total`` steps."""

    label: str
    done: int
    total: int


class Progress(Protocol):
    """Called before each step of long work, and where it can be, once all are done."""

    def __call__(self, step: Step, /) -> None: ...


def no_progress(step: Step) -> None:
    """Show nothing."""


def counting(progress: Progress, label: str) -> Count:
    """Report work that only counts, as steps under a label.

    Parameters
    ----------
    progress : where the steps are reported.
    label : of every step.

    Returns
    -------
    What such work calls with (done, total).
    """
    return lambda done, total: progress(Step(label, done, total))


def within(progress: Progress, beginning: str) -> Progress:
    """Report steps of a part of the work, with what it is a part of before each label.

    Parameters
    ----------
    progress : where the steps are reported.
    beginning : put before each label as it is; a separator belongs to it.
    """
    return lambda step: progress(replace(step, label=beginning + step.label))
