"""Benchmarks by name, and the suites they form."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import get_args

from brainbench.benchmarks.alignment import METRIC, AlignmentBenchmark
from brainbench.benchmarks.cell import POOLED
from brainbench.benchmarks.score import ProtocolName
from brainbench.datasets import list_cards, load_card
from brainbench.errors import UnknownNameError

PROTOCOLS: tuple[ProtocolName, ...] = get_args(ProtocolName)
SUITES = {
    "alignment": ("xiao2026.*",),
    "builtin": ("phantom.*",),
}


def list_benchmarks() -> list[str]:
    """Identifiers of all benchmarks: dataset, then ROI, then reasoning type."""
    names = []
    for dataset in list_cards():
        card = load_card(dataset)
        for roi in card.rois:
            names += [f"{dataset}.{roi}.{t}-{METRIC}" for t in (POOLED, *card.reasoning_types)]
    return names


def load_benchmark(identifier: str, protocol: str = "published") -> AlignmentBenchmark:
    """Find a benchmark by its identifier.

    Raises
    ------
    UnknownNameError
        When there is no such benchmark or protocol.
    """
    known = next((name for name in PROTOCOLS if name == protocol), None)
    if known is None:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)
    if identifier not in list_benchmarks():
        raise UnknownNameError("benchmark", identifier, list_benchmarks())
    dataset, roi, cell = identifier.split(".")
    return AlignmentBenchmark(dataset, roi, cell.removesuffix(f"-{METRIC}"), known)


def select_benchmarks(
    patterns: Sequence[str], protocol: str = "published"
) -> list[AlignmentBenchmark]:
    """Benchmarks that match any pattern (``*`` and ``?``), in the order of the list.

    Raises
    ------
    UnknownNameError
        When a pattern matches nothing.
    """
    known = list_benchmarks()
    chosen: set[str] = set()
    for pattern in patterns:
        matches = [name for name in known if fnmatchcase(name, pattern)]
        if not matches:
            raise UnknownNameError("benchmark", pattern, known)
        chosen.update(matches)
    return [load_benchmark(name, protocol) for name in known if name in chosen]


def suite_patterns(name: str) -> tuple[str, ...]:
    """Patterns of a suite, or ``UnknownNameError``."""
    if name not in SUITES:
        raise UnknownNameError("suite", name, SUITES)
    return SUITES[name]
