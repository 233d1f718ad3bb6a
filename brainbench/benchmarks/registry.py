"""Benchmarks by name, and the suites they form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from brainbench.benchmarks import kinds
from brainbench.benchmarks.base import Benchmark
from brainbench.benchmarks.plugin import PluggedBenchmark
from brainbench.benchmarks.protocols import DEFAULT_PROTOCOL
from brainbench.datasets import list_cards, load_card
from brainbench.errors import UnknownNameError
from brainbench.plugins import plugged
from brainbench.reasoning import TASK_SUITES

PROTOCOLS = tuple(dict.fromkeys(kind.protocol for kind in kinds.KINDS if kind.protocol is not None))
SUITES = {
    "alignment": ("xiao2026.*",),
    "behavior": ("ds003076.behavior.*",),
    "behavior-73": ("ds003076.behavior.*", "ds002886.behavior.*", "deduction73.difficulty.*"),
    "builtin": ("phantom.*",),
    "demonstration": ("planted.brain.*",),
}


def list_benchmarks() -> list[str]:
    """Identifiers of all benchmarks: dataset, then ROI or behaviour, then reasoning type."""
    own = _benchmarks(DEFAULT_PROTOCOL)
    return [*own, *_others(own)]


def load_benchmark(identifier: str, protocol: str = DEFAULT_PROTOCOL) -> Benchmark:
    """Find a benchmark by its identifier.

    Parameters
    ----------
    protocol : how a region's alignment is scored, ``controlled`` or ``published``; all other
        benchmarks are scored in one way, and found under either.

    Raises
    ------
    UnknownNameError
        When there is no such benchmark or protocol.
    """
    _check(protocol)
    own: dict[str, Benchmark] = {}
    for name in (protocol, *PROTOCOLS):
        own = _benchmarks(name) | own
    if identifier in own:
        return own[identifier]
    others = _others(own)
    if identifier not in others:
        raise UnknownNameError("benchmark", identifier, [*own, *others])
    return PluggedBenchmark(identifier, others[identifier])


def versions_of(identifier: str) -> dict[str, int]:
    """Version of a benchmark under each protocol that it can be scored under; none where it is
    scored in one way whatever the protocol.
    """
    scored = {name: load_benchmark(identifier, name) for name in PROTOCOLS}
    if len({type(benchmark) for benchmark in scored.values()}) == 1:
        return {}
    return {name: benchmark.version for name, benchmark in scored.items()}


def select_benchmarks(patterns: Sequence[str], protocol: str = DEFAULT_PROTOCOL) -> list[Benchmark]:
    """Benchmarks that match any pattern (``*`` and ``?``), in the order of the list.

    Parameters
    ----------
    protocol : how alignment is scored; what is scored under the other alone is left out.

    Raises
    ------
    UnknownNameError
        When a pattern matches nothing.
    """
    _check(protocol)
    own = _benchmarks(protocol)
    known = [*own, *_others(own)]
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


def _check(protocol: str) -> None:
    if protocol not in PROTOCOLS:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)


def _benchmarks(protocol: str) -> dict[str, Benchmark]:
    """Every benchmark of brainbench's own kinds, in the order they are listed."""
    cards = [load_card(dataset) for dataset in list_cards()]
    chosen = [kind for kind in kinds.KINDS if kind.protocol in (None, protocol)]
    found = [one for card in cards for kind in chosen for one in kind.of_dataset(card)]
    return {benchmark.identifier: benchmark for benchmark in found}


def _others(own: Iterable[str]) -> dict[str, Callable[[], Any]]:
    """What makes each of the plugins' benchmarks, by identifier."""
    return plugged("benchmarks", tuple(own))
