"""The page of all runs, complete or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brainbench.leaderboard.boards.standings import Key, Standing, key_of
from brainbench.leaderboard.site.names import name_of
from brainbench.leaderboard.site.rows import (
    UNKNOWN,
    Value,
    family_of,
    parameters_of,
    size_group,
    size_text,
)
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results.wording import plain_board


def list_runs(
    submissions: Sequence[Submission],
    standings: Mapping[str, Standing],
    where: Mapping[Key, str],
) -> list[dict[str, Any]]:
    """One row for each run, the newest submission first.

    Parameters
    ----------
    submissions : accepted ones.
    standings : name of a board → who stands where.
    where : whose a submission is → file name of the model's page, without its ending.
    """
    whole: dict[int, list[str]] = {}
    for name, standing in standings.items():
        for entry in standing.ranked if standing.board.kind != "overall" else ():
            whole.setdefault(id(entry.submission), []).append(plain_board(name))
    runs: list[dict[str, Any]] = []
    for one in submissions:
        org, *_ = key_of(one)
        called = name_of(one)
        parameters = parameters_of(one)
        about = one.metadata
        runs.append(
            {
                "name": called.base,
                "org": org,
                "address": f"models/{where[key_of(one)]}.html",
                "run": one.record.run_id,
                "scored": _scored(one),
                "boards": whole.get(id(one), []),
                "chips": called.tags,
                "size": Value(size_text(parameters), str(parameters or "")),
                "size_group": size_group(parameters),
                "family": family_of(one),
                "licence": about.licence if about else UNKNOWN,
                "submitted": about.submitted.isoformat() if about else "",
            }
        )
    runs.sort(key=lambda run: (str(run["submitted"]), str(run["name"])), reverse=True)
    return runs


SCORED = ("ladder", "controlled", "published", "behaviour", "accuracy", "guidance")


def _scored(submission: Submission) -> list[str]:
    record = submission.record
    held = (record.ladder, record.controlled, record.published, record.behavior, record.accuracy,
            record.gains)  # fmt: skip
    return [name for name, rows in zip(SCORED, held, strict=True) if rows]


def last_update(submissions: Sequence[Submission]) -> str:
    """The day of the newest submission; without one, of the newest run. Empty where none is known.

    Parameters
    ----------
    submissions : accepted ones.
    """
    submitted = [one.metadata.submitted.isoformat() for one in submissions if one.metadata]
    started = [str(one.record.timing.get("started", ""))[:10] for one in submissions]
    return max(submitted or started, default="")
