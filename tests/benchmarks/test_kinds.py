"""Every kind of benchmark has what a run, a record and the command line ask of it."""

from __future__ import annotations

import pytest

from brainbench.benchmarks import PROTOCOLS, Needs, load_benchmark, versions_of
from brainbench.benchmarks.base import OwnBenchmark
from brainbench.benchmarks.kinds import KINDS
from brainbench.datasets import list_cards, load_card


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_complete(kind: type[OwnBenchmark]) -> None:
    benchmarks = [one for name in list_cards() for one in kind.of_dataset(load_card(name))]
    assert benchmarks
    names = [one.identifier for one in benchmarks]
    assert len(set(names)) == len(names)
    for one in benchmarks[:1]:
        found = load_benchmark(one.identifier, kind.protocol or PROTOCOLS[0])
        assert found == one
        assert type(found) is kind
        assert isinstance(one.needs, Needs)
        assert one.needs
        assert one.about["needs"] in ("answers", "activations")
        assert one.code == {}
        assert one.bibtex.startswith("@")


def test_kinds_with_the_same_names_have_different_protocols() -> None:
    cards = [load_card(name) for name in list_cards()]
    for protocol in PROTOCOLS:
        shown = [kind for kind in KINDS if kind.protocol in (None, protocol)]
        names = [
            one.identifier for kind in shown for card in cards for one in kind.of_dataset(card)
        ]
        assert len(set(names)) == len(names)


def test_versions_are_given_by_protocol_where_that_makes_a_difference() -> None:
    name = "phantom.noise.all-ridge"
    assert versions_of(name) == {p: load_benchmark(name, p).version for p in PROTOCOLS}
    assert versions_of("ds003076.behavior.all-consistency") == {}
