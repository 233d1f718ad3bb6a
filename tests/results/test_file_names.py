"""Names of files: plain names as they are, others safe, short and each its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainbench.results import RunFolder
from brainbench.results.file_names import file_stem, folder_name
from brainbench.results.sample_files import sample_files

STRANGE = [
    "x" * 300,
    "x" * 299 + "y",
    "é" * 300,
    "推理" * 150,
    "a/b",
    "a_b",
    "a:b",
    "a b",
    "../up",
    ".hidden",
    "...",
    "",
    "con\nfused",
    "\udcff broken",
    "org/" + "m" * 300,
]


@pytest.mark.parametrize(
    "name", ["brainbench_scanner", "phantom", "SmolLM2-135M.Q4_1+steer-x", "é"]
)
def test_plain_names_stay(name: str) -> None:
    assert file_stem(name) == folder_name(name) == name


def test_a_model_of_a_hub_is_found_by_eye() -> None:
    assert folder_name("org/model-1.5") == "org_model-1.5"


@pytest.mark.parametrize("make", [file_stem, folder_name])
@pytest.mark.parametrize("name", STRANGE)
def test_every_name_makes_a_file_in_its_folder(make: object, name: str, tmp_path: Path) -> None:
    made = make(name)  # type: ignore[operator]
    assert len(made.encode("utf-8", "replace")) <= 100
    path = tmp_path / f".{made}.safetensors.1234567.part"
    if "\udcff" not in made:
        path.write_text("")
    assert path.parent == tmp_path
    assert not made.startswith(".")


def test_no_two_names_share_a_file() -> None:
    assert len({file_stem(name) for name in STRANGE}) == len(STRANGE)


@pytest.mark.parametrize("name", STRANGE)
def test_a_run_keeps_whatever_is_so_named(name: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, name, "0123456789ab")
    with folder.locked():
        folder.put(f"task-{name}", {"score": 1}, {})
        assert folder.get(f"task-{name}") == {"score": 1}
        folder.save_samples(name, [{"doc_id": 0}])
        folder.save_picture(name, b"")
    assert list(sample_files(folder.path)) == [file_stem(name)]
