"""Scores on simulated people whose truth is known, and what is printed beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

import brainbench
from brainbench.benchmarks import Memory, Score, load_benchmark, score_benchmarks
from brainbench.benchmarks.cell import prepare_cell
from brainbench.datasets import (
    PhantomDesign,
    PhantomRoi,
    Recording,
    load_card,
    load_recording,
    simulate,
)
from brainbench.datasets.phantom import load_problems
from brainbench.encoding import PUBLISHED_ALPHAS
from brainbench.errors import DataError
from brainbench.models import Activations, load_model
from brainbench.problems import Problem

PROBLEMS = load_problems()
LAYERS = 4


@dataclass
class FixedModel:
    """A model whose activations are given."""

    features: np.ndarray
    identifier: str = "fixed"
    sha256: str = "0"
    asked: list[int] = field(default_factory=list)

    def activations(self, problems: Sequence[Problem]) -> Activations:
        self.asked.append(len(problems))
        return Activations({"hidden": self.features}, {"hidden": tuple(range(LAYERS))})


def features(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((len(PROBLEMS), LAYERS, 20))


def people(subjects: int = 4, repeats: int = 1, **shares: float) -> Recording:
    """Simulated people whose signal comes from layer 2 of ``features()``."""
    design = PhantomDesign(
        seed=1,
        subjects=subjects,
        repeats=repeats,
        rois={"signal": PhantomRoi(voxels=12, **shares)},
    )
    return simulate(design, features()[:, 2], PROBLEMS, load_card("phantom"))


def score(recording: Recording, kind: str = "all", **options: Any) -> Score:
    benchmark = load_benchmark(f"phantom.signal.{kind}-ridge", "published")
    model = options.pop("model", FixedModel(features()))
    states = model.activations(recording.problems)
    return next(iter(score_benchmarks([benchmark], recording, states, **options)))


@pytest.fixture(scope="module")
def planted() -> Score:
    return score(people(signal=0.5))


def test_the_planted_layer_is_found(planted: Score) -> None:
    assert planted.layer == ("hidden", 2)
    others = [row.raw for row in planted.layers if row.layer.number != 2]
    assert planted.raw > max(others) + 0.2


def test_headline_is_the_median_of_medians_by_plain_scikit_learn(planted: Score) -> None:
    recording = people(signal=0.5)
    cell = prepare_cell(recording, "all", ["signal"])
    medians = []
    for block in cell.people("signal"):
        per_fold = []
        for train, test in cell.folds:
            x = features()[:, 2]
            fit = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(x[train], block[train])
            predicted = fit.predict(x[test])
            per_fold.append([np.corrcoef(predicted[:, v], block[test, v])[0, 1] for v in range(12)])
        medians.append(np.median(np.mean(per_fold, axis=0)))
    assert planted.raw == pytest.approx(np.median(medians), abs=1e-10)
    assert planted.mad == pytest.approx(np.median(np.abs(medians - np.median(medians))), abs=1e-10)
    assert [row.raw for row in planted.subjects] == pytest.approx(medians, abs=1e-10)


def test_divided_form_is_the_median_ratio_at_its_own_best_layer(planted: Score) -> None:
    assert planted.score == pytest.approx(max(row.score or -1 for row in planted.layers))
    assert planted.ceiling is not None
    assert 0 < planted.ceiling <= 1
    assert any("not a share of explainable variance" in warning for warning in planted.warnings)


def test_random_features_do_not_reach_a_planted_signal(planted: Score) -> None:
    random = planted.controls[-1]
    assert random.draws == 20
    assert random.raw_range is not None
    assert random.raw is not None
    assert random.raw_range[0] < random.raw < random.raw_range[1] < planted.raw
    assert "model" not in planted.reached_by(random)


def test_every_nuisance_has_a_row_or_a_reason(planted: Score) -> None:
    rows = {control.control: control for control in planted.controls}
    assert list(rows) == [
        "reasoning type",
        "length",
        "position",
        "condition",
        "response time",
        "others' response time",
        "random features",
    ]
    assert rows["response time"].raw is None
    assert rows["response time"].reason == "phantom records no responses"
    for name in ("reasoning type", "length", "position", "condition"):
        assert rows[name].raw is not None, name
    inside = score(people(signal=0.5), "syllogistic")
    by_type = {control.control: control for control in inside.controls}["reasoning type"]
    assert by_type.raw is None
    assert by_type.reason == "every item here is syllogistic"


@pytest.mark.parametrize(
    ("shares", "kind", "exposed"),
    [
        ({"type": 0.6}, "all", "reasoning type"),
        ({"length": 0.6}, "syllogistic", "length"),
        ({"drift": 0.6}, "transitive", "position"),
    ],
)
def test_a_confound_is_exposed_by_its_row(
    shares: dict[str, float], kind: str, exposed: str
) -> None:
    """Activations that hold the confound and nothing else score high; their row says why."""
    found = score(people(**shares), kind)
    row = {control.control: control for control in found.controls}[exposed]
    assert row.raw is not None
    assert row.raw > 0.4
    assert "model" in found.reached_by(row)
    said = f"{exposed} alone scores {row.raw:.3f}: it reaches the model"
    assert any(text.startswith(said) for text in found.warnings)


def test_type_alone_as_a_model_scores_high_pooled_and_nothing_inside() -> None:
    bit = np.array([p.reasoning_type == "transitive" for p in PROBLEMS], float)
    only_type = FixedModel(np.broadcast_to(bit[:, None, None], (72, LAYERS, 1)))
    recording = people(type=0.5)
    assert score(recording, "all", model=only_type).raw > 0.5
    inside = score(recording, "syllogistic", model=only_type)
    assert inside.raw == 0.0
    assert inside.n_constant == 4 * 12 * 5, "every prediction is constant, and is counted"
    assert any("did not vary" in warning for warning in inside.warnings)


def test_pure_noise_stays_within_random_features() -> None:
    found = score(people(subjects=6), model=FixedModel(features(seed=9)))
    random = found.controls[-1]
    assert random.raw_range is not None
    assert found.raw < random.raw_range[1] + 0.05
    assert abs(found.raw) < 0.15


def test_two_people_have_no_ceiling() -> None:
    found = score(people(subjects=2, signal=0.5))
    assert found.ceiling is None
    assert found.reference is None
    assert found.score is None
    assert "no ceiling: it takes 3 to 14 people" in found.warnings


def test_repeats_are_averaged() -> None:
    """Twice the presentations: less noise, so a better score, on the same 72 items."""
    once = score(people(signal=0.3))
    often = score(people(signal=0.3, repeats=8))
    assert once.n_items == often.n_items == 72
    assert often.raw > once.raw + 0.1


def test_limit_keeps_the_first_items_of_each_type() -> None:
    found = score(people(signal=0.5), limit=10)
    assert found.n_items == 20
    with pytest.raises(DataError, match="5 folds need at least"):
        score(people(signal=0.5), limit=3)


def test_too_few_items_of_any_type_are_told_before_the_first_is_scored() -> None:
    wanted = [load_benchmark(f"phantom.signal.{kind}-ridge") for kind in ("all", "transitive")]
    states = Activations({"hidden": features()}, {"hidden": tuple(range(LAYERS))})
    with pytest.raises(DataError, match="there are: transitive 8"):
        next(score_benchmarks(wanted, people(signal=0.3), states, limit=8))


@pytest.mark.parametrize("protocol", ["published", "controlled"])
def test_a_benchmark_that_is_called_tells_it_before_the_model_is_asked(protocol: str) -> None:
    model = FixedModel(features())
    benchmark = load_benchmark("phantom.signal.transitive-ridge", protocol)
    with pytest.raises(DataError, match="there are: transitive 8"):
        benchmark(model, limit=8)
    assert not model.asked


def test_same_seed_same_score_and_other_seed_other_random_features(planted: Score) -> None:
    assert score(people(signal=0.5)) == planted
    other = score(people(signal=0.5), seed=1)
    assert other.raw == planted.raw
    assert other.controls[:-1] == planted.controls[:-1]
    assert other.controls[-1] != planted.controls[-1]


def test_rois_scored_together_are_scored_as_alone() -> None:
    rois = ("signal", "confound")
    model = load_model("smollm2-135m-phantom")
    benchmarks = [load_benchmark(f"phantom.{roi}.syllogistic-ridge", "published") for roi in rois]
    states = model.activations(PROBLEMS)
    together = list(score_benchmarks(benchmarks, load_recording("phantom", rois), states))
    for benchmark, found in zip(benchmarks, together, strict=True):
        assert benchmark(model) == found


def test_a_finished_step_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Memory()
    recording = people(signal=0.5)
    first = score(recording, checkpoint=store)

    def never(*arguments: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("brainbench.benchmarks.published.benchmark.score_space", never)
    assert score(recording, checkpoint=store) == first


def test_a_person_without_a_run_is_refused_by_name() -> None:
    recording = people(signal=0.5)
    run = recording.assembly["run"].values == "transitive-02"
    person = recording.assembly["subject"].values == "phantom-03"
    broken = recording.assembly.copy()
    broken.values[np.ix_(run, person)] = np.nan
    spoilt = Recording(recording.card, broken, recording.problems, "x")
    with pytest.raises(DataError, match="phantom-03 lacks transitive-02"):
        score(spoilt)
    score(spoilt, "syllogistic")  # the other type is whole


@dataclass
class OddModel:
    """A model that gives something other than it should."""

    given: Any
    identifier: str = "odd"
    sha256: str = "0"

    def activations(self, problems: Sequence[Problem]) -> Any:
        return self.given() if callable(self.given) else self.given


def states(items: int = 72, site: str = "hidden", layers: tuple[Any, ...] = (0, 1)) -> Activations:
    return Activations({site: np.ones((items, 2, 3))}, {site: layers})  # type: ignore[dict-item]


def huge() -> Activations:
    values = 1e200 * np.random.default_rng(0).standard_normal((72, 1, 2))
    return Activations({"hidden": values}, {"hidden": (0,)})


@pytest.mark.parametrize("protocol", ["published", "controlled"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda: states(80), "80 items for 72 problems"),
        (lambda: states(60), "60 items for 72 problems"),
        (lambda: {"hidden": np.ones((72, 2, 3))}, "gave dict, not Activations"),
        (lambda: states(site="mlp"), "'mlp' is not a site"),
        (lambda: states(layers=()), "0 layer numbers for 2 layers"),
        (lambda: states(layers=(3, 3)), "different whole numbers"),
        (lambda: states(layers=(-1, 0)), "different whole numbers"),
        (lambda: states(layers=("a", "b")), "different whole numbers"),
        (lambda: Activations({"hidden": [[1.0]]}, {"hidden": (0,)}), "got list"),  # type: ignore[dict-item]
        (huge, "overflow"),
    ],
)
def test_a_model_that_gives_something_else_is_refused(
    given: Any, message: str, protocol: str, tmp_path: Path
) -> None:
    name = "phantom.signal.syllogistic-ridge"
    with pytest.raises(DataError, match=message):
        load_benchmark(name, protocol)(OddModel(given))
    with pytest.raises(DataError, match=message):
        brainbench.evaluate(
            OddModel(given), benchmarks=name, protocol=protocol, output_path=tmp_path
        )
