"""A release has one version, wherever that is stated."""

from __future__ import annotations

import importlib.util
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
FILES = ("pyproject.toml", "CITATION.cff", "CHANGELOG.md")


@pytest.fixture(scope="module")
def differences() -> Callable[[str, Path], list[str]]:
    path = ROOT / "scripts" / "check_release.py"
    spec = importlib.util.spec_from_file_location("check_release", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[str, Path], list[str]] = module.differences
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project's own files, as they would be released as 9.8.7."""
    if not (ROOT / "CHANGELOG.md").is_file():
        pytest.skip("needs a checkout")
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    edit(tmp_path / "pyproject.toml", '\nversion = "', '\nversion = "9.8.7" # "')
    edit(tmp_path / "CITATION.cff", "\nversion: ", "\nversion: 9.8.7\n# ")
    log = tmp_path / "CHANGELOG.md"
    edit(log, "\n## Unreleased\n", "\n## Unreleased\n\n## 9.8.7 (2030-01-31)\n")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def test_a_release_that_fits(checkout: Path, differences: Callable[[str, Path], list[str]]) -> None:
    assert differences("v9.8.7", checkout) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pyproject.toml", "9.8.7", "9.8.6"),
        ("CITATION.cff", "9.8.7", "9.8.6"),
        ("CHANGELOG.md", "## 9.8.7 (2030-01-31)", "## 9.8.7"),
        ("CHANGELOG.md", "## Unreleased\n", "## Unreleased\n\n- Something more.\n"),
    ],
)
def test_what_differs_is_named(
    name: str, old: str, new: str, checkout: Path, differences: Callable[[str, Path], list[str]]
) -> None:
    edit(checkout / name, old, new)
    (found,) = differences("v9.8.7", checkout)
    assert found.startswith(name)


@pytest.mark.parametrize("tag", ["9.8.7", "v9.8", "v9.8.7-1", "v9.8.7\n", "version"])
def test_tags_that_are_no_version(
    tag: str, checkout: Path, differences: Callable[[str, Path], list[str]]
) -> None:
    assert "is not a v and a version" in differences(tag, checkout)[0]


def test_the_checkout_has_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"]
    assert project == cited
