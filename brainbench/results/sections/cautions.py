"""What a reader must know before the first number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from brainbench.benchmarks import ControlledScore, DifficultyScore, PublishedScore
from brainbench.results.planted import planted_rows
from brainbench.results.record import NotedScore, Record
from brainbench.results.sections.behavior import plain_name
from brainbench.results.sections.cells import CellSummary, controlled_cells, published_cells
from brainbench.results.sections.guidance import title_of_gain, title_of_search
from brainbench.results.sections.other import scores_without_section
from brainbench.results.wording import listed, plain_cell, plain_kind, plain_roi

_MAX = 200
# the section that shows a kind of score → the kind
KINDS = {
    "ladder": "the ladder",
    "alignment-published": "alignment, published",
    "alignment-controlled": "alignment, controlled",
    "behavior": "behaviour",
    "difficulty": "item difficulty",
    "gains": "guidance",
    "other": "other kinds of scores",
}


def cautions(record: Record) -> list[tuple[str, str]]:
    """(about what, what) of the run as a whole, then of its parts; equal texts are given once.

    Nuisance that reaches the model is listed by nuisance, with its cells.
    """
    found = [*run_cautions(record)]
    for kind in KINDS.values():
        found += _texts(record, kind)
    for kind in KINDS.values():
        found += _nuisance(record, kind)
    return list(dict.fromkeys(found))[:_MAX]


def run_cautions(record: Record) -> list[tuple[str, str]]:
    """Those of the run as a whole."""
    found: list[tuple[str, str]] = []
    if record.status != "success":
        reason = f": {record.error}" if record.error else ""
        found.append(("This run is not complete", f"its status is {record.status}{reason}"))
    simulated = _simulated(record)
    if simulated:
        texts = f"{listed(simulated)}: these scores say nothing about any brain"
        found.append(("Simulated people", texts))
    if record.model.builtin:
        found.append(("Built-in model", "it ships to try the software, not to be compared"))
    again = (*_again(record), *_planted(record))
    return found + [("", note) for note in record.notes if not note.startswith(again)]


def section_cautions(record: Record, key: str) -> list[tuple[str, str]]:
    """Those of the kind of score that a section of that key shows.

    Parameters
    ----------
    record : of the run.
    key : of the section, one of :data:`KINDS`; there are none for any other.

    Returns
    -------
    (about what, what), each once.
    """
    kind = KINDS.get(key)
    if kind is None:
        return []
    return list(dict.fromkeys([*_texts(record, kind), *_nuisance(record, kind)]))[:_MAX]


def _simulated(record: Record) -> list[str]:
    return [dataset.name for dataset in record.datasets if dataset.simulated]


def _planted(record: Record) -> list[str]:
    """How texts begin that say what was planted, where a table says it."""
    return [f"{name}: planted " for name in {row.dataset for row in planted_rows(record)}]


def _again(record: Record) -> tuple[str, ...]:
    """How texts begin that say once more that people are simulated."""
    ends = (": simulated people;", " is simulated:")
    return tuple(f"{name}{end}" for name in _simulated(record) for end in ends)


def _nuisance(record: Record, kind: str) -> list[tuple[str, str]]:
    texts: list[tuple[str, str]] = []
    reached: dict[str, list[str]] = {}
    found: dict[str, list[CellSummary]] = {}
    protocol = kind.removeprefix("alignment, ")
    if protocol in ("controlled", "published"):
        cells = controlled_cells(record) if protocol == "controlled" else published_cells(record)
        for cell in cells:
            for name in cell.reached_by:
                found.setdefault(name, []).append(cell)
        for name, where in sorted(found.items(), key=lambda item: -len(item[1])):
            text = f"in {_places(where, cells)}"
            texts.append((f"{name} reaches the model ({protocol})", text))
    elif kind == "behaviour":
        for row in record.behavior:
            for control in row.controls:
                if "error_consistency" in row.reached_by(control):
                    reached.setdefault(control.control, []).append(plain_name(row))
        for name, names in reached.items():
            texts.append((f"{name} reaches the model in κ of errors", f"in {listed(names)}"))
    return texts


def _places(some: Sequence[CellSummary], cells: Sequence[CellSummary]) -> str:
    """``every cell``, or ``language; multiple demand (syllogisms)``: kinds where not all."""
    if len(some) == len(cells) > 1:
        return "every cell"
    found = []
    for roi in dict.fromkeys(cell.roi for cell in some):
        kinds = [plain_kind(cell.reasoning_type) for cell in some if cell.roi == roi]
        every = len(kinds) == sum(cell.roi == roi for cell in cells) > 1
        found.append(plain_roi(roi) + ("" if every else f" ({', '.join(kinds)})"))
    return "; ".join(found)


def _texts(record: Record, kind: str) -> Iterable[tuple[str, str]]:
    """Every other warning of a kind, with where it holds."""
    again = _again(record)
    where: dict[str, list[str]] = {}
    warned = _by_kind(record)[kind]
    for name, score in warned:
        texts = getattr(score, "control_warnings", ())
        for text in dict.fromkeys(score.warnings):
            if text not in texts and not text.startswith(again):
                where.setdefault(text, []).append(name)
    for text, names in where.items():
        about = f"all of {kind}" if len(names) == len(warned) > 1 else listed(names, 6)
        yield "", f"{text} ({about})"


def _cells(scores: Sequence[ControlledScore | PublishedScore]) -> list[tuple[str, NotedScore]]:
    return [(plain_cell(score.roi, score.reasoning_type), score) for score in scores]


def _by_kind(record: Record) -> dict[str, list[tuple[str, NotedScore]]]:
    """Each score by its name, of each kind."""
    return {
        "the ladder": [(score.benchmark, score) for score in record.ladder_context],
        "alignment, published": _cells(record.published),
        "alignment, controlled": _cells(record.controlled),
        "behaviour": [(plain_name(score), score) for score in record.behavior],
        "guidance": [
            *((title_of_gain(gain), gain) for gain in record.gains),
            *((title_of_search(search), search) for search in record.searches),
        ],
        "item difficulty": [
            (score.benchmark, score) for score in record.other if score.kind == DifficultyScore.kind
        ],
        "other kinds of scores": [
            (score.benchmark, score) for score in scores_without_section(record)
        ],
    }
