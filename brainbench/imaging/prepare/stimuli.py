"""What people saw, from their events: the problems of ds002886, other problems, or plain texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from brainbench.datasets import deduction
from brainbench.datasets.cards import Card, Scans
from brainbench.datasets.readers import read_tsv
from brainbench.errors import DataError
from brainbench.imaging.prepare.person import PreparedPerson
from brainbench.problems import Problem, Stimulus, Text, classify

_PLAIN = ("stimulus", "text", "sentence")
"""Columns that may hold a plain text, the first that there is."""


@dataclass(frozen=True)
class ShownStimuli:
    """What was shown.

    Attributes
    ----------
    presentations : a row a presentation: ``stimulus_id``, ``run``, ``repeat``, ``reasoning_type``,
        and ``position`` where everybody saw the stimuli of a run in one order.
    stimuli : in the order of their first presentation.
    behavior : (presentation, subject) answers and response times; None where there are none.
    """

    presentations: pd.DataFrame
    stimuli: tuple[Stimulus, ...]
    behavior: xr.Dataset | None


def read_shown(people: Sequence[PreparedPerson], card: Card) -> ShownStimuli:
    """Put together what all people saw.

    Events of other studies than ds002886 and ds003076 hold the text of each trial: in
    ``premise1``, ``premise2``, … and ``conclusion``, of which it is proven whether the conclusion
    follows; or in ``stimulus``, ``text`` or ``sentence``. ``stimulus_id`` names it, and must where
    people saw the stimuli of a run in different orders.

    Parameters
    ----------
    people : with the events of their runs.
    card : names the runs and what trials are control.

    Raises
    ------
    DataError
        When there are no texts, or people saw different ones under one name.
    """
    texts = {
        (person.subject, name): run.events for person in people for name, run in person.runs.items()
    }
    paths = {key: Path(f"{'_'.join(key)}_events.tsv") for key in texts}
    runs = [run for run in card.runs if any(run == name for _, name in texts)]
    some = next(iter(texts))
    first = read_tsv(paths[some], ("onset",), texts[some])
    if set(runs) <= set(deduction.RUNS) and "stim_file" in first:
        tables = {key: deduction.read_run(paths[key], text) for key, text in texts.items()}
        shown = deduction.stimuli(tables, card, runs)
        subjects = [person.subject for person in people]
        answers = deduction.behavior(tables, shown, subjects, card)
        return ShownStimuli(shown, deduction.problems(shown), answers)
    control = (card.scans or Scans()).control
    held = {key: _table(paths[key], text, control) for key, text in texts.items()}
    for person in people:
        for name, run in person.runs.items():
            _name(held[person.subject, name], run.stimulus_ids, run.phases)
    stimuli = _stimuli(held, card)
    shown = _presentations(held, runs, stimuli, card)
    behavior = _behavior(held, shown, stimuli, [person.subject for person in people])
    kept = tuple(stimuli[str(name)] for name in dict.fromkeys(shown["stimulus_id"]))
    return ShownStimuli(shown, kept, behavior)


# ---------------------------------------------------------------- parts

_Tables = Mapping[tuple[str, str], pd.DataFrame]


def _table(path: Path, text: str, control: Sequence[str]) -> pd.DataFrame:
    """Trials with a stimulus, in order."""
    table = read_tsv(path, ("onset",), text)
    if "trial_type" in table:
        table = table[~table["trial_type"].isin(control)]
    return table.reset_index(drop=True)


def _name(table: pd.DataFrame, names: Sequence[str], phases: Sequence[str]) -> None:
    """Give trials the names that their responses have, and count showings within the run."""
    own = [name for name, phase in zip(names, phases, strict=True) if phase == phases[0]]
    table["stimulus_id"] = own
    table["showing"] = table.groupby("stimulus_id").cumcount()


def _stimuli(tables: _Tables, card: Card) -> dict[str, Stimulus]:
    """Each stimulus by its name; everybody saw the same text under it."""
    found: dict[str, Stimulus] = {}
    seen: dict[str, tuple[str, ...]] = {}
    for (subject, run), table in tables.items():
        columns = _text_columns(table, f"{subject} {run}")
        for row in table.to_dict("records"):
            name = str(row["stimulus_id"])
            cells = tuple(" ".join(str(row[c]).split()) for c in columns if not pd.isna(row[c]))
            if not all(cells) or not cells:
                raise DataError(f"{subject} {run}: the events have no text for {name}")
            if seen.setdefault(name, cells) != cells:
                raise DataError(
                    f"{subject} {run}: {name} is {' / '.join(cells)!r}, and "
                    f"{' / '.join(seen[name])!r} for others; name stimuli in a column stimulus_id"
                )
            if name not in found and name not in card.dropped:
                found[name] = _stimulus(name, cells, columns, f"{subject} {run}")
    return found


def _text_columns(table: pd.DataFrame, where: str) -> list[str]:
    premises = sorted(
        (str(c) for c in table if str(c).startswith("premise") and str(c)[7:].isdecimal()),
        key=lambda column: int(column[7:]),
    )
    if premises and "conclusion" in table:
        return [*premises, "conclusion"]
    plain = [column for column in _PLAIN if column in table]
    if not plain:
        raise DataError(
            f"{where}: the events hold no texts; they need the columns premise1, premise2, … and "
            f"conclusion, or {', '.join(_PLAIN)}. There are: {', '.join(map(str, table))}"
        )
    return plain[:1]


def _stimulus(name: str, cells: tuple[str, ...], columns: Sequence[str], where: str) -> Stimulus:
    if columns[-1] != "conclusion":
        return Text(name, cells[0])
    try:
        kind, condition = classify(list(cells[:-1]), cells[-1])
    except DataError as error:
        raise DataError(f"{where}: {name}: {error}; list it as dropped on the card") from error
    return Problem(name, kind, cells[:-1], cells[-1], condition)


def _presentations(
    tables: _Tables, runs: Sequence[str], stimuli: Mapping[str, Stimulus], card: Card
) -> pd.DataFrame:
    rows = []
    counted: Counter[str] = Counter()
    for run in runs:
        seen = {subject: table for (subject, name), table in tables.items() if name == run}
        orders = {
            s: list(zip(t["stimulus_id"], t["showing"], strict=True)) for s, t in seen.items()
        }
        subject, order = next(iter(orders.items()))
        for other, own in orders.items():
            if Counter(own) != Counter(order):
                raise DataError(f"{other} saw other stimuli in {run} than {subject}")
        one_order = all(own == order for own in orders.values())
        for position, (name, showing) in enumerate(order):
            if name in card.dropped:
                continue
            rows.append(
                {
                    "stimulus_id": name,
                    "run": run,
                    "position": position if one_order else -1,
                    "repeat": counted[name],
                    "showing": showing,
                    "reasoning_type": stimuli[name].reasoning_type,
                }
            )
            counted[name] += 1
    table = pd.DataFrame(rows)
    if table.empty:
        raise DataError("no stimulus is left: all are dropped on the card")
    return table if (table["position"] >= 0).all() else table.drop(columns="position")


def _behavior(
    tables: _Tables,
    shown: pd.DataFrame,
    stimuli: Mapping[str, Stimulus],
    subjects: Sequence[str],
) -> xr.Dataset | None:
    """Accuracy, answer and response time, where every table has both columns; else None."""
    columns = ("accuracy", "response_time")
    if not all(set(columns) <= set(table) for table in tables.values()):
        return None
    held = {name: np.full((len(shown), len(subjects)), np.nan) for name in columns}
    for place, subject in enumerate(subjects):
        for row, (run, name, showing) in enumerate(
            zip(shown["run"], shown["stimulus_id"], shown["showing"], strict=True)
        ):
            table = tables.get((subject, run))
            if table is None:
                continue
            mine = table[(table["stimulus_id"] == name) & (table["showing"] == showing)].iloc[0]
            for column in columns:
                held[column][row, place] = pd.to_numeric(mine[column], errors="coerce")
    missing = np.isnan(held["response_time"])
    accuracy = np.where(missing, np.nan, held["accuracy"])
    valid = np.array(
        [
            float(one.condition.valid) if isinstance(one := stimuli[str(name)], Problem) else np.nan
            for name in shown["stimulus_id"]
        ]
    )[:, None]
    answer = np.where(accuracy == 1.0, valid, 1.0 - valid)
    dims = ("presentation", "subject")
    return xr.Dataset(
        {
            "accuracy": (dims, accuracy),
            "answer": (dims, np.where(np.isnan(accuracy), np.nan, answer)),
            "response_time": (dims, held["response_time"]),
        },
        coords={
            "subject": list(subjects),
            "stimulus_id": ("presentation", shown["stimulus_id"].to_numpy()),
        },
    )
