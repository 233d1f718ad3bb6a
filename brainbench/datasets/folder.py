"""A dataset as a folder: what ``brainbench prepare`` writes, and ``evaluate --dataset`` scores.

    card.yaml        what the dataset is
    assembly.nc      responses, presentation × neuroid, NetCDF 4
    stimuli.csv      a row for each stimulus: a problem and its condition, or a text
    behavior.csv     a row for each presentation and person, where answers were recorded
    provenance.json  how the responses were made; no score depends on it

The card is written last: a folder without one is not finished.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from brainbench.atomic import write_whole, writing
from brainbench.datasets.assembly import (
    PRESENTATION_COORDINATES,
    Recording,
    refuse_stray_nan,
    subjects_of,
)
from brainbench.datasets.cards import parse_card
from brainbench.datasets.content import recording_sha256
from brainbench.datasets.netcdf import read_netcdf, write_netcdf
from brainbench.datasets.readers import read_csv
from brainbench.errors import DataError, UsageError
from brainbench.foreign import read_text
from brainbench.paths import user_path
from brainbench.problems import REASONING_TYPES, Condition, Form, Problem, Stimulus, Text

CARD, ASSEMBLY, STIMULI = "card.yaml", "assembly.nc", "stimuli.csv"
BEHAVIOR, PROVENANCE = "behavior.csv", "provenance.json"
_ANSWERS = ("accuracy", "answer", "response_time")
_OF_STIMULI = ("stimulus_id", "reasoning_type")
_OF_PROBLEMS = ("conclusion", "premises_needed", "validity", "negation", "form", "base_id")
_MISSING = "n/a"


def write_folder(
    recording: Recording, path: str | Path, provenance: Mapping[str, Any] | None = None
) -> None:
    """Write a dataset as a folder that :func:`load_folder` reads.

    What was planted in simulated people (``recording.truth``) is not kept.

    Parameters
    ----------
    recording : the dataset; its card's ROIs and people are those of its assembly.
    path : of the folder; it is made. Files of these names that lie in it are replaced.
    provenance : how the responses were made, as plain values; None writes no such file.

    Raises
    ------
    UsageError
        When the folder cannot be written.
    DataError
        When card, stimuli and assembly do not belong together.
    """
    folder = user_path(path)
    _check(recording)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # what is half written must not look finished
        (folder / CARD).unlink(missing_ok=True)
    write_netcdf(recording.assembly, folder / ASSEMBLY)
    write_whole(folder / STIMULI, _csv(_stimulus_rows(recording.problems)))
    if recording.behavior is not None:
        write_whole(folder / BEHAVIOR, _csv(_behavior_rows(recording)))
    elif (folder / BEHAVIOR).exists():
        (folder / BEHAVIOR).unlink()
    if provenance is not None:
        text = json.dumps(provenance, indent=1, allow_nan=False)
        write_whole(folder / PROVENANCE, text.encode())
    held = recording.card.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(held, sort_keys=False, allow_unicode=True, width=100)
    write_whole(folder / CARD, text.encode())


def load_folder(path: str | Path) -> Recording:
    """Read a dataset folder.

    Parameters
    ----------
    path : of the folder.

    Returns
    -------
    The recording; its hash is of everything that was read.

    Raises
    ------
    UsageError
        When there is no such folder.
    DataError
        When a file is missing or damaged, or they do not belong together: each is named.
    """
    folder = user_path(path)
    if not folder.is_dir():
        raise UsageError(f"there is no dataset folder at {path}")
    lacking = [name for name in (CARD, ASSEMBLY, STIMULI) if not (folder / name).is_file()]
    if lacking:
        raise DataError(
            f"{folder} is not a finished dataset folder: it lacks {', '.join(lacking)}. "
            "`brainbench prepare` writes one, and goes on where it was stopped"
        )
    card = parse_card(read_text(folder / CARD), source=str(folder / CARD))
    assembly = read_netcdf(folder / ASSEMBLY)
    problems = tuple(_read_stimuli(folder / STIMULI))
    recording = Recording(card, assembly, problems, "")
    try:
        recording = replace(recording, problems=_in_order(recording))
        _check(recording)
        if (folder / BEHAVIOR).is_file():
            recording = replace(recording, behavior=_read_behavior(folder / BEHAVIOR, assembly))
    except DataError as error:
        raise DataError(f"{folder}: {error}") from error
    return replace(recording, data_sha256=recording_sha256(recording))


# ---------------------------------------------------------------- checks


def _check(recording: Recording) -> None:
    """Card, assembly and stimuli belong together, and a run is there whole or not at all."""
    card, assembly = recording.card, recording.assembly
    wanted = (*PRESENTATION_COORDINATES, "subject", "roi")
    lacking = [name for name in wanted if name not in assembly.coords]
    if lacking:
        raise DataError(f"the assembly lacks the coordinates {', '.join(lacking)}")
    if 0 in assembly.shape:
        raise DataError("the assembly is empty")
    if assembly.dtype.kind not in "fiu":
        raise DataError(f"the responses are of type {assembly.dtype}, not numbers")
    shown = set(map(str, assembly["stimulus_id"].values))
    listed = [problem.identifier for problem in recording.problems]
    _same("stimuli", shown, listed, "the assembly", "the stimuli")
    rois = list(map(str, pd.unique(assembly["roi"].values)))
    _same("ROIs", set(card.rois), rois, "the card", "the assembly")
    _same("people", set(card.subjects), subjects_of(assembly), "the card", "the assembly")
    types = list(dict.fromkeys(problem.reasoning_type for problem in recording.problems))
    _same("types", set(card.reasoning_types), types, "the card", "the stimuli")
    if card.held_out not in assembly.coords:
        raise DataError(f"the card holds out {card.held_out!r}, a coordinate that is not there")
    keys = pd.Series(list(_keys(assembly)))
    if keys.duplicated().any():
        twice = keys[keys.duplicated()].iloc[0]
        raise DataError(f"{twice[0]}, repeat {twice[1]}, stands twice in the assembly")
    table = pd.DataFrame({name: assembly[name].values for name in PRESENTATION_COORDINATES})
    for subject in subjects_of(assembly):
        for roi in rois:
            chosen = (assembly["subject"].values == subject) & (assembly["roi"].values == roi)
            if chosen.any():
                block = np.asarray(assembly.values[:, chosen], np.float64)
                refuse_stray_nan(subject, roi, block, table)


def _same(what: str, known: set[str], found: Sequence[str], one: str, other: str) -> None:
    lacking, strange = sorted(known - set(found)), sorted(set(found) - known)
    if lacking:
        raise DataError(f"{what} of {one} that are not in {other}: {', '.join(lacking[:5])}")
    if strange:
        raise DataError(f"{what} of {other} that are not in {one}: {', '.join(strange[:5])}")


def _keys(assembly: xr.DataArray) -> Iterator[tuple[str, str]]:
    """Stimulus and repeat of each presentation, which together are its name."""
    for name, repeat in zip(assembly["stimulus_id"].values, assembly["repeat"].values, strict=True):
        yield str(name), str(repeat)


def _in_order(recording: Recording) -> tuple[Stimulus, ...]:
    """The stimuli in the order of their first presentation."""
    listed = {problem.identifier: problem for problem in recording.problems}
    if "stimulus_id" not in recording.assembly.coords:
        return recording.problems
    shown = dict.fromkeys(map(str, recording.assembly["stimulus_id"].values))
    return tuple(listed[name] for name in shown if name in listed) + tuple(
        problem for name, problem in listed.items() if name not in shown
    )


# ---------------------------------------------------------------- stimuli


def _stimulus_rows(stimuli: Sequence[Stimulus]) -> Iterator[dict[str, object]]:
    problems = [one for one in stimuli if isinstance(one, Problem)]
    if len(problems) < len(stimuli):
        for one in stimuli:
            text = one.text if isinstance(one, Text) else " ".join(one.sentences)
            yield {"stimulus_id": one.identifier, "reasoning_type": one.reasoning_type,
                   "text": text}  # fmt: skip
        return
    most = max((len(problem.premises) for problem in problems), default=0)
    for problem in problems:
        shown = dict(enumerate(problem.premises, start=1))
        yield {
            "stimulus_id": problem.identifier,
            "reasoning_type": problem.reasoning_type,
            **{f"premise{i}": shown.get(i, "") for i in range(1, most + 1)},
            "conclusion": problem.conclusion,
            "premises_needed": problem.condition.premises_needed,
            "validity": str(problem.condition.valid).lower(),
            "negation": str(problem.condition.negated).lower(),
            "form": problem.form or "",
            "base_id": problem.base_id or "",
        }


def _read_stimuli(path: Path) -> Iterator[Stimulus]:
    table = read_csv(path, _OF_STIMULI)
    texts = "text" in table
    table = table if texts else read_csv(path, (*_OF_STIMULI, *_OF_PROBLEMS))
    premises = [name for name in table if str(name).startswith("premise")
                and str(name).removeprefix("premise").isdigit()]  # fmt: skip
    if table["stimulus_id"].duplicated().any():
        twice = table["stimulus_id"][table["stimulus_id"].duplicated()].iloc[0]
        raise DataError(f"{path}: {twice} stands twice")
    for number, row in enumerate(table.to_dict("records"), start=2):
        where = f"{path}, line {number}"
        if texts:
            if not row["text"].strip():
                raise DataError(f"{where}: {row['stimulus_id']} has no text")
            yield Text(row["stimulus_id"], row["text"], row["reasoning_type"])
            continue
        kind, form = row["reasoning_type"], row["form"] or None
        if kind not in REASONING_TYPES:
            raise DataError(
                f"{where}: {kind!r} is not a reasoning type; there are {', '.join(REASONING_TYPES)}"
            )
        if form is not None and form not in get_args(Form):
            raise DataError(f"{where}: {form!r} is not a form of argument")
        if not row["premises_needed"].isdigit():
            raise DataError(f"{where}: premises_needed is {row['premises_needed']!r}, no number")
        condition = Condition(
            int(row["premises_needed"]),
            _truth(row, "validity", where),
            _truth(row, "negation", where),
        )
        sentences = tuple(row[name] for name in premises if row[name])
        yield Problem(row["stimulus_id"], kind, sentences, row["conclusion"], condition, form,
                      row["base_id"] or None)  # fmt: skip


def _truth(row: Mapping[Any, str], name: str, where: str) -> bool:
    known = {"true": True, "false": False}
    if row[name].lower() not in known:
        raise DataError(f"{where}: {name} is {row[name]!r}, neither true nor false")
    return known[row[name].lower()]


# ---------------------------------------------------------------- behaviour


def _behavior_rows(recording: Recording) -> Iterator[dict[str, object]]:
    behavior = recording.behavior
    assert behavior is not None
    held = {
        name: behavior[name].transpose("presentation", "subject").values
        for name in _ANSWERS
        if name in behavior
    }
    for row, (stimulus, repeat) in enumerate(_keys(recording.assembly)):
        for column, subject in enumerate(behavior["subject"].values):
            values = {name: float(table[row, column]) for name, table in held.items()}
            yield {
                "stimulus_id": stimulus,
                "repeat": repeat,
                "subject": str(subject),
                # the shortest text that is read back as the same number
                **{name: _MISSING if np.isnan(v) else repr(v) for name, v in values.items()},
            }


def _read_behavior(path: Path, assembly: xr.DataArray) -> xr.Dataset:
    table = read_csv(path, ("stimulus_id", "repeat", "subject"))
    rows = {key: row for row, key in enumerate(_keys(assembly))}
    people = list(dict.fromkeys(table["subject"]))
    columns = {subject: column for column, subject in enumerate(people)}
    names = [name for name in _ANSWERS if name in table]
    held = {name: np.full((len(rows), len(people)), np.nan) for name in names}
    seen: set[tuple[int, int]] = set()
    for number, line in enumerate(table.to_dict("records"), start=2):
        where = f"{path.name}, line {number}"
        row = rows.get((line["stimulus_id"], line["repeat"]))
        if row is None:
            raise DataError(f"{where}: {line['stimulus_id']}, repeat {line['repeat']}, was not "
                            "shown")  # fmt: skip
        place = row, columns[line["subject"]]
        if place in seen:
            raise DataError(f"{where}: {line['subject']} answers {line['stimulus_id']} twice")
        seen.add(place)
        for name in names:
            held[name][place] = _number(line[name], f"{where}: {name}")
    dims = ("presentation", "subject")
    return xr.Dataset(
        {name: (dims, values) for name, values in held.items()},
        coords={
            "subject": people,
            "stimulus_id": ("presentation", assembly["stimulus_id"].values),
        },
    )


def _number(text: str, where: str) -> float:
    if text in ("", _MISSING):
        return float("nan")
    try:
        value = float(text)
    except ValueError as error:
        raise DataError(f"{where} is {text!r}, no number") from error
    if not np.isfinite(value):
        raise DataError(f"{where} is {text!r}; write {_MISSING} where there is none")
    return value


def _csv(rows: Iterator[dict[str, object]]) -> bytes:
    held = list(rows)
    written = io.StringIO()
    writer = csv.DictWriter(written, list(held[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(held)
    return written.getvalue().encode()
