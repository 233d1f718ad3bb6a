"""The folders inside Brain-Score's package: written, brought up to date, removed."""

from __future__ import annotations

import ast
import hashlib
from importlib import metadata
from pathlib import Path

import pytest
from stand_in_brainscore import write_library

from brainbench.benchmarks import list_benchmarks
from brainbench.errors import UsageError
from brainbench.exchange.brainscore import (
    find_library,
    install,
    not_registered,
    plan_folders,
    registered,
    uninstall,
)
from brainbench.exchange.brainscore.folders import unfit

FITTING = {
    "brainscore-core": "2.5.0", "brainscore-language": "2.3.0", "numpy": "1.26.4",
    "xarray": "2022.3.0", "transformers": "5.24.0",
}  # fmt: skip
REQUIRED = {
    "brainscore-core": ["numpy<2.0,>=1.21", "xarray<2022.6", 'moto; extra == "test"'],
    "brainscore-language": ["brainscore-core", "transformers<5,>=4.51"],
}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return write_library(tmp_path)


def content(library: Path) -> dict[str, str]:
    return {
        path.relative_to(library).as_posix(): path.read_text("utf-8")
        for path in library.rglob("*.py")
    }


def test_what_is_written_is_found_as_brain_score_looks_for_it(library: Path) -> None:
    before = content(library)
    assert [folder.state for folder in plan_folders(library)] == ["missing", "missing"]
    assert len(install(library)) == 2
    after = content(library)
    added = {name: text for name, text in after.items() if name not in before}
    assert after.items() >= before.items()
    assert sorted(added) == ["benchmarks/brainbench/__init__.py", "data/brainbench/__init__.py"]
    for folder in plan_folders(library):
        assert folder.state == "current"
        lines = folder.file.read_text("utf-8").splitlines()
        for name in folder.names:
            # its own search, line by line
            assert sum(f"{folder.registry}['{name}']" in line for line in lines) == 1
        ast.parse(folder.text)
    # again, nothing is written
    assert install(library) == []
    assert len(uninstall(library)) == 2
    assert content(library) == before
    assert uninstall(library) == []


def test_what_is_registered() -> None:
    names = {each.name: (each.identifier, each.protocol) for each in registered()}
    one = "xiao2026.language.all-ridge"
    assert names[one] == (one, "published")
    assert names[f"{one}-controlled"] == (one, "controlled")
    assert names["xiao2026.brain.all-ladder"] == ("xiao2026.brain.all-ladder", "controlled")
    assert names["phantom.signal.syllogistic-ridge"][1] == "published"
    for each in registered():
        loaded = each.load()
        assert loaded.identifier == each.identifier
        assert loaded.needs.rois
        assert not loaded.needs.answers
    left = not_registered()
    assert "log-odds" in left["ds003076.behavior.all-consistency"]
    assert "next_word" in left["ds003076.behavior.all-consistency"]
    assert set(left) | {each.identifier for each in registered()} == set(list_benchmarks())


def test_a_file_of_another_version_is_replaced(library: Path) -> None:
    install(library)
    file = plan_folders(library)[1].file
    body = '"""Of another version."""\n'
    digest = hashlib.sha256(body.encode()).hexdigest()
    file.write_text(f"# Written by brainbench; sha256 of the rest: {digest}\n{body}", "utf-8")
    (file.parent / "__pycache__").mkdir()
    (file.parent / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"")
    assert [folder.state for folder in plan_folders(library)] == ["current", "outdated"]
    assert [folder.path for folder in install(library)] == [file.parent]
    assert plan_folders(library)[1].state == "current"
    uninstall(library)
    assert not file.parent.exists()


@pytest.mark.parametrize("act", [install, uninstall])
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("changed", "was changed after brainbench wrote it"),
        ("another's", "was not written by brainbench"),
        ("more", "holds notes.txt"),
        ("file", "was not written by brainbench"),
        ("link", "was not written by brainbench"),
    ],
)
def test_a_folder_of_somebody_else_is_left_alone(
    library: Path, tmp_path: Path, act: object, state: str, expected: str
) -> None:
    install(library)
    benchmarks, data = plan_folders(library)
    if state == "changed":
        data.file.write_text(data.text + "x = 1\n", "utf-8")
    elif state == "another's":
        data.file.write_text("data_registry['mine'] = None\n", "utf-8")
    elif state == "more":
        (data.path / "notes.txt").write_text("mine", "utf-8")
    else:
        data.path.rename(tmp_path / "kept")
        if state == "file":
            data.path.write_text("mine", "utf-8")
        else:
            data.path.symlink_to(tmp_path / "kept")
    benchmarks.file.write_text(benchmarks.text, "utf-8")
    before = {str(p): p.lstat().st_mtime_ns for p in library.rglob("*")}
    with pytest.raises(UsageError, match=expected):
        act(library)  # type: ignore[operator]
    # all or none: the other folder is left too
    assert {str(p): p.lstat().st_mtime_ns for p in library.rglob("*")} == before


def test_an_identifier_that_another_plugin_registers(library: Path) -> None:
    file = library / "benchmarks" / "theirs" / "__init__.py"
    file.write_text('benchmark_registry["phantom.signal.all-ridge"] = None\n', "utf-8")
    with pytest.raises(UsageError, match=r"theirs/__init__.py registers phantom.signal.all-ridge"):
        install(library)
    assert not (library / "benchmarks" / "brainbench").exists()


def test_a_package_that_is_not_theirs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not brainscore-language"):
        install(tmp_path)


def test_a_package_that_cannot_be_written_to(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("brainbench.exchange.brainscore.folders.whole_file", refuse)
    with pytest.raises(UsageError, match=r"cannot write .*Permission denied.*where you may write"):
        install(library)


def faults(**changed: str | None) -> list[str]:
    found = {**FITTING, **{name.replace("_", "-"): value for name, value in changed.items()}}

    def version(name: str) -> str:
        given = found.get(name)
        if given is None:
            raise metadata.PackageNotFoundError(name)
        return given

    return unfit(version, lambda name: REQUIRED[name])


def test_versions_that_fit() -> None:
    # transformers is the one that is forced, and what only their tests need does not count
    assert faults() == []
    assert faults(brainscore_core="2.5.3") == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"brainscore_core": "2.6.0"}, "brainscore-core is 2.6.0; 2.5.* is needed"),
        ({"brainscore_core": "2.50.0"}, "brainscore-core is 2.50.0; 2.5.* is needed"),
        ({"brainscore_language": None}, "brainscore-language is not installed"),
        ({"numpy": "2.4.6"}, "numpy is 2.4.6; brainscore-core requires <2.0,>=1.21"),
        ({"xarray": None}, "brainscore-core requires xarray, which is not installed"),
    ],
)
def test_versions_that_do_not_fit(changed: dict[str, str | None], expected: str) -> None:
    assert faults(**changed) == [expected]


def test_the_installed_one(brainscore_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "brainbench.exchange.brainscore.folders.unfit"
    monkeypatch.setattr(module, lambda *given: [])
    assert find_library() == brainscore_library
    monkeypatch.setattr(module, lambda *given: ["numpy is 2.4.6", "xarray is 2026.9"])
    with pytest.raises(UsageError, match=r"2\.4\.6; xarray is 2026\.9\. Install .* of its own"):
        find_library()
