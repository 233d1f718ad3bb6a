"""The ladder as a benchmark of the phantom, whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.benchmarks import Memory
from brainbench.benchmarks.inputs import Inputs, Scoring
from brainbench.benchmarks.ladder import scoring as module
from brainbench.benchmarks.ladder.benchmark import LadderBenchmark
from brainbench.benchmarks.ladder.score import LadderScore
from brainbench.datasets import load_card, load_recording
from brainbench.errors import DataError
from brainbench.models import PHANTOM_FILE, Activations, load_model
from brainbench.progress import Step

BENCHMARK = LadderBenchmark("phantom")


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    recording = load_recording("phantom", BENCHMARK.needs.rois)
    return Inputs(load_model(PHANTOM_FILE), recorded=recording).read_out(BENCHMARK.needs)


@pytest.fixture(scope="module")
def store() -> Memory:
    return Memory()


@pytest.fixture(scope="module")
def score(inputs: Inputs, store: Memory) -> LadderScore:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "detectable_share", lambda *args: 0.05)
        patch.setattr(module, "PERMUTATIONS", 999)
        scoring = Scoring(checkpoint=store)
        return next(iter(LadderBenchmark.score_group([BENCHMARK], inputs, scoring)))


def test_the_region_of_the_signal_is_found_and_no_other(score: LadderScore) -> None:
    assert score.outcome == "found beyond everything listed"
    cells = {(row.rung, row.roi, row.reasoning_type): row.p for row in score.rows
             if row.term == "larger"}  # fmt: skip
    for kind in ("syllogistic", "transitive"):
        assert cells["length", "signal", kind] <= 0.05
        assert cells["length", "noise", kind] > 0.05
        assert cells["length", "confound", kind] > 0.05


def test_nuisance_alone_is_tested_below_its_rung(score: LadderScore) -> None:
    rungs = {row.rung for row in score.context.baselines if row.baseline == "length alone"}
    assert rungs == {"run", "position"}
    assert score.context.no_untrained is not None


def test_every_cell_says_what_people_share(score: LadderScore) -> None:
    at = {(row.roi, row.reasoning_type): row for row in score.context.shared
          if row.rung == "length" and row.form == "voxels"}  # fmt: skip
    assert set(at) == {(roi, kind) for roi in load_card("phantom").rois
                       for kind in ("syllogistic", "transitive")}  # fmt: skip


def test_finished_steps_are_not_computed_again(
    inputs: Inputs, store: Memory, score: LadderScore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.Ladder, "test_model", None)
    seen: list[Step] = []
    scoring = Scoring(checkpoint=store, report=seen.append)
    again = next(iter(LadderBenchmark.score_group([BENCHMARK], inputs, scoring)))
    assert again == score
    assert [step.label for step in seen] == [
        "phantom ladder: model",
        "phantom ladder: untrained",
        "phantom ladder: nuisance",
        "phantom ladder: people",
    ]


def test_states_that_never_vary_cannot_be_tested(inputs: Inputs) -> None:
    ladder = module.Ladder.prepare(inputs.recording, 0, draws=20)
    states = np.ones((len(inputs.recording.problems), 1, 4))
    with pytest.raises(DataError, match="the model's states are the same for every problem"):
        ladder.test_model(Activations({"hidden": states}, {"hidden": (0,)}))


def test_it_is_one_benchmark_of_each_dataset_of_brains() -> None:
    assert [one.identifier for one in LadderBenchmark.of_dataset(load_card("xiao2026"))] == [
        "xiao2026.brain.all-ladder"
    ]
    assert LadderBenchmark.of_dataset(load_card("ds003076")) == []


def test_shares_reach_at_least_the_rung_that_models_are_compared_at(score: LadderScore) -> None:
    rungs = {row.rung for row in score.context.effects if row.term == "own"}
    assert {"run", score.context.compared.rung} <= rungs


def test_of_many_items_there_are_fewer_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = load_recording("phantom", "noise", ("phantom-01", "phantom-02"))

    def orders(limit: int | None = None) -> int:
        ladder = module.Ladder.prepare(recording, 0, limit)
        return next(iter(ladder.types.values())).orders.n_permutations

    assert orders() == 10_000
    monkeypatch.setattr(module, "MANY_ITEMS", 35)
    assert orders() == 2_000
    assert orders(limit=30) == 10_000
