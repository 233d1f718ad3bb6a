"""A plugin's benchmark is scored by itself, or with others of its kind; its scores are checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from brainbench.benchmarks import (
    BenchmarkScore,
    Inputs,
    Needs,
    PluggedBenchmark,
    Scoring,
)
from brainbench.errors import DataError
from brainbench.models import load_model

MODEL = load_model("smollm2-135m-phantom")


class Toy(BenchmarkScore):
    kind = "toy"
    r: float

    @property
    def headline(self) -> float:
        return self.r


def toy(name: str) -> Toy:
    return Toy(benchmark=name, version=1, dataset="lab", r=0.5)


class Alone:
    """Scored by itself; what it needs is its own affair."""

    version = 1
    needs = Needs(rois=("one",))

    def __init__(self, name: str) -> None:
        self.identifier = name

    def __call__(self, model: object) -> Any:
        return toy(self.identifier)


class Together(Alone):
    """Scored in groups."""

    kind = "twins"
    ceiling, bibtex, about = 0.7, "@misc{lab}", {"needs": "patience"}
    asked: list[list[str]] = []  # noqa: RUF012
    gives: Any = staticmethod(lambda names: [toy(name) for name in names])

    @classmethod
    def score_group(
        cls, group: Sequence[Together], inputs: Inputs, scoring: Scoring
    ) -> Iterator[Any]:
        names = [one.identifier for one in group]
        cls.asked.append(names)
        yield from cls.gives(names)


def plugged(kind: type[Alone], *names: str) -> list[PluggedBenchmark]:
    return [PluggedBenchmark(name, lambda name=name: kind(name)) for name in names]  # type: ignore[misc]


def scored(group: Sequence[PluggedBenchmark]) -> list[BenchmarkScore]:
    return list(group[0].score_group(group, Inputs(MODEL), Scoring()))


def test_one_without_groups_is_called_for_each() -> None:
    group = plugged(Alone, "lab.a.x", "lab.b.x")
    assert [score.benchmark for score in scored(group)] == ["lab.a.x", "lab.b.x"]
    assert [one.kind for one in group] == ["lab.a.x", "lab.b.x"]
    assert [bool(one.needs) for one in group] == [False, False]
    assert (group[0].ceiling, group[0].bibtex, group[0].about) == (None, "", {"from": "a plugin"})
    group[0].check_group(group, Inputs(MODEL), None)


def test_a_group_is_scored_at_once() -> None:
    group = plugged(Together, "lab.a.x", "lab.b.x")
    Together.asked.clear()
    assert [score.benchmark for score in scored(group)] == ["lab.a.x", "lab.b.x"]
    assert Together.asked == [["lab.a.x", "lab.b.x"]]
    assert {one.kind for one in group} == {"twins"}
    assert group[0].needs == Needs(rois=("one",))
    assert (group[0].ceiling, group[0].bibtex) == (0.7, "@misc{lab}")
    assert group[0].about == {"from": "a plugin", "needs": "patience"}


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        (lambda names: [], "twins gives no score of lab.a.x, lab.b.x"),
        (lambda names: [toy(names[0])] * 2, "score of lab.a.x, which was not asked for or"),
        (lambda names: [toy("lab.c.x")], "score of lab.c.x, which was not asked for"),
        (lambda names: [0.5], "gives float, not Score, ControlledScore, BehaviorScore or a Bench"),
    ],
)
def test_what_a_group_gives_is_checked(
    gives: Any, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Together, "gives", staticmethod(gives))
    with pytest.raises(DataError, match=says):
        scored(plugged(Together, "lab.a.x", "lab.b.x"))


def test_its_data_may_be_checked_before_a_model_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(group: Sequence[Together], inputs: Inputs, limit: int | None) -> None:
        raise DataError(f"{len(group)} benchmarks, limit {limit}")

    monkeypatch.setattr(Together, "check_group", staticmethod(check), raising=False)
    group = plugged(Together, "lab.a.x", "lab.b.x")
    with pytest.raises(DataError, match="2 benchmarks, limit 3"):
        group[0].check_group(group, Inputs(MODEL), 3)


def test_needs_of_another_type_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Together, "needs", {"rois": ["one"]})
    (one,) = plugged(Together, "lab.a.x")
    with pytest.raises(DataError, match=r"lab\.a\.x needs dict, not Needs"):
        _ = one.needs
