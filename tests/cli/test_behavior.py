"""Behaviour from the command line."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run_command
from safetensors.numpy import save_file
from simulated_behavior import AnsweringFake

from brainbench.run import evaluate

ONE = "ds003076.behavior.all-consistency"


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command in this process, in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    return partial(run_command, monkeypatch, capsys)


def test_it_is_listed_and_shown(cli: Any) -> None:
    assert ONE in cli("list")[1].split()
    assert "behavior" in cli("list", "suites")[1].split()
    code, out, _ = cli("show", ONE)
    assert code == 0
    assert "κ of errors, mean over people" in " ".join(out.split())
    assert "@misc{ds003076" in out
    shown = json.loads(cli("show", ONE, "--json")[1])
    assert (shown["people"], shown["reasoning_type"]) == (17, "all")
    assert "roi" not in shown
    assert "protocols" not in shown, "behaviour is scored in one way"


def test_children_and_both_groups_are_shown(cli: Any) -> None:
    assert {"ds002886", "deduction73"} <= set(cli("list", "datasets")[1].split())
    assert "behavior-73" in cli("list", "suites")[1].split()
    children = " ".join(cli("show", "ds002886")[1].split())
    assert "children, 8.47 to 15 years, median 10.975" in children
    assert "sub-023: syllogistic-01, syllogistic-02, transitive-01" in children
    assert "too early sub-061: transitive-02-04, transitive-02-05" in children
    both = " ".join(cli("show", "deduction73")[1].split())
    assert "people 73: 17 adults (ds003076), 56 children (ds002886)" in both
    assert "needs ds003076, ds002886" in both
    shown = json.loads(cli("show", "deduction73.difficulty.all-correlation", "--json")[1])
    assert (shown["people"], shown["needs"]) == (73, "answers")


def test_items_of_the_dataset_are_those_that_are_asked(cli: Any, mirror: Path) -> None:
    code, out, _ = cli("show", "ds003076", "--items")
    assert code == 0
    names = out.split()
    assert len(names) == 70
    assert "transitive-01-07" not in names


@pytest.mark.parametrize(
    "arguments",
    [["--benchmarks", "ds003076.*"], ["--dataset", "ds003076"], ["--suite", "behavior"]],
)
def test_a_file_of_activations_gives_no_answers(
    arguments: list[str], cli: Any, tmp_path: Path
) -> None:
    save_file({"hidden": np.zeros((70, 2, 3), np.float32)}, tmp_path / "file.safetensors")
    code, out, err = cli("evaluate", "--model", "file.safetensors", *arguments)
    assert (code, out) == (2, "")
    assert "file gives activations only, no answers" in err
    assert "Traceback" not in err
    assert not Path("results").exists()


def test_a_misspelt_name_is_met_with_the_nearest(cli: Any) -> None:
    code, _, err = cli("show", "ds003076.behaviour.all-consistency")
    assert code == 2
    assert f"did you mean '{ONE}'" in err


def test_a_record_is_shown_as_a_table(cli: Any, mirror: Path) -> None:
    record = evaluate(AnsweringFake(), benchmarks=[ONE], output_path="results")
    code, out, _ = cli("show", f"results/fake/{record.run_id}")
    assert code == 0
    assert ONE in out
    assert "majority of others" in out
    assert max(map(len, out.splitlines())) <= 110
