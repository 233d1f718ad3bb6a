"""Trials of a simulated study: drawn with the spacing of ds002886, or read from its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from brainbench.datasets.deduction import RUNS
from brainbench.errors import DataError
from brainbench.imaging.simulation.design import StudyDesign
from brainbench.problems import Problem

_CONCLUSION = 6.0  # s from the beginning of a trial, as in the task's description
_FIXATION = (2.8, 3.6)  # s after an answer
_TIME_OUT = 8.0  # s after the conclusion: 6 to answer, 2 of warning
_CONTROLS = 9  # trials without a problem, in each run


def draw_events(
    design: StudyDesign, problems: Sequence[Problem], subject: str, run: str
) -> pd.DataFrame:
    """One run in the columns of ds002886, its trials as long as they are there.

    Problems keep their order; so does the place of the control trials, which is the same for
    everybody. Response times, and so onsets, differ from person to person.

    Parameters
    ----------
    design : seed, and the share of problems that get no answer.
    problems : of this run, in order.
    subject, run : whose events.

    Returns
    -------
    A row a trial, onsets and durations in seconds; a trial ends when the next one begins.
    """
    person = design.stream("events", subject, run)
    count = len(problems) + _CONTROLS
    # the first trial is a problem in all runs of ds002886
    places = 1 + design.stream("order", run).choice(count - 1, _CONTROLS, replace=False)
    queue = iter(problems)
    rows, onset = [], 0.0
    for place in range(count):
        fixation = person.uniform(*_FIXATION)
        control = place in places
        if control:
            answer = 0.35 + person.gamma(1.0, 0.7)
            row: dict[str, object] = {"trial_type": "control", "accuracy": "1"}
            length = answer + fixation
        else:
            answer = float(min(1.0 + person.gamma(3.0, 0.5), 6.0))
            row = _problem_row(next(queue), bool(person.random() < 0.8))
            missing = person.random() < design.missed
            length = _CONCLUSION + (_TIME_OUT if missing else answer) + fixation
            if missing:
                answer, row["accuracy"] = np.nan, "0"
        row |= {"onset": round(onset, 3), "duration": round(length, 3)}
        row["response_time"] = "n/a" if np.isnan(answer) else f"{answer:.3f}"
        rows.append(row)
        onset = round(onset + round(length, 3), 3)
    return _in_order(pd.DataFrame(rows))


def read_events(
    bids: Path, subjects: int
) -> tuple[dict[tuple[str, str], pd.DataFrame], dict[str, str]]:
    """Events of people who did all four runs, from a folder with the files of ds002886.

    Parameters
    ----------
    bids : the folder.
    subjects : how many people are wanted.

    Returns
    -------
    (``sub-01`` and on, name of the run) → a row a trial, as in the file; and which of the people of
    the files each is.

    Raises
    ------
    DataError
        When fewer people have all four runs.
    """
    found: dict[str, dict[str, Path]] = {}
    for folder in sorted(bids.glob("sub-*")):
        paths = sorted(folder.rglob("*_events.tsv"))
        own = {
            run: path
            for run, (_, name) in RUNS.items()
            for path in paths
            if re.search(rf"_{name}_events\.tsv$", path.name)
        }
        if len(own) == len(RUNS):
            found[folder.name] = own
        if len(found) == subjects:
            break
    if len(found) < subjects:
        raise DataError(
            f"{bids} holds {len(found)} people with all of {', '.join(RUNS)}; {subjects} are wanted"
        )
    names = {f"sub-{number:02d}": name for number, name in enumerate(found, start=1)}
    tables = {
        (subject, run): pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str).astype(
            {"onset": float, "duration": float}
        )
        for subject, name in names.items()
        for run, path in found[name].items()
    }
    return tables, names


def neural_spans(events: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Onset and length in seconds of what a trial sets off: until the answer, or the time out.

    Parameters
    ----------
    events : a row a trial, in the columns of ds002886.
    """
    times = pd.to_numeric(events["response_time"], errors="coerce").to_numpy(float)
    begins = np.where(events["trial_type"] == "control", 0.0, _CONCLUSION)
    longest = events["duration"].to_numpy(float)
    lengths = np.where(np.isnan(times), np.minimum(longest, _CONCLUSION * 2), begins + times)
    return events["onset"].to_numpy(float), np.minimum(lengths, longest)


def words_of(events: pd.DataFrame) -> np.ndarray:
    """Number of words of each trial's text."""
    texts = events[["premise1", "premise2", "premise3", "conclusion"]]
    return np.asarray([sum(len(str(t).split()) for t in row) for row in texts.to_numpy()], float)


def _problem_row(problem: Problem, right: bool) -> dict[str, object]:
    texts = {f"premise{i}": text for i, text in enumerate(problem.premises, start=1)}
    return {
        "trial_type": problem.condition.name,
        "accuracy": str(int(right)),
        **texts,
        "conclusion": problem.conclusion,
        "stim_file": f"{problem.identifier}_{problem.condition.name}.wav",
    }


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    columns = [
        *("onset", "duration", "trial_type", "accuracy", "response_time"),
        *("premise1", "premise2", "premise3", "conclusion", "stim_file"),
    ]
    return table.reindex(columns=columns).fillna("n/a")
