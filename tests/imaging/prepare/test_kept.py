"""Finished parts in a folder, and requests that differ from the one that made them."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainbench.errors import UsageError
from brainbench.imaging.prepare import kept
from brainbench.imaging.prepare.kept import KeptParts, differences

ASKED = {"rois": ["a=m.nii"], "space": "MNI", "betas": {"method": "lss", "high_pass": 1 / 128}}


def other(**betas: object) -> dict[str, object]:
    return {**ASKED, "betas": {"method": "lss", "high_pass": 1 / 128, **betas}}


def test_the_same_request_finds_what_is_kept(tmp_path: Path) -> None:
    first = KeptParts(tmp_path, ASKED)
    path = first.person_path("sub-01")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    assert KeptParts(tmp_path, {**ASKED, "rois": ("a=m.nii",)}).person_path("sub-01").is_file()


def test_another_request_is_refused_by_what_differs(tmp_path: Path) -> None:
    KeptParts(tmp_path, ASKED)
    with pytest.raises(UsageError, match=r"betas\.method: lss, now lsa\. Ask as before"):
        KeptParts(tmp_path, other(method="lsa"))


def test_other_code_computes_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = KeptParts(tmp_path, ASKED)
    path = first.run_path("sub-01", "run")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    monkeypatch.setattr(kept, "reached_sha256", lambda _: "0" * 64)
    KeptParts(tmp_path, ASKED)
    assert not path.exists()


def test_what_is_damaged_is_named(tmp_path: Path) -> None:
    KeptParts(tmp_path, ASKED)
    (tmp_path / ".prepare/asked.json").write_text("{")
    with pytest.raises(UsageError, match=r"asked\.json is damaged"):
        KeptParts(tmp_path, ASKED)


def test_only_people_stay_at_the_end(tmp_path: Path) -> None:
    one = KeptParts(tmp_path, ASKED)
    for path in (one.run_path("sub-01", "r"), one.person_path("sub-01"), one.images / "a.nii"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / ".prepare/people/tmp1.part").write_bytes(b"half")
    KeptParts(tmp_path, ASKED)
    assert not (tmp_path / ".prepare/people/tmp1.part").exists()
    one.drop_runs("sub-01")
    assert not one.run_path("sub-01", "r").exists()
    one.finish()
    assert one.person_path("sub-01").is_file()
    assert not one.images.exists()


def test_differences_are_given_in_words() -> None:
    assert differences(ASKED, ASKED) == []
    assert differences({"files": {}, "scans": {"fmriprep": ""}},
                       {"files": {"x": []}, "scans": {"fmriprep": "22.0"}}) == [
        "scans.fmriprep: none, now 22.0",
    ]  # fmt: skip
    assert differences({"a": None, "b": [1, 2]}, {"a": 0.5, "b": []}) == [
        "a: none, now 0.5",
        "b: 1, 2, now none",
    ]
