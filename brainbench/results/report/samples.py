"""Items of a run to browse: filtered and searched on the page, each with all that is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brainbench.errors import DataError
from brainbench.results.blocks import Block, Bullets, Items, Section, Table
from brainbench.results.file_names import file_stem
from brainbench.results.record import Record
from brainbench.results.report.items import OUTCOMES, TRUE_FALSE, as_json, read_item
from brainbench.results.sample_files import count_samples, read_samples, sample_files
from brainbench.results.sections.accuracy import short
from brainbench.results.wording import clip, number, percent, plural

# rows of one file
ROWS = 5000
# bytes of all items; fewer rows of each file are held until they fit
LARGEST = 2_500_000
_FEWER = (1000, 200, 50)
_FILES = 200
# rows that a page without its script shows
_PLAIN = 20


def samples_section(folder: Path, record: Record | None = None, rows: int = ROWS) -> Section | None:
    """All items of a run in one list; None where there is none, or none is wanted.

    Parameters
    ----------
    folder : of the run.
    record : of the run, for the names of the answers; None where they are not known.
    rows : of each file, the first.
    """
    files = list(sample_files(folder).items())[:_FILES]
    if not files or not rows:
        return None
    read: dict[str, list[dict[str, Any]]] = {}
    faults: list[tuple[str, str]] = []
    counts: dict[str, int] = {}
    for name, path in files:
        try:
            read[name], counts[name] = read_samples(path, rows), count_samples(path)
        except DataError as error:
            # by name only: a page that is passed on shows no path of this machine
            faults.append((name, f"not shown: {str(error).replace(str(path), path.name)}"))
    blocks: list[Block] = [Bullets(faults, "warning")] if faults else []
    if any(read.values()):
        blocks.insert(0, _items(read, counts, _choices(record)))
    return Section("samples", "Samples", blocks, about=_ABOUT)


_ABOUT = (
    "Every item that was asked, with the model's answer. Texts of questions and of what was "
    "generated are shown where the run kept them (--log-samples); of brainbench's own problems the "
    "text is that of their id. Log-odds are of the first answer against the other."
)


def _items(
    read: Mapping[str, Sequence[Mapping[str, Any]]],
    counts: Mapping[str, int],
    choices: Mapping[str, Sequence[str]],
) -> Items:
    """As many of the items as fit, the texts of known problems among them if these do too."""
    text = ""
    held: dict[str, list[dict[str, Any]]] = {}
    for most, looked_up in ((ROWS, True), (ROWS, False), *((fewer, False) for fewer in _FEWER)):
        held = {
            name: [read_item(row, choices.get(name, TRUE_FALSE), looked_up) for row in rows[:most]]
            for name, rows in read.items()
        }
        text = as_json(
            {
                "outcomes": OUTCOMES,
                "files": [
                    {"name": plain_file(name), "choices": choices.get(name, TRUE_FALSE),
                     "items": items}
                    for name, items in held.items()
                ],
            }
        )  # fmt: skip
        if len(text.encode()) <= LARGEST:
            break
    shown, every = sum(map(len, held.values())), sum(counts.values())
    some = f"the first {number(shown)} of {plural(every, 'item')}" if shown < every else ""
    return Items(text, _table(held), some or plural(every, "item"))


def _table(held: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """The first items, for a page whose script does not run."""
    first = [(name, item) for name, items in held.items() for item in items][:_PLAIN]
    rows = [
        (
            clip(str(item.get("id", "")), 80),
            plain_file(name),
            item.get("label", ""),
            item.get("said", ""),
            OUTCOMES[item["outcome"]],
            number(item.get("odds"), lacking=""),
            percent(item["people"]) if "people" in item else "",
        )
        for name, item in first
    ]
    columns = ("item", "task", "right answer", "model's answer", "outcome", "log-odds",
               "people right")  # fmt: skip
    return Table(f"The first {plural(len(rows), 'item')}", columns, rows, numbers=False)


def plain_file(name: str) -> str:
    """``quick syllogistic`` of ``brainbench_quick_syllogistic``."""
    return clip(short(name), 80).replace("_", " ")


def _choices(record: Record | None) -> dict[str, Sequence[str]]:
    """File of a task → names of its answers."""
    if record is None:
        return {}
    return {file_stem(row.task): row.choices for row in record.answer_bias}
