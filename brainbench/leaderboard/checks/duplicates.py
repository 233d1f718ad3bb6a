"""Records that somebody submitted before: the same run under another name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from brainbench.leaderboard.checks.faults import Fault
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record

_SCORES = {
    "ladder", "published", "controlled", "behavior", "accuracy", "answer_bias", "gains",
    "searches",
}  # fmt: skip
_REMEDY = "submit runs of your own; one run is one submission"


@dataclass(frozen=True)
class Copied:
    """What a copy has in common with what it was copied from.

    Attributes
    ----------
    scores : hash of every number that was scored.
    names : of the run and the model; one of them is the same.
    """

    scores: str
    names: frozenset[str]


def identity_of(record: Record) -> Copied:
    """What a copy of a record shares with it, however else it is named."""
    scores = hashlib.sha256(record.model_dump_json(include=_SCORES).encode()).hexdigest()
    names = (record.run_id, record.model.sha256, record.model.weights_sha256)
    return Copied(scores, frozenset(name for name in names if name))


def copy_faults(own: Submission, others: Iterable[Submission]) -> list[Fault]:
    """A fault where another folder of submissions holds the same run.

    Parameters
    ----------
    own : the submission that is checked.
    others : those to compare with; its own folder among them is passed over.

    Returns
    -------
    One fault at most.
    """
    identity, here = identity_of(own.record), own.folder.resolve()
    for other in others:
        if other.folder.resolve() == here:
            continue
        found = identity_of(other.record)
        if identity.scores == found.scores and identity.names & found.names:
            return [copy_of(other)]
    return []


def copy_of(other: Submission) -> Fault:
    """The fault of a copy."""
    where = f"{other.folder.parent.name}/{other.folder.name}"
    return Fault("run_id", f"is the run that {where} holds, with the same scores", _REMEDY)
