"""The 72 deductive problems that adults and children solved in the scanner, and their answers.

Adults: OpenNeuro ds003076; children: ds002886 (Lytle, Prado & Booth 2020). Four runs of 18
problems, the same in the same order for everybody. Control trials have no text and are left out
before counting.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from brainbench.datasets.assembly import choose
from brainbench.datasets.behavior import Behavior
from brainbench.datasets.cards import Card, load_card
from brainbench.datasets.download import Progress, fetch
from brainbench.datasets.readers import read_tsv
from brainbench.errors import DataError
from brainbench.problems import Condition, Problem, ReasoningType, classify

# name of a run here → (reasoning type, task and run in the BIDS file name)
RUNS: dict[str, tuple[ReasoningType, str]] = {
    "syllogistic-01": ("syllogistic", "task-Syllogisms_run-01"),
    "syllogistic-02": ("syllogistic", "task-Syllogisms_run-02"),
    "transitive-01": ("transitive", "task-Transitive_run-01"),
    "transitive-02": ("transitive", "task-Transitive_run-02"),
}
PROBLEMS_PER_RUN = 18
# Seconds: nobody sees, reads and presses in less, so the button was not for this problem.
TOO_EARLY = 0.2
_TEXT = ("premise1", "premise2", "premise3", "conclusion")
_COLUMNS = ("trial_type", "accuracy", "response_time", *_TEXT, "stim_file")


def load(
    name: str, subjects: str | Sequence[str] | None = None, progress: Progress | None = None
) -> Behavior:
    """Load problems, answers and response times of all people of one dataset, or of some.

    Two problems whose premises contradict each other are left out, by the names in the
    card: anything follows from them, so nobody's answer is right or wrong. A run that a
    person lacks is missing answers, and so is an answer that the card names as too early.

    Parameters
    ----------
    name : ``ds003076`` or ``ds002886``.
    subjects : which people; all by default.
    progress : see :func:`brainbench.datasets.download.fetch`.
    """
    card = load_card(name)
    people = choose("subject", subjects, card.subjects)
    wanted = {
        (subject, run): events_path(card, subject, run)
        for subject in people
        for run in RUNS
        if run not in card.missing_runs.get(subject, ())
    }
    local = fetch(card, wanted.values(), progress)
    tables = {key: read_run(local[path]) for key, path in wanted.items()}
    # texts are the same for everybody: where those asked for lack a run, another person shows it
    lent = _lend_runs(card, {run for _, run in tables}, progress)
    shown = stimuli({**tables, **lent}, card)
    named = ("run", "position", "reasoning_type")
    responses = behavior(tables, shown, people, card).assign_coords(
        {name: ("presentation", shown[name].to_numpy()) for name in named}
        | {
            "group": ("subject", np.full(len(people), card.age_group)),
            "age": ("subject", np.array([card.ages[subject] for subject in people], np.float64)),
        }
    )
    return Behavior(card, problems(shown), responses, card.data_sha256())


def events_path(card: Card, subject: str, run: str) -> str:
    """Path of an events file in the dataset.

    Parameters
    ----------
    card : of the dataset; it names the session, where there is one.
    subject : name of a person, such as ``sub-1001``.
    run : name of a run, a key of ``RUNS``.
    """
    if not card.session:
        return f"{subject}/func/{subject}_{RUNS[run][1]}_events.tsv"
    stem = f"{subject}_{card.session}_{RUNS[run][1]}"
    return f"{subject}/{card.session}/func/{stem}_events.tsv"


def require_runs(card: Card, subjects: Sequence[str]) -> None:
    """Raise ``DataError`` naming each person who lacks a run, and the run.

    Parameters
    ----------
    card : of the dataset; it lists the runs that people lack.
    subjects : names of the people who must have every run.
    """
    lacking = [
        f"{s} lacks {', '.join(card.missing_runs[s])}" for s in subjects if s in card.missing_runs
    ]
    if lacking:
        raise DataError(
            f"{card.name} v{card.version}: {'; '.join(lacking)}; choose people who have every run"
        )


def read_run(path: Path, text: str | None = None) -> pd.DataFrame:
    """The problems of one person's run, in order, index counting from 0.

    Parameters
    ----------
    path : of the table of events.
    text : what it holds, where that is known.

    Raises
    ------
    DataError
        When the file is not an events table or does not hold 18 problems.
    """
    table = read_tsv(path, _COLUMNS, text)
    kept = table["trial_type"].to_numpy() != "control"
    # lists: a hundred files are read, and every step on a table costs more than the whole of one
    cells = {str(name): table[name].to_numpy()[kept].tolist() for name in table}
    held = all(isinstance(cell, str) for name in (*_TEXT, "stim_file") for cell in cells[name])
    if kept.sum() != PROBLEMS_PER_RUN or not held:
        raise DataError(
            f"{path.name} holds {kept.sum()} problems with text, expected {PROBLEMS_PER_RUN}"
        )
    numbers = {name: _numbers(path, name, cells[name]) for name in ("accuracy", "response_time")}
    texts = {name: [" ".join(text.split()) for text in cells[name]] for name in _TEXT}
    return pd.DataFrame({**cells, **numbers, **texts})


def _numbers(path: Path, column: str, cells: Sequence[str | float]) -> list[float]:
    try:
        return [float(cell) for cell in cells]
    except ValueError as error:
        raise DataError(f"{path.name}: {column} is not numeric: {error}") from error


def stimuli(
    tables: Mapping[tuple[str, str], pd.DataFrame],
    card: Card,
    runs: Collection[str] = tuple(RUNS),
) -> pd.DataFrame:
    """What was shown, one row per problem, conditions proven.

    Parameters
    ----------
    tables : (subject, run) → :func:`read_run`.
    card : names the items to drop and the known differences between file name and text.
    runs : which runs there must be.

    Returns
    -------
    Columns ``stimulus_id, run, position, repeat, reasoning_type, condition, validity,
    negation, premises_needed, stim_file, premise1, premise2, premise3, conclusion``.
    ``condition`` is the design's, from ``stim_file``; validity, negation and premises
    needed are proven from the text. Dropped items are not in it.

    Raises
    ------
    DataError
        When people saw different problems, an item's text and file name disagree without
        the card knowing it, or a problem whose premises contradict each other is not
        dropped.
    """
    rows = []
    for run in runs:
        reasoning_type = RUNS[run][0]
        seen = {subject: table for (subject, name), table in tables.items() if name == run}
        if not seen:
            raise DataError(f"no person has the run {run}")
        reference = next(iter(seen.values()))
        for subject, table in seen.items():
            if any(list(table[name]) != list(reference[name]) for name in (*_TEXT, "stim_file")):
                raise DataError(f"{subject} saw other problems in {run} than the people before")
        for position, row in reference.iterrows():
            stimulus_id = f"{run}-{position:02d}"
            if stimulus_id in card.dropped:
                continue
            proven = _prove(stimulus_id, reasoning_type, row, card)
            rows.append(
                {
                    "stimulus_id": stimulus_id,
                    "run": run,
                    "position": position,
                    "repeat": 0,
                    "reasoning_type": reasoning_type,
                    "condition": Condition.from_name(row["stim_file"]).name,
                    "validity": proven.valid,
                    "negation": proven.negated,
                    "premises_needed": proven.premises_needed,
                    **{column: row[column] for column in ("stim_file", *_TEXT)},
                }
            )
    return pd.DataFrame(rows)


def problems(shown: pd.DataFrame) -> tuple[Problem, ...]:
    """The rows of :func:`stimuli` as problems."""
    return tuple(
        Problem(
            row["stimulus_id"],
            row["reasoning_type"],
            (row["premise1"], row["premise2"], row["premise3"]),
            row["conclusion"],
            Condition(int(row["premises_needed"]), bool(row["validity"]), bool(row["negation"])),
        )
        for row in shown.to_dict("records")
    )


def behavior(
    tables: Mapping[tuple[str, str], pd.DataFrame],
    shown: pd.DataFrame,
    subjects: Sequence[str],
    card: Card,
) -> xr.Dataset:
    """Answers and response times, (presentation, subject).

    A response time of n/a means that no button was pressed. The source codes accuracy 0
    there; here accuracy, answer and response time are all NaN: missing, never wrong. The same
    holds for a button that was pressed before the conclusion could be read.

    Parameters
    ----------
    tables : (subject, run) → :func:`read_run`.
    shown : one row per presentation, from :func:`stimuli`.
    subjects : names of the people, in the order of the columns.
    card : names the answers that came too early.

    Returns
    -------
    ``accuracy`` (1, 0, NaN), ``answer`` (1 for True, 0 for False, NaN), and
    ``response_time`` in seconds; the source counts it "from beginning of presentation of
    second stimulus". A missing run is NaN.

    Raises
    ------
    DataError
        When an answer came within 0.2 s and the card does not name it, or the card names one that
        did not.
    """
    accuracy = np.full((len(shown), len(subjects)), np.nan)
    seconds = np.full_like(accuracy, np.nan)
    for column, subject in enumerate(subjects):
        for run in RUNS:
            table = tables.get((subject, run))
            if table is None:
                continue
            here = (shown["run"] == run).to_numpy()
            rows = table.loc[shown.loc[here, "position"]]
            times = rows["response_time"].to_numpy(float)
            early = _early(subject, shown.loc[here, "stimulus_id"].to_numpy(), times, card)
            times = np.where(early, np.nan, times)
            seconds[here, column] = times
            right = rows["accuracy"].to_numpy(float)
            accuracy[here, column] = np.where(np.isnan(times), np.nan, right)
    valid = shown["validity"].to_numpy(float)[:, None]
    answer = np.where(accuracy == 1.0, valid, 1.0 - valid)
    answer[np.isnan(accuracy)] = np.nan
    dims = ("presentation", "subject")
    return xr.Dataset(
        {"accuracy": (dims, accuracy), "answer": (dims, answer), "response_time": (dims, seconds)},
        coords={
            "subject": list(subjects),
            "stimulus_id": ("presentation", shown["stimulus_id"].to_numpy()),
        },
    )


def _lend_runs(
    card: Card, there: Collection[str], progress: Progress | None
) -> dict[tuple[str, str], pd.DataFrame]:
    """(person, run) → table of the first person who has it, for each run that is not there."""
    lent = {}
    for run in RUNS.keys() - set(there):
        lender = next(s for s in card.subjects if run not in card.missing_runs.get(s, ()))
        path = events_path(card, lender, run)
        lent[lender, run] = read_run(fetch(card, [path], progress)[path])
    return lent


def _early(
    subject: str, names: NDArray[np.object_], times: NDArray[np.float64], card: Card
) -> NDArray[np.bool_]:
    """(n_items,) answers of one run that came before the conclusion could be read."""
    early = times < TOO_EARLY
    known = np.isin(names, card.early_answers.get(subject, ()))
    if not np.array_equal(early, known):
        item = int(np.flatnonzero(early != known)[0])
        raise DataError(
            f"{card.name}, {subject}, {names[item]}: response time {times[item]} s; early_answers "
            f"in the card {'names it' if known[item] else 'does not name it'}, and answers within "
            f"{TOO_EARLY} s belong there"
        )
    return early


def _prove(stimulus_id: str, kind: ReasoningType, row: pd.Series, card: Card) -> Condition:
    """Condition proven from the text, after holding it against the file name."""
    named = Condition.from_name(row["stim_file"])
    try:
        found_kind, proven = classify([row[column] for column in _TEXT[:3]], row["conclusion"])
    except DataError as error:
        raise DataError(f"{stimulus_id} ({row['stim_file']}): {error}") from error
    expected = card.condition_differences.get(stimulus_id, named.name)
    if found_kind != kind or proven.name != expected:
        raise DataError(
            f"{stimulus_id} ({row['stim_file']}): its text is {found_kind} {proven.name}, "
            f"expected {kind} {expected}"
        )
    return proven
