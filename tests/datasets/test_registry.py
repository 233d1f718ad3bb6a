"""Datasets by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import brainbench
from brainbench.datasets import (
    list_datasets,
    load_behavior,
    load_dataset,
    load_problems,
    load_recording,
)
from brainbench.datasets.assembly import Recording
from brainbench.errors import DownloadError, UnknownNameError, UsageError
from brainbench.plugins import DatasetPlugin, Plugin


def test_every_dataset_with_a_card_is_listed() -> None:
    assert list_datasets() == [
        "deduction73", "ds002886", "ds003076", "folio", "phantom", "phantom_guidance",
        "planted", "xiao2026",
    ]  # fmt: skip


def test_an_unknown_dataset_is_met_with_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match="unknown dataset 'phantoms'; did you mean 'phantom'"
    ):
        load_recording("phantoms")


def test_a_dataset_without_brains_says_where_they_are() -> None:
    holding = r"no responses of the brain.*phantom, phantom_guidance, planted, xiao2026"
    with pytest.raises(UsageError, match=holding):
        load_recording("ds003076")


def test_a_dataset_without_people_says_so() -> None:
    for load in (load_recording, load_problems):
        with pytest.raises(UsageError, match="folio holds problems that tasks ask, nothing meas"):
            load("folio")


def test_a_dataset_of_brains_alone_says_where_answers_are() -> None:
    with pytest.raises(UsageError, match="phantom is not a dataset of answers; there are ds003076"):
        load_behavior("phantom")


def test_every_dataset_has_its_problems(mirror: Path) -> None:
    counts = {name: len(load_problems(name)) for name in list_datasets() if name != "folio"}
    assert counts == {
        "deduction73": 70, "ds002886": 70, "ds003076": 70, "phantom": 72, "phantom_guidance": 72,
        "planted": 54, "xiao2026": 70,
    }  # fmt: skip
    assert load_problems("ds003076") == load_problems("xiao2026") == load_problems("ds002886")


def test_the_assembly_alone_is_that_of_the_recording() -> None:
    wish = {"rois": ("signal",), "subjects": ("phantom-02",)}
    assembly = load_dataset("phantom", **wish)
    assert assembly.identical(load_recording("phantom", **wish).assembly)
    assert brainbench.load_dataset is load_dataset
    assert assembly.shape == (144, 80)


def test_progress_counts_the_files_asked_for(mirror: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    load_recording(
        "xiao2026", ("deductive_reasoning",), ("sub-1001",), lambda *call: calls.append(call)
    )
    assert [(number, count) for _, number, count in calls] == [(i, 4) for i in (1, 2, 3, 4)] + [
        (1, 1)
    ]
    assert all("sub-1001" in path for path, _, _ in calls)


def test_missing_real_data_say_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))
    # a mirror that holds nothing, and no way out: every host is a closed port
    monkeypatch.setenv("BRAINBENCH_MIRROR", str(tmp_path))
    for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(scheme, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DownloadError, match="brainbench fetch ds003076") as caught:
        load_recording("xiao2026")
    assert "BRAINBENCH_MIRROR" in str(caught.value)


def test_the_phantom_needs_no_file_and_no_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))
    assert np.isfinite(load_dataset("phantom").values).all()
    assert not (tmp_path / "cache").exists()


def plug_in(monkeypatch: pytest.MonkeyPatch, recording: Recording) -> None:
    """As the dataset of a plugin, whose card names no files."""
    plugin = Plugin(
        datasets={
            "lab": DatasetPlugin(Path("lab.yaml"), lambda rois, subjects, progress: recording)
        }
    )
    monkeypatch.setattr("brainbench.plugins._plugins", lambda: {"lab": plugin})
    monkeypatch.setattr("brainbench.datasets.registry.load_card", lambda name: recording.card)


CHANGES: dict[str, Callable[[Recording], Recording]] = {
    "a response": lambda r: replace(r, assembly=r.assembly + np.eye(*r.assembly.shape) * 1e-9),
    "a voxel less": lambda r: replace(r, assembly=r.assembly[:, 1:]),
    "names of people": lambda r: replace(
        r, assembly=r.assembly.assign_coords(subject=r.assembly["subject"].str.upper())
    ),
    "a problem": lambda r: replace(r, problems=r.problems[::-1]),
    "behaviour": lambda r: replace(r, behavior=xr.Dataset({"accuracy": ("item", [1.0, 0.0])})),
    "its card": lambda r: replace(r, card=r.card.model_copy(update={"version": "2"})),
}


@pytest.mark.parametrize("change", CHANGES)
def test_data_of_a_plugin_is_told_apart_by_all_that_it_holds(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = load_recording("phantom")
    plug_in(monkeypatch, recording)
    before = load_recording("lab").data_sha256
    assert before == load_recording("lab", rois="signal").data_sha256 != recording.data_sha256
    plug_in(monkeypatch, CHANGES[change](recording))
    assert load_recording("lab").data_sha256 != before
