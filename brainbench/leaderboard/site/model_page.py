"""The page of a model: where it stands, and what each of its runs scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from brainbench.leaderboard.boards.standings import Entry, Standing
from brainbench.leaderboard.boards.statistics import variant_of
from brainbench.leaderboard.kinds.registry import STATISTICS
from brainbench.leaderboard.site.numbers import number
from brainbench.leaderboard.site.reports import report_path
from brainbench.leaderboard.site.rows import UNKNOWN, family_of, parameters_of
from brainbench.leaderboard.submissions.notes import own_warnings, submitted_notes
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record
from brainbench.results.blocks import Block, ScoreLine, Scores, Section, Table, Words
from brainbench.results.scorecard import scorecard
from brainbench.results.sections import record_sections
from brainbench.results.wording import plural

# of the lines of a card
_ORDER = ("alignment", "behaviour", "difficulty", "accuracy", "steering", "fine-tuning")


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


def model_card(runs: Sequence[Submission]) -> list[Block]:
    """One scorecard of a model: each score of the newest of its runs that has it whole.

    Alignment is that of the ladder where a run has climbed it.

    Parameters
    ----------
    runs : of one model, the newest first.
    """
    whole = [one for one in runs if one.record.config.get("limit") is None]
    cards = [scorecard(one.record) for one in (*whole, *(o for o in runs if o not in whole))]
    if len(cards) == 1:
        return cards[0].blocks
    found: dict[str, ScoreLine] = {}
    for card in cards:
        for line in card.lines:
            held = found.get(line.name)
            climbed = line.name == "alignment" and line.digits == 1
            if held is None or (climbed and held.digits != 1):
                found[line.name] = line
    order = [name for name in _ORDER if name in found]
    lines = [found[name] for name in (*order, *(name for name in found if name not in order))]
    first = next((card for card in cards if lines and lines[0] in card.lines), cards[0])
    return [Scores(lines, "model-card"), Words(" ".join(first.sentences))] if lines else []


def place_of(standing: Standing, entry: Entry) -> dict[str, Any]:
    """Where an entry stands on one board, as the page of its model says it."""
    board = standing.board
    digits = STATISTICS[board.statistic].digits
    ends = entry.interval
    interval = "" if ends is None else f"{number(ends[0], digits)} to {number(ends[1], digits)}"
    return {
        "address": board.address,
        "title": board.title,
        "label": board.label,
        "rank": entry.rank,
        "count": len(standing.ranked),
        "score": f"{STATISTICS[board.statistic].title} {number(entry.value, digits)}",
        "interval": interval,
        "tests": plural(len(board.gains), "test") if board.gains else "",
        "why": "; ".join(entry.reasons[:3]),
    }


def describe_run(submission: Submission, written: set[str]) -> dict[str, Any]:
    """A run on the page of its model: facts, warnings, scorecard and tables.

    Parameters
    ----------
    submission : the run.
    written : addresses of the pages that there are; a report that is not is not linked.
    """
    record, about = submission.record, submission.metadata
    parameters = parameters_of(submission)
    facts = [
        ("weights", f"sha256 {record.model.weights_sha256}" if record.model.weights_sha256 else ""),
        ("weights and wording", f"sha256 {record.model.sha256}"),
        ("revision", record.model.revision or ""),
        ("family", family_of(submission)),
        ("parameters", UNKNOWN if parameters is None else f"{parameters:,}"),
        ("numbers", " on ".join(filter(None, (record.model.dtype, record.model.device)))),
        ("data", ", ".join(f"{d.name} {d.version}" for d in record.datasets)),
        ("brainbench", record.versions.get("brainbench") or UNKNOWN),
        ("what it is", record.model.description or ""),
    ]
    if about is not None:
        facts += [
            ("licence", about.licence),
            ("contamination", about.contamination),
            ("contact", about.contact),
            ("submitted", about.submitted.isoformat()),
        ]
    report = report_path(submission)
    return {
        "run": record.run_id,
        "chips": variant_of(record),
        "facts": [(what, value) for what, value in facts if value],
        "files": sorted(record.model.files.items()),
        "rerun": about.rerun if about else "",
        "warnings": own_warnings(record),
        "submitted": submitted_notes(record),
        "card": scorecard(record).blocks,
        "sections": sections_of(record),
        "report": f"../{report}" if report in written else "",
    }
