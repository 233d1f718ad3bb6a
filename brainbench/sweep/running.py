"""A sweep on this machine, from its first step to its last."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from brainbench.atomic import write_whole
from brainbench.errors import UsageError
from brainbench.sweep.executors import start_workers, stop_workers
from brainbench.sweep.folder import SweepFolder
from brainbench.sweep.job import ERROR
from brainbench.sweep.plan import Plan
from brainbench.sweep.status import Row, is_settled, sweep_rows

_LOOK = 0.5  # seconds between looks at the files

_ROOM = 100_000  # bytes that a sweep needs to go on
_SLOWLY = 2.0  # the same where Slurm is asked each time

Show = Callable[[Sequence[Row]], Any]


def run_here(
    folder: SweepFolder,
    plan: Plan,
    wanted: Sequence[str],
    workers: int,
    show: Show,
) -> list[Row]:
    """Do steps with workers of this machine, and show how far they are.

    Workers that die are replaced, until their step has been broken off too often.

    Parameters
    ----------
    folder : of the sweep, prepared.
    plan : of the sweep.
    wanted : ids of steps.
    workers : how many.
    show : called with the rows of the steps again and again.

    Returns
    -------
    The rows of all steps at the end.
    """
    chosen = set(wanted)
    steps = [step for step in plan.steps if step.id in chosen]
    part = plan.model_copy(update={"steps": steps})
    gpus = max((step.resources.gpus or 0 for step in steps), default=0)
    jobs: list[Any] = []
    try:
        # each round but the last has broken a step off
        for _ in range((plan.retries + 1) * max(1, len(steps))):
            rows = sweep_rows(folder, part)
            if is_settled(rows):
                break
            left = sum(row.state not in ("done", "failed") for row in rows)
            jobs = start_workers(folder, wanted, min(workers, left), gpus)
            while not all(job.done() for job in jobs):
                show(sweep_rows(folder, plan))
                _wait(jobs)
            if not is_settled(sweep_rows(folder, part)):
                # another worker would meet a full disk too
                _check_room(folder)
                if said := _last_error(jobs):
                    raise UsageError(f"a worker ended: {said}")
    except KeyboardInterrupt:
        stop_workers(jobs)
        for row in sweep_rows(folder, part):
            if row.state == "lost":
                folder.save(row.held.model_copy(update={"state": "waiting"}))
        raise
    rows = sweep_rows(folder, plan)
    show(rows)
    return rows


def wait_for_jobs(look: Callable[[], Sequence[Row]], show: Show) -> list[Row]:
    """Wait until no job of Slurm is left that works on a step, or will.

    Parameters
    ----------
    look : gives the rows as they are now.
    show : called with them again and again.
    """
    while True:
        rows = list(look())
        show(rows)
        if not any(row.state in ("queued", "running") for row in rows):
            return rows
        time.sleep(_SLOWLY)


def _check_room(folder: SweepFolder) -> None:
    """Raise ``UsageError`` where the sweep's folder cannot be written any more."""
    file = folder.path / "steps" / "room"
    write_whole(file, bytes(_ROOM))
    file.unlink()


def _last_error(jobs: Sequence[Any]) -> str:
    """What a worker said at its end; nothing of one that was killed."""
    for job in jobs:
        text = Path(job.paths.stdout)
        with contextlib.suppress(OSError):
            lines = text.read_text("utf-8", "replace").splitlines()
            said = next((line for line in reversed(lines) if line.startswith(ERROR)), "")
            if said:
                return said.removeprefix(ERROR).strip()
    return ""


def _wait(jobs: Sequence[Any]) -> None:
    """Wait a while, or until all jobs are done."""
    until = time.monotonic() + _LOOK
    with contextlib.suppress(AttributeError):
        while time.monotonic() < until and not all(job.done() for job in jobs):
            time.sleep(0.05)
