"""What a reader must know before the first number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from brainbench.results.record import Record
from brainbench.results.sections.cells import controlled_cells, published_cells
from brainbench.results.wording import listed

_MAX = 200


def cautions(record: Record) -> list[tuple[str, str]]:
    """(about what, what) of the run as a whole, then of its parts; what is alike is said once.

    That a nuisance reaches the model is told by nuisance, with the cells where it does.
    """
    said: list[tuple[str, str]] = []
    if record.status != "success":
        reason = f": {record.error}" if record.error else ""
        said.append(("This run is not complete", f"its status is {record.status}{reason}"))
    simulated = [dataset.name for dataset in record.datasets if dataset.simulated]
    if simulated:
        told = f"{listed(simulated)}: these scores say nothing about any brain"
        said.append(("Simulated people", told))
    if record.model.builtin:
        said.append(("Built-in model", "it ships to try the software, not to be compared"))
    said += [("", note) for note in record.notes]
    said += _texts(record)
    said += _nuisance(record)
    again = tuple(
        f"{name}{of}" for name in simulated for of in (": simulated people;", " is simulated:")
    )
    said = [(about, text) for about, text in said if about or not text.startswith(again)]
    return list(dict.fromkeys(said))[:_MAX]


def _nuisance(record: Record) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    for protocol, cells in (
        ("controlled", controlled_cells(record)),
        ("published", published_cells(record)),
    ):
        reached: dict[str, list[str]] = {}
        for cell in cells:
            for name in cell.reached_by:
                reached.setdefault(name, []).append(cell.name)
        for name, where in sorted(reached.items(), key=lambda item: -len(item[1])):
            every = "every cell" if len(where) == len(cells) > 1 else listed(where, 20)
            told.append((f"{name} reaches the model ({protocol})", f"in {every}"))
    reached = {}
    for row in record.behavior:
        for control in row.controls:
            if "error_consistency" in control.reaches_model:
                reached.setdefault(control.control, []).append(row.benchmark)
    told += [
        (f"{name} reaches the model in κ of errors", f"in {listed(where)}")
        for name, where in reached.items()
    ]
    return told


def _texts(record: Record) -> Iterable[tuple[str, str]]:
    """Every other warning, with where it holds."""
    nuisance = {row.warning for row in record.controls if row.warning}
    nuisance |= {c.warning for row in record.behavior for c in row.controls if c.warning}
    for kind, warned in _by_kind(record).items():
        where: dict[str, list[str]] = {}
        for name, texts in warned:
            for text in dict.fromkeys(texts):
                if text not in nuisance and "alone scores" not in text:
                    where.setdefault(text, []).append(name)
        for text, names in where.items():
            about = f"all of {kind}" if len(names) == len(warned) > 1 else listed(names, 6)
            yield "", f"{text} ({about})"


def _by_kind(record: Record) -> dict[str, list[tuple[str, Sequence[str]]]]:
    """Name and warnings of each part, by what it is."""
    headlines = [row for row in record.scores if row.subject == "all"]
    return {
        "alignment, published": [(row.benchmark, row.warnings) for row in headlines],
        "alignment, controlled": [(s.benchmark, s.warnings) for s in record.controlled],
        "behaviour": [(row.benchmark, row.warnings) for row in record.behavior],
        "guidance": [
            *((gain.identifier, gain.warnings) for gain in record.gains),
            *((search.identifier, search.warnings) for search in record.searches),
        ],
        "other kinds of scores": [(score.benchmark, score.warnings) for score in record.other],
    }
