"""Everything that a sweep found: one table of scores, one of all numbers, one page, submissions."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from brainbench.atomic import write_whole
from brainbench.errors import BrainbenchError, DataError, UsageError
from brainbench.exchange.records.tables import runs_table
from brainbench.leaderboard.submissions.submission import make_submission
from brainbench.results import Record
from brainbench.results.blocks import Block, Bullets, ScoreLine, Section, Table, Words
from brainbench.results.finished import open_run
from brainbench.results.report import REPORT
from brainbench.results.report.page import render_page
from brainbench.results.scorecard import scorecard
from brainbench.results.spreadsheet import frame_as_csv
from brainbench.sweep.plan import Plan
from brainbench.sweep.status import Row, count_states

FORMATS = ("csv", "parquet")
PAGE = "report.html"
_OPTIONS = ("revision", "dtype", "peft", "steer", "suite", "benchmarks", "tasks", "seed")
_DIGITS = 3


@dataclass(frozen=True)
class CollectedRun:
    """A run of a sweep that is done.

    Attributes
    ----------
    row : its step.
    record : what it found.
    folder : where it lies.
    """

    row: Row
    record: Record
    folder: Path

    @property
    def lines(self) -> list[ScoreLine]:
        """The lines of its scorecard."""
        return scorecard(self.record).lines


def collect_runs(plan: Plan, rows: Sequence[Row]) -> tuple[list[CollectedRun], dict[str, str]]:
    """The runs of a sweep that are done.

    Parameters
    ----------
    plan : of the sweep.
    rows : of its steps.

    Returns
    -------
    The runs, and label → reason of those that are not among them.
    """
    found, lacking = [], {}
    for row in rows:
        if row.step.kind != "run":
            continue
        if row.state != "done" or row.held.run is None:
            lacking[row.step.label] = f"{row.state}{f': {row.text}' if row.text else ''}"
            continue
        folder = Path(plan.cwd) / row.held.run
        try:
            found.append(CollectedRun(row, open_run(folder).record, folder))
        except (DataError, UsageError) as error:
            lacking[row.step.label] = str(error)
    return found, lacking


def scores_table(runs: Sequence[CollectedRun]) -> pd.DataFrame:
    """A row for each line of each run's scorecard.

    Returns
    -------
    Columns ``model``, the run's options, ``run``, ``score``, ``statistic``, ``of``, ``value``,
    ``low`` and ``high`` of the 95 % interval, ``against`` and ``held``, what the value is held
    against and the value of that, ``verdict``.
    """
    rows = [
        {
            "model": run.record.model.identifier,
            **{name: _text(run.row.step.options.get(name)) for name in _OPTIONS},
            "run": run.record.run_id,
            "score": line.name,
            "statistic": line.statistic,
            "of": line.of,
            "value": line.value,
            "low": line.interval and line.interval[0],
            "high": line.interval and line.interval[1],
            "against": line.against,
            "held": line.held,
            "verdict": line.verdict,
        }
        for run in runs
        for line in run.lines
    ]
    columns = ["model", *_OPTIONS, "run", "score", "statistic", "of", "value", "low", "high",
               "against", "held", "verdict"]  # fmt: skip
    numbers = ("value", "low", "high", "held")
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(numbers, float))


def write_tables(runs: Sequence[CollectedRun], folder: Path, kind: str) -> list[Path]:
    """``scores``, and ``numbers`` with every number of every run, as CSV or Parquet.

    Raises
    ------
    UsageError
        When Parquet is asked for and pyarrow is not installed, or a file cannot be written.
    """
    tables = {"scores": scores_table(runs), "numbers": runs_table([run.record for run in runs])}
    written = []
    for name, table in tables.items():
        held = io.BytesIO()
        if kind == "csv":
            held.write(frame_as_csv(table))
        else:
            try:
                table.to_parquet(held, index=False)
            except ImportError as error:
                raise UsageError(f"Parquet needs pyarrow: pip install pyarrow ({error})") from error
        path = folder / f"{name}.{kind}"
        write_whole(path, held.getvalue())
        written.append(path)
    return written


def write_page(
    plan: Plan,
    rows: Sequence[Row],
    runs: Sequence[CollectedRun],
    lacking: Mapping[str, str],
    path: Path,
) -> Path:
    """One page of all models: each score of each run, with a link to the run's report.

    Parameters
    ----------
    plan : of the sweep.
    rows : of its steps.
    runs : that are done.
    lacking : label → reason of those that are not.
    path : of the page.
    """
    kinds = list(dict.fromkeys(line.name for run in runs for line in run.lines))
    sections = [_section(kind, runs, path) for kind in kinds]
    if lacking:
        missing: list[Block] = [Bullets(list(lacking.items()), "warning")]
        sections.append(Section("missing", "Runs that are missing", missing))
    counts = ", ".join(f"{number} {state}" for state, number in count_states(rows).items())
    models = len({run.record.model.identifier for run in runs})
    facts = [("runs", counts), ("models", str(models))]
    write_whole(path, render_page("brainbench sweep", plan.name, "", facts, sections).encode())
    return path


def _section(kind: str, runs: Sequence[CollectedRun], path: Path) -> Section:
    """The runs that have a score, the best first."""
    found = [(run, line) for run in runs for line in run.lines if line.name == kind]
    found.sort(key=lambda one: -one[1].value)
    blocks: list[Block] = []
    # numbers of one statistic alone can be sorted
    for statistic in dict.fromkeys(line.statistic for _, line in found):
        same = [(run, line) for run, line in found if line.statistic == statistic]
        blocks.append(_table(statistic, same, path))
    blocks.append(
        Words(
            "Sorted by the number alone; whether two runs differ, brainbench compare says.", "note"
        )
    )
    key = "".join(c if c.isalnum() else "-" for c in kind)
    return Section(f"score-{key}", kind[:1].upper() + kind[1:], blocks)


def _table(statistic: str, found: Sequence[tuple[CollectedRun, ScoreLine]], path: Path) -> Table:
    """Runs with the same statistic."""
    return Table(
        statistic[:1].upper() + statistic[1:],
        ["run", "number", "95 % interval", "held against", "of", "verdict", "report"],
        [
            [
                run.row.step.label,
                line.number,
                line.ends,
                line.beside,
                line.of,
                line.verdict,
                _link(run.folder / REPORT, path),
            ]
            for run, line in found
        ],
        numbers=False,
    )


def _link(target: Path, page: Path) -> str:
    if not target.is_file():
        return ""
    address = Path(relpath(target.resolve(), page.resolve().parent)).as_posix()
    return Markup('<a href="{}">report</a>').format(address)


def make_submissions(
    runs: Sequence[CollectedRun], output: Path, org: str, overwrite: bool
) -> tuple[list[Path], dict[str, str]]:
    """A submission of each run.

    Parameters
    ----------
    runs : that are done.
    output : folder of submissions.
    org : who submits.
    overwrite : replace those that are there.

    Returns
    -------
    Folders of submissions, and label → reason of runs that cannot be submitted.
    """
    made, refused = [], {}
    for run in runs:
        try:
            made.append(make_submission(run.folder, output, given=_given(org), overwrite=overwrite))
        except BrainbenchError as error:
            refused[run.row.step.label] = str(error)
    return made, refused


def _given(org: str) -> dict[str, Any]:
    names = ("model", "revision", "family", "parameters", "licence", "contamination", "contact")
    return {"org": org, **dict.fromkeys((*names, "rerun"))}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
