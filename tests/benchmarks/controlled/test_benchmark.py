"""The controlled protocol cannot be fooled by what fools the published one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from simulated_records import controlled as cell_of
from tiers import quick

import brainbench
from brainbench.benchmarks import (
    ControlledScore,
    Estimate,
    Memory,
    load_benchmark,
    score_benchmarks,
    score_controlled,
)
from brainbench.benchmarks.cell import prepare_cell
from brainbench.benchmarks.controlled import cell as cells
from brainbench.datasets import (
    PhantomDesign,
    PhantomRoi,
    Recording,
    load_card,
    simulate,
    subjects_of,
)
from brainbench.datasets.phantom import load_problems
from brainbench.errors import DataError, UsageError
from brainbench.models import PHANTOM_FILE, Activations, load_model
from brainbench.progress import Step
from brainbench.quantities import Layer
from brainbench.results import load_record
from brainbench.run import Settings
from brainbench.run import evaluate as run_evaluate

PROBLEMS = load_problems()
POSITION = np.array([int(p.identifier.rsplit("-", 1)[1]) for p in PROBLEMS], float)
TYPE = np.array([p.reasoning_type == "transitive" for p in PROBLEMS], float)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to reach p = 0.01 and be quick."""
    monkeypatch.setattr(cells, "DRAWS", 199)


def states(columns: np.ndarray) -> Activations:
    """One layer that holds the columns and nothing else."""
    return Activations({"hidden": columns.reshape(len(PROBLEMS), 1, -1)}, {"hidden": (0,)})


def noise(seed: int, layers: int = 3) -> Activations:
    values = np.random.default_rng(seed).standard_normal((len(PROBLEMS), layers, 20))
    return Activations({"hidden": values}, {"hidden": tuple(range(layers))})


def people(activations: Activations, **shares: float) -> Recording:
    """Six simulated people whose signal comes from the last layer."""
    design = PhantomDesign(
        seed=1, subjects=6, rois={"signal": PhantomRoi(voxels=40, **shares)}, repeats=1
    )
    return simulate(design, activations.values["hidden"][:, -1], PROBLEMS, load_card("phantom"))


def score(
    recording: Recording, activations: Activations, kind: str = "syllogistic", **options: Any
) -> ControlledScore:
    benchmark: Any = load_benchmark(f"phantom.signal.{kind}-ridge", "controlled")
    return next(iter(score_controlled([benchmark], recording, activations, **options)))


def is_found(score: ControlledScore) -> bool:
    """Whether unique R² is above its null, and its interval above 0."""
    p, interval = score.unique_r2.p, score.unique_r2.interval
    return p is not None and p <= 0.01 and interval is not None and interval[0] > 0.0


def test_a_planted_signal_is_above_null_and_its_layer_chosen() -> None:
    found = score(people(noise(0), signal=0.4), noise(0))
    assert is_found(found)
    assert found.nested.chosen == (Layer("hidden", 2),) * 2
    assert found.ratio is not None
    assert found.rsa.together is not None
    assert found.rsa.together.p is not None
    assert found.rsa.together.p < 0.05
    assert found.rsa.nested is not None
    assert found.rsa.chosen == (Layer("hidden", 2),) * 2
    best = min(found.layers, key=lambda layer: layer.q)
    assert (best.layer, best.q < 0.05) == (Layer("hidden", 2), True)
    assert found.extrapolation is not None
    assert found.extrapolation.curve[-1] == pytest.approx(found.reference.value)  # type: ignore[union-attr]
    for estimate in (found.raw, found.unique_r2):
        assert estimate.items_interval is not None
        assert estimate.items_interval[0] < estimate.value < estimate.items_interval[1]
    assert found.reading.startswith("unique R² 0.")


def test_voxels_of_an_overwhelming_signal_are_above_the_maximum_under_the_null() -> None:
    assert score(people(noise(0), signal=0.95), noise(0)).voxels_above > 20
    assert score(people(noise(0)), noise(0)).voxels_above <= 3


