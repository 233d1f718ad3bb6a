"""A dataset of voxels that were chosen on runs which are not part of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_study import options_for, plan_of

from brainbench.datasets.folder import load_folder
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.imaging import read_run
from brainbench.imaging.prepare import PrepareOptions
from brainbench.imaging.rois import parse_roi
from brainbench.imaging.run import find_runs
from brainbench.imaging.selection import contrast, select_on
from brainbench.imaging.simulation import SimulatedStudy
from brainbench.results.quality import page
from brainbench.run.preparing import prepare

ON = ("transitive-01", "syllogistic-02")


@pytest.fixture(autouse=True)
def no_brains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "draw_responses", lambda *_: None)


def test_each_person_has_the_voxels_that_respond_in_the_other_runs(
    drawn_study: SimulatedStudy, tmp_path: Path
) -> None:
    folder = prepare(plan_of(drawn_study, tmp_path / "out", top=6, chosen_on=ON))
    recording = load_folder(folder)
    held = recording.assembly
    assert set(recording.card.rois.values()) == {6}
    assert held.shape[1] == 6 * len(drawn_study.rois) * 2
    assert set(held["run"].values) == {"transitive-02", "syllogistic-01"}
    assert np.isfinite(held.values).all()
    options = options_for(drawn_study)
    rois = dict(map(parse_roi, options.rois))
    card = drawn_study.card
    runs = find_runs(drawn_study.fmriprep, drawn_study.bids, card, runs=ON)
    for subject in recording.card.subjects:
        read = [read_run(run, rois, card.scans) for run in runs if run.subject == subject]
        contrasts = [contrast(run, options=options.betas) for run in read]
        for roi, columns in read[0].rois.items():
            usable = columns[np.all([run.inside for run in read], axis=0)[columns]]
            chosen = select_on(contrasts, {roi: usable}, 6)
            mine = (held["subject"].values == subject) & (held["roi"].values == roi)
            np.testing.assert_allclose(held["x"].values[mine], read[0].coordinates[chosen, 0])
    told = json.loads((folder / "provenance.json").read_text("utf-8"))["left_out"]
    assert told["sub-01 transitive-01"] == "voxels were chosen on it"
    assert len(told) == 4
    # once more: nothing is estimated again, and nothing changes
    again = prepare(plan_of(drawn_study, tmp_path / "out", top=6, chosen_on=ON))
    np.testing.assert_array_equal(load_folder(again).assembly.values, held.values)


def test_what_cannot_be_chosen_is_told(drawn_study: SimulatedStudy, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--top and --chosen-on go together"):
        PrepareOptions(("a=b",), top=5)
    with pytest.raises(UsageError, match="--top and --chosen-on go together"):
        PrepareOptions(("a=b",), chosen_on=ON)
    with pytest.raises(UsageError, match="--top is 0"):
        PrepareOptions(("a=b",), top=0, chosen_on=ON)
    with pytest.raises(UnknownNameError, match="did you mean 'transitive-01'"):
        plan_of(drawn_study, tmp_path / "out", top=5, chosen_on=("transitive-1",))
    few = plan_of(drawn_study, tmp_path / "few", top=5000, chosen_on=ON)
    with pytest.raises(DataError, match=r"sub-01: ROI \w+ has \d+ voxels .* fewer than the 5000"):
        prepare(few)
    everything = plan_of(drawn_study, tmp_path / "all", top=5, chosen_on=drawn_study.card.runs)
    with pytest.raises(DataError, match="no run is left beside those that voxels are chosen on"):
        prepare(everything)
