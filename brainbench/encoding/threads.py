"""Work on all cores, with results that do not depend on how many there are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

_HERE = threading.local()


@cache
def _libraries() -> ThreadpoolController:
    """The linear algebra libraries loaded; finding them takes longer than many a task."""
    return ThreadpoolController()


def n_workers() -> int:
    """Threads to use: the cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parallel(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Map over items in threads, one core each, results in the order of the items.

    Called from within such a thread, it works in that one: all cores are at work already.

    The linear algebra library is held to one thread inside: with more it sums in another
    order, and the last digits of a result would depend on the machine.

    Parameters
    ----------
    work : called with one item, from several threads at once.
    items : what to work on.
    """
    if getattr(_HERE, "inside", False):
        return [work(item) for item in items]
    with (
        _libraries().limit(limits=1),
        ThreadPoolExecutor(n_workers(), initializer=_enter) as pool,
    ):
        return list(pool.map(work, items))


def _enter() -> None:
    _HERE.inside = True
