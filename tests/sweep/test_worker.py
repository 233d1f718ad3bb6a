"""Steps are done once, in order, and what became of each is written down."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from small_sweep import SMALL, small_sweep, stand_in

from brainbench.sweep import Plan, SweepFolder
from brainbench.sweep.status import count_states, ready_to_resume, sweep_rows
from brainbench.sweep.worker import Worker

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker goes to the folder of its sweep; the test comes back."""
    monkeypatch.chdir(tmp_path)


def worker(folder: SweepFolder, plan: Plan, wanted: list[str] | None = None) -> Worker:
    made = Worker(folder, plan, wanted or [step.id for step in plan.steps], stand_in)
    made._warm = True  # what is imported here is the test's own
    return made


def times(folder: Path, seed: int) -> int:
    """How often a run was done."""
    file = folder / "results" / "nano" / f"{seed:012x}" / "times"
    return len(file.read_text()) if file.exists() else 0


def test_every_step_is_done_once(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path)
    worker(folder, plan).work()
    rows = sweep_rows(folder, plan)
    assert [row.state for row in rows] == ["done"] * 3
    assert rows[1].held.run == "results/nano/000000000000"
    assert rows[1].held.attempts == 1
    assert count_states(rows) == {"done": 2}
    assert folder.last_line(plan.steps[0].id).startswith("[1/2] evaluate --model nano")
    worker(folder, plan).work()
    assert times(tmp_path, 0) == times(tmp_path, 1) == 1
    assert ready_to_resume(folder, rows) == []


def test_a_run_that_fails_stops_no_other(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path, SMALL.replace("[0, 1]", "[7, 8, 1]"))
    worker(folder, plan).work()
    rows = sweep_rows(folder, plan)
    assert [row.state for row in rows] == ["done", "failed", "failed", "done"]
    assert rows[1].text == "this seed is not lucky"
    assert rows[2].text.startswith("ended by signal 9 (the system may have run out of memory")
    assert ready_to_resume(folder, rows) == [plan.steps[1].id, plan.steps[2].id]
    again = sweep_rows(folder, plan)
    assert [row.state for row in again] == ["done", "waiting", "waiting", "done"]


def test_without_states_there_is_nothing_to_score(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path)

    def fail(words: object) -> None:
        raise SystemExit(1)

    one = worker(folder, plan)
    one.run = fail
    one.work()
    rows = sweep_rows(folder, plan)
    assert [row.state for row in rows] == ["failed"] * 3
    assert rows[1].text.startswith("no states to score: ended with exit code 1")
    assert rows[1].held.attempts == 0
    # all three are missing, states first
    assert ready_to_resume(folder, rows) == [step.id for step in plan.steps]
    worker(folder, plan).work()
    assert [row.state for row in sweep_rows(folder, plan)] == ["done"] * 3


def test_a_job_without_its_states_leaves_its_runs_waiting(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path)
    worker(folder, plan, [plan.steps[1].id]).work()
    assert [row.state for row in sweep_rows(folder, plan)] == ["waiting"] * 3


def test_two_workers_share_the_steps(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path, SMALL.replace("[0, 1]", str(list(range(7)))))
    both = [FORK.Process(target=worker(folder, plan).work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert [row.state for row in sweep_rows(folder, plan)] == ["done"] * 8
    assert [times(tmp_path, seed) for seed in range(7)] == [1] * 7


def wait_until_begun(folder: SweepFolder, step: str, attempts: int = 1) -> None:
    until = time.monotonic() + 30
    while folder.state(step).attempts < attempts:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_worker_that_is_killed_leaves_its_step_to_the_next(tmp_path: Path) -> None:
    text = "models: [nano]\nsuites: [behavior]\nseeds: [9]\nretries: 1\n"
    folder, plan = small_sweep(tmp_path, text)
    (step,) = plan.steps
    for broken_off in range(2):
        one = FORK.Process(target=worker(folder, plan).work)
        one.start()
        wait_until_begun(folder, step.id, broken_off + 1)
        assert sweep_rows(folder, plan)[0].state == "running"
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        one.join(30)
        # its command ends with it: nobody holds the lock any more
        until = time.monotonic() + 30
        while sweep_rows(folder, plan)[0].state != "lost":
            assert time.monotonic() < until
            time.sleep(0.05)
        assert folder.state(step.id).preempted == broken_off
    worker(folder, plan).work()
    found = sweep_rows(folder, plan)[0]
    assert found.state == "failed"
    assert found.text == "broken off 2 times: its job was pre-empted or killed"


def test_a_pre_empted_worker_keeps_what_was_done(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path, "models: [nano]\nsuites: [behavior]\nseeds: [9]\n")
    (step,) = plan.steps
    one = worker(folder, plan)

    def interrupt() -> None:
        wait_until_begun(folder, step.id)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGUSR2)

    def handle(number: int, frame: object) -> None:
        one.interrupt()
        raise SystemExit

    before = signal.signal(signal.SIGUSR2, handle)
    try:
        threading.Thread(target=interrupt).start()
        started = time.monotonic()
        with pytest.raises(SystemExit):
            one.work()
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert time.monotonic() - started < 30
    state = folder.state(step.id)
    assert (state.state, state.preempted, state.attempts) == ("waiting", 1, 1)
    assert not folder.is_lost(state)


def test_a_run_whose_folder_is_gone_is_done_again(tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path)
    worker(folder, plan).work()
    (tmp_path / "results" / "nano" / f"{1:012x}" / "results.json").unlink()
    rows = sweep_rows(folder, plan)
    assert [row.state for row in rows] == ["done", "done", "waiting"]
    assert rows[2].text == "results/nano/000000000001 is gone: it is done again"
    assert ready_to_resume(folder, rows) == [plan.steps[2].id]
    worker(folder, plan, [plan.steps[2].id]).work()
    assert times(tmp_path, 0) == 1
    assert times(tmp_path, 1) == 2


def test_a_signal_of_the_job_is_answered_by_the_worker_alone(tmp_path: Path) -> None:
    """Slurm sends it to every process of a job, also to one that has just been forked."""
    folder, plan = small_sweep(tmp_path)
    answered: list[int] = []

    def handle(number: int, frame: object) -> None:
        answered.append(os.getpid())
        (tmp_path / f"answered-{os.getpid()}").touch()

    real = os.fork

    def fork() -> int:
        pid = real()
        if pid == 0:
            # as early as can be
            os.kill(os.getpid(), signal.SIGUSR2)
        return pid

    before = signal.signal(signal.SIGUSR2, handle)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fork", fork)
            worker(folder, plan).work()
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert answered == []
    assert not [*tmp_path.glob("answered-*")]
    assert [row.state for row in sweep_rows(folder, plan)] == ["done"] * 3
