"""A steered model from the command line, from the artifact on disk to the record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_steerings import make_steering

from brainbench.cli.main import main
from brainbench.models import LanguageModel, MadeFor, load_model, save_steering
from brainbench.results import Record
from brainbench.results.record import SteeringInfo

TASK = "brainbench_quick_syllogistic"


class Result:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def record(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["brainbench", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return Result(int(caught.value.code or 0), out, " ".join(err.split()))

    return run


def save(folder: Path, *groups: str, **changes: Any) -> str:
    nano = load_model("nano")
    assert isinstance(nano, LanguageModel)
    steering = make_steering(MadeFor.of(nano), groups, **changes)
    return str(save_steering(steering, folder))


def test_the_record_tells_what_was_added(cli: Any, tmp_path: Path) -> None:
    folder = save(tmp_path / "s", "syllogistic", "all")
    asked = ("evaluate", "--tasks", TASK, "--limit", "8", "--json", "--quiet")
    bare = cli(*asked)
    found = cli(*asked, "--steer", folder, "--strength", "3", "--steer-tokens", "all")
    assert (bare.code, found.code) == (0, 0)
    assert bare.record["model"]["steering"] is None
    told = found.record["model"]
    assert told["identifier"] == "nano+steer-test@3@all"
    assert not told["builtin"]
    sha256 = told["steering"].pop("sha256")
    assert told["steering"] == {
        "name": "test", "strength": 3.0, "tokens": "all", "site": "attention",
        "layers": [1, 2], "groups": ["syllogistic", "all"],
    }  # fmt: skip
    assert found.record["config"]["options"]["steer"] == folder
    assert found.record["run_id"] != bare.record["run_id"]
    assert found.record["accuracy"] != bare.record["accuracy"]
    assert not any("steering" in note for note in found.record["notes"])
    assert (tmp_path / "results" / "nano+steer-test_3_all").is_dir()
    # what was asked decides, not how it was said
    other = cli(*asked, "--model-args", f"steer={folder},strength=3,steer_tokens=all")
    assert other.record["run_id"] == found.record["run_id"]
    third = cli(*asked, "--steer", folder)
    assert third.record["model"]["steering"]["sha256"] != sha256


def test_variables_set_it_too(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINBENCH_STEER", save(tmp_path / "s", "all"))
    monkeypatch.setenv("BRAINBENCH_STRENGTH", "-1.5")
    monkeypatch.setenv("BRAINBENCH_STEER_TOKENS", "generated")
    found = cli("evaluate", "--tasks", TASK, "--limit", "2", "--json", "--quiet")
    assert found.record["model"]["identifier"] == "nano+steer-test@-1.5@generated"


def test_types_without_directions_are_in_the_notes(cli: Any, tmp_path: Path) -> None:
    folder = save(tmp_path / "s", "transitive")
    asked = ("evaluate", "--suite", "accuracy", "--limit", "2", "--json", "--steer", folder)
    notes = [note for note in cli(*asked).record["notes"] if "has no directions" in note]
    for kind in ("syllogistic", "propositional"):
        (note,) = [note for note in notes if note.startswith(f"brainbench_quick_{kind}: ")]
        assert f"the steering test has no directions for {kind}: " in note
    assert not any("quick_transitive" in note for note in notes)
    # and at strength 0 there is nothing to miss
    notes = cli(*asked, "--strength", "0").record["notes"]
    assert "the steering test has strength 0: nothing is added" in notes
    assert not any("has no directions" in note for note in notes)


def test_alignment_and_behaviour_are_steered_too(cli: Any, tmp_path: Path) -> None:
    asked = (
        "evaluate", "--model", "nano", "--benchmarks", "phantom.signal.*", "--limit", "12",
        "--protocol", "published", "--json", "--quiet",
    )  # fmt: skip
    bare = cli(*asked)
    found = cli(*asked, "--steer", save(tmp_path / "s", "transitive", site="hidden"))
    assert (bare.code, found.code) == (0, 0)
    (note,) = [note for note in found.record["notes"] if "has no directions" in note]
    assert note.startswith("phantom: the steering test has no directions for syllogistic: ")
    raw = [
        {
            (score["benchmark"], person["subject"]): person["raw"]
            for score in run.record["published"]
            for person in score["subjects"]
        }
        for run in (bare, found)
    ]
    assert raw[0].keys() == raw[1].keys()
    changed = {key[0] for key in raw[0] if raw[0][key] != raw[1][key]}
    # the best layer of some may lie before those that are steered
    assert changed
    assert not any(".syllogistic-" in name for name in changed)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--strength", "2"), "--strength is of a steering: give its folder with --steer"),
        (("--steer", "nowhere"), "no steering.json there"),
        (("--steer", "STEERING", "--steer-tokens", "some"), "unknown choice of steered tokens"),
        (("--steer", "STEERING", "--strength", "nan"), "strength must be a finite number"),
        (("--steer", "STEERING", "--untrained", "0"), "was made for nano, weights_sha256"),
    ],
)
def test_what_does_not_fit_is_told(
    options: tuple[str, ...], told: str, cli: Any, tmp_path: Path
) -> None:
    folder = save(tmp_path / "s", "all")
    result = cli("evaluate", *(folder if word == "STEERING" else word for word in options))
    assert result.code in (1, 2)
    assert told in result.err
    assert not (tmp_path / "results").exists()


def test_the_help_names_the_options(cli: Any) -> None:
    text = cli("evaluate", "--help").out
    for flag in ("--steer ", "--strength", "--steer-tokens"):
        assert flag in text


def test_the_record_takes_no_other_facts() -> None:
    facts = make_steering(MadeFor("x", "0" * 64, "llama", 4, 32)).facts
    assert SteeringInfo(**facts).model_dump() == facts
    assert "steering" in Record.model_fields["model"].annotation.model_fields  # type: ignore[union-attr]
