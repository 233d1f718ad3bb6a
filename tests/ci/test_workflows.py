"""Workflow files: as GitHub reads them, with no more rights than needed, true to the project."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import ROOT, tool
from typer.main import get_command

from brainbench.cli.commands import app

OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLE = ROOT / "docs" / "ci-example.yml"
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
# rights beyond reading, of the job `publish` alone
RIGHTS = {
    "site.yml": {"pages": "write", "id-token": "write"},
    "release.yml": {"id-token": "write"},
}
# GitHub's own, and the one that the registry's maintainers publish for trusted publishing
ACTIONS = re.compile(r"actions/|pypa/gh-action-pypi-publish@")
VERSION = re.compile(r"[\w.-]+/[\w.-]+@v\d+\.\d+\.\d+")


def read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text("utf-8"))
    # YAML 1.1 takes the key `on` for a truth value
    content["on"] = content.pop(True)
    assert isinstance(content, dict)
    return content


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_what_there_is() -> None:
    names = [
        "brainscore",
        "exhaustive",
        "lowest",
        "newest",
        "release",
        "site",
        "submissions",
        "tests",
    ]
    assert [path.stem for path in OWN] == names


def test_the_newest_releases_are_tested_as_the_pinned_ones_are() -> None:
    def runs(name: str) -> list[str]:
        job = read(ROOT / ".github" / "workflows" / name)["jobs"]["pytest"]
        return [step["run"] for step in job["steps"] if "run" in step]

    pinned, newest = runs("tests.yml"), runs("newest.yml")
    assert pinned[0].replace("-c constraints.txt ", "") == newest[0]
    assert pinned[-1] == newest[-1]


def test_what_the_default_run_leaves_out_is_run_every_night() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "exhaustive.yml")
    assert workflow["on"]["schedule"]
    runs = [step.get("run", "") for step in workflow["jobs"]["pytest"]["steps"]]
    command = ["pytest", "-n", "4", "--dist", "loadgroup", "-m", "exhaustive"]
    assert shlex.split(runs[-1]) == command
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    default = shlex.split(options["ini_options"]["addopts"])
    assert default[default.index("-m") + 1] == "not exhaustive"


def test_they_fit_the_schema_of_workflows() -> None:
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run(
        [*command, *map(str, OWN), str(EXAMPLE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_finds_nothing() -> None:
    """In the workflows, and in the settings of dependabot."""
    command = [tool("zizmor"), "--offline", "--no-progress", "--persona=pedantic"]
    done = subprocess.run(
        [*command, str(ROOT / ".github")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout + done.stderr


def test_the_linter_would_find_something(tmp_path: Path) -> None:
    """Text of a pull request in a shell, in a workflow that has secrets."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (ROOT / ".github" / "workflows" / "submissions.yml").read_text("utf-8")
    bad = text.replace("pull_request:\n", "pull_request_target:\n").replace(
        '--base "$BASE"', '--base "${{ github.event.pull_request.title }}"'
    )
    assert bad != text
    (folder / "bad.yml").write_text(bad, "utf-8")
    command = [tool("zizmor"), "--offline", "--no-progress", str(folder / "bad.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "template-injection" in done.stdout
    assert "dangerous-triggers" in done.stdout


@pytest.mark.parametrize("path", [*OWN, EXAMPLE], ids=lambda path: path.name)
def test_rights_and_limits_are_stated(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 60, name
        if "permissions" in job:
            assert name == "publish"
            assert job["permissions"] == RIGHTS[path.name]
            assert all("run" not in step for step in job["steps"]), "rights, and code of ours"
    assert "pull_request_target" not in workflow["on"]
    assert "secrets" not in path.read_text("utf-8").lower().replace("no secrets", "").replace(
        "has secrets", ""
    )


@pytest.mark.parametrize("path", [*OWN, EXAMPLE], ids=lambda path: path.name)
def test_actions_are_pinned_and_nothing_of_an_event_is_in_a_shell(path: Path) -> None:
    pin = VERSION if path == EXAMPLE else PINNED
    for step in steps(path):
        if "uses" in step:
            assert pin.fullmatch(step["uses"]), step["uses"]
            assert ACTIONS.match(step["uses"]), step["uses"]
        else:
            assert "${{" not in step["run"], step["run"]
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    if path != EXAMPLE:
        for line in path.read_text("utf-8").splitlines():
            assert "uses:" not in line or re.search(r"# v\d+\.\d+\.\d+$", line), line


def test_one_version_of_an_action_everywhere() -> None:
    named: dict[str, set[str]] = {}
    for path in OWN:
        for name, version in re.findall(
            r"uses: (\S+)@[0-9a-f]{40} # (v[\d.]+)", path.read_text("utf-8")
        ):
            named.setdefault(name, set()).add(version)
    for name, version in re.findall(r"uses: (\S+)@(v[\d.]+)", EXAMPLE.read_text("utf-8")):
        named.setdefault(name, set()).add(version)
    assert all(len(versions) == 1 for versions in named.values()), named


def test_what_is_released_was_tried() -> None:
    """Built once; what is published is the artifact that was installed and has scored."""
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert (jobs["try"]["needs"], jobs["publish"]["needs"]) == ("build", "try")
    runs = {name: " ".join(s.get("run", "") for s in job["steps"]) for name, job in jobs.items()}
    assert "check_release.py" in runs["build"]
    assert "brainbench --version" in runs["try"]
    assert not [name for name in ("try", "publish") if "build" in runs[name]]
    artifacts = [s["with"]["name"] for job in jobs.values() for s in job["steps"]
                 if "-artifact@" in s.get("uses", "")]  # fmt: skip
    assert artifacts == ["dist"] * 3


def test_submissions_are_read_by_the_base_branch() -> None:
    path = ROOT / ".github" / "workflows" / "submissions.yml"
    assert read(path)["on"] == {"pull_request": {"paths": ["submissions/**"]}}
    base, proposed = (s["with"] for s in steps(path) if "checkout" in s.get("uses", ""))
    assert base["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert (base["path"], proposed["path"]) == ("base", "proposed")
    runs = [step for step in steps(path) if "run" in step]
    assert runs[0]["working-directory"] == "base"
    for step in runs:
        # what is proposed is an argument, never a program or something installed
        for word in re.findall(r"\S*proposed\S*", step["run"]):
            assert word == "proposed"
        assert "working-directory" not in step or step["working-directory"] == "base"
    assert (ROOT / "scripts" / "check_changed.py").is_file()


@pytest.mark.parametrize("path", [*OWN, EXAMPLE], ids=lambda path: path.name)
def test_commands_of_brainbench_are_there(path: Path) -> None:
    found = [
        line for step in steps(path) for line in step.get("run", "").splitlines()
        if line.startswith("brainbench ")
    ]  # fmt: skip
    known = get_command(app).commands  # type: ignore[attr-defined]
    for line in found:
        words = line.split()[1:]
        command = known[words[0]]
        if hasattr(command, "commands"):
            command = command.commands[words[1]]
        options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= options, line
    without = ("brainscore", "exhaustive", "lowest", "newest", "submissions", "tests")
    assert found or path.stem in without


def test_the_example_is_short_and_the_one_of_the_docs() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert len(text.splitlines()) <= 15
    assert text in (ROOT / "docs" / "compare.md").read_text("utf-8")
