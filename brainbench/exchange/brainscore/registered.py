"""What of brainbench Brain-Score can score an artificial subject on, and what not, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from brainbench.benchmarks import (
    DEFAULT_PROTOCOL,
    Benchmark,
    PluggedBenchmark,
    list_benchmarks,
    load_benchmark,
    versions_of,
)
from brainbench.datasets import list_cards, load_card

PUBLISHED = "published"
# a region is scored under two protocols, and Brain-Score knows a benchmark by its identifier alone
SUFFIX = "-controlled"
_NO_ANSWERS = (
    "needs a True or False to each problem and its log-odds; Brain-Score's behavioural tasks are "
    "next_word and reading_times"
)
_PLUGIN = "comes from a plugin of brainbench, which Brain-Score is not given"


@dataclass(frozen=True)
class Registered:
    """A benchmark as Brain-Score has it.

    Attributes
    ----------
    name : its identifier in Brain-Score.
    identifier, protocol : the same in brainbench.
    """

    name: str
    identifier: str
    protocol: str

    def load(self) -> Benchmark:
        """The benchmark."""
        return load_benchmark(self.identifier, self.protocol)


def registered() -> list[Registered]:
    """Every benchmark that activations alone are scored on, in brainbench's order."""
    found: list[Registered] = []
    for name in _scored_on_states():
        versions = versions_of(name)
        if not versions:
            found.append(Registered(name, name, DEFAULT_PROTOCOL))
        for protocol in versions:
            suffix = "" if protocol == PUBLISHED else SUFFIX
            found.append(Registered(name + suffix, name, protocol))
    return found


def registered_data() -> list[str]:
    """``<dataset>.<ROI>`` of every dataset with responses of the brain."""
    return [f"{card.name}.{roi}" for card in map(load_card, list_cards()) for roi in card.rois]


def not_registered() -> dict[str, str]:
    """Benchmark → why Brain-Score cannot score an artificial subject on it."""
    kept = set(_scored_on_states())
    return {
        name: _PLUGIN if _is_plugged(name) else _NO_ANSWERS
        for name in list_benchmarks()
        if name not in kept
    }


def _scored_on_states() -> Iterable[str]:
    return [
        name
        for name in list_benchmarks()
        if not _is_plugged(name) and not load_benchmark(name).needs.answers
    ]


def _is_plugged(name: str) -> bool:
    return isinstance(load_benchmark(name), PluggedBenchmark)
