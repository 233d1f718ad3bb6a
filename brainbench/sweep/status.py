"""How far a sweep is: a row for each step, from its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from brainbench.sweep.folder import SweepFolder, is_finished
from brainbench.sweep.plan import Plan, Step
from brainbench.sweep.state import StepState

# in the order of a table's end: what needs somebody first
STATES = ("failed", "lost", "running", "queued", "waiting", "done")


@dataclass(frozen=True)
class Row:
    """A step and what is known of it.

    Attributes
    ----------
    step : of the plan.
    state : one of ``STATES``: ``lost`` is a step that nobody works on any more, ``queued`` one
        whose job Slurm has.
    held : what its file says.
    seconds : it has run so far, or took.
    text : what it prints just now, the error, or why it waits.
    """

    step: Step
    state: str
    held: StepState
    seconds: float | None
    text: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "step": self.step.id,
            "kind": self.step.kind,
            "label": self.step.label,
            "state": self.state,
            "seconds": self.seconds,
            "text": self.text,
            "attempts": self.held.attempts,
            "preempted": self.held.preempted,
            "run": self.held.run,
            "job": self.held.job,
        }


def sweep_rows(
    folder: SweepFolder, plan: Plan, queue: Mapping[str, str] | None = None
) -> list[Row]:
    """A row for each step, in the order of the plan.

    Parameters
    ----------
    folder : of the sweep.
    plan : of the sweep.
    queue : job → what Slurm says of it, for those that it still has; None where it was not asked.
    """
    return [_row(folder, plan, step, queue) for step in plan.steps]


def _row(folder: SweepFolder, plan: Plan, step: Step, queue: Mapping[str, str] | None) -> Row:
    held = folder.state(step.id)
    text, seconds, state = "", held.seconds, str(held.state)
    if state == "running":
        seconds = _since(held.started)
        text = folder.last_line(step.id)
        gone = queue is not None and held.job is not None and held.job not in queue
        if folder.is_lost(held) or (gone and folder.state(step.id).state == "running"):
            state, text = "lost", "whoever worked on it has died: `brainbench sweep resume`"
    elif state == "done" and not is_finished(folder, plan, step, held):
        state, text = "waiting", f"{held.run} is gone: it is done again"
    elif state == "failed":
        text = held.error or ""
    if state in ("waiting", "lost") and held.job is not None and queue is not None:
        if held.job in queue:
            state, text = "queued", f"job {held.job}: {queue[held.job]}"
        elif not text:
            text = f"job {held.job} is over: `brainbench sweep resume`"
    return Row(step, state, held, seconds, text)


def _since(started: str | None) -> float | None:
    try:
        begun = datetime.fromisoformat(started or "")
        return max(0.0, (datetime.now(UTC) - begun).total_seconds())
    except (ValueError, TypeError):
        return None


def count_states(rows: Sequence[Row]) -> dict[str, int]:
    """State → number of runs in it; steps that read states are not counted."""
    counts = Counter(row.state for row in rows if row.step.kind == "run")
    return {state: counts[state] for state in STATES if counts[state]}


def is_settled(rows: Sequence[Row]) -> bool:
    """Whether nothing is left to be done."""
    return all(row.state in ("done", "failed") for row in rows)


def ready_to_resume(folder: SweepFolder, rows: Sequence[Row]) -> list[str]:
    """Steps that are missing, failed ones among them, whose state is set back to waiting.

    States are read again only where a run that needs them is missing.
    """
    missing = [row for row in rows if row.state in ("failed", "lost", "waiting")]
    needed = {name for row in missing for name in row.step.needs}
    chosen = []
    for row in missing:
        if row.step.kind == "states" and row.step.id not in needed:
            continue
        if row.state != "waiting" or row.held.state != "waiting" or row.held.preempted:
            changes = {"state": "waiting", "preempted": 0, "error": None}
            folder.save(row.held.model_copy(update=changes))
        chosen.append(row.step.id)
    return chosen
