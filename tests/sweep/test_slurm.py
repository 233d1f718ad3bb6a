"""A sweep on a real Slurm of one node: jobs that wait for each other, are killed, and go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from slurm import PARTITION, Slurm
from small_sweep import small_sweep

from brainbench.cli.main import main
from brainbench.errors import UsageError
from brainbench.models import PHANTOM_FILE
from brainbench.sweep import Plan, SweepFolder
from brainbench.sweep.slurm import ask_queue, check_slurm, submit_jobs
from brainbench.sweep.status import Row, ready_to_resume, sweep_rows

pytestmark = pytest.mark.xdist_group("slurm")
TEXT = f"""\
models: [{PHANTOM_FILE}]
benchmarks: [phantom.signal.syllogistic-ridge]
defaults: {{protocol: published}}
resources: {{partition: {PARTITION}, time: 10min}}
"""


def look(folder: SweepFolder, plan: Plan) -> list[Row]:
    return sweep_rows(folder, plan, ask_queue())


def wait(folder: SweepFolder, plan: Plan, states: Sequence[str], slurm: Slurm) -> list[Row]:
    """Wait until no step is in any of some states."""
    until = time.monotonic() + 120
    while (rows := look(folder, plan)) and any(row.state in states for row in rows):
        logs = [path.read_text() for path in folder.jobs.glob("*.out")]
        assert time.monotonic() < until, (rows, logs, slurm.log)
        time.sleep(0.2)
    return rows


def test_runs_and_a_job_that_is_pre_empted(tmp_path: Path, slurm: Slurm) -> None:
    """One job of two runs; it is told to make room in the midst of the first."""
    folder, plan = small_sweep(tmp_path, TEXT + "seeds: [0, 1]\nruns_per_job: 2\n")
    check_slurm(plan)
    assert submit_jobs(folder, plan, [step.id for step in plan.steps]) == 1
    job = folder.state(plan.steps[0].id).job
    assert job is not None
    first = plan.steps[0].id
    wait_for_work(folder, first, slurm)
    # as Slurm does when it pre-empts
    slurm.run("scancel", job, "--signal=TERM")
    slurm.run("scancel", job, "--signal=USR2")
    until = time.monotonic() + 60
    while folder.state(first).preempted == 0:
        assert time.monotonic() < until, slurm.log
        time.sleep(0.1)
    assert folder.state(first).state in ("waiting", "running", "done")
    rows = wait(folder, plan, ("queued", "running"), slurm)
    assert [row.state for row in rows] == ["done", "done"], [row.text for row in rows]
    assert (rows[0].held.preempted, rows[1].held.preempted) == (1, 0)
    assert rows[0].held.attempts == 2
    for row in rows:
        assert row.held.job == job
        assert (tmp_path / str(row.held.run) / "results.json").is_file()
    assert ready_to_resume(folder, rows) == []


def wait_for_work(folder: SweepFolder, step: str, slurm: Slurm) -> None:
    """Until a run is under way, and has said so."""
    until = time.monotonic() + 60
    while folder.state(step).state != "running" or not folder.log(step).exists():
        logs = [path.read_text() for path in folder.jobs.glob("*.out")]
        assert time.monotonic() < until, (logs, slurm.log)
        time.sleep(0.02)


@pytest.mark.exhaustive
def test_a_node_that_dies(tmp_path: Path, slurm: Slurm) -> None:
    """Slurm puts its job back in the queue: the run is begun again."""
    folder, plan = small_sweep(tmp_path, TEXT)
    submit_jobs(folder, plan, [plan.steps[0].id])
    state = folder.state(plan.steps[0].id)
    wait_for_work(folder, state.step, slurm)
    # its processes are killed at once; `scontrol requeue` would leave them time to finish
    slurm.run("scontrol", "update", "NodeName=ALL", "State=DOWN", "Reason=test")
    slurm.run("scontrol", "update", "NodeName=ALL", "State=RESUME")
    rows = wait(folder, plan, ("queued", "running", "lost"), slurm)
    assert rows[0].state == "done", rows[0].text
    assert rows[0].held.preempted == 1


def test_a_job_that_is_cancelled_is_missed(tmp_path: Path, slurm: Slurm) -> None:
    folder, plan = small_sweep(tmp_path, TEXT + "seeds: [0, 1]\n")
    # nothing starts: it cannot be told from a long queue
    slurm.run("scontrol", "update", f"PartitionName={PARTITION}", "State=DOWN")
    try:
        assert submit_jobs(folder, plan, [step.id for step in plan.steps]) == 2
        rows = look(folder, plan)
        assert [row.state for row in rows] == ["queued", "queued"]
        assert "pending" in rows[0].text
        assert ready_to_resume(folder, rows) == []
        slurm.run("scancel", str(rows[0].held.job))
        rows = wait_for_first(folder, plan)
        assert rows[0].text.startswith(f"job {rows[0].held.job} is over")
        assert ready_to_resume(folder, rows) == [plan.steps[0].id]
    finally:
        slurm.run("scancel", "--user=root")
        slurm.run("scontrol", "update", f"PartitionName={PARTITION}", "State=UP")


def wait_for_first(folder: SweepFolder, plan: Plan) -> list[Row]:
    until = time.monotonic() + 30
    while (rows := look(folder, plan))[0].state == "queued":
        assert time.monotonic() < until
        time.sleep(0.1)
    return rows


def test_what_slurm_does_not_have_is_named(tmp_path: Path, slurm: Slurm) -> None:
    _, plan = small_sweep(tmp_path, TEXT.replace(PARTITION, "nowhere"))
    with pytest.raises(UsageError, match=rf"no partition 'nowhere', .*; it has {PARTITION}"):
        check_slurm(plan)
    folder, plan = small_sweep(tmp_path, TEXT.replace("time: 10min", "constraint: nosuch"))
    with pytest.raises(UsageError, match=r"Slurm refuses the job of .*: .*[Ff]eature"):
        submit_jobs(folder, plan, [plan.steps[0].id])


def test_states_are_waited_for(tmp_path: Path, slurm: Slurm) -> None:
    text = (
        f"models: [nano]\nsuites: [behavior]\nseeds: [0, 1]\nresources: {{partition: {PARTITION}}}"
    )
    folder, plan = small_sweep(tmp_path, text)
    slurm.run("scontrol", "update", f"PartitionName={PARTITION}", "State=DOWN")
    try:
        assert submit_jobs(folder, plan, [step.id for step in plan.steps]) == 3
        states, *runs = (str(folder.state(step.id).job) for step in plan.steps)
        for job in runs:
            assert f"Dependency=afterany:{states}" in slurm.run("scontrol", "show", "job", job)
    finally:
        slurm.run("scancel", "--user=root")
        slurm.run("scontrol", "update", f"PartitionName={PARTITION}", "State=UP")


def test_where_there_is_no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, plan = small_sweep(tmp_path, TEXT)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="there is no Slurm here"):
        check_slurm(plan)
    with pytest.raises(UsageError, match="no squeue on PATH"):
        ask_queue()


def test_from_the_command_line(
    tmp_path: Path,
    slurm: Slurm,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(TEXT)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["brainbench", "sweep", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out or err

    slurm.run("scontrol", "update", f"PartitionName={PARTITION}", "State=DOWN")
    try:
        code, out = run("s.yaml", "--executor", "slurm")
        assert (code, out) == (0, "sweeps/s: 1 job given to Slurm\n")
        code, out = run("status")
        assert code == 0
        assert "1 run, 1 queued" in out
        # what is in the queue is not given again
        code, out = run("resume", "--executor", "slurm")
        assert (code, out) == (0, "sweeps/s: nothing to give to Slurm; 1 queued\n")
    finally:
        slurm.run("scancel", "--user=root")
        slurm.run("scontrol", "update", f"PartitionName={PARTITION}", "State=UP")
    (tmp_path / "s.yaml").write_text(TEXT.replace(PARTITION, "nowhere"))
    code, out = run("s.yaml", "--executor", "slurm")
    assert code == 2
    assert "no partition 'nowhere'" in " ".join(out.split())
