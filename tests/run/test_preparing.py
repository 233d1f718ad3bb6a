"""From scanner images to a dataset folder, with everything that can go wrong on the way."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from local_host import Host
from small_study import in_bucket, options_for, plan_from_bucket, plan_of

from brainbench.datasets.folder import load_folder
from brainbench.errors import DataError, DownloadError, UsageError
from brainbench.imaging.simulation import SimulatedStudy, StudyDesign, simulate_study
from brainbench.progress import Step
from brainbench.results.quality import page
from brainbench.run.preparing import Study, plan, prepare

RUN = "sub-01/ses-T1/func/sub-01_ses-T1_task-Transitive_run-01"
BOLD = f"{RUN}_space-MNI152NLin2009cAsym_res-2_desc-preproc_bold.nii.gz"


@pytest.fixture(autouse=True)
def no_brains(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture takes longer than all else; one test draws it."""
    if "drawn" not in request.keywords:
        monkeypatch.setattr(page, "draw_responses", lambda *_: None)


def values(folder: Path) -> np.ndarray[Any, Any]:
    return load_folder(folder).assembly.values


@pytest.fixture(scope="module")
def whole(drawn_study: SimulatedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, prepared from its folders."""
    return prepare(plan_of(drawn_study, tmp_path_factory.mktemp("whole") / "out"))


@pytest.fixture
def made(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to go on with."""
    return Path(shutil.copytree(whole, tmp_path / "out"))


class TestWhole:
    def test_the_planted_amplitudes_are_found(
        self, whole: Path, drawn_study: SimulatedStudy
    ) -> None:
        recording = load_folder(whole)
        held, truth = recording.assembly, drawn_study.truth
        assert held.shape == truth["amplitude"].shape
        assert list(held["stimulus_id"].values) == list(truth["stimulus_id"].values)
        # the same places: regions one after the other, people within them
        for roi in drawn_study.rois:
            for subject in recording.card.subjects:
                chosen = [
                    (one["roi"].values == roi) & (one["subject"].values == subject)
                    for one in (held, truth)
                ]
                np.testing.assert_allclose(
                    held["x"].values[chosen[0]], truth["x"].values[chosen[1]]
                )
                pairs = zip(
                    held.values[:, chosen[0]].T, truth["amplitude"].values[:, chosen[1]].T,
                    strict=True,
                )  # fmt: skip
                assert np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]) > 0.2

    def test_its_card_and_answers_are_those_of_the_study(
        self, whole: Path, drawn_study: SimulatedStudy
    ) -> None:
        recording = load_folder(whole)
        card = recording.card
        assert (card.name, card.simulated, card.items) == ("simulated-fmri", True, 72)
        assert set(card.rois) == set(drawn_study.rois)
        assert recording.behavior is not None
        assert 0.6 < float(recording.behavior["accuracy"].mean()) < 0.95
        assert len(set(recording.assembly["neuroid_id"].values)) == recording.assembly.shape[1]

    def test_provenance_names_versions_options_and_inputs(self, whole: Path) -> None:
        held = json.loads((whole / "provenance.json").read_text("utf-8"))
        assert {"brainbench", "code", "nilearn", "nibabel"} <= set(held["versions"])
        assert held["asked"]["betas"]["method"] == "lss"
        assert held["source"]["generated_by"][0]["Name"] == "fMRIPrep"
        assert held["inputs"][f"fmriprep/{BOLD}"]["sha256"]
        assert held["inputs"][f"bids/{RUN}_events.tsv"]["size"] > 1000
        assert held["left_out"] == {}
        # no folder of this machine
        assert str(whole.parent) not in json.dumps({**held, "asked": None})

    def test_only_responses_are_kept(self, whole: Path) -> None:
        kept = sorted(path.name for path in (whole / ".prepare").rglob("*"))
        assert kept == ["asked.json", "people", "sub-01.npz", "sub-02.npz"]

    def test_several_people_at_once_give_the_same(
        self, whole: Path, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        other = prepare(plan_of(drawn_study, tmp_path / "out"), jobs=2)
        np.testing.assert_array_equal(values(whole), values(other))

    def test_once_more_computes_nothing(
        self, whole: Path, made: Path, drawn_study: SimulatedStudy
    ) -> None:
        steps: list[Step] = []
        prepare(plan_of(drawn_study, made), report=steps.append)
        assert not [step for step in steps if "sub-" in step.label]
        np.testing.assert_array_equal(values(whole), values(made))

    def test_one_person_more_is_added_to_those_that_are_kept(
        self, whole: Path, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        where = Study(fmriprep=drawn_study.fmriprep, bids=drawn_study.bids,
                      card=drawn_study.card_path)  # fmt: skip
        out = tmp_path / "out"
        prepare(plan(where, out, options_for(drawn_study), subjects=["sub-02"]))
        assert load_folder(out).card.subjects == ("sub-02",)
        steps: list[Step] = []
        prepare(plan_of(drawn_study, out), report=steps.append)
        assert not [step for step in steps if "sub-02" in step.label]
        np.testing.assert_array_equal(values(whole), values(out))

    def test_phases_are_regions_of_their_own(
        self, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        from brainbench.imaging.betas import BetaOptions

        betas = BetaOptions(method="lsa", noise_model="ols", phases=True)
        out = prepare(plan_of(drawn_study, tmp_path / "out", betas=betas))
        assert list(load_folder(out).card.rois)[:2] == ["planted.premises", "planted.conclusion"]


def test_real_onsets_and_problems(mirror: Path, tmp_path: Path) -> None:
    """The first child of ds002886: her trials and texts, simulated scans."""
    if not (mirror / "ds002886").is_dir():
        pytest.skip("the mirror holds no ds002886")
    design = StudyDesign(subjects=1, seed=4, shape=(10, 10, 8), spikes=0.0)
    made = simulate_study(tmp_path / "study", design, events=mirror / "ds002886")
    recording = load_folder(prepare(plan_of(made, tmp_path / "out")))
    assert recording.card.items == 70
    assert "transitive-01-07" not in recording.assembly["stimulus_id"].values
    kept = np.isin(made.truth["stimulus_id"].values, recording.assembly["stimulus_id"].values)
    truth = made.truth["amplitude"].values[kept]
    pairs = zip(recording.assembly.values.T, truth.T, strict=True)
    assert np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]) > 0.2


def test_the_surface_gives_the_same_responses(tmp_path: Path) -> None:
    design = StudyDesign(subjects=1, seed=4, shape=(10, 10, 8), vertices=200, spikes=0.0)
    made = simulate_study(tmp_path / "study", design)
    volume = prepare(plan_of(made, tmp_path / "volume"))
    labels = tuple(f"{name}={left},{right}:{name}" for name, (left, right) in made.labels.items())
    out = prepare(plan_of(made, tmp_path / "surface", space="fsaverage5", rois=labels))
    np.testing.assert_allclose(values(out), values(volume), rtol=1e-5)
    # a surface of 200 vertices is none whose places are known
    assert np.isnan(load_folder(out).assembly["x"].values).all()
    assert "places of the voxels are not known" in (out / "quality.html").read_text("utf-8")


class TestBucket:
    def test_the_same_numbers_and_no_image_stays(
        self, whole: Path, drawn_study: SimulatedStudy, host: Host, tmp_path: Path
    ) -> None:
        card, images = in_bucket(drawn_study, host)
        steps: list[Step] = []
        out = prepare(
            plan_from_bucket(drawn_study, card, images, tmp_path / "out"), report=steps.append
        )
        np.testing.assert_array_equal(values(whole), values(out))
        assert not list(out.rglob("*.nii.gz"))
        asked = [one for one in host.requests if "fmriprep" in one.path]
        assert {one.version for one in asked} == {"v1"}
        assert len(asked) == len(images.files)
        assert steps[-1].done == steps[-1].total
        held = json.loads((out / "provenance.json").read_text("utf-8"))
        assert held["source"]["url"] == images.url
        assert held["inputs"][BOLD]["version"] == "v1"

    def test_images_may_be_kept(
        self, drawn_study: SimulatedStudy, host: Host, tmp_path: Path
    ) -> None:
        card, images = in_bucket(drawn_study, host)
        out = prepare(plan_from_bucket(drawn_study, card, images, tmp_path / "out", keep=True))
        assert (out / "fmriprep" / BOLD).is_file()

    def test_ctrl_c_loses_nothing_that_was_finished(
        self, whole: Path, drawn_study: SimulatedStudy, host: Host, tmp_path: Path
    ) -> None:
        card, images = in_bucket(drawn_study, host)
        planned = plan_from_bucket(drawn_study, card, images, tmp_path / "out")

        def stop(step: Step) -> None:
            if "sub-02 syllogistic-02" in step.label:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            prepare(planned, report=stop)
        before = len(host.requests)
        out = prepare(plan_from_bucket(drawn_study, card, images, tmp_path / "out"))
        again = {one.path for one in host.requests[before:] if one.path.endswith("bold.nii.gz")}
        assert len(again) == 3
        assert not [path for path in again if "sub-01" in path]
        np.testing.assert_array_equal(values(whole), values(out))

    @pytest.mark.parametrize(
        ("status", "named"), [(503, "fewer --jobs"), (403, "refuses this version")]
    )
    def test_a_bucket_that_refuses_half_way(
        self,
        status: int,
        named: str,
        drawn_study: SimulatedStudy,
        host: Host,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("brainbench.datasets.sources.time.sleep", lambda _: None)
        card, images = in_bucket(drawn_study, host)

        def refuse(step: Step) -> None:
            if "sub-01 transitive-02" in step.label:
                host.faults = [status] * 100

        with pytest.raises(DownloadError, match=named):
            prepare(plan_from_bucket(drawn_study, card, images, tmp_path / "out"), report=refuse)
        host.faults = []
        before = len(host.requests)
        prepare(plan_from_bucket(drawn_study, card, images, tmp_path / "out"))
        again = [one.path for one in host.requests[before:] if one.path.endswith("bold.nii.gz")]
        assert len(again) == 5

    def test_a_changed_image_is_refused_and_the_others_are_kept(
        self, drawn_study: SimulatedStudy, host: Host, tmp_path: Path
    ) -> None:
        card, images = in_bucket(drawn_study, host)
        right = host.versions[f"/study-fmriprep/{BOLD}"]["v1"]
        host.versions[f"/study-fmriprep/{BOLD}"]["v1"] = right[:-1] + b"x"
        with pytest.raises(DownloadError, match="is not the file that the card names"):
            prepare(plan_from_bucket(drawn_study, card, images, tmp_path / "out"))
        kept = [path.stem for path in (tmp_path / "out/.prepare/runs").glob("*.npz")]
        assert {"sub-01_syllogistic-01", "sub-01_syllogistic-02"} <= set(kept)

    def test_an_image_that_is_gone_stops_nobody_else_and_is_left_out_on_request(
        self,
        whole: Path,
        drawn_study: SimulatedStudy,
        host: Host,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("brainbench.datasets.sources.time.sleep", lambda _: None)
        card, images = in_bucket(drawn_study, host)
        held = host.versions[f"/study-fmriprep/{BOLD}"].pop("v1")
        out = tmp_path / "out"
        with pytest.raises(DownloadError, match="1 run has a fault; all others are finished") as it:
            prepare(plan_from_bucket(drawn_study, card, images, out))
        assert f"{BOLD} could not be downloaded" in str(it.value)
        assert "HTTP 404" in str(it.value)
        assert "leave them out with --leave-out-faulty" in str(it.value)
        # the other person is finished, and of this one every other run
        assert [path.stem for path in (out / ".prepare/people").iterdir()] == ["sub-02"]
        assert len(list((out / ".prepare/runs").glob("*.npz"))) == 3

        before = len(host.requests)
        prepare(plan_from_bucket(drawn_study, card, images, out), leave_out_faulty=True)
        assert {one.path for one in host.requests[before:]} == {f"/study-fmriprep/{BOLD}"}
        left_out = json.loads((out / "provenance.json").read_text("utf-8"))["left_out"]
        assert list(left_out) == ["sub-01 transitive-01"]
        assert "could not be downloaded" in left_out["sub-01 transitive-01"]
        assert load_folder(out).card.missing_runs == {"sub-01": ("transitive-01",)}

        # once it is there again, the same command takes it in
        host.versions[f"/study-fmriprep/{BOLD}"]["v1"] = held
        prepare(plan_from_bucket(drawn_study, card, images, out), leave_out_faulty=True)
        np.testing.assert_array_equal(values(whole), values(out))
        assert json.loads((out / "provenance.json").read_text("utf-8"))["left_out"] == {}

    def test_another_space_is_named(
        self, drawn_study: SimulatedStudy, host: Host, tmp_path: Path
    ) -> None:
        from brainbench.imaging.prepare import BucketSource

        card, images = in_bucket(drawn_study, host)
        with pytest.raises(
            DataError, match=r"space T1w is\s*listed; there are MNI152NLin2009cAsym"
        ):
            BucketSource(card, images, "T1w", None, tmp_path)

    def test_a_process_that_is_killed_goes_on_at_its_run(
        self, whole: Path, drawn_study: SimulatedStudy, host: Host, tmp_path: Path
    ) -> None:
        """SIGKILL in the middle of a transfer: neither Python nor the lock can tidy up."""
        card, images = in_bucket(drawn_study, host)
        (tmp_path / "card.json").write_text(card.model_dump_json())
        host.slow_after = [one for one in images.files if "sub-02" in one.path][3].path
        script = textwrap.dedent(
            f"""
            from pathlib import Path
            from brainbench.datasets.cards import Card
            from brainbench.datasets.images import ImageFile, ImageList
            from brainbench.imaging.betas import BetaOptions
            from brainbench.imaging.prepare import BucketSource, PrepareOptions
            from brainbench.imaging.rois import parse_roi
            from brainbench.run.preparing import PreparationPlan, prepare

            card = Card.model_validate_json(Path({str(tmp_path / "card.json")!r}).read_text())
            files = tuple(map(ImageFile.model_validate, {[f.model_dump() for f in images.files]!r}))
            images = ImageList("bucketed", {images.url!r}, files)
            options = PrepareOptions({options_for(drawn_study).rois!r},
                                     betas=BetaOptions(method="lss", noise_model="ols"))
            out = Path({str(tmp_path / "out")!r})
            source = BucketSource(card, images, options.space, None, out / ".prepare/images")
            rois = dict(map(parse_roi, options.rois))
            prepare(PreparationPlan(card, source, rois, options, out))
            """
        )
        process = subprocess.Popen([sys.executable, "-c", script], env={**os.environ})
        try:
            assert host.slow.wait(60), "the process asked for nothing"
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        host.slow_after = None
        before = len(host.requests)
        out = prepare(plan_from_bucket(drawn_study, card, images, tmp_path / "out"))
        again = [one for one in host.requests[before:] if one.path.endswith("bold.nii.gz")]
        assert 3 <= len(again) <= 4
        assert not [one for one in again if "sub-01" in one.path]
        np.testing.assert_array_equal(values(whole), values(out))


def lose(path: str) -> Callable[[SimulatedStudy], None]:
    return lambda study: (study.bids.parent / path).unlink()


def cut_image(study: SimulatedStudy) -> None:
    path = study.fmriprep / BOLD
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_time(study: SimulatedStudy) -> None:
    import nibabel

    image = nibabel.load(study.fmriprep / BOLD)
    image.header.set_zooms((4, 4, 4, 1.5))
    nibabel.save(nibabel.Nifti1Image(image.get_fdata(), None, image.header), study.fmriprep / BOLD)


def later_onsets(study: SimulatedStudy) -> None:
    path = study.bids / f"{RUN}_events.tsv"
    head, *rows = path.read_text("utf-8").splitlines()
    moved = [f"{float(row.split(chr(9))[0]) * 3}\t" + row.split("\t", 1)[1] for row in rows]
    path.write_text("\n".join([head, *moved]) + "\n", "utf-8")


def fewer_confounds(study: SimulatedStudy) -> None:
    path = study.fmriprep / f"{RUN}_desc-confounds_timeseries.tsv"
    head, rest = path.read_text("utf-8").split("\n", 1)
    path.write_text(
        head.replace("trans_x\t", "unknown\t").replace("rot_z\t", "else\t") + "\n" + rest
    )


# faults that one run has: what makes them, and what the error must say
FAULTS: dict[str, tuple[Callable[[SimulatedStudy], None], str]] = {
    "image cut short": (cut_image, "fetch it again"),
    "other repetition time": (other_time, "repetition times disagree"),
    "other onsets": (later_onsets, "onsets must be in"),
    "confounds without columns": (fewer_confounds, "choose another strategy"),
}


class TestFaults:
    @pytest.mark.parametrize("name", FAULTS)
    def test_a_faulty_run_is_named_and_all_others_are_finished(
        self, name: str, study: SimulatedStudy, tmp_path: Path
    ) -> None:
        make, words = FAULTS[name]
        make(study)
        with pytest.raises(DataError, match="1 run has a fault") as caught:
            prepare(plan_of(study, tmp_path / "out"))
        assert "sub-01 transitive-01" in str(caught.value)
        assert words in str(caught.value)
        assert "--leave-out-faulty" in str(caught.value)
        kept = sorted(path.name for path in (tmp_path / "out/.prepare").rglob("*.npz"))
        assert kept == [
            "sub-01_syllogistic-01.npz",
            "sub-01_syllogistic-02.npz",
            "sub-01_transitive-02.npz",
            "sub-02.npz",
        ]
        assert not (tmp_path / "out/card.yaml").exists()

    def test_a_region_that_fits_no_image_stops_at_the_first(
        self, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        rois = ("far=sphere:900,0,0:5",)
        steps: list[Step] = []
        with pytest.raises(DataError, match=r"sub-01 syl\S+: ROI far: no voxel .*--overwrite"):
            prepare(plan_of(drawn_study, tmp_path / "out", rois=rois), report=steps.append)
        assert {step.label for step in steps if "sub-" in step.label} <= {steps[0].label}
        with pytest.raises(DataError, match="nobody is left"):
            prepare(plan_of(drawn_study, tmp_path / "out", rois=rois), leave_out_faulty=True)

    def test_it_may_be_left_out_with_the_reason(
        self, whole: Path, study: SimulatedStudy, tmp_path: Path
    ) -> None:
        right = (study.fmriprep / BOLD).read_bytes()
        cut_image(study)
        out = prepare(plan_of(study, tmp_path / "out"), leave_out_faulty=True)
        recording = load_folder(out)
        assert recording.card.missing_runs == {"sub-01": ("transitive-01",)}
        mine = recording.assembly["subject"].values == "sub-01"
        lost = recording.assembly["run"].values == "transitive-01"
        assert np.isnan(recording.assembly.values[np.ix_(lost, mine)]).all()
        assert np.isfinite(recording.assembly.values[~lost]).all()
        assert "sub-01 transitive-01 is left out" in (out / "quality.html").read_text("utf-8")
        held = json.loads((out / "provenance.json").read_text("utf-8"))
        assert "fetch it again" in held["left_out"]["sub-01 transitive-01"]
        # mended, it comes in with the next call, and the others are not read again
        intact = values(whole)
        np.testing.assert_array_equal(recording.assembly.values[:, ~mine], intact[:, ~mine])
        (study.fmriprep / BOLD).write_bytes(right)
        steps: list[Step] = []
        prepare(plan_of(study, out), report=steps.append)
        assert {step.label.split()[1] for step in steps if "sub-" in step.label} == {"sub-01"}
        np.testing.assert_array_equal(values(out), intact)

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lose(f"bids/{RUN}_events.tsv"), "images, but no .*_events.tsv"),
            (lose(f"fmriprep/{RUN}_desc-confounds_timeseries.tsv"), "no table of confounds"),
            (lose(f"fmriprep/{BOLD}"), "has no images in MNI152NLin2009cAsym of sub-01 transit"),
        ],
        ids=["no events", "no confounds", "no image"],
    )
    def test_missing_files_are_named_before_anything_is_read(
        self, make: Callable[[SimulatedStudy], None], words: str, study: SimulatedStudy,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        make(study)
        with pytest.raises(DataError, match=words):
            plan_of(study, tmp_path / "out")

    def test_no_folder_and_another_space_are_named(
        self, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        where = Study(fmriprep=tmp_path / "none", bids=drawn_study.bids, card=drawn_study.card_path)
        with pytest.raises(DataError, match="there is no fMRIPrep folder"):
            plan(where, tmp_path / "out", options_for(drawn_study))
        with pytest.raises(DataError, match=r"no image in T1w; it has\s+MNI152NLin2009cAsym"):
            plan_of(drawn_study, tmp_path / "out", space="T1w")

    def test_a_disk_that_is_full_half_way(
        self, whole: Path, drawn_study: SimulatedStudy, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        from brainbench.imaging.prepare import work

        written, write = [], work.write_whole

        def full(path: Path, content: bytes) -> None:
            written.append(path.name)
            if len(written) > 5:
                raise UsageError(f"cannot write to {path}: {os.strerror(errno.ENOSPC)}")
            write(path, content)

        monkeypatch.setattr(work, "write_whole", full)
        with pytest.raises(UsageError, match="No space left"):
            prepare(plan_of(drawn_study, tmp_path / "out"))
        monkeypatch.undo()
        monkeypatch.setattr(page, "draw_responses", lambda *_: None)
        steps: list[Step] = []
        out = prepare(plan_of(drawn_study, tmp_path / "out"), report=steps.append)
        assert not [step for step in steps if "sub-01 syllogistic" in step.label]
        np.testing.assert_array_equal(values(whole), values(out))

    def test_half_a_kept_file_is_made_again(
        self, whole: Path, made: Path, drawn_study: SimulatedStudy
    ) -> None:
        path = made / ".prepare/people/sub-01.npz"
        path.write_bytes(path.read_bytes()[:1000])
        steps: list[Step] = []
        prepare(plan_of(drawn_study, made), report=steps.append)
        assert {step.label.split()[1] for step in steps if "sub-" in step.label} == {"sub-01"}
        np.testing.assert_array_equal(values(whole), values(made))

    def test_runs_with_much_motion_are_left_out(
        self, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        planned = plan_of(drawn_study, tmp_path / "out", max_motion=0.01)
        with pytest.raises(DataError, match="no run is left"):
            prepare(planned)

    def test_images_of_another_grid_are_named(self, study: SimulatedStudy, tmp_path: Path) -> None:
        import nibabel

        for path in (study.fmriprep / "sub-02").rglob("*.nii.gz"):
            image = nibabel.load(path)
            affine = image.affine.copy()
            affine[0, 3] += 4.0
            nibabel.save(nibabel.Nifti1Image(image.get_fdata(), affine, image.header), path)
        with pytest.raises(DataError, match="sub-02 and sub-01 are not in one grid"):
            prepare(plan_of(study, tmp_path / "out"))


class TestRequest:
    def test_another_request_is_refused_by_what_differs(
        self, made: Path, drawn_study: SimulatedStudy
    ) -> None:
        other = plan_of(drawn_study, made, max_motion=2.0)
        with pytest.raises(UsageError, match=r"max_motion: none, now 2\.0.*--overwrite"):
            prepare(other)
        prepare(other, overwrite=True)

    def test_a_region_whose_file_changed_is_another_request(
        self, made: Path, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        asked = made / ".prepare/asked.json"
        digest = hashlib.sha256(drawn_study.rois["noise"].read_bytes()).hexdigest()
        assert digest in asked.read_text("utf-8")
        asked.write_text(asked.read_text("utf-8").replace(digest, "0" * 64), "utf-8")
        with pytest.raises(UsageError, match=r"files\.noise"):
            prepare(plan_of(drawn_study, made))

    def test_a_dataset_without_its_parts_is_made_anew_only_where_asked(
        self, whole: Path, made: Path, drawn_study: SimulatedStudy
    ) -> None:
        shutil.rmtree(made / ".prepare")
        with pytest.raises(UsageError, match="without the parts that it was made of"):
            prepare(plan_of(drawn_study, made))
        prepare(plan_of(drawn_study, made), overwrite=True)
        np.testing.assert_array_equal(values(whole), values(made))

    def test_a_folder_of_something_else_is_not_written_to(
        self, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        (tmp_path / "thesis.tex").write_text("text")
        with pytest.raises(UsageError, match=r"holds .*was not made by prepare"):
            prepare(plan_of(drawn_study, tmp_path))

    @pytest.mark.parametrize(
        ("study", "words"),
        [
            (Study(), "name a dataset"),
            (Study(dataset="ds003076"), "nipreps/fmriprep"),
            (Study(dataset="xiao2026"), "no scanner images of xiao2026"),
            (Study(card=Path("card.yaml")), "--fmriprep is missing"),
            (Study(card=Path("card.yaml"), fmriprep=Path()), "--bids is missing"),
        ],
    )
    def test_what_is_missing_in_a_request_is_named(
        self, study: Study, words: str, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match=words):
            plan(study, tmp_path / "out", options_for(drawn_study))

    @pytest.mark.parametrize("name", ["../../../thesis", "a/b", "transitive\n", ".transitive"])
    def test_no_run_is_named_like_a_path(
        self, name: str, drawn_study: SimulatedStudy, tmp_path: Path
    ) -> None:
        text = drawn_study.card_path.read_text("utf-8")
        card = yaml.safe_load(text)
        card["scans"]["runs"][name] = card["scans"]["runs"].pop("transitive-02")
        card["runs"][-1] = name
        (tmp_path / "card.yaml").write_text(yaml.safe_dump(card), "utf-8")
        study = Study(None, drawn_study.fmriprep, drawn_study.bids, tmp_path / "card.yaml")
        with pytest.raises(DataError, match="cannot be part of a file's name"):
            plan(study, tmp_path / "out", options_for(drawn_study))

    def test_the_places_that_others_published_are_known(self, tmp_path: Path) -> None:
        from brainbench.imaging.prepare import PrepareOptions

        options = PrepareOptions(("dr=foci:deductive_reasoning:6",))
        planned = plan(Study(dataset="ds002886"), tmp_path, options)
        assert len(planned.source.sizes) == 196
        assert planned.bytes == pytest.approx(64.95e9, rel=1e-3)
