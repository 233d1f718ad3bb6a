"""Brain-Score's own commands on brainbench's benchmarks and data.

They run where brainscore-language is installed, on a copy of its package.
"""

from __future__ import annotations

import importlib.util
import pickle
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainbench.benchmarks import load_benchmark
from brainbench.datasets import load_recording
from brainbench.exchange.brainscore import install
from brainbench.models import load_model

SPEC = importlib.util.find_spec("brainscore_language")
MODEL = "randomembedding-100"

pytestmark = pytest.mark.skipif(
    SPEC is None, reason="needs brainscore-language, in an environment of its own"
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A copy of brainscore-language with brainbench's folders, imported in place of it."""
    assert SPEC is not None
    assert SPEC.origin is not None
    package = tmp_path_factory.mktemp("site") / "brainscore_language"
    shutil.copytree(
        Path(SPEC.origin).parent, package, ignore=shutil.ignore_patterns("brainbench", "*.pyc")
    )
    install(package)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
            patch.delitem(sys.modules, name)
        patch.syspath_prepend(str(package.parent))
        patch.setenv("BS_INSTALL_DEPENDENCIES", "no")
        import brainscore_language

        assert Path(str(brainscore_language.__file__)).parent == package
        yield brainscore_language
        for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
            patch.delitem(sys.modules, name)


def test_score_is_that_of_brainbench(library: Any) -> None:
    """The same subject by the other way: `brainbench evaluate --model brainscore:…`."""
    from brainscore_core.submission.database import _retrieve_score_center, _retrieve_score_error

    name = "phantom.signal.transitive-ridge"
    given = library.score(model_identifier=MODEL, benchmark_identifier=name)
    own: Any = load_benchmark(name, "published")(load_model(f"brainscore:{MODEL}"))
    assert given.dims == ("aggregation",)
    assert _retrieve_score_center(given) == own.raw
    assert _retrieve_score_error(given) == own.mad
    assert given.attrs["benchmark_identifier"] == name
    assert given.attrs["model_identifier"] == MODEL
    assert list(given.attrs["raw"]["subject"].values) == [one.subject for one in own.subjects]
    again = pickle.loads(pickle.dumps(given))
    assert again.attrs["controls"] == {row.control: row.raw for row in own.controls}


def test_the_benchmark_is_one_of_theirs(library: Any) -> None:
    from brainscore_core.benchmarks import Benchmark, ceil_score, score_benchmark

    benchmark = library.load_benchmark("phantom.signal.syllogistic-ridge")
    assert isinstance(benchmark, Benchmark)
    own = load_benchmark("phantom.signal.syllogistic-ridge", "published")
    assert (benchmark.version, benchmark.bibtex) == (own.version, own.bibtex)
    assert benchmark.parent == "neural_language"
    score = score_benchmark(benchmark, library.load_model(MODEL))
    divided = ceil_score(score, benchmark.ceiling)
    center = float(score.sel(aggregation="center"))
    assert float(divided.sel(aggregation="center")) == pytest.approx(center / (own.ceiling or 0))
    assert divided.attrs["ceiling"].sel(aggregation="center") == own.ceiling


def test_controlled_and_ladder(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brainbench.benchmarks.controlled.cell.DRAWS", 19)
    benchmark = library.load_benchmark("phantom.signal.syllogistic-ridge-controlled")
    assert benchmark.identifier == "phantom.signal.syllogistic-ridge-controlled"
    assert benchmark.ceiling is None
    score = benchmark(library.load_model(MODEL))
    assert score.attrs["protocol"] == "controlled"
    assert score.attrs["benchmark_identifier"] == benchmark.identifier
    assert np.isfinite(score.values).all()
    assert score.attrs["reference"] > 0.1
    ladder = library.load_benchmark("phantom.brain.all-ladder")
    found = ladder(library.load_model(MODEL))
    assert ladder.ceiling is None
    assert np.isfinite(found.sel(aggregation="center"))
    assert np.isnan(found.sel(aggregation="error"))
    assert set(found.attrs) >= {"outcome", "stops", "p"}


def test_behaviour_is_not_among_them(library: Any) -> None:
    with pytest.raises(AssertionError, match="No registrations found"):
        library.load_benchmark("ds003076.behavior.all-consistency")


def test_their_metrics_on_our_data(library: Any) -> None:
    """A subject's recording against the assembly: each of their metrics for neural data."""
    data = library.load_dataset("phantom.signal")
    assert data.attrs["identifier"] == "phantom.signal"
    recording = load_recording("phantom", "signal")
    assert data.dims == ("presentation", "neuroid")
    assert list(data["stimulus_id"].values) == [one.identifier for one in recording.problems]
    assert data["neuroid_id"].values[0] == "phantom-01.signal.0"
    assert len(set(data["neuroid_id"].values)) == data.sizes["neuroid"]
    assert data["stimulus"].values[0] == ". ".join(recording.problems[0].sentences) + "."
    own = data.sel(subject="phantom-01")
    subject = library.load_model(MODEL)
    subject.start_neural_recording("language_system", "fMRI")
    states = [subject.digest_text([text])["neural"] for text in own["stimulus"].values]
    values = np.concatenate([state.values for state in states])
    read = type(own)(
        values,
        coords={
            "stimulus_id": ("presentation", own["stimulus_id"].values),
            "stimulus": ("presentation", own["stimulus"].values),
            "neuroid_id": ("neuroid", states[0]["neuroid_id"].values),
            "layer": ("neuroid", states[0]["layer"].values),
        },
        dims=own.dims,
    )
    for metric in ("linear_pearsonr", "ridge_pearsonr", "rdm", "cka"):
        score = library.load_metric(metric)(read, own)
        assert -1 <= float(score) <= 1, metric
    # of more voxels than items the regression keeps all but the part that is in none
    assert float(library.load_metric("linear_pearsonr")(own, own)) > 0.9
    for metric in ("rdm", "cka"):
        assert float(library.load_metric(metric)(own, own)) == pytest.approx(1)


def test_data_of_a_benchmark_are_its_items(library: Any) -> None:
    recording = load_recording("phantom", "signal")
    of_type = [p.identifier for p in recording.problems if p.reasoning_type == "syllogistic"]
    data = library.load_benchmark("phantom.signal.syllogistic-ridge").data
    assert list(data["stimulus_id"].values) == of_type
    whole = library.load_benchmark("phantom.signal.all-ridge").data
    assert whole.sizes["presentation"] == len(recording.problems)
    ladder = library.load_benchmark("phantom.brain.all-ladder").data
    assert set(ladder["roi"].values) == {"signal", "confound", "noise"}


def test_the_published_people(library: Any, mirror: Path) -> None:
    """Words at random reach 0.169 in the language network, by the published folds."""
    given = library.score(
        model_identifier=MODEL, benchmark_identifier="xiao2026.language.all-ridge"
    )
    assert float(given.sel(aggregation="center")) == pytest.approx(0.169218, abs=1e-4)
    assert given.attrs["controls"]["reasoning type"] > float(given.sel(aggregation="center"))
