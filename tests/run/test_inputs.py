"""What a run loads and asks, by what its benchmarks need, and in which order they are scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from simulated_behavior import people, sharing

from brainbench.benchmarks import Benchmark, Score, load_benchmark
from brainbench.errors import DataError
from brainbench.models import load_model
from brainbench.results import load_record
from brainbench.run import Settings, evaluate
from brainbench.run.inputs import group_benchmarks, load_data, read_model

PLUGIN = Path(__file__).parent.parent / "plugins" / "example"
MODEL = load_model("smollm2-135m-phantom")
HALF = "mylab2026.auditory.half-ridge"


@pytest.fixture
def mylab(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(PLUGIN))
    import mylab_brainbench

    monkeypatch.setattr("brainbench.plugins._plugins", lambda: {"mylab": mylab_brainbench.plugin})
    return mylab_brainbench


def load(*names: str, protocol: str = "published") -> list[Benchmark]:
    return [load_benchmark(name, protocol) for name in names]


@pytest.mark.parametrize("protocol", ["published", "controlled"])
def test_data_are_loaded_as_benchmarks_need_them(
    protocol: str, mylab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainbench.run.inputs.load_behavior", lambda *given: people(sharing(0.6)))
    names = (
        HALF,
        "phantom.noise.all-ridge",
        "phantom.signal.transitive-ridge",
        "phantom.noise.transitive-ridge",
        "ds003076.behavior.syllogistic-consistency",
    )
    benchmarks = load(*names, protocol=protocol)
    data = load_data(benchmarks, None)
    assert set(data.recordings["phantom"].assembly["roi"].values) == {"noise", "signal"}
    assert {p.reasoning_type for p in data.behaviors["ds003076"].problems} == {"syllogistic"}
    assert list(data.others) == ["mylab2026"]
    assert data.twins == ({"phantom"} if protocol == "controlled" else frozenset())

    groups = group_benchmarks(benchmarks, MODEL, data)
    # answers take no time; a plugin's that reads its own data comes last
    assert [[one.identifier for one in group] for group, _ in groups] == [
        [names[4]], list(names[1:4]), [names[0]]
    ]  # fmt: skip
    behavior, phantom, _ = (inputs for _, inputs in groups)
    assert behavior.behavior is data.behaviors["ds003076"]
    assert phantom.recording is data.recordings["phantom"]
    assert phantom.states is None


def test_untrained_networks_are_asked_where_a_benchmark_needs_them() -> None:
    for protocol, drawn in (("published", []), ("controlled", ["phantom"])):
        benchmarks = load("phantom.noise.all-ridge", protocol=protocol)
        data = load_data(benchmarks, None)
        readings = read_model(MODEL, data)
        assert list(readings.untrained) == drawn
        ((_, inputs),) = group_benchmarks(benchmarks, MODEL, data, readings)
        assert inputs.activations is readings.states["phantom"]


def test_a_score_that_cannot_be_recorded_takes_no_other_with_it(
    mylab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unruly(Score):
        def add_to(self, record: Any) -> None:
            raise ZeroDivisionError("no such list")

    def unruly(self: Any, model: Any) -> Score:
        whole = load_benchmark("phantom.noise.transitive-ridge", "published")(model)
        return Unruly(**{**dict(whole), "benchmark": self.identifier})

    monkeypatch.setattr(mylab.HalfScore, "__call__", unruly)
    names = [HALF, "phantom.noise.transitive-ridge"]
    with pytest.raises(DataError, match=rf"Unruly {HALF} cannot be recorded: no such list"):
        evaluate(MODEL, benchmarks=names, settings=Settings("published"), output_path=tmp_path)
    record = load_record(tmp_path)
    assert (record.status, record.error) == (
        "error", f"Unruly {HALF} cannot be recorded: no such list"
    )  # fmt: skip
    assert {row.benchmark for row in record.published} == {names[1]}
