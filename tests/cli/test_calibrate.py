"""``brainbench calibrate`` as its user meets it."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import brainbench.cli.calibrate as command
from brainbench.calibration import Calibration, CalibrationPlan, StudyDesigns
from brainbench.calibration.ladder.record import LadderPlan
from brainbench.cli.main import main
from brainbench.models import PHANTOM_FILE

TINY = CalibrationPlan(
    reasoning_types=("syllogistic",),
    n_tested=2,
    n_planted=2,
    n_mis_specified=0,
    n_narrow=0,
    n_pooled=0,
    n_layer=1,
    n_published=1,
    n_reference=1,
    n_courses=0,
    shares=(0.2,),
    alike=(0.0,),
    draws=4,
    tested_draws=4,
    pooled_draws=4,
)
TINY_LADDER = LadderPlan(
    n_nothing=2, n_confound=2, n_planted=2, n_splits=1, n_effects=2, n_boards=2
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run ``brainbench calibrate`` in this process, in an empty folder, on a tiny plan."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "QUICK", TINY)
    monkeypatch.setattr(command, "LADDER_QUICK", TINY_LADDER)
    monkeypatch.setattr(command, "FULL", TINY.model_copy(update={"n_tested": 3}))

    def work(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["brainbench", "calibrate", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, " ".join(err.split())

    return work


def test_prints_a_table_and_leaves_no_file(run: Any) -> None:
    code, out, err = run()
    assert code == 0
    for name in ("nothing", "length, 30%", "own response time, 30%", "layer of the model, 20%"):
        assert sum(line.startswith(name) for line in out.splitlines()) >= 1, name
    assert "[0/" in err
    assert not list(Path().iterdir())


def test_record_and_picture(run: Any) -> None:
    code, out, err = run("--output-path", "new/folder", "--json", "--quiet", "--seed", "5")
    assert (code, err) == (0, "")
    path = Path("new/folder")
    assert Calibration.model_validate_json(out) == Calibration.model_validate_json(
        (path / "calibration.json").read_bytes()
    )
    assert json.loads(out)["seed"] == 5
    if importlib.util.find_spec("matplotlib"):
        assert (path / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_record_is_written_and_the_picture_said_to_be_missing(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "can_draw", lambda: False)
    code, _, err = run("--output-path", "here")
    assert code == 0
    # said before the work, which may be long
    assert err.index("no calibration.png: matplotlib is not installed") < err.index("[0/")
    assert sorted(p.name for p in Path("here").iterdir()) == [".lock", "calibration.json"]
    monkeypatch.undo()


def test_stopped_it_goes_on_after_finished_rows(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from brainbench.calibration import runner

    _, whole, _ = run("--json", "--quiet")
    measured = runner.measure_layers

    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "measure_layers", stop)
    code, out, err = run("--output-path", "here")
    assert (code, out) == (130, "")
    assert "finished rows are kept" in err
    kept = json.loads(Path("here/calibration.json").read_text("utf-8"))
    assert not kept["complete"]
    assert len(kept["rows"]) == 5
    monkeypatch.setattr(runner, "measure_layers", measured)
    code, out, err = run("--output-path", "here", "--json")
    assert (code, out) == (0, whole)
    assert "data sets from" not in err
    again = run("--output-path", "here", "--json", "--quiet")
    assert again == (0, whole, "")


def test_stopped_without_a_folder_nothing_is_kept(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run_calibration", stop)
    code, _, err = run()
    assert code == 130
    assert "nothing is kept; with --output-path finished rows are" in err


def test_another_calibration_is_not_written_over(run: Any) -> None:
    run("--output-path", "here", "--quiet")
    before = Path("here/calibration.json").read_bytes()
    for option, said in ((["--seed", "1"], "seed 0, not 1"), (["--full"], "another plan")):
        code, out, err = run("--output-path", "here", *option)
        assert (code, out) == (2, "")
        assert said in err
        assert "--overwrite" in err
        assert Path("here/calibration.json").read_bytes() == before
    code, out, _ = run("--output-path", "here", "--overwrite", "--json", "--quiet", "--full")
    assert code == 0
    assert Path("here/calibration.json").read_text("utf-8") == out


def test_a_damaged_record_is_not_written_over(run: Any) -> None:
    Path("here").mkdir()
    Path("here/calibration.json").write_text("{", "utf-8")
    code, _, err = run("--output-path", "here")
    assert code == 2
    assert "here/calibration.json is not a calibration" in err
    assert "--overwrite" in err


def test_a_full_disk_is_said_before_the_work(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, out, err = run("--output-path", "here")
    assert (code, out) == (2, "")
    assert "cannot write to here/calibration.json: No space left on device" in err
    assert "[0/" not in err


def test_a_folder_that_cannot_be_written_is_said_before_the_work(run: Any) -> None:
    Path("file").write_text("", "utf-8")
    code, out, err = run("--output-path", "file/below")
    assert (code, out) == (2, "")
    assert "cannot write to file/below" in err
    assert "[0/" not in err


def test_options_of_the_environment(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINBENCH_SEED", "9")
    monkeypatch.setenv("BRAINBENCH_QUIET", "1")
    code, out, err = run("--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["seed"] == 9


def test_the_ladder_on_the_noise_of_a_dataset(run: Any) -> None:
    of = ("--dataset", "phantom", "--model", str(PHANTOM_FILE))
    code, out, err = run(*of, "--output-path", "here")
    assert code == 0
    assert "Half of the people as the model" in out
    assert "record: here/ladder.json" in err
    kept = Path("here/ladder.json").read_bytes()
    assert run(*of, "--output-path", "here", "--quiet", "--json")[0] == 0
    assert Path("here/ladder.json").read_bytes() == kept
    code, _, err = run(*of, "--output-path", "here", "--seed", "1")
    assert code == 2
    assert "seed 0, not 1" in err


def test_designs_of_new_studies(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = ("--dataset", "phantom", "--design", "--people", "3", "--items", "36", "--share", "0.2")
    small = ("--model", PHANTOM_FILE, "--repeats", "1,2", "--output-path", "here")
    plan, few = command._plan, {"n": 4, "n_pairs": 2}
    monkeypatch.setattr(command, "_plan", lambda *sizes: plan(*sizes).model_copy(update=few))
    code, out, err = run(*sizes, *small, "--json")
    assert (code, "[0/" in err) == (0, True), err
    found = StudyDesigns.model_validate_json(out)
    assert found == StudyDesigns.model_validate_json(Path("here/designs.json").read_bytes())
    assert [(row.people, row.items, row.repeats) for row in found.rows] == [(3, 36, 1), (3, 36, 2)]
    code, out, err = run(*sizes, *small)
    assert code == 0
    assert "[0/" not in err, "finished rows are not computed again"
    assert "3 people, 36 items a type" in " ".join(out.split())
    code, _, err = run(*sizes, *small, "--seed", "1")
    assert code == 2
    assert "another seed" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--people", "10"), "are simulated with --design"),
        (("--design",), "name them by --dataset"),
        (("--design", "--dataset", "phantom", "--items", "a,b"), "--items takes whole numbers"),
        (("--design", "--dataset", "phantom", "--items", "20"), "do not make runs of 18"),
        (("--design", "--dataset", "ds003076"), "holds"),
    ],
)
def test_designs_that_cannot_be(run: Any, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
