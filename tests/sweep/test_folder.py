"""The folder of a sweep: one command at a time, files that others may have damaged."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from small_sweep import SMALL, small_plan, small_sweep

from brainbench.errors import DataError, UsageError
from brainbench.sweep import SweepFolder, find_sweep
from brainbench.sweep.state import StepState

FORK = multiprocessing.get_context("fork")


def test_two_sweeps_in_one_folder(tmp_path: Path) -> None:
    folder, _ = small_sweep(tmp_path)
    with (
        folder.held(),
        pytest.raises(UsageError, match=r"another brainbench sweep works in .*status"),
        SweepFolder(folder.path).held(),
    ):
        pass
    with folder.held():
        pass


def _hold_and_die(folder: SweepFolder) -> None:
    with folder.held():
        import os

        os._exit(1)


def test_a_holder_that_died_holds_nothing(tmp_path: Path) -> None:
    folder, _ = small_sweep(tmp_path)
    one = FORK.Process(target=_hold_and_die, args=(folder,))
    one.start()
    one.join(30)
    with folder.held():
        pass


def test_a_folder_of_another_sweep(tmp_path: Path) -> None:
    folder, _ = small_sweep(tmp_path)
    folder.save_plan(small_plan(tmp_path, SMALL.replace("[0, 1]", "[0, 1, 2]")))
    assert len(folder.plan().runs) == 3
    with pytest.raises(UsageError, match="folder of the sweep small, not of other"):
        folder.save_plan(small_plan(tmp_path, SMALL + "name: other\n"))


def test_a_damaged_state_counts_as_none(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path)
    step = plan.steps[0].id
    folder.save(StepState(step=step, state="done"))
    assert folder.state(step).state == "done"
    (folder.path / "steps" / f"{step}.json").write_text('{"step": 3')
    assert folder.state(step) == StepState(step=step)


def test_what_is_no_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is not the folder of a sweep"):
        find_sweep(tmp_path)
    with pytest.raises(UsageError, match="there is no sweep in sweeps/"):
        find_sweep(None)
    one, _ = small_sweep(tmp_path)
    assert find_sweep(None).path.resolve() == one.path
    small_sweep(tmp_path, SMALL + "name: other\n")
    with pytest.raises(UsageError, match="there are 2 sweeps; give one of sweeps/other, sweeps/"):
        find_sweep(None)
    (one.path / "plan.json").write_text('{"name": 1}')
    with pytest.raises(DataError, match="is not the plan of a sweep"):
        find_sweep(one.path)


def test_the_last_line_of_a_long_log(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path)
    step = plan.steps[0].id
    assert folder.last_line(step) == ""
    folder.log(step).write_bytes(b"x" * 20_000 + b"\nerror: \xff no\nlast   one\n\n")
    assert folder.last_line(step) == "last one"
    assert folder.last_line(step, "error:") == "error: \ufffd no"
