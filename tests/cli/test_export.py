"""``brainbench export``: where the files are, and what is refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from command_line import run_command
from simulated_records import full, write_run
from tiny_steerings import make_steering

from brainbench.models import MadeFor, save_steering


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    monkeypatch.chdir(tmp_path)

    return partial(run_command, monkeypatch, capsys, "export")


def test_runs_become_one_table(cli, tmp_path: Path) -> None:
    runs = [str(write_run(full(run_id=name), tmp_path / name)) for name in ("abc", "def")]
    code, out, _ = cli(*runs, "--to", "csv")
    assert code == 0
    assert out.startswith("exported/numbers.csv (")
    table = pd.read_csv(tmp_path / "exported/numbers.csv")
    assert table["run"].value_counts().to_dict() == dict.fromkeys(("abc", "def"), len(table) // 2)
    assert len(table) > 100


def test_each_run_becomes_a_file_of_its_own(cli, tmp_path: Path) -> None:
    run = str(write_run(full(), tmp_path / "a"))
    code, out, _ = cli(
        run, "--to", "every-eval-ever", "--organization", "Lab", "--output-path", "out"
    )
    assert code == 0
    (file,) = (tmp_path / "out/data/brainbench").rglob("*.json")
    assert str(file.relative_to(tmp_path)) in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--to", "every-eval"), "did you mean 'every-eval-ever'"),
        (("--to", "csv", "--hub-dataset", "a/b"), "--hub-dataset goes with --to hf-eval-results"),
        (("--to", "lm-eval"), "give the folder of a run that ended well"),
    ],
)
def test_what_is_refused(cli, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    code, out, err = cli(str(write_run(full(), tmp_path / "a")), *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert not (tmp_path / "exported").exists()


def test_a_steering_becomes_a_file_for_each_type(cli, tmp_path: Path) -> None:
    made = make_steering(MadeFor("tiny", "0" * 64, "llama", 4, 32), groups=("syllogistic", "all"))
    save_steering(made, tmp_path / "mine")
    code, out, err = cli("mine", "--to", "steered")
    assert code == 0
    assert sorted(path.name for path in Path("exported/mine").iterdir()) == [
        "all.pt",
        "syllogistic.pt",
    ]
    assert "exported/mine/syllogistic.pt" in out
    assert "syllogistic.pt: lm-eval steers every token, this steering last ones" in err


def test_no_run_is_named(cli) -> None:
    code, _, err = cli("nowhere", "--to", "csv")
    assert code == 2
    assert "nowhere is not a run" in err
