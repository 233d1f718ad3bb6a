"""The report of each run, made from its checked record and kept from build to build."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from brainbench.atomic import write_whole
from brainbench.closure import reached_sha256
from brainbench.leaderboard.submissions.notes import mark_notes
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.progress import Progress, Step, no_progress
from brainbench.results.report import render_report

_LOG = logging.getLogger(__name__)

_UNSAFE = re.compile(r"[^A-Za-z0-9]")


def report_path(submission: Submission) -> str:
    """Address of a run's report; another record, other samples or other code have another one."""
    samples = json.dumps(dict(submission.samples), sort_keys=True, default=str)
    held = f"{submission.record.model_dump_json()}{samples}{reached_sha256([__name__])}"
    digest = hashlib.sha256(held.encode()).hexdigest()[:16]
    # nobody has checked the id of an own run
    name = _UNSAFE.sub("", submission.record.run_id)[:12]
    return f"reports/{name}-{digest}.html"


def write_reports(
    submissions: Sequence[Submission], output: Path, progress: Progress = no_progress
) -> Iterator[str]:
    """Addresses of all reports; those that are there are not made again.

    Parameters
    ----------
    submissions : checked ones.
    output : folder of the site.
    progress : called before each report that is made.

    Yields
    ------
    Addresses below ``output``, without those of reports that could not be made.
    """
    for count, one in enumerate(submissions):
        address = report_path(one)
        if not (output / address).is_file():
            progress(Step(f"report of run {one.record.run_id}", count, len(submissions)))
            # made here, from a record that was checked; a submitter's own page is never shown
            folder = one.folder if one.metadata is None else one.folder / "record"
            try:
                record = one.record if one.metadata is None else mark_notes(one.record)
                page = render_report(record, folder)
            # one run without a report must not keep the others off the board
            except Exception as error:
                _LOG.warning("no report of run %s: %s", one.record.run_id, type(error).__name__)
                continue
            write_whole(output / address, page.encode())
        yield address
