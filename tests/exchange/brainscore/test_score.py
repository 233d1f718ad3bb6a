"""The bridge to Brain-Score; run in an environment that has the ``brainscore`` extra."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import types

import pytest
import xarray as xr

from brainbench.benchmarks import ControlledScore, Score, load_benchmark
from brainbench.benchmarks.published.score import PublishedPerson, PublishedRow
from brainbench.errors import UsageError
from brainbench.exchange.brainscore import to_brainscore
from brainbench.exchange.brainscore.score import aggregate

INSTALLED = importlib.util.find_spec("brainscore_core") is not None


@pytest.fixture
def score() -> Score:
    people = [
        PublishedPerson(
            subject=f"s{i}", raw=i / 10, reference=0.1, ceiling=0.5, score=0.4, n_voxels=3
        )
        for i in range(3)
    ]
    return Score(
        benchmark="phantom.signal.all-ridge", version=1, dataset="phantom", roi="signal",
        reasoning_type="all", protocol="published", raw=0.1, mad=0.025, layer=("hidden", 2),
        reference=0.15, ceiling=0.5, ceiling_median=0.4, ceiling_near_zero=0, ceiling_near_one=0,
        score=0.3, score_layer=("hidden", 1), n_subjects=3, n_items=72, n_voxels=3,
        n_constant=0, simulated=True, pooled=True, selection_leak=False, subjects=tuple(people),
        layers=(), notes=("some",),
        controls=(PublishedRow(control="length", raw=0.2),),
    )  # fmt: skip


@pytest.fixture
def controlled(monkeypatch: pytest.MonkeyPatch) -> ControlledScore:
    monkeypatch.setattr("brainbench.benchmarks.controlled.cell.DRAWS", 19)
    score = load_benchmark("phantom.signal.syllogistic-ridge")("smollm2-135m-phantom")
    assert isinstance(score, ControlledScore)
    return score


@pytest.fixture
def brainscore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed: its score is a DataArray with methods of its own."""
    if INSTALLED:
        return
    metrics = types.ModuleType("brainscore_core.metrics")
    metrics.Score = type("Score", (xr.DataArray,), {"__slots__": ()})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "brainscore_core", types.ModuleType("brainscore_core"))
    monkeypatch.setitem(sys.modules, "brainscore_core.metrics", metrics)


def test_both_protocols_carry_over_with_their_name(
    brainscore: None, score: Score, controlled: ControlledScore
) -> None:
    published = to_brainscore(score)
    assert float(published.sel(aggregation="center")) == score.raw
    assert float(published.sel(aggregation="error")) == score.mad == 0.025
    assert published.attrs["protocol"] == "published"
    assert published.attrs["divided"] == score.score
    converted = to_brainscore(controlled)
    assert float(converted.sel(aggregation="center")) == controlled.raw.value
    people = [person.r for person in controlled.subjects]
    deviation = statistics.stdev(people) / len(people) ** 0.5
    assert float(converted.sel(aggregation="error")) == pytest.approx(deviation)
    attrs = converted.attrs
    assert attrs["protocol"] == "controlled"
    # by Brain-Score's convention only a score that was divided has one
    assert "ceiling" not in attrs | published.attrs
    assert published.attrs["published_ceiling"] == 0.5
    assert float(attrs["raw"].sel(subject="phantom-02")) == controlled.subjects[1].r
    assert float(attrs["raw"].mean()) == pytest.approx(controlled.raw.value)
    assert controlled.reference is not None
    assert attrs["reference"] == controlled.reference.value
    assert attrs["unique_r2"] == controlled.unique_r2.value
    assert attrs["p"] == controlled.unique_r2.p
    assert attrs["controls"] == {row.control: row.r for row in controlled.controls}
    assert attrs["benchmark_identifier"] == controlled.benchmark


@pytest.mark.skipif(not INSTALLED, reason="needs the brainscore extra, in its own environment")
def test_a_score_is_one_that_brain_score_divides(score: Score) -> None:
    from brainscore_core.benchmarks import ceil_score

    converted = to_brainscore(score)
    divided = ceil_score(converted, aggregate(0.5, 0.01))
    assert divided.sel(aggregation="center") == 0.2
    assert divided.sel(aggregation="error") == 0.025
    assert divided.attrs["ceiling"].sel(aggregation="center") == 0.5
    assert divided.attrs["raw"].attrs["warnings"] == list(score.warnings)


@pytest.mark.skipif(not INSTALLED, reason="needs the brainscore extra, in its own environment")
def test_a_score_carries_over(score: Score) -> None:
    converted = to_brainscore(score)
    assert converted.attrs["raw"].sel(subject="s2") == 0.2
    assert converted.attrs["controls"] == {"length": 0.2}
    assert converted.attrs["warnings"] == list(score.warnings)
    assert converted.attrs["warnings"][0] == "some"


@pytest.mark.skipif(INSTALLED, reason="brainscore-core is installed")
def test_without_the_extra_the_error_names_it(score: Score) -> None:
    with pytest.raises(UsageError, match=r"brainbench\[brainscore\]"):
        to_brainscore(score)
