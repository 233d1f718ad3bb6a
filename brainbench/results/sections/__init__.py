"""One section for each kind of score: its blocks, shown by terminal, report and model page."""

from __future__ import annotations

from pathlib import Path

from brainbench.results.blocks import Section
from brainbench.results.record import Record
from brainbench.results.sections.accuracy import accuracy_section
from brainbench.results.sections.alignment import alignment_sections
from brainbench.results.sections.behavior import behavior_section
from brainbench.results.sections.brain import brain_section
from brainbench.results.sections.difficulty import difficulty_section
from brainbench.results.sections.guidance import gains_section
from brainbench.results.sections.ladder import ladder_section
from brainbench.results.sections.other import other_section

__all__ = ["record_sections"]


def record_sections(
    record: Record, folder: Path | None = None, pictures: bool = True
) -> list[Section]:
    """Every kind of score that a run has, in the order in which they are shown.

    Parameters
    ----------
    folder : of the run; pictures in it are shown.
    pictures : whether to draw where the regions lie, which takes seconds.
    """
    found = [
        ladder_section(record),
        *alignment_sections(record),
        brain_section(record) if pictures else None,
        behavior_section(record),
        difficulty_section(record),
        accuracy_section(record),
        gains_section(record, folder),
        other_section(record),
    ]
    return [section for section in found if section is not None]
