"""Faults in files of problems and in the card that lists them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainbench.errors import DataError
from brainbench.foreign import parse_json, parse_yaml, read_text
from brainbench.problems.rows import row_faults, row_words

CARD = "card.yaml"
RESTORE = "restore it, or make it and its card anew with scripts/make_task_data.py"
_SOME = 5  # faults of one kind listed for one file; the others are counted

Row = dict[str, Any]


@dataclass(frozen=True)
class FileFault:
    """One fault of a file: where, what is wrong, and what to do.

    Attributes
    ----------
    file : path, as the folder was given.
    field : of the file, or its line.
    """

    file: str
    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.problem}; {self.remedy}"


def data_faults(folder: Path) -> Iterator[FileFault]:
    """Faults of the files that the card of a folder lists, and of every row in them.

    Files are held against their hashes and counts, rows against what their text proves
    (:func:`brainbench.problems.rows.row_faults`), splits against each other's words.
    """
    path = folder / CARD
    if not path.is_file():
        if held := sorted(folder.glob("*.jsonl")):
            yield FileFault(str(path), "file", f"is missing beside {held[0].name}", RESTORE)
        return
    try:
        listed = parse_yaml(read_text(path))["files"]
        entries = {str(name): dict(entry) for name, entry in listed.items()}
    except (DataError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield FileFault(str(path), "files", f"cannot be read: {error}", RESTORE)
        return
    for extra in sorted({file.name for file in folder.glob("*.jsonl")} - set(entries)):
        yield FileFault(
            str(folder / extra), "file", f"is not in {CARD}", f"{RESTORE}, or remove it"
        )
    rows: dict[str, list[Row]] = {}
    for name, entry in entries.items():
        file = folder / name
        if not file.is_file():
            yield FileFault(str(file), "file", f"is missing, though {CARD} lists it", RESTORE)
            continue
        content = file.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != entry.get("sha256"):
            problem = f"has been edited: expected {entry.get('sha256')}, found {found}"
            yield FileFault(str(file), "sha256", problem, RESTORE)
        faults: list[FileFault] = []
        rows[str(file)] = list(_rows(file, content, faults))
        yield from _first(faults, str(file))
        yield from _count_faults(str(file), rows[str(file)], entry)
    yield from _identity_faults(rows)
    yield from _shared_words(rows)


def _rows(file: Path, content: bytes, found: list[FileFault]) -> Iterator[Row]:
    """Rows that can be read; what is wrong with any of them is added to ``found``."""
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        try:
            row = parse_json(line)
        except ValueError as error:
            found.append(FileFault(str(file), f"line {number}", f"is not JSON: {error}", RESTORE))
            continue
        if not isinstance(row, dict):
            found.append(FileFault(str(file), f"line {number}", "is not a problem", RESTORE))
            continue
        faults = list(row_faults(row))
        for field, problem in faults:
            name = f"line {number} ({row.get('id')}), {field}"
            found.append(FileFault(str(file), name, f"{problem}: not proven", RESTORE))
        if not faults:
            yield row


def _first(faults: list[FileFault], file: str) -> Iterator[FileFault]:
    yield from faults[:_SOME]
    if len(faults) > _SOME:
        yield FileFault(file, "rows", f"{len(faults) - _SOME} more faults in rows", RESTORE)


def _count_faults(file: str, rows: list[Row], entry: Mapping[str, Any]) -> Iterator[FileFault]:
    for split, count in dict(entry.get("rows") or {}).items():
        held = sum(row["split"] == split for row in rows)
        if held != count:
            problem = f"has {held} proven rows of {split}, {CARD} says {count}"
            yield FileFault(file, "rows", problem, RESTORE)


def _identity_faults(rows: Mapping[str, list[Row]]) -> Iterator[FileFault]:
    """Identifiers come once; rows of one ``base_id`` are one problem in several orders."""
    met: set[str] = set()
    bases: dict[str, Any] = {}
    for file, held in rows.items():
        faults: list[FileFault] = []
        for row in held:
            if row["id"] in met:
                faults.append(FileFault(file, f"id {row['id']}", "comes twice", RESTORE))
            met.add(row["id"])
            text = (sorted(row["premises"]), row["conclusion"], row["split"])
            if bases.setdefault(row["base_id"], text) != text:
                problem = f"is not {row['base_id']} in another order"
                faults.append(FileFault(file, f"base_id of {row['id']}", problem, RESTORE))
        yield from _first(faults, file)


def _shared_words(rows: Mapping[str, list[Row]]) -> Iterator[FileFault]:
    """Words with content belong to one split, over all files."""
    first: dict[str, tuple[str, str]] = {}
    shared: dict[str, set[str]] = defaultdict(set)
    for file, held in rows.items():
        for row in held:
            try:
                words = row_words(row)
            except DataError:  # a fault of the row already
                continue
            for word in words:
                split, where = first.setdefault(word, (row["split"], file))
                if split != row["split"]:
                    shared[file].add(f"{word!r} ({row['split']}; {split} in {Path(where).name})")
    for file, words in shared.items():
        some = ", ".join(sorted(words)[:_SOME])
        problem = f"{len(words)} words are in other splits too: {some}"
        yield FileFault(file, "split", problem, RESTORE)
