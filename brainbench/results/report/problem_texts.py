"""Texts of brainbench's own problems, which runs name by id without keeping them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, NamedTuple

from brainbench.reasoning.checks.tasks import tasks_folder

# the file that a problem's id begins with
_ID = re.compile(r"([a-z0-9_]{1,40})-(?:train|validation|test)-\d+")


class ProblemText(NamedTuple):
    """A problem as the task data of this version have it."""

    text: str
    reasoning_type: str


def problem_text(identifier: str, label: str) -> ProblemText | None:
    """Premises and conclusion of a problem, and its kind.

    Parameters
    ----------
    identifier : as a run names it, such as ``syllogistic_3-test-0000-order-012``.
    label : the right answer by the run, ``True`` or ``False``.

    Returns
    -------
    None where this version has no such problem, or one with another right answer.
    """
    found = _ID.match(identifier)
    row = _problems(found[1]).get(identifier) if found else None
    if row is None or str(row["valid"]) != label:
        return None
    lines = [f"{premise}." for premise in row["premises"]]
    return ProblemText("\n".join([*lines, f"→ {row['conclusion']}?"]), row["reasoning_type"])


@cache
def _problems(stem: str) -> dict[str, dict[str, Any]]:
    """Problems of one file of the tasks' data by id; nothing where there is no such file."""
    path = tasks_folder() / "data" / f"{stem}.jsonl"
    if not path.is_file():
        return {}
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return {row["id"]: row for row in rows}
