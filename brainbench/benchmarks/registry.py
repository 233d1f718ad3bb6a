"""Benchmarks by name, and the suites they form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, get_args

from brainbench.benchmarks.behavior.benchmark import BehaviorBenchmark
from brainbench.benchmarks.cell import POOLED
from brainbench.benchmarks.controlled.benchmark import ControlledBenchmark
from brainbench.benchmarks.plugin import PluggedBenchmark
from brainbench.benchmarks.published.benchmark import AlignmentBenchmark
from brainbench.benchmarks.published.score import DEFAULT_PROTOCOL, ProtocolName
from brainbench.datasets import list_cards, load_card
from brainbench.errors import UnknownNameError
from brainbench.plugins import plugged
from brainbench.reasoning import TASK_SUITES

Benchmark = AlignmentBenchmark | ControlledBenchmark | BehaviorBenchmark | PluggedBenchmark

PROTOCOLS: tuple[ProtocolName, ...] = get_args(ProtocolName)
_ALIGNMENT: dict[ProtocolName, Callable[[str, str, str], Benchmark]] = {
    "controlled": ControlledBenchmark,
    "published": AlignmentBenchmark,
}
SUITES = {
    "alignment": ("xiao2026.*",),
    "behavior": ("ds003076.behavior.*",),
    "builtin": ("phantom.*",),
}


def list_benchmarks() -> list[str]:
    """Identifiers of all benchmarks: dataset, then ROI or behaviour, then reasoning type."""
    own = _benchmarks(DEFAULT_PROTOCOL)
    return [*own, *_others(own)]


def load_benchmark(identifier: str, protocol: str = DEFAULT_PROTOCOL) -> Benchmark:
    """Find a benchmark by its identifier.

    Parameters
    ----------
    protocol : how alignment is scored, ``controlled`` or ``published``; behaviour, and a
        plugin's benchmark, are scored in one way.

    Raises
    ------
    UnknownNameError
        When there is no such benchmark or protocol.
    """
    known = next((name for name in PROTOCOLS if name == protocol), None)
    if known is None:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)
    own = _benchmarks(known)
    if identifier in own:
        return own[identifier]
    others = _others(own)
    if identifier not in others:
        raise UnknownNameError("benchmark", identifier, [*own, *others])
    return PluggedBenchmark(identifier, others[identifier])


def select_benchmarks(patterns: Sequence[str], protocol: str = DEFAULT_PROTOCOL) -> list[Benchmark]:
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
    """Patterns of a suite of benchmarks, or ``UnknownNameError``."""
    if name not in SUITES:
        raise UnknownNameError("suite", name, [*SUITES, *TASK_SUITES])
    return SUITES[name]


def _benchmarks(protocol: ProtocolName) -> dict[str, Benchmark]:
    """Every benchmark of brainbench's own kinds, in the order they are listed."""
    found: list[Benchmark] = []
    for dataset in list_cards():
        card = load_card(dataset)
        types = (POOLED, *card.reasoning_types)
        for roi in card.rois:
            found += [_ALIGNMENT[protocol](dataset, roi, kind) for kind in types]
        if card.behavior:
            found += [BehaviorBenchmark(dataset, t) for t in types]
    return {benchmark.identifier: benchmark for benchmark in found}


def _others(own: Iterable[str]) -> dict[str, Callable[[], Any]]:
    """What makes each of the plugins' benchmarks, by identifier."""
    return plugged("benchmarks", tuple(own))
