"""``brainbench steer``, and a guidance suite from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brainbench.cli.commands import app
from brainbench.errors import BrainbenchError
from brainbench.models import load_steering

RUNNER = CliRunner()


def call(*arguments: object) -> str:
    found = RUNNER.invoke(app, [str(each) for each in arguments])
    if isinstance(found.exception, BrainbenchError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def test_a_steering_is_derived_applied_and_exported(tmp_path: Path) -> None:
    folder, exported = tmp_path / "steering", tmp_path / "steering.pt"
    told = call(
        "steer", "--dataset", "phantom", "--reasoning-type", "syllogistic", "--layers", "middle",
        "--step", 1, "--export-lm-eval", exported, "--output-path", folder, "--quiet",
    )  # fmt: skip
    assert "too high, and no result" in " ".join(told.split())
    # what the export does otherwise is not progress
    assert "lm-eval steers every token" in " ".join(told.split())
    kept = load_steering(folder)
    assert kept.name == "phantom-signal"
    assert kept.recipe["form"] == "controlled"
    assert exported.is_file()
    told = call(
        "evaluate", "--steer", folder, "--suite", "accuracy", "--limit", 2, "--json", "--quiet",
        "--output-path", tmp_path / "results",
    )  # fmt: skip
    record = json.loads(told[told.index("{") :])
    assert record["model"]["steering"]["name"] == "phantom-signal"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--dataset", "phantoms"], "did you mean 'phantom'"),
        (["--dataset", "phantom", "--roi", "sinal"], "did you mean 'signal'"),
        (["--dataset", "phantom", "--reasoning-type", "inductive"], "unknown reasoning type"),
        (["--loss", "cosin"], "did you mean 'cosine'"),
        (["--site", "mlp"], "unknown site"),
        (["--arm", "guide"], "did you mean 'guided'"),
        (["--layers", "9"], "layers 0 to 3"),
        (["--layers", "some"], "expected middle, all, or numbers"),
        (["--name", "../elsewhere"], "is not a name for a steering"),
    ],
)
def test_wrong_arguments_are_met_with_what_to_do(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(BrainbenchError, match=says):
        call("steer", *arguments, "--output-path", tmp_path / "steering", "--quiet")
    assert not (tmp_path / "steering").exists()
