"""What became of a step: one small JSON file, which whoever works on the step writes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Name = Literal["waiting", "running", "done", "failed"]


class StepState(BaseModel):
    """The state of a step."""

    model_config = ConfigDict(extra="forbid")

    step: str
    """Its id."""
    state: Name = "waiting"
    attempts: int = 0
    """How often it was begun."""
    preempted: int = 0
    """How often it was broken off from outside: its job pre-empted, its node dead."""
    started: str | None = None
    """When it was begun last, in UTC."""
    seconds: float | None = None
    """What its last attempt took."""
    error: str | None = None
    """Of the last attempt that failed; one line."""
    run: str | None = None
    """Folder of the run, from where the sweep was started."""
    run_id: str | None = None
    host: str | None = None
    """Machine that works on it."""
    job: str | None = None
    """Job of Slurm that works on it, or will."""
