"""What a run scored, on the page of its model: the tables of its report."""

from __future__ import annotations

from dataclasses import replace

from brainbench.results import Record
from brainbench.results.blocks import Section, Table
from brainbench.results.sections import record_sections


def sections_of(record: Record) -> list[Section]:
    """The sections of a run's report with their tables alone, one section for each kind of score.

    Figures, readings, and tables that are folded there are left to the report.
    """
    found = (_tables(section) for section in record_sections(record, pictures=False))
    return [section for section in found if section is not None]


def _tables(section: Section) -> Section | None:
    """A section with its tables alone; None where it has none."""
    blocks = [block for block in section.blocks if isinstance(block, Table) and block.rows]
    parts = [kept for part in section.parts if (kept := _tables(part)) is not None]
    return replace(section, blocks=blocks, parts=parts) if blocks or parts else None