def test_pure_noise_is_not_above_null() -> None:
    found = score(people(noise(0), signal=0.4), noise(7))
    assert not is_found(found)
    assert found.unique_r2.p is not None
    assert found.unique_r2.p > 0.05


def test_reasoning_type_alone_fools_published_and_not_controlled() -> None:
    recording, only_type = people(noise(0), type=0.5), states(TYPE)
    published: Any = load_benchmark("phantom.signal.all-ridge", "published")
    assert next(iter(score_benchmarks([published], recording, only_type))).raw > 0.5
    found = score(recording, only_type, "all")
    assert not is_found(found)
    assert (found.raw.value, found.unique_r2.value, found.unique_r2.p) == (0.0, 0.0, 1.0)
    assert not found.primary


@pytest.mark.parametrize("kind", quick(["syllogistic", "all"], ["syllogistic"]))
def test_position_alone_predicts_and_adds_nothing(kind: str) -> None:
    phase = np.pi * (POSITION + 0.5) / 18
    slow = states(np.stack([np.cos(phase), np.cos(2 * phase)], axis=1))
    found = score(people(noise(0), drift=0.5), slow, kind)
    assert found.raw.value > 0.4, "it does predict"
    assert not is_found(found)
    position = next(row for row in found.controls if row.control == "position")
    assert position.r is not None
    assert position.r > 0.4


def test_length_alone_adds_exactly_nothing_to_nuisance() -> None:
    words = np.array([sum(len(s.split()) for s in p.sentences) for p in PROBLEMS], float)
    found = score(people(noise(0), length=0.5), states(words))
    assert found.raw.value > 0.3
    assert found.unique_r2.value == 0.0
    assert found.unique_r2.p == 1.0


def test_every_nuisance_has_a_row_or_a_reason_and_untrained_states_are_scored() -> None:
    found = score(people(noise(0), signal=0.3), noise(0), untrained=[noise(8), noise(9)])
    rows = {row.control: row for row in found.controls}
    assert set(rows) >= {"position", "length", "condition", "words", "run", "missing response"}
    for row in found.controls:
        assert (row.r is None) == (row.reason is not None), row.control
    assert rows["untrained model"].draws == 2
    assert rows["random features"].draws == 20
    assert rows["response time"].reason == "phantom records no responses"


def test_same_seed_same_score_and_finished_steps_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording, store = people(noise(0), signal=0.3), Memory()
    first = score(recording, noise(0), checkpoint=store)
    assert score(recording, noise(0)) == first
    assert score(recording, noise(0), seed=1).unique_r2.p is not None
    for step in ("score_model", "score_people", "score_repeats", "score_nuisance"):
        monkeypatch.setattr(f"brainbench.benchmarks.controlled.benchmark.{step}", None)
    assert score(recording, noise(0), checkpoint=store) == first


def test_two_people_have_no_reference_and_no_interval() -> None:
    design = PhantomDesign(subjects=2, rois={"signal": PhantomRoi(voxels=12, signal=0.4)})
    features = noise(0).values["hidden"][:, -1]
    recording = simulate(design, features, PROBLEMS, load_card("phantom"))
    found = score(recording, noise(0))
    assert (found.reference, found.ratio, found.unique_r2.interval) == (None, None, None)
    assert found.extrapolation is None


def test_a_run_keeps_prints_and_reads_back_its_controlled_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(protocol="controlled")
    record = run_evaluate(
        PHANTOM_FILE,
        benchmarks=["phantom.signal.syllogistic-ridge"],
        settings=settings,
        output_path=tmp_path,
    )
    assert record.published == []
    assert [is_found(row) for row in record.controlled] == [True]
    path = next(tmp_path.glob("*/*/results.json"))
    assert load_record(path) == record
    from brainbench.cli.show import show

    show(str(path))
    printed = capsys.readouterr().out
    assert "protocol: controlled" in printed
    assert "unique R²" in printed


