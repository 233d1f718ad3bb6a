"""Files that GitHub, nox and pre-commit read: of their form, and true to the project."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import ROOT, tool

GITHUB = ROOT / ".github"
TEMPLATES = GITHUB / "ISSUE_TEMPLATE"
FORMS = sorted(path for path in TEMPLATES.glob("*.yml") if path.stem != "config")


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("dependabot", [GITHUB / "dependabot.yml"]),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [TEMPLATES / "config.yml"]),
        ("citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_they_fit_their_schemas(schema: str, paths: list[Path]) -> None:
    assert paths
    command = [tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_forms_for_each_kind_of_issue() -> None:
    names = ["bug", "new_dataset", "new_model", "wrong_number"]
    assert [path.stem for path in FORMS] == names


def test_owners_of_what_there_is() -> None:
    lines = (GITHUB / "CODEOWNERS").read_text("utf-8").splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    assert rules[0][0] == "*"
    for pattern, *owners in rules:
        assert owners
        assert all(re.fullmatch(r"@[\w-]+(/[\w-]+)?", owner) for owner in owners)
        assert pattern == "*" or (ROOT / pattern.strip("/")).exists(), pattern


def hooks() -> list[dict[str, Any]]:
    content = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    return [hook for repo in content["repos"] for hook in repo["hooks"]]


def test_hooks_run_what_the_dev_extra_installs() -> None:
    """So a hook has the version of constraints.txt, and needs no network."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    installed = {re.split(r"[\[<>=]", name)[0] for name in (*extras["dev"], *extras["test"])}
    assert hooks()
    for hook in hooks():
        assert hook["language"] == "system"
        assert shlex.split(hook["entry"])[0] in installed


def test_pre_commit_reads_its_settings() -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib", reason="install the dev extra")
    clientlib.load_config(str(ROOT / ".pre-commit-config.yaml"))


def test_sessions_of_nox() -> None:
    pytest.importorskip("nox", reason="install the dev extra")
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--noxfile", str(ROOT / "noxfile.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.findall(r"^([*-]) ([\w-]+)", done.stdout, re.MULTILINE)
    default = {name for mark, name in found if mark == "*"}
    assert default == {"tests", "lint", "types", "docs"}
    assert {name.split("-")[0] for _, name in found} == default | {
        "brainscore",
        "lowest",
        "newest",
        "vllm",
    }


def test_sessions_named_elsewhere_are_there() -> None:
    """In CONTRIBUTING.md and in workflows, ``nox -s NAME``."""
    text = (ROOT / "noxfile.py").read_text("utf-8")
    sessions = set(re.findall(r"^@nox\.session.*\ndef (\w+)", text, re.MULTILINE))
    paths = [ROOT / "CONTRIBUTING.md", *(GITHUB / "workflows").glob("*.yml")]
    named = {n for path in paths for n in re.findall(r"nox -s (\w+)", path.read_text("utf-8"))}
    assert {"brainscore", "lowest", "newest", "vllm"} <= named <= sessions
