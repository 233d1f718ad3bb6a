"""What a sweep asks Slurm, and jobs that it gives it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from brainbench.errors import UsageError
from brainbench.sweep.executors import THREADS, load_submitit
from brainbench.sweep.folder import SweepFolder
from brainbench.sweep.job import SweepJob
from brainbench.sweep.plan import Plan, Step
from brainbench.sweep.schema import Resources

_HOURS = 4  # of a job whose time nobody has said
_WAIT = 60  # seconds for an answer of Slurm


def check_slurm(plan: Plan) -> None:
    """Check that there is a Slurm, and that it has the partitions of a sweep.

    Raises
    ------
    UsageError
        When there is none, it does not answer, or a partition does not exist.
    """
    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        raise UsageError(
            "there is no Slurm here (no sbatch and srun on PATH): start the sweep on a machine "
            "that has it, or take --executor local or print"
        )
    load_submitit()
    there = _ask("sinfo", "--noheader", "--format=%R").split()
    for step in plan.steps:
        name = step.resources.partition
        wrong = [part for part in (name or "").split(",") if part and part not in there]
        if wrong:
            raise UsageError(
                f"Slurm has no partition {wrong[0]!r}, which {step.label} is to run in; it has "
                f"{', '.join(sorted(set(there)))}"
            )


def ask_queue() -> dict[str, str]:
    """Job → its state and the reason for it, of the user's jobs that are not over.

    Raises
    ------
    UsageError
        When Slurm does not answer.
    """
    found = {}
    for line in _ask("squeue", "--me", "--noheader", "--format=%i|%T|%r").splitlines():
        job, state, reason = line.split("|", 2)
        why = "" if reason in ("None", "") else f" ({reason})"
        found[job] = f"{state.lower()}{why}"
    return found


def submit_jobs(folder: SweepFolder, plan: Plan, wanted: Sequence[str]) -> int:
    """Give steps to Slurm: jobs of runs wait until those of their states are over.

    The job of each step is noted in its state.

    Parameters
    ----------
    folder : of the sweep, prepared.
    plan : of the sweep, checked.
    wanted : ids of steps.

    Returns
    -------
    How many jobs were submitted.

    Raises
    ------
    UsageError
        With what Slurm says when it refuses a job. Those before it stay in the queue.
    """
    executor = load_submitit().SlurmExecutor(
        folder=folder.jobs.resolve(), max_num_timeout=plan.retries
    )
    jobs: dict[str, str] = {}
    count = 0
    for steps in _batches(plan, wanted):
        first = steps[0]
        # over, whether well or not: a job whose states failed says so of its runs
        before = sorted({jobs[name] for step in steps for name in step.needs if name in jobs})
        executor.parameters.clear()
        executor.update_parameters(**_parameters(first, plan, len(steps), before))
        ids = [step.id for step in steps]
        try:
            job = executor.submit(
                SweepJob(str(folder.path.resolve()), ids, first.resources.gpus or None)
            )
        # submitit raises errors of its own for what sbatch says
        except Exception as error:
            raise UsageError(f"Slurm refuses the job of {first.label}: {_said(error)}") from error
        count += 1
        for step in steps:
            jobs[step.id] = job.job_id
            state = folder.state(step.id)
            state.job = job.job_id
            folder.save(state)
    return count


def _batches(plan: Plan, wanted: Sequence[str]) -> Iterator[list[Step]]:
    """Steps of one job each: states by themselves, runs that ask for the same together."""
    chosen = [step for step in plan.steps if step.id in set(wanted)]

    def alike(step: Step) -> str:
        states = step.id if step.kind == "states" else ""
        return f"{states} {step.needs} {step.resources.model_dump_json()}"

    for _, group in groupby(chosen, alike):
        steps = list(group)
        size = plan.runs_per_job
        yield from (steps[start : start + size] for start in range(0, len(steps), size))


def _parameters(first: Step, plan: Plan, count: int, before: Sequence[str]) -> dict[str, Any]:
    """What submitit gets to know of a job."""
    asked: Resources = first.resources
    cpus = asked.cpus or 1
    label = first.label if count == 1 else f"{first.label} and {count - 1} more"
    found: dict[str, Any] = {
        "job_name": f"{plan.name}: {label}",
        "time": asked.minutes or _HOURS * 60,
        "cpus_per_task": cpus,
        "srun_args": [f"--cpus-per-task={cpus}"],
        "setup": [f"export {name}={cpus}" for name in THREADS],
        "stderr_to_stdout": True,
        "partition": asked.partition,
        "account": asked.account,
        "qos": asked.qos,
        "constraint": asked.constraint,
        "gpus_per_node": asked.gpus or None,
        "mem": None if asked.memory_gb is None else f"{round(asked.memory_gb * 1000)}M",
        "dependency": f"afterany:{':'.join(before)}" if before else None,
    }
    more = {name.replace("_", "-"): value for name, value in asked.slurm.items()}
    # a job whose node dies is put back in the queue
    found["additional_parameters"] = {"requeue": True, **more}
    return {name: value for name, value in found.items() if value is not None}


def _ask(*words: str) -> str:
    try:
        found = subprocess.run(words, capture_output=True, text=True, timeout=_WAIT, check=True)
    except FileNotFoundError as error:
        raise UsageError(f"there is no Slurm here: no {words[0]} on PATH") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"Slurm does not answer {words[0]} in {_WAIT} s: try later") from error
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split())
        raise UsageError(f"Slurm does not answer {words[0]}: {said}") from error
    return found.stdout


def _said(error: Exception) -> str:
    """What sbatch printed, of an error of submitit's that holds it."""
    lines = [line for line in str(error).splitlines() if "sbatch: error:" in line]
    said = "; ".join(line.partition("sbatch: error:")[2].strip() for line in lines)
    return said or " ".join(str(error).split())[:500]
