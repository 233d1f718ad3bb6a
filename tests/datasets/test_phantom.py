"""phantom: what was planted is what can be measured."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from brainbench.datasets import (
    PhantomDesign,
    PhantomRoi,
    Recording,
    block_of,
    load_card,
    load_recording,
    simulate,
    subjects_of,
)
from brainbench.datasets.phantom import load_problems, parse_design
from brainbench.errors import DataError
from brainbench.paths import activations_path
from brainbench.problems import SCANNER_RUN, Problem, classify

VOXELS = 4000
PROBLEMS = load_problems()
FEATURES = np.random.default_rng(7).standard_normal((len(PROBLEMS), 30))


def design(repeats: int = 1, seed: int = 0, subjects: int = 1, **shares: float) -> PhantomDesign:
    rois = {"roi": PhantomRoi(voxels=VOXELS, **shares)}
    return PhantomDesign(seed=seed, subjects=subjects, repeats=repeats, rois=rois)


def measure(
    plan: PhantomDesign, features: np.ndarray = FEATURES, problems: tuple[Problem, ...] = PROBLEMS
) -> Recording:
    return simulate(plan, features, problems, load_card("phantom"))


def centred(block: np.ndarray) -> np.ndarray:
    return block - block.mean(axis=0)


def explained(block: np.ndarray, columns: np.ndarray) -> float:
    """Mean over voxels of the variance over items that lies in the span of the columns."""
    basis, _ = np.linalg.qr(centred(columns))
    return float(((basis.T @ centred(block)) ** 2).sum() / block.size)


def confound(name: str) -> np.ndarray:
    """The columns of a confound, written anew from its description."""
    if name == "type":
        return np.array([[p.reasoning_type == "transitive"] for p in PROBLEMS], float)
    if name == "length":
        return np.array([[len(" ".join(p.sentences).split())] for p in PROBLEMS], float)
    place = (np.array([int(p.identifier[-2:]) for p in PROBLEMS]) + 0.5) / 18
    return np.cos(np.pi * np.outer(place, [1, 2]))


class TestShares:
    @pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
    def test_signal(self, share: float) -> None:
        recording = measure(design(signal=share))
        assert recording.truth is not None
        planted = recording.truth["signal"].values
        np.testing.assert_allclose(planted.var(axis=0), share, atol=1e-12)
        noise = recording.assembly.values - planted
        assert noise.var() == pytest.approx(1.0 - share, abs=0.01)
        # the signal says nothing of the noise
        assert (centred(planted) * centred(noise)).mean() == pytest.approx(0.0, abs=0.01)

    def test_the_signal_is_of_the_features_and_of_nothing_else(self) -> None:
        recording = measure(design(signal=0.3, type=0.2, drift=0.2))
        assert recording.truth is not None
        planted = recording.truth["signal"].values
        assert explained(planted, FEATURES) == pytest.approx(0.3)
        assert explained(planted, np.random.default_rng(8).standard_normal((72, 5))) < 0.1

    @pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
    @pytest.mark.parametrize("name", ["type", "length", "drift"])
    def test_confounds(self, name: str, share: float) -> None:
        recording = measure(design(**{name: share}))
        columns = confound(name)
        # noise, too, has its part in the span of q columns
        expected = share + (1.0 - share) * columns.shape[1] / len(PROBLEMS)
        assert explained(recording.assembly.values, columns) == pytest.approx(expected, abs=0.003)
        assert recording.assembly.values.var(axis=0).mean() == pytest.approx(1.0, abs=0.02)

    def test_all_parts_together(self) -> None:
        shares = {"signal": 0.25, "type": 0.15, "length": 0.1, "drift": 0.2}
        recording = measure(design(repeats=2, **shares))
        assert recording.truth is not None
        first, second = np.split(recording.assembly.values, 2)
        planted = recording.truth["signal"].values[: len(PROBLEMS)]
        assert (centred(first) * centred(second)).mean() == pytest.approx(0.7, abs=0.02)
        rest = centred(first - planted) * centred(second - planted)
        assert rest.mean() == pytest.approx(0.45, abs=0.02)
        assert (first - second).var() / 2 == pytest.approx(0.3, abs=0.01)

    def test_confounds_hold_nothing_of_the_model(self) -> None:
        plan = design(type=0.2, length=0.1, drift=0.1)
        other = np.random.default_rng(9).standard_normal((len(PROBLEMS), 12))
        one, two = measure(plan), measure(plan, other)
        assert one.truth is not None
        assert not one.truth["signal"].values.any()
        columns = np.hstack([confound(name) for name in ("type", "length", "drift")])
        assert explained(one.assembly.values, columns) == pytest.approx(
            explained(two.assembly.values, columns), abs=0.02
        )

    @pytest.mark.parametrize("signal", [0.0, 0.2, 0.6, 1.0])
    def test_repeats_share_the_signal_and_not_the_noise(self, signal: float) -> None:
        recording = measure(design(repeats=3, signal=signal, drift=(1.0 - signal) / 4))
        noise = 0.75 * (1.0 - signal)
        blocks = np.split(recording.assembly.values, 3)
        for one, other in [(0, 1), (0, 2), (1, 2)]:
            r = np.corrcoef(centred(blocks[one]).ravel(), centred(blocks[other]).ravel())[0, 1]
            assert r == pytest.approx(1.0 - noise, abs=0.02)
        assert recording.truth is not None
        for planted in np.split(recording.truth["signal"].values, 3):
            np.testing.assert_array_equal(planted, recording.truth["signal"].values[:72])

    def test_people_and_voxels_have_weights_of_their_own(self) -> None:
        recording = measure(design(subjects=2, signal=1.0))
        one, other = (centred(block_of(recording.assembly, s, "roi")) for s in
                      ("phantom-01", "phantom-02"))  # fmt: skip
        assert (one * other).mean() == pytest.approx(0.0, abs=0.02)
        assert (one[:, ::2] * one[:, 1::2]).mean() == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("spectrum", [None, 0.0, 0.5, 1.0, 2.0])
def test_the_spectrum_is_that_of_the_design(spectrum: float | None) -> None:
    rng = np.random.default_rng(4)
    scales = np.linspace(5.0, 0.5, 30)
    features = FEATURES * scales
    plan = design(signal=1.0).model_copy(update={"spectrum": spectrum})
    recording = measure(plan, features)
    assert recording.truth is not None
    left, values, _ = np.linalg.svd(centred(features), full_matrices=False)
    shares = ((left.T @ recording.truth["signal"].values) ** 2).mean(axis=1) / len(PROBLEMS)
    # each voxel is brought to its variance, so the shares are means of ratios: drawn here
    weights = values if spectrum is None else np.arange(1, 31) ** -spectrum
    drawn = (weights[:, None] * rng.standard_normal((30, 50_000))) ** 2
    ratios = drawn / drawn.sum(axis=0)
    expected = ratios.mean(axis=1)
    sampling = ratios.std(axis=1) * np.sqrt(1 / VOXELS + 1 / 50_000)
    assert shares.sum() == pytest.approx(1.0)
    assert (np.abs(shares[:30] - expected) < 5 * sampling).all()


class TestSeed:
    def test_the_same_gives_the_same(self) -> None:
        plan = design(repeats=2, subjects=2, signal=0.3, type=0.1)
        one, again = measure(plan), measure(plan)
        assert one.assembly.identical(again.assembly)
        assert one.truth is not None
        assert again.truth is not None
        assert one.truth.identical(again.truth)
        assert one.data_sha256 == again.data_sha256

    def test_another_gives_other_data_and_another_hash(self) -> None:
        one, other = measure(design(signal=0.3)), measure(design(seed=1, signal=0.3))
        r = np.corrcoef(one.assembly.values.ravel(), other.assembly.values.ravel())[0, 1]
        assert abs(r) < 0.02
        assert one.data_sha256 != other.data_sha256

    def test_one_more_roi_leaves_the_others_as_they_were(self) -> None:
        few = {"a": PhantomRoi(voxels=20, signal=0.3), "b": PhantomRoi(voxels=10, drift=0.2)}
        more = {**few, "c": PhantomRoi(voxels=30, type=0.4)}
        one = measure(PhantomDesign(subjects=2, rois=few))
        other = measure(PhantomDesign(subjects=2, rois=more))
        for subject in ("phantom-01", "phantom-02"):
            for roi in few:
                np.testing.assert_array_equal(
                    block_of(one.assembly, subject, roi), block_of(other.assembly, subject, roi)
                )
        assert one.data_sha256 != other.data_sha256

    def test_one_more_roi_in_front_leaves_the_others_as_they_were(self) -> None:
        old = {"b": PhantomRoi(voxels=10, drift=0.2)}
        one = measure(PhantomDesign(subjects=1, rois=old))
        other = measure(PhantomDesign(subjects=1, rois={"a": PhantomRoi(voxels=2), **old}))
        np.testing.assert_array_equal(
            block_of(one.assembly, "phantom-01", "b"), block_of(other.assembly, "phantom-01", "b")
        )

    def test_one_more_person_leaves_the_others_as_they_were(self) -> None:
        one, other = (measure(design(subjects=n, signal=0.2)) for n in (1, 2))
        np.testing.assert_array_equal(
            block_of(one.assembly, "phantom-01", "roi"),
            block_of(other.assembly, "phantom-01", "roi"),
        )

    @pytest.mark.parametrize("change", ["features", "text", "shares"])
    def test_the_hash_changes_with_what_changes_a_number(self, change: str) -> None:
        plan, features, problems = design(signal=0.3), FEATURES, PROBLEMS
        if change == "features":
            features = features.copy()
            features[0, 0] += 1e-6
        elif change == "text":
            problems = (replace(PROBLEMS[0], conclusion="Ann is red"), *PROBLEMS[1:])
        else:
            plan = design(signal=0.31)
        hashes = {
            r.data_sha256 for r in (measure(design(signal=0.3)), measure(plan, features, problems))
        }
        assert len(hashes) == 2

    def test_the_hash_changes_with_the_positions(self) -> None:
        moved = tuple(
            replace(p, identifier=f"{p.identifier[:-2]}{17 - int(p.identifier[-2:]):02d}")
            for p in PROBLEMS
        )
        one, other = measure(design(drift=0.5)), measure(design(drift=0.5), problems=moved)
        assert not np.allclose(one.assembly.values, other.assembly.values)
        assert one.data_sha256 != other.data_sha256


class TestRefused:
    @pytest.mark.parametrize(
        "shares",
        [{"signal": 0.6, "type": 0.5}, {"signal": 0.3, "type": 0.3, "length": 0.3, "drift": 0.2}],
    )
    def test_shares_over_one(self, shares: dict[str, float]) -> None:
        with pytest.raises(DataError, match="exceed 1"):
            parse_design({"rois": {"a": {"voxels": 3, **shares}}})

    @pytest.mark.parametrize(
        ("values", "named"),
        [
            ({"rois": {"a": {"voxels": 0}}}, "voxels"),
            ({"rois": {"a": {"voxels": 3, "signal": -0.1}}}, "signal"),
            ({"rois": {"a": {"voxels": 3, "signal": 1.1}}}, "signal"),
            ({"rois": {"a": {"voxels": 3, "singal": 0.1}}}, "singal"),
            ({"rois": {"a": {"voxels": 3}}, "subjects": 0}, "subjects"),
            ({"rois": {"a": {"voxels": 3}}, "repeats": 0}, "repeats"),
            ({}, "rois"),
        ],
    )
    def test_other_designs_that_make_no_sense(self, values: dict[str, object], named: str) -> None:
        with pytest.raises(DataError, match="phantom design is not valid") as caught:
            parse_design(values)
        assert named in str(caught.value)

    def test_shares_of_exactly_one_are_a_voxel_without_noise(self) -> None:
        plan = parse_design(
            {"rois": {"a": {"voxels": 3, "signal": 0.7, "type": 0.1, "drift": 0.2}}}
        )
        assert plan.rois["a"].noise == pytest.approx(0.0, abs=1e-12)

    @pytest.mark.parametrize("shape", [(71, 5), (73, 5), (72,), (72, 5, 2), (5, 72)])
    def test_features_of_a_wrong_shape(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(DataError, match="do not fit 72 problems"):
            measure(design(signal=0.3), np.ones(shape))

    def test_features_that_do_not_vary(self) -> None:
        with pytest.raises(DataError, match="do not vary"):
            measure(design(signal=0.3), np.zeros((72, 5)))

    def test_features_that_do_not_vary_but_for_rounding(self) -> None:
        with pytest.raises(DataError, match="do not vary"):
            measure(design(signal=0.3), np.full((72, 5), 0.1))

    @pytest.mark.parametrize("features", [np.full((72, 5), np.nan), np.empty((72, 0))])
    def test_features_that_are_no_numbers_or_none(self, features: np.ndarray) -> None:
        with pytest.raises(DataError):
            measure(design(signal=0.3), features)


@pytest.fixture(scope="module")
def whole() -> Recording:
    return load_recording("phantom")


class TestShipped:
    def test_problems_are_proven_and_say_what_their_file_says(self) -> None:
        lines = (Path(str(activations_path())).parent / "phantom_problems.jsonl").read_text("utf-8")
        rows = [json.loads(line) for line in lines.splitlines()]
        assert len(rows) == len(PROBLEMS) == 72
        for row, problem in zip(rows, PROBLEMS, strict=True):
            kind, condition = classify(row["premises"], row["conclusion"])
            assert problem.identifier == row["id"]
            assert problem.sentences == (*row["premises"], row["conclusion"])
            assert problem.condition == condition
            assert condition.name == row["condition"]
            assert problem.reasoning_type == kind == row["id"].split("-")[0]

    def test_problems_have_the_design_of_the_scanner(self) -> None:
        runs = load_card("phantom").runs
        assert [p.identifier for p in PROBLEMS] == [f"{r}-{i:02d}" for r in runs for i in range(18)]
        for run in runs:
            counts = Counter(p.condition.name for p in PROBLEMS if p.identifier.startswith(run))
            assert counts == Counter(SCANNER_RUN)

    def test_no_problem_comes_twice(self) -> None:
        assert len({problem.sentences for problem in PROBLEMS}) == len(PROBLEMS)

    def test_activations_are_of_these_problems(self) -> None:
        with safe_open(str(activations_path()), framework="numpy") as file:
            metadata = file.metadata()
            layers = json.loads(metadata["layers"])
            assert json.loads(metadata["stimulus_ids"]) == [p.identifier for p in PROBLEMS]
            assert metadata["dataset"] == "phantom"
            plan = PhantomDesign.model_validate(load_card("phantom").simulation)
            assert plan.layer in layers
            for site in ("attention", "hidden"):
                values = file.get_tensor(site)
                assert values.shape[:2] == (72, len(layers))
                assert np.isfinite(values).all()
                assert (values.std(axis=0).max(axis=-1) > 0).all()

    def test_the_card_says_what_is_in_it(self, whole: Recording) -> None:
        card = load_card("phantom")
        assert card.simulated
        assert whole.assembly.attrs["simulated"] == 1
        assert subjects_of(whole.assembly) == list(card.subjects)
        assert len(whole.problems) == card.items
        assert Counter(problem.reasoning_type for problem in whole.problems) == card.type_items
        plan = PhantomDesign.model_validate(card.simulation)
        assert {name: roi.voxels for name, roi in plan.rois.items()} == card.rois
        for roi, voxels in card.rois.items():
            assert block_of(whole.assembly, "phantom-01", roi).shape == (72 * plan.repeats, voxels)
        assert card.repeated_items == (plan.repeats > 1)
        assert card.requires == ()

    def test_the_truth_stands_beside_the_data(self, whole: Recording) -> None:
        assert whole.truth is not None
        assert whole.behavior is None
        assert whole.truth["signal"].dims == whole.assembly.dims
        assert whole.truth["signal"].shape == whole.assembly.shape
        for name in whole.assembly.coords:
            assert whole.truth[name].equals(whole.assembly[name]), name
        stated = PhantomDesign.model_validate_json(whole.truth.attrs["design"])
        assert stated == PhantomDesign.model_validate(whole.card.simulation)
        variance = whole.truth["signal"].values[:72].var(axis=0)
        for roi, shares in stated.rois.items():
            here = whole.assembly["roi"].values == roi
            np.testing.assert_allclose(variance[here], shares.signal, atol=1e-12)

    def test_the_signal_is_of_the_layer_that_the_card_names(self, whole: Recording) -> None:
        plan = PhantomDesign.model_validate(whole.card.simulation)
        with safe_open(str(activations_path()), framework="numpy") as file:
            layers = json.loads(file.metadata()["layers"])
            values = file.get_tensor(plan.site)[:, layers.index(plan.layer)].astype(float)
        again = simulate(plan, values, PROBLEMS, whole.card)
        assert again.assembly.identical(whole.assembly)
        assert again.data_sha256 == whole.data_sha256

    @pytest.mark.parametrize(
        ("rois", "subjects"),
        [(("confound",), None), (None, ("phantom-03",)), (("noise", "signal"), ("phantom-05",))],
    )
    def test_parts_have_the_numbers_of_the_whole(
        self,
        rois: tuple[str, ...] | None,
        subjects: tuple[str, ...] | None,
        whole: Recording,
    ) -> None:
        part = load_recording("phantom", rois, subjects)
        people, areas = subjects or whole.card.subjects, rois or tuple(whole.card.rois)
        assert set(subjects_of(part.assembly)) == set(people)
        assert set(part.assembly["roi"].values.tolist()) == set(areas)
        assert part.truth is not None
        assert whole.truth is not None
        for subject in people:
            for roi in areas:
                np.testing.assert_array_equal(
                    block_of(part.assembly, subject, roi), block_of(whole.assembly, subject, roi)
                )
                np.testing.assert_array_equal(
                    block_of(part.truth["signal"], subject, roi),
                    block_of(whole.truth["signal"], subject, roi),
                )
        assert part.data_sha256 == whole.data_sha256
