"""Jobs on submitit: processes of this machine; :mod:`.slurm` has those of Slurm.

What submitit pickles are jobs of our own, made of plain texts, which its processes read back.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from brainbench.errors import UsageError
from brainbench.sweep.folder import SweepFolder
from brainbench.sweep.job import SweepJob

_LONG = 60 * 24 * 365  # minutes: a worker of this machine ends when nothing is left
THREADS = ("OMP_NUMTHREADS", "MKL_NUMTHREADS", "OPENBLAS_NUMTHREADS")


def load_submitit() -> Any:
    """The package submitit.

    Raises
    ------
    UsageError
        When it is not installed.
    """
    try:
        import submitit
    except ImportError as error:
        raise UsageError(
            "sweeps run by submitit, which is not installed: pip install 'brainbench[sweep]'; "
            "`--executor print` needs nothing, and prints the commands"
        ) from error
    return submitit


def start_workers(folder: SweepFolder, wanted: Sequence[str], workers: int, gpus: int) -> list[Any]:
    """Start processes that share the steps among them.

    Parameters
    ----------
    folder : of the sweep.
    wanted : ids of steps.
    workers : how many processes.
    gpus : of this machine that each may use, where the sweep asks for any.

    Returns
    -------
    submitit's jobs.
    """
    executor = load_submitit().AutoExecutor(folder=str(folder.jobs.resolve()), cluster="local")
    executor.update_parameters(timeout_min=_LONG, stderr_to_stdout=True)
    cores = _cores()
    devices = _devices()
    jobs = []
    threads = dict.fromkeys(THREADS, str(max(1, cores // workers)))
    with _environment(threads), _errors_to(folder.jobs / "controllers.log"):
        for number in range(workers):
            # submitit hides every GPU from its processes
            own = devices[number % max(1, workers) :: workers] or devices[:: max(1, workers)]
            environment = {"CUDA_VISIBLE_DEVICES": ",".join(own)} if devices else {}
            job = SweepJob(str(folder.path.resolve()), list(wanted), gpus, environment)
            jobs.append(executor.submit(job))
    return jobs


def stop_workers(jobs: Sequence[Any]) -> None:
    """Tell workers to keep what they did and end, and wait until they have."""
    for job in jobs:
        with contextlib.suppress(OSError):
            job.cancel(check=False)
    for job in jobs:
        process = getattr(job, "_process", None)
        if process is not None:
            process.wait()


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _devices() -> list[str]:
    """GPUs of NVIDIA that this process may use."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [one for one in given.split(",") if one]
    found = (path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))
    return sorted(found, key=int)


@contextlib.contextmanager
def _errors_to(file: Path) -> Iterator[None]:
    """Have processes that are started in the block print errors to a file, not to the terminal.

    submitit's own, which only wait for the workers, print where Ctrl-C met them.
    """
    kept = os.dup(2)
    try:
        with file.open("ab") as target:
            os.dup2(target.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """Variables for processes that are started in the block, but for those that the user set."""
    new = {name: value for name, value in more.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)
