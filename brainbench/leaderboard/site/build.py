"""From folders of submissions and of one's own runs to the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brainbench.datasets import load_card
from brainbench.errors import UsageError
from brainbench.leaderboard.boards.board import Board
from brainbench.leaderboard.checks.behavior import is_local
from brainbench.leaderboard.checks.check import (
    content_faults,
    find_submissions,
    read_submission,
    unforeseen,
)
from brainbench.leaderboard.checks.consensus import Key as FreeKey
from brainbench.leaderboard.checks.consensus import differing, model_free
from brainbench.leaderboard.checks.duplicates import copy_of, identity_of
from brainbench.leaderboard.kinds.base import middle
from brainbench.leaderboard.site.site import make_site, rehearse, write_site
from brainbench.leaderboard.submissions.safe_read import (
    Unreadable,
    parse_json,
    parse_lines,
    read_bytes,
)
from brainbench.leaderboard.submissions.samples import publishable
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.problems.files import FileFault
from brainbench.progress import Progress, Step, no_progress
from brainbench.results import Record

_LARGEST = 20_000_000


@dataclass(frozen=True)
class Built:
    """What came of a build.

    Attributes
    ----------
    n_runs : on the boards.
    n_files : written.
    refused : folder → its faults; such runs are on no page.
    unheld : datasets that are not at hand: behaviour on them was held against the answers
        that were shipped, and not against those of the people.
    """

    n_runs: int
    n_files: int
    refused: dict[str, list[FileFault]]
    unheld: tuple[str, ...] = ()


def build_site(
    boards: Sequence[Board],
    output: Path,
    *,
    submissions: Path | None = None,
    results: Path | None = None,
    reports: bool = True,
    progress: Progress = no_progress,
) -> Built:
    """Read, check, rank and write.

    Parameters
    ----------
    submissions : folder of ``<org>__<model>/<run>``. One with a fault is left out, with a warning.
    results : folder of ``<model>/<run>``, as ``brainbench evaluate`` writes it; shown as
        own runs, which nobody submitted.
    reports : make each run's report too.

    Raises
    ------
    UsageError
        When there is nothing to read, or the pages cannot be written.
    """
    accepted: list[Submission] = []
    refused: dict[str, list[FileFault]] = {}
    folders = [] if submissions is None else find_submissions(submissions)
    for number, (found, faults) in enumerate(map(_check, folders)):
        folder = folders[number]
        if number % 20 == 0:
            progress(Step(f"checking {folder.parent.name}", number, len(folders)))
        if faults or found is None:
            refused[str(folder)] = faults
        else:
            accepted.append(found)
    accepted = _agreeing(_without_copies(accepted, refused), refused)
    shown = {one.record.run_id for one in accepted}
    for own in read_results(results) if results is not None else []:
        if own.record.run_id not in shown:
            accepted.append(own)
    if not accepted and not refused:
        raise UsageError("there is no run to show; give --submissions or --results")
    count = write_site(make_site(boards, accepted), output, reports=reports, progress=progress)
    behavior = {score.dataset for one in accepted if one.metadata for score in one.record.behavior}
    unheld = tuple(name for name in sorted(behavior) if not is_local(load_card(name)))
    return Built(len(accepted), count, refused, unheld)


def read_results(folder: Path) -> list[Submission]:
    """Runs as ``brainbench evaluate`` keeps them, finished ones, in the order of their folders.

    Raises
    ------
    UsageError
        When there are none, or one cannot be read.
    """
    found = []
    for path in sorted(folder.glob("*/*/results.json")):
        try:
            record = Record.model_validate(parse_json(read_bytes(path, _LARGEST)))
            samples = {
                file.stem: [publishable(row) for row in parse_lines(read_bytes(file, _LARGEST))]
                for file in sorted((path.parent / "samples").glob("*.jsonl"))
            }
        except (Unreadable, ValueError) as error:
            raise UsageError(f"{path} is not a record of a run: {str(error)[:500]}") from error
        if record.status == "success":
            found.append(Submission(path.parent, None, record, samples))
    if not found:
        raise UsageError(f"{folder} holds no finished run; `brainbench evaluate` makes one")
    return found


def _check(folder: Path) -> tuple[Submission | None, list[FileFault]]:
    try:
        found, faults = read_submission(folder)
        if found is not None and not faults:
            faults = content_faults(found)
            rehearse(found)
    # a fault of one is reported, and the others are shown
    except Exception as error:
        return None, [unforeseen(folder, error)]
    return found, faults


def _without_copies(
    accepted: Sequence[Submission], refused: dict[str, list[FileFault]]
) -> list[Submission]:
    """Each run once, as it was submitted first."""
    held: dict[str, list[tuple[frozenset[str], Submission]]] = {}
    for one in sorted(accepted, key=_submitted):
        identity = identity_of(one.record)
        alike = held.setdefault(identity.scores, [])
        first = next((other for names, other in alike if names & identity.names), None)
        if first is None:
            alike.append((identity.names, one))
        else:
            fault = copy_of(first)
            refused[str(one.folder)] = [
                FileFault(str(one.folder), fault.field, fault.problem, fault.remedy)
            ]
    return [one for one in accepted if str(one.folder) not in refused]


def _submitted(submission: Submission) -> tuple[str, str]:
    metadata = submission.metadata
    return "" if metadata is None else metadata.submitted.isoformat(), str(submission.folder)


def _agreeing(
    accepted: Sequence[Submission], refused: dict[str, list[FileFault]]
) -> list[Submission]:
    """Those whose numbers that no model changes are those of most others.

    Only where there are at least three to tell by: of two that differ nobody knows which.
    """
    numbers = [model_free(one.record) for one in accepted]
    held: dict[FreeKey, list[float | None]] = {}
    for own in numbers:
        for key, value in own.items():
            held.setdefault(key, []).append(value)
    usual = {key: middle(values) for key, values in held.items() if len(values) >= 3}
    kept = []
    for one, own in zip(accepted, numbers, strict=True):
        faults = list(differing(own, [usual]))
        if faults:
            refused[str(one.folder)] = [
                FileFault(str(one.folder), each.field, each.problem, each.remedy) for each in faults
            ]
        else:
            kept.append(one)
    return kept