def test_untrained_activations_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "untrained.safetensors"
    ids = [problem.identifier for problem in PROBLEMS]
    brainbench.save_activations(path, noise(5), ids, "untrained")
    record = run_evaluate(
        PHANTOM_FILE,
        benchmarks=["phantom.signal.syllogistic-ridge"],
        settings=Settings(protocol="controlled", untrained_activations=str(path)),
        output_path=tmp_path,
    )
    rows = {row.control: row for row in record.controlled[0].controls}
    assert rows["untrained model"].draws == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"untrained_activations": "x.safetensors"}, "goes with --protocol controlled"),
        ({"options": brainbench.ModelOptions(readout="localised")}, "--readout localised goes"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Settings(protocol="published", **settings)


def test_too_few_items_are_refused_before_anything_is_computed() -> None:
    benchmarks: list[Any] = [
        load_benchmark(f"phantom.signal.{kind}-ridge", "controlled")
        for kind in ("all", "syllogistic")
    ]
    steps: list[Step] = []
    with pytest.raises(DataError, match="at least"):
        list(
            score_controlled(
                benchmarks,
                people(noise(0), signal=0.3),
                noise(0),
                limit=10,
                report=steps.append,
            )
        )
    assert steps == []


def test_the_benchmark_scores_a_model_by_name() -> None:
    benchmark = load_benchmark("phantom.signal.transitive-ridge", "controlled")
    found = benchmark(load_model(PHANTOM_FILE))
    assert isinstance(found, ControlledScore)
    assert is_found(found)
    assert benchmark.version == 4
    assert found.reference is not None
    assert benchmark.ceiling == pytest.approx(found.reference.value)


def test_controls_hold_for_all_rois() -> None:
    recorded = ("signal", "noise")
    benchmarks: list[Any] = [
        load_benchmark(f"phantom.{roi}.syllogistic-ridge", "controlled") for roi in recorded
    ]
    recording = brainbench.load_recording("phantom", recorded)
    given = load_model(PHANTOM_FILE).activations(recording.problems)
    together = list(score_controlled(benchmarks, recording, given))
    assert [row.roi for row in together] == list(recorded)
    assert [is_found(row) for row in together] == [True, False]


def test_repeats_bound_what_can_be_predicted() -> None:
    """Signal 40 %, two repeats: ρ = 0.4 / (0.4 + 0.6 / 2); xiao2026 shows each item once."""
    rois = {"signal": PhantomRoi.model_validate({"voxels": 60, "signal": 0.4})}
    design = PhantomDesign(seed=3, subjects=4, rois=rois, repeats=2)
    features = noise(0).values["hidden"][:, -1]
    recording = simulate(design, features, PROBLEMS, load_card("phantom"))
    found = score(recording, noise(0)).reliability
    assert found.rho == pytest.approx(0.4 / 0.7, abs=0.05)
    assert found.bound_r == pytest.approx(np.sqrt(0.4 / 0.7), abs=0.05)
    typed = simulate(
        replace_shares(design, signal=0.1, type=0.6), features, PROBLEMS, load_card("phantom")
    )
    pooled = score(typed, noise(0), "all").reliability
    assert pooled.rho == pytest.approx(0.1 / (0.1 + 0.3 / 2), abs=0.08), "a type's mean is out"
    once = score(people(noise(0), signal=0.4), noise(0)).reliability
    assert once.rho is None
    assert once.reason is not None


def replace_shares(design: PhantomDesign, **shares: float) -> PhantomDesign:
    return design.model_copy(update={"rois": {"signal": PhantomRoi(voxels=60, **shares)}})


def localiser(seed: int, planted: int = 6) -> Activations:
    """Three layers; some units of the last are higher when there is something to work out."""
    rng = np.random.default_rng(seed)
    reading = rng.standard_normal((len(PROBLEMS), 3, 60))
    task = rng.standard_normal((len(PROBLEMS), 3, 60))
    task[:, 2, :planted] += 4.0
    return Activations({"hidden": task}, {"hidden": (0, 1, 2)}, (), {"hidden": reading})


def test_localised_units_are_found_by_their_contrast() -> None:
    given = localiser(0, planted=2)
    signal = Activations({"hidden": given.values["hidden"][:, 2:, :2]}, {"hidden": (2,)})
    recording = people(signal, signal=0.5)
    found = score(recording, given, localised=True)
    assert found.readout == "localised"
    assert is_found(found)
    assert found.nested.chosen == (Layer("hidden", None),) * 2
    assert (found.rsa.nested, found.rsa.chosen) == (None, ())
    other = score(people(noise(4), signal=0.5), given, localised=True)
    assert not is_found(other)
    everything = score(recording, given)
    assert everything.readout == "all units"
    assert everything.raw.value < found.raw.value


def test_localised_units_need_a_contrast() -> None:
    recording = people(noise(0), signal=0.4)
    with pytest.raises(UsageError, match="--readout localised"):
        score(recording, noise(0), localised=True)
    with pytest.raises(UsageError, match="untrained activations hold no contrast"):
        score(recording, localiser(0), localised=True, untrained=[noise(1)])


def test_groups_that_the_card_names_are_held_out() -> None:
    """Two sessions of one run of each type: they, not the runs, are train and test."""
    recording = people(noise(0), signal=0.4)
    session = [name[-2:] for name in recording.assembly["run"].values]
    assembly = recording.assembly.assign_coords(session=("presentation", session))
    card = recording.card.model_copy(update={"held_out": "session"})
    sessions = replace(recording, assembly=assembly, card=card)
    cell = cells.ControlledCell(prepare_cell(sessions, "all", ["signal"]), 0)
    assert len(cell.folds) == 2
    runs = cell.cell.coordinate("run")
    for fold in cell.folds:
        assert len(set(runs[fold.test])) == 2
    for order in cell.orders:
        assert (runs[order] == runs).all()
    found = score(sessions, noise(0), "all")
    assert found.rsa.together is None
    assert "several reasoning types" in str(found.cka.reason)
    unknown = replace(recording, card=card)
    with pytest.raises(DataError, match="no coordinate 'session' of presentations"):
        score(unknown, noise(0))


def test_an_item_that_is_shown_in_two_of_the_groups_is_refused() -> None:
    recording = people(noise(0), signal=0.4)
    assembly = recording.assembly
    again = assembly.isel(presentation=[0]).assign_coords(
        run=("presentation", ["syllogistic-02"]), repeat=("presentation", [1])
    )
    twice = replace(recording, assembly=xr.concat([assembly, again], "presentation"))
    with pytest.raises(DataError, match=r"in run syllogistic-01 and syllogistic-02: it would"):
        score(twice, noise(0))


def test_what_people_did_is_averaged_over_the_showings_of_an_item() -> None:
    design = PhantomDesign(seed=1, subjects=3, rois={"signal": PhantomRoi(voxels=4)}, repeats=2)
    features = noise(0).values["hidden"][:, -1]
    recording = simulate(design, features, PROBLEMS, load_card("phantom"))
    ids = list(recording.assembly["stimulus_id"].values)
    item = np.array([[p.identifier for p in PROBLEMS].index(name) for name in ids], float)
    showing = recording.assembly["repeat"].values
    first = float(showing.min())
    seconds = np.stack([item + showing - first, item, item], axis=1)
    seconds[(item == 3) & (showing == first), 0] = np.nan
    seconds[item == 4, 0] = np.nan
    names = subjects_of(recording.assembly)
    shuffled = [names[2], names[0], names[1]]
    behavior = xr.Dataset(
        {"response_time": (("presentation", "subject"), seconds[:, [2, 0, 1]])},
        coords={"subject": shuffled},
    )
    cell = prepare_cell(replace(recording, behavior=behavior), "all", ["signal"])
    values, columns = cell.recorded("response_time")
    expected = np.arange(len(PROBLEMS)) + 0.5
    expected[3], expected[4] = 4.0, np.nan
    np.testing.assert_array_equal(values[:, columns[0]], expected)
    np.testing.assert_array_equal(values[:, columns[1]], np.arange(len(PROBLEMS)))
    lacking = replace(recording, behavior=behavior.sel(subject=shuffled[:2]))
    with pytest.raises(DataError, match=f"no answers of {names[1]}"):
        prepare_cell(lacking, "all", ["signal"]).recorded("response_time")
    short = replace(recording, behavior=behavior.isel(presentation=slice(5)))
    with pytest.raises(DataError, match="5 rows of response_time for"):
        prepare_cell(short, "all", ["signal"]).recorded("response_time")


def test_the_reading_says_what_is_added() -> None:
    found = cell_of(unique_r2=Estimate(value=0.01, p=0.02), raw=Estimate(value=0.2))
    assert found.reading == "unique R² 0.0100 (p 0.020 by itself)"
    without = cell_of(unique_r2=Estimate(value=-0.01), raw=Estimate(value=0.2))
    assert without.reading == "unique R² -0.0100"


def test_the_reading_names_what_predicts_better_than_the_model() -> None:
    found = cell_of(raw=Estimate(value=0.07))
    assert found.reading.endswith("; response time alone predicts better than the model")
    assert found.reached_by(found.controls[1]) == ("model", "reference")
    assert found.reached_by(found.controls[-1]) == ()


def test_random_features_and_permutations_share_no_random_numbers() -> None:
    cell = cells.ControlledCell(prepare_cell(people(noise(0)), "all", ["signal"]), 5)
    first = {cell.rng(stream).random() for stream in range(20)}
    others = {np.random.default_rng([5, draw]).random() for draw in range(20)}
    assert len(first) == 20
    assert not first & others


def test_a_ratio_of_other_items_is_refused() -> None:
    recording = people(noise(0), signal=0.4)
    bases = {
        cells.ControlledCell(prepare_cell(recording, kind, ["signal"], limit), 0).basis("signal")
        for kind, limit in (("all", None), ("syllogistic", None), ("syllogistic", 30))
    }
    assert len(bases) == 3


def test_a_file_with_a_contrast_is_scored_by_its_localised_units(tmp_path: Path) -> None:
    given, path = localiser(0, planted=2), tmp_path / "with-contrast.safetensors"
    brainbench.save_activations(path, given, [p.identifier for p in PROBLEMS], "localiser")
    settings = Settings(options=brainbench.ModelOptions(readout="localised"))
    asked = ["phantom.noise.syllogistic-ridge"]
    record = run_evaluate(path, benchmarks=asked, settings=settings, output_path=tmp_path)
    assert [row.readout for row in record.controlled] == ["localised"]
    whole = run_evaluate(path, benchmarks=asked, output_path=tmp_path)
    assert whole.controlled[0].readout == "all units"
    assert whole.run_id != record.run_id
    with pytest.raises(UsageError, match="hold none: read the model out with"):
        run_evaluate(PHANTOM_FILE, benchmarks=asked, settings=settings, output_path=tmp_path)


def test_pooled_types_have_columns_of_their_own() -> None:
    """Length weighs one way in syllogisms and the other way in orders: still only nuisance."""
    words = np.array([sum(len(s.split()) for s in p.sentences) for p in PROBLEMS], float)
    within = words - np.where(TYPE == 1, words[TYPE == 1].mean(), words[TYPE == 0].mean())
    turned = states(np.where(TYPE == 1, -within, within))
    found = score(people(turned, signal=0.5), turned, "all")
    assert found.raw.value > 0.3
    assert (found.unique_r2.value, found.unique_r2.p) == (0.0, 1.0)
