"""xiao2026: the published betas, held against the files themselves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.io import loadmat

from brainbench.datasets import Recording, block_of, load_card, load_recording, subjects_of
from brainbench.datasets.xiao2026 import load
from brainbench.errors import DataError, UnknownNameError

PEOPLE = [
    f"sub-{number}" for number in (1001, 1004, 1008, 1014, 1017, 1019, 1022, 1027, 1030, 1034)
]
VOXELS = {"deductive_reasoning": 313, "language": 1359, "md": 3082}
# row of an item in the source: 18 per run, of which two of run 3 are dropped
ROWS = [row for row in range(72) if row not in (36 + 7, 36 + 13)]

_loaded: list[Recording] = []


@pytest.fixture
def whole(mirror: Path) -> Recording:
    """Everything, loaded once."""
    if not _loaded:
        _loaded.append(load_recording("xiao2026"))
    return _loaded[0]


class TestWhole:
    def test_its_shape_is_that_of_the_paper(self, whole: Recording) -> None:
        assert whole.assembly.shape == (70, 10 * sum(VOXELS.values()))
        assert Counter(whole.assembly["reasoning_type"].values.tolist()) == {
            "syllogistic": 36,
            "transitive": 34,
        }
        assert load_card("xiao2026").type_items == {"syllogistic": 36, "transitive": 34}
        assert subjects_of(whole.assembly) == PEOPLE
        for subject in PEOPLE:
            for roi, voxels in VOXELS.items():
                assert block_of(whole.assembly, subject, roi).shape == (70, voxels)
        assert np.isfinite(whole.assembly.values).all()
        assert whole.truth is None

    def test_the_two_contradictory_items_are_absent(self, whole: Recording) -> None:
        ids = whole.assembly["stimulus_id"].values.tolist()
        assert not {"transitive-01-07", "transitive-01-13"} & set(ids)
        assert {"transitive-01-06", "transitive-01-08", "transitive-01-12"} < set(ids)
        assert [problem.identifier for problem in whole.problems] == ids

    def test_betas_are_the_rows_of_the_files(self, whole: Recording, mirror: Path) -> None:
        root = mirror / "xiao2026/fmri_data/preprocessed_data_glmsinglesep_newdrroi_topksep/top-10%"
        for subject in PEOPLE:
            for roi in VOXELS:
                path = root / f"all_extracted_beta_{roi}" / subject / f"{subject}.mat"
                source = loadmat(path)["all_voxels"]
                assert source.shape[0] == 72
                np.testing.assert_array_equal(
                    block_of(whole.assembly, subject, roi), source[ROWS].astype(float)
                )

    def test_items_stand_at_the_rows_of_their_run(self, whole: Recording) -> None:
        runs = ["syllogistic-01", "syllogistic-02", "transitive-01", "transitive-02"]
        rows = [
            runs.index(run) * 18 + position
            for run, position in zip(
                whole.assembly["run"].values, whole.assembly["position"].values, strict=True
            )
        ]
        assert rows == ROWS

    def test_behavior_is_of_the_same_items_and_people(self, whole: Recording) -> None:
        assert whole.behavior is not None
        assert whole.behavior["stimulus_id"].values.tolist() == (
            whole.assembly["stimulus_id"].values.tolist()
        )
        assert whole.behavior["subject"].values.tolist() == PEOPLE
        missing = np.isnan(whole.behavior["response_time"].values)
        assert missing.any()
        np.testing.assert_array_equal(np.isnan(whole.behavior["accuracy"].values), missing)
        np.testing.assert_array_equal(np.isnan(whole.behavior["answer"].values), missing)

    def test_answering_true_alone_would_score_two_thirds_of_syllogisms(
        self, whole: Recording
    ) -> None:
        valid = whole.assembly["validity"].values[whole.assembly["run"].values == "syllogistic-02"]
        every = whole.assembly["validity"].values[
            whole.assembly["reasoning_type"].values == "syllogistic"
        ]
        assert valid.sum() == 12
        assert every.mean() == pytest.approx(2 / 3)

    def test_word_counts_of_the_types_do_not_overlap(self, whole: Recording) -> None:
        words = {
            kind: {
                sum(len(sentence.split()) for sentence in problem.sentences)
                for problem in whole.problems
                if problem.reasoning_type == kind
            }
            for kind in ("syllogistic", "transitive")
        }
        assert words["syllogistic"] == {16, 17, 18}
        assert words["transitive"] == {20, 21}

    def test_the_assembly_says_what_it_is(self, whole: Recording) -> None:
        assert whole.assembly.attrs["dataset"] == "xiao2026"
        assert whole.assembly.attrs["selection_leak"] == "deductive_reasoning"
        assert not whole.card.simulated

    def test_it_can_be_written_as_netcdf_3(self, whole: Recording, tmp_path: Path) -> None:
        path = tmp_path / "a.nc"
        whole.assembly.to_netcdf(path, engine="scipy")
        with xr.open_dataarray(path, engine="scipy") as found:
            assert found.attrs == whole.assembly.attrs

    def test_the_hash_covers_both_datasets(self, whole: Recording) -> None:
        assert whole.data_sha256 == load_card("xiao2026").data_sha256(load_card("ds003076"))
        assert whole.data_sha256 != load_card("xiao2026").data_sha256()


class TestParts:
    @pytest.mark.parametrize(
        ("rois", "subjects"),
        [
            (("language",), None),
            (None, ("sub-1008",)),
            (("md", "deductive_reasoning"), ("sub-1034", "sub-1001")),
        ],
    )
    def test_they_have_the_numbers_of_the_whole(
        self,
        rois: tuple[str, ...] | None,
        subjects: tuple[str, ...] | None,
        whole: Recording,
    ) -> None:
        part = load(rois, subjects)
        assert set(part.assembly["roi"].values.tolist()) == set(rois or VOXELS)
        assert set(subjects_of(part.assembly)) == set(subjects or PEOPLE)
        assert part.problems == whole.problems
        assert part.data_sha256 == whole.data_sha256
        for subject in subjects or PEOPLE:
            for roi in rois or VOXELS:
                np.testing.assert_array_equal(
                    block_of(part.assembly, subject, roi), block_of(whole.assembly, subject, roi)
                )
        assert part.behavior is not None
        assert whole.behavior is not None
        assert part.behavior.equals(whole.behavior.sel(subject=list(subjects or PEOPLE)))

    def test_a_person_asked_for_twice_comes_once(self, whole: Recording) -> None:
        part = load(("deductive_reasoning",), ("sub-1001", "sub-1001"))
        assert subjects_of(part.assembly) == ["sub-1001"]
        assert part.behavior is not None
        assert part.behavior["subject"].values.tolist() == ["sub-1001"]


class TestRefused:
    def test_a_person_who_lacks_a_run_is_refused_with_the_run(self) -> None:
        with pytest.raises(DataError, match="sub-1026 lacks syllogistic-01"):
            load(subjects=("sub-1001", "sub-1026"))

    @pytest.mark.parametrize("subject", ["sub-1010", "sub-1035"])
    def test_a_person_outside_the_ten_is_refused_with_the_reason(self, subject: str) -> None:
        with pytest.raises(DataError, match="publishes no betas") as caught:
            load(subjects=("sub-1001", subject))
        assert subject in str(caught.value)
        assert "sub-1034" in str(caught.value)

    def test_a_person_who_was_never_scanned_is_unknown(self) -> None:
        with pytest.raises(
            UnknownNameError, match="unknown subject 'sub-1002'; did you mean 'sub-"
        ):
            load(subjects=("sub-1002",))

    @pytest.mark.parametrize(
        ("asked", "meant"), [("langauge", "language"), ("deductive", "deductive_reasoning")]
    )
    def test_an_unknown_roi_is_met_with_the_nearest(self, asked: str, meant: str) -> None:
        with pytest.raises(
            UnknownNameError, match=f"unknown ROI '{asked}'; did you mean '{meant}'"
        ):
            load(rois=(asked,))

    def test_an_altered_beta_file_is_refused(
        self, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A mirror whose file differs by one byte from the card."""
        copy = tmp_path / "mirror"
        (copy / "xiao2026").mkdir(parents=True)
        (copy / "ds003076").symlink_to(mirror / "ds003076")
        inner = (
            "fmri_data/preprocessed_data_glmsinglesep_newdrroi_topksep/top-10%/"
            "all_extracted_beta_deductive_reasoning/sub-1001/sub-1001.mat"
        )
        content = bytearray((mirror / "xiao2026" / inner).read_bytes())
        content[-1] ^= 1
        (copy / "xiao2026" / inner).parent.mkdir(parents=True)
        (copy / "xiao2026" / inner).write_bytes(content)
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(copy))
        monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))
        with pytest.raises(DataError, match="is not the file that the card names") as caught:
            load(("deductive_reasoning",), ("sub-1001",))
        assert inner in str(caught.value)
