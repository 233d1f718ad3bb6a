"""Benchmarks by name."""

from __future__ import annotations

import pytest

from brainbench.benchmarks import (
    DEFAULT_PROTOCOL,
    PROTOCOLS,
    SUITES,
    AlignmentBenchmark,
    BehaviorBenchmark,
    ControlledBenchmark,
    LadderBenchmark,
    list_benchmarks,
    load_benchmark,
    select_benchmarks,
    suite_patterns,
)
from brainbench.errors import UnknownNameError


def test_the_default_protocol_is_that_of_the_first_kind() -> None:
    assert PROTOCOLS[0] == DEFAULT_PROTOCOL


def test_every_roi_and_type_of_the_datasets_is_a_benchmark() -> None:
    names = list_benchmarks()
    assert len(names) == len(set(names)) == 41
    assert names[:3] == [
        f"deduction73.difficulty.{kind}-correlation"
        for kind in ("all", "syllogistic", "transitive")
    ]
    for roi in ("deductive_reasoning", "language", "md"):
        for kind in ("all", "syllogistic", "transitive"):
            assert f"xiao2026.{roi}.{kind}-ridge" in names


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", list_benchmarks())
def test_identifiers_lead_back_to_themselves(name: str, protocol: str) -> None:
    benchmark = load_benchmark(name, protocol)
    assert benchmark.identifier == name
    assert benchmark.bibtex.startswith("@")
    assert benchmark.version >= 1


@pytest.mark.parametrize(
    ("patterns", "count"),
    [
        (["xiao2026.*"], 10),
        (["*.all-ridge"], 11),
        (["phantom.signal.all-ridge"] * 2, 1),
        (["*.all-*"], 18),
        (["ds003076.*", "phantom.noise.*"], 6),
    ],
)
def test_patterns(patterns: list[str], count: int) -> None:
    assert len(select_benchmarks(patterns)) == count


@pytest.mark.parametrize(
    ("ask", "offered"),
    [
        (lambda: load_benchmark("xiao2026.langauge.all-ridge"), "xiao2026.language.all-ridge"),
        (lambda: select_benchmarks(["xiao2025.*"]), "xiao2026"),
        (lambda: load_benchmark("ds003076.behaviour.all-consistency"), "ds003076.behavior.all"),
        (lambda: suite_patterns("alignement"), "'alignment'"),
        (lambda: suite_patterns("behaviour"), "'behavior'"),
        (lambda: load_benchmark("phantom.signal.all-ridge", "publishd"), "'published'"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(ask: object, offered: str) -> None:
    with pytest.raises(UnknownNameError, match="did you mean") as caught:
        ask()  # type: ignore[operator]
    assert offered in str(caught.value)


@pytest.mark.parametrize("suite", SUITES)
def test_suites_name_benchmarks_that_exist(suite: str) -> None:
    assert select_benchmarks(suite_patterns(suite))


@pytest.mark.parametrize(
    ("protocol", "scored"),
    [((), {LadderBenchmark, ControlledBenchmark}), (("published",), {AlignmentBenchmark})],
)
def test_suites_hold_the_kinds_of_their_protocol(
    protocol: tuple[str, ...], scored: set[type]
) -> None:
    kinds = {
        suite: {
            type(benchmark) for benchmark in select_benchmarks(suite_patterns(suite), *protocol)
        }
        for suite in SUITES
        if not (protocol and suite == "demonstration")
    }
    if not protocol:
        assert kinds["demonstration"] == {LadderBenchmark}
    assert kinds["behavior"] == {BehaviorBenchmark}
    assert kinds["alignment"] == kinds["builtin"] == scored


def test_controlled_is_the_default_and_comes_first() -> None:
    name = "xiao2026.language.all-ridge"
    benchmark = load_benchmark(name)
    assert isinstance(benchmark, ControlledBenchmark)
    assert benchmark.protocol == DEFAULT_PROTOCOL == PROTOCOLS[0] == "controlled"
    other = load_benchmark(name, protocol="published")
    assert isinstance(other, AlignmentBenchmark)
    assert other.protocol == "published"
    assert PROTOCOLS == ("controlled", "published")
