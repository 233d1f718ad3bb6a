"""The folder of a sweep: its plan, the state of each step, logs, and submitit's jobs.

``plan.json`` is written once for each change of the file; ``steps/<id>.json`` by whoever works on
the step, who holds ``steps/<id>.lock`` meanwhile; ``logs/<id>.log`` is what the step printed.
``jobs/`` is submitit's own; nothing here is ever unpickled by the commands that look at a sweep.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from brainbench.atomic import locked, write_whole, writing
from brainbench.errors import DataError, UsageError
from brainbench.foreign import fault_of, parse_json, read_text
from brainbench.paths import user_path
from brainbench.sweep.plan import Plan, Step
from brainbench.sweep.state import StepState

SWEEPS = "sweeps"
PLAN = "plan.json"
HEARTBEAT = 10.0  # seconds between signs of life of a running step
_DEAD = 120.0  # seconds without one, on another machine, after which it counts as dead
_LARGEST = 100_000_000  # bytes of a plan
_TAIL = 8000  # bytes of a log, its end


@dataclass(frozen=True)
class SweepFolder:
    """The files of a sweep.

    Attributes
    ----------
    path : of the folder.
    """

    path: Path

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for one command; freed by the system when that dies.

        Raises
        ------
        UsageError
            When another command works on the sweep.
        """
        try:
            lock = locked(self.path)
            lock.__enter__()
        except UsageError as error:
            if "another process" not in str(error):
                raise
            raise UsageError(
                f"another brainbench sweep works in {self.path}: wait for it, see how far it is "
                f"with `brainbench sweep status {self.path}`, or give this one another folder "
                "with --output-path"
            ) from error
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    # ------------------------------------------------------------------------------------- plan

    def save_plan(self, plan: Plan) -> None:
        """Write the plan.

        Raises
        ------
        UsageError
            When the folder is that of another sweep.
        """
        before = self.plan() if (self.path / PLAN).exists() else None
        if before is not None and before.name != plan.name:
            raise UsageError(
                f"{self.path} is the folder of the sweep {before.name}, not of {plan.name}: give "
                "another folder with --output-path"
            )
        write_whole(self.path / PLAN, plan.model_dump_json(indent=1).encode())

    def plan(self) -> Plan:
        """The plan.

        Raises
        ------
        UsageError
            When the folder is not that of a sweep.
        DataError
            When the plan cannot be read.
        """
        file = self.path / PLAN
        if not file.exists():
            raise UsageError(
                f"{self.path} is not the folder of a sweep: give one that `brainbench sweep FILE` "
                "made"
            )
        try:
            return Plan.model_validate(parse_json(read_text(file, _LARGEST)))
        except ValueError as error:
            raise DataError(f"{file} is not the plan of a sweep: {fault_of(error)}") from error

    # ------------------------------------------------------------------------------------ steps

    def state(self, step: str) -> StepState:
        """The state of a step; one whose file is missing or damaged has not been begun."""
        try:
            return StepState.model_validate(parse_json(read_text(self._file(step))))
        except (DataError, ValueError):
            return StepState(step=step)

    def save(self, state: StepState) -> None:
        """Write the state of a step in one piece."""
        write_whole(self._file(state.step), state.model_dump_json().encode())

    def beat(self, step: str) -> None:
        """A sign of life of a running step."""
        with contextlib.suppress(OSError):
            self._file(step).touch()

    def lock(self, step: str) -> FileLock:
        """The lock that whoever works on a step holds."""
        return FileLock(self._file(step).with_suffix(".lock"))

    def is_lost(self, state: StepState) -> bool:
        """Whether nobody works any more on a step that is said to be running."""
        if state.state != "running":
            return False
        if state.host == socket.gethostname():
            lock = self.lock(state.step)
            try:
                with lock.acquire(timeout=0):
                    # perhaps finished while the lock was waited for
                    return self.state(state.step).state == "running"
            except Timeout:
                return False
            except OSError:
                pass  # a file system without locks: by signs of life
        with contextlib.suppress(OSError):
            return time.time() - self._file(state.step).stat().st_mtime > _DEAD
        return False

    def log(self, step: str) -> Path:
        """What a step printed."""
        return self.path / "logs" / f"{step}.log"

    def last_line(self, step: str, beginning: str = "") -> str:
        """The last line of a step's log that is not empty, or the last with some beginning."""
        try:
            with self.log(step).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - _TAIL))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [" ".join(line.split()) for line in text.splitlines()]
        return next((line for line in reversed(lines) if line and line.startswith(beginning)), "")

    @property
    def jobs(self) -> Path:
        """Folder of submitit's files."""
        return self.path / "jobs"

    def prepare(self) -> None:
        """Make the folders that workers write to."""
        for name in ("steps", "logs", "jobs"):
            with writing(self.path):
                (self.path / name).mkdir(parents=True, exist_ok=True)

    def _file(self, step: str) -> Path:
        return self.path / "steps" / f"{step}.json"


def find_sweep(path: str | Path | None) -> SweepFolder:
    """The folder of a sweep.

    Parameters
    ----------
    path : the folder; None: the only one in ``sweeps``.

    Raises
    ------
    UsageError
        When it is not the folder of a sweep, or there are none or several to choose from.
    """
    if path is not None:
        found = SweepFolder(user_path(path))
        found.plan()
        return found
    there = sorted(file.parent for file in Path(SWEEPS).glob(f"*/{PLAN}"))
    if not there:
        raise UsageError(f"there is no sweep in {SWEEPS}/: give the folder of one")
    if len(there) > 1:
        names = ", ".join(map(str, there[:8])) + (", …" if len(there) > 8 else "")
        raise UsageError(f"there are {len(there)} sweeps; give one of {names}")
    return SweepFolder(there[0])


def is_finished(folder: SweepFolder, plan: Plan, step: Step, state: StepState) -> bool:
    """Whether a step is done, and what it made is still there.

    States lie in a cache, which has them or computes them again: of them nothing is looked for.
    """
    if state.state != "done":
        return False
    return step.kind == "states" or (
        state.run is not None and (Path(plan.cwd) / state.run / "results.json").is_file()
    )
