"""A sweep on this machine: workers that end, a full disk, Ctrl-C."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_sweep import SMALL, small_sweep, stand_in

from brainbench.errors import UsageError
from brainbench.sweep import Plan, SweepFolder, running
from brainbench.sweep.running import run_here
from brainbench.sweep.status import Row
from brainbench.sweep.worker import Worker


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker goes to the folder of its sweep; the test comes back."""
    monkeypatch.chdir(tmp_path)


class Ended:
    """A job of submitit's that is over."""

    def __init__(self, folder: SweepFolder, said: str = "") -> None:
        file = folder.jobs / "log.out"
        file.write_text(f"starting\n{said}\n")
        self.paths = SimpleNamespace(stdout=file)

    def done(self) -> bool:
        return True


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Worker], str]], list[int]]:
    """Have workers do something here, in place of processes; how many were started."""

    def use(work: Callable[[Worker], str]) -> list[int]:
        started: list[int] = []

        def start(folder: SweepFolder, wanted: Sequence[str], count: int, gpus: int) -> list[Ended]:
            started.append(count)
            worker = Worker(folder, folder.plan(), wanted, stand_in)
            worker._warm = True
            return [Ended(folder, work(worker))]

        monkeypatch.setattr(running, "start_workers", start)
        return started

    return use


def run(folder: SweepFolder, plan: Plan, shown: list[Any] | None = None) -> list[Row]:
    show = (lambda rows: None) if shown is None else shown.append
    return run_here(folder, plan, [step.id for step in plan.steps], 4, show)


def done(worker: Worker) -> str:
    worker.work()
    return ""


def test_no_more_workers_than_steps(tmp_path: Path, workers: Any) -> None:
    started = workers(done)
    folder, plan = small_sweep(tmp_path)
    shown: list[Any] = []
    assert [row.state for row in run(folder, plan, shown)] == ["done"] * 3
    assert started == [3]
    assert [row.state for row in shown[-1]] == ["done"] * 3
    # nothing is left to be started
    run(folder, plan)
    assert started == [3]


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, workers: Any) -> None:
    folder, plan = small_sweep(tmp_path)

    def dies_once(worker: Worker) -> str:
        if len(started) > 1:
            worker.work()
        return ""

    started = workers(dies_once)
    assert [row.state for row in run(folder, plan)] == ["done"] * 3
    assert started == [3, 3]


def test_a_worker_that_cannot_work_is_not_replaced(tmp_path: Path, workers: Any) -> None:
    folder, plan = small_sweep(tmp_path)
    started = workers(lambda worker: "error: no such library")
    with pytest.raises(UsageError, match="a worker ended: no such library"):
        run(folder, plan)
    assert started == [3]


def test_a_full_disk_is_named_and_nothing_finished_is_lost(
    tmp_path: Path, workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, plan = small_sweep(tmp_path, SMALL.replace("[0, 1]", "[0, 1, 2]"))
    real = os.fsync
    written = []

    def fsync(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    def ends(worker: Worker) -> str:
        with pytest.raises(UsageError, match="No space left on device"):
            worker.work()
        return ""

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        workers(ends)
        with pytest.raises(UsageError, match=r"No space left on device.*what is finished is kept"):
            run(folder, plan)
    assert folder.state(plan.steps[0].id).state == folder.state(plan.runs[0].id).state == "done"
    workers(done)
    assert [row.state for row in run(folder, plan)] == ["done"] * 4
    assert folder.state(plan.runs[0].id).attempts == 1


def test_ctrl_c_leaves_steps_to_be_resumed(
    tmp_path: Path, workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, plan = small_sweep(tmp_path)

    def interrupted(worker: Worker) -> str:
        state = folder.state(plan.steps[0].id)
        state.state, state.host = "running", os.uname().nodename
        folder.save(state)
        raise KeyboardInterrupt

    workers(interrupted)
    stopped: list[Any] = []
    monkeypatch.setattr(running, "stop_workers", stopped.append)
    with pytest.raises(KeyboardInterrupt):
        run(folder, plan)
    assert stopped == [[]]
    state = folder.state(plan.steps[0].id)
    assert (state.state, state.preempted) == ("waiting", 0)
