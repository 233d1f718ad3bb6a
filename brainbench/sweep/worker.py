"""Does the steps of a job, one after another, and writes down what became of each.

A step is taken by its lock, so any number of workers may have the same list. What a run needs is
nothing but its command: a worker that dies leaves a step that the next one goes on with.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import Timeout

from brainbench.foreign import parse_json, read_text
from brainbench.results import RunFolder
from brainbench.run.code import run_sha256
from brainbench.sweep.child import COMMAND, Child, Run, can_fork, import_as
from brainbench.sweep.folder import HEARTBEAT, SweepFolder, is_finished
from brainbench.sweep.plan import Plan, Step
from brainbench.sweep.state import StepState

_PAUSE = 0.2  # seconds between looks at steps that others work on


@dataclass
class Worker:
    """Works through steps of a sweep.

    Attributes
    ----------
    folder : of the sweep.
    plan : of the sweep.
    wanted : ids of the steps to do; those that others do meanwhile are waited for.
    run : carries out a command in the process that it is called in.
    job : what to call the job in states.
    fork : whether runs are forked from this process.
    """

    folder: SweepFolder
    plan: Plan
    wanted: Sequence[str]
    run: Run
    job: str | None = None
    fork: bool = True
    _child: Child | None = None
    _taken: Step | None = None
    _warm: bool = False

    def work(self) -> None:
        """Do every step that is left, then return."""
        os.chdir(self.plan.cwd)
        if self.plan.cache is not None:
            os.environ["BRAINBENCH_CACHE"] = self.plan.cache
        if self.fork and not self._warm:
            load_ahead()
        steps = {step.id: step for step in self.plan.steps}
        left = [steps[name] for name in self.wanted if name in steps]
        while left:
            begun = False
            for step in list(left):
                outcome = self._try(step)
                if outcome != "later":
                    left.remove(step)
                begun = begun or outcome == "did"
            if left and not begun:
                time.sleep(_PAUSE)

    def interrupt(self, preempted: bool = True) -> None:
        """End the command under way; its step waits to be gone on with.

        Parameters
        ----------
        preempted : whether it counts as broken off from outside.
        """
        if self._child is not None:
            self._child.stop()
        if self._taken is not None:
            state = self.folder.state(self._taken.id)
            if state.state == "running":
                state.state = "waiting"
                state.preempted += preempted
                self.folder.save(state)

    def _try(self, step: Step) -> str:
        """``did`` a step, found it ``settled``, or it has to be done ``later``."""
        state = self.folder.state(step.id)
        if is_finished(self.folder, self.plan, step, state) or state.state == "failed":
            return "settled"
        needed = [self.folder.state(name) for name in step.needs]
        failed = next((one for one in needed if one.state == "failed"), None)
        if failed is None and any(one.state != "done" for one in needed):
            if all(name in self.wanted for name in step.needs):
                return "later"
            # its job is over, and it is not done: nothing to wait for
            return "settled"
        lock = self.folder.lock(step.id)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return "later"
        try:
            return self._do(step, failed)
        finally:
            lock.release()

    def _do(self, step: Step, failed: StepState | None) -> str:
        state = self.folder.state(step.id)
        if is_finished(self.folder, self.plan, step, state) or state.state == "failed":
            return "settled"
        if state.state == "running":
            # nobody holds its lock: whoever did it has died
            state.preempted += 1
        state.job, state.host = self.job or state.job, socket.gethostname()
        if failed is not None:
            state.state, state.error = "failed", f"no states to score: {failed.error}"
        elif state.preempted > self.plan.retries:
            state.state = "failed"
            state.error = f"broken off {state.preempted} times: its job was pre-empted or killed"
        else:
            self._begin(step, state)
            return "did"
        self.folder.save(state)
        return "settled"

    def _begin(self, step: Step, state: StepState) -> None:
        started = time.monotonic()
        state.state, state.error = "running", None
        state.attempts += 1
        state.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.folder.save(state)
        self._taken = step
        try:
            for words in step.commands:
                code = self._command(step, state, words)
                if code:
                    state.error = self._error(step, code)
                    break
        finally:
            self._taken = None
        state.seconds = round(time.monotonic() - started, 2)
        if state.error is not None:
            state.state = "failed"
        else:
            state.state = "done"
        self.folder.save(state)

    def _command(self, step: Step, state: StepState, words: Sequence[str]) -> int:
        """Carry out one command and note the run that it made."""
        output = self.folder.path / "steps" / f"{step.id}.out"
        modules = output.with_suffix(".modules")
        log = self.folder.log(step.id)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"--- attempt {state.attempts}, {state.started}, on {state.host}\n")
        printed = [*words, "--json"] if step.kind == "run" else list(words)
        run = self.run if self.fork else None
        learn = None if self._warm or run is None else modules
        self._child = Child(printed, log, output, run, learn)
        try:
            code = self._child.wait(lambda: self.folder.beat(step.id), HEARTBEAT)
        finally:
            self._child = None
        if learn is not None and code == 0:
            import_as(modules)
            self._warm = True
        if code == 0 and step.kind == "run":
            found = _made(output)
            model, state.run_id = found
            state.run = str(RunFolder(self.plan.output_path, model, state.run_id).path)
        output.unlink(missing_ok=True)
        return code

    def _error(self, step: Step, code: int) -> str:
        if code < 0:
            why = " (the system may have run out of memory)" if code == -9 else ""
            return f"ended by signal {-code}{why}"
        said = self.folder.last_line(step.id, "error:").removeprefix("error:").strip()
        return said or f"ended with exit code {code}: see {self.folder.log(step.id)}"


def load_ahead() -> None:
    """Load what nearly every run does, so that those forked from this process have it."""
    with contextlib.suppress(ImportError):
        from transformers import (  # noqa: F401
            AutoModelForCausalLM,
            AutoTokenizer,
            PreTrainedTokenizerFast,
        )

        for name in (COMMAND.replace("main", "commands"), "brainbench.models.checkpoints.loading"):
            importlib.import_module(name)
    # the hash of the code is of the same files in every run
    run_sha256((), (), data=True, samples=True, tasks=True, guidance=True)


def _made(output: Path) -> tuple[str, str]:
    """Model and run id of the record that a run printed."""
    content: Any = parse_json(read_text(output), finite=False)
    return str(content["model"]["identifier"]), str(content["run_id"])


def work(
    folder: str, wanted: Sequence[str], run: Run, job: str | None = None, gpus: int | None = None
) -> Worker:
    """The worker of a job; see :class:`Worker`.

    Parameters
    ----------
    folder : of the sweep.
    wanted : ids of steps.
    run : carries out a command.
    job : what to call the job.
    gpus : that the job has.
    """
    sweep = SweepFolder(Path(folder))
    return Worker(sweep, sweep.plan(), wanted, run, job, can_fork(gpus))
