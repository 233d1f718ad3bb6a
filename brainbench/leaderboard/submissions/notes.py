"""What a run says of itself in words: those that its numbers give, and its submitter's own."""

from __future__ import annotations

from brainbench.results import Record


def own_warnings(record: Record) -> list[str]:
    """What a reader must know of a run, as its numbers say; each once."""
    held = [text for score in record.each_score() for text in score.warnings]
    notes = {text for score in record.each_score() for text in score.notes}
    return [text for text in dict.fromkeys(held) if text not in notes]


def submitted_notes(record: Record) -> list[str]:
    """Notes of a run and its scores, which no number of it gives; each once."""
    held = [*record.notes, *(text for score in record.each_score() for text in score.notes)]
    return list(dict.fromkeys(held))


def mark_notes(record: Record) -> Record:
    """A record whose notes are marked as its submitter's."""
    content = record.model_dump(mode="json")
    noted = [content, *(row for part in content.values() if isinstance(part, list) for row in part)]
    for row in noted:
        if isinstance(row, dict) and "notes" in row:
            row["notes"] = [f"As submitted: {text}" for text in row["notes"]]
    return Record.model_validate(content)
