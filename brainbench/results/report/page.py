"""A record as one page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path

from markupsafe import Markup

from brainbench.atomic import write_whole
from brainbench.results.blocks import Block, Bullets, Folded, Section, Words
from brainbench.results.blocks.html import blocks_style, page_environment
from brainbench.results.record import Record
from brainbench.results.report.first_picture import first_picture
from brainbench.results.report.provenance import provenance_section
from brainbench.results.report.samples import ROWS, samples_section
from brainbench.results.report.summary import summary
from brainbench.results.report.terms import terms_of
from brainbench.results.scorecard import remarks, scorecard
from brainbench.results.sections import record_sections
from brainbench.results.sections.cautions import cautions
from brainbench.results.wording import clip, listed, plural

REPORT = "report.html"
# bytes that no report exceeds
LARGEST = 5_000_000
# rows of each file of samples and characters of each text, until the page is small enough
_FEWER = ((ROWS, 5000), (1000, 5000), (50, 5000), (10, 2000), (0, 1000), (0, 200))


def write_report(record: Record, folder: Path, path: Path | None = None) -> Path:
    """Write the page to a file, by default ``report.html`` beside the record.

    Parameters
    ----------
    record : what is shown.
    folder : of the run; ``samples/`` and ``pictures/`` in it are shown.
    path : the file; ``report.html`` in the folder by default.

    Returns
    -------
    The file that was written.

    Raises
    ------
    UsageError
        When it cannot be written.
    """
    target = folder / REPORT if path is None else path
    write_whole(target, render_report(record, folder).encode())
    return target


def render_report(record: Record, folder: Path) -> str:
    """The page: HTML that asks for nothing and runs one script, its own.

    Every text of the record is escaped; what is longer than anyone reads is cut, and samples,
    in the end everything but warnings, summary and provenance, are left out until the page is
    below :data:`LARGEST` bytes.

    Parameters
    ----------
    folder : of the run; ``samples/`` and ``pictures/`` in it are shown.
    """
    first, middle, last = (
        _first(record),
        record_sections(record, folder),
        provenance_section(record),
    )
    for rows, longest in _FEWER:
        samples = samples_section(folder, record, rows)
        sections = [*first, *middle, *([samples] if samples else []), last]
        page = _page(record, sections, longest)
        if len(page.encode()) < LARGEST:
            return page
    notice = Words("This record is too large to be shown whole; results.json has it.", "lead")
    return _page(record, [*first, Section("left-out", "Left out", [notice]), last], 200)


def _first(record: Record) -> list[Section]:
    card: list[Block] = [*scorecard(record).blocks]
    if (picture := first_picture(record)) is not None:
        card.append(picture)
    blocks: list[Block] = [Words("No warnings.")]
    if warned := cautions(record):
        short = remarks(record)
        blocks = [
            Bullets([("", text) for text in short], "warning"),
            Folded(plural(len(warned), "warning"), [Bullets(warned, "warning")]),
        ]
    return [
        Section("scorecard", "Scorecard", card),
        Section("warnings", "What to know before quoting it", blocks),
        Section("summary", "Summary", summary(record)),
    ]


def _page(record: Record, sections: Sequence[Section], longest: int) -> str:
    data = listed(f"{d.name} {d.version}" for d in record.datasets)
    facts = [
        ("data", data),
        ("run", record.run_id),
        ("status", record.status),
        ("started", _when(record.timing.get("started"))),
        ("brainbench", record.versions.get("brainbench") or ""),
    ]
    heading = clip(record.model.shown, 160)
    about = clip(record.model.description or "", 300)
    return render_page("brainbench report", heading, about, facts, sections, longest)


def _when(started: object) -> str:
    """``2026-11-30 16:16 UTC``; text that is not a time stays as it is."""
    try:
        found = datetime.fromisoformat(str(started))
    except ValueError:
        return "" if started is None else str(started)
    known = found.tzinfo is not None
    return f"{found.astimezone(UTC) if known else found:%Y-%m-%d %H:%M}{' UTC' if known else ''}"


def render_page(
    kind: str,
    heading: str,
    about: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    longest: int = 5000,
) -> str:
    """A page that needs nothing but itself; every text is escaped.

    Parameters
    ----------
    kind : what it is, such as ``brainbench report``.
    heading : whom or what it is of.
    about : a sentence below the heading; empty for none.
    facts : names and values below it; those without a value are left out.
    sections : the content.
    longest : characters of one text; the rest is cut.
    """
    return (
        page_environment("brainbench.results.report", longest, explains=True)
        .get_template("report.html")
        .render(
            kind=kind,
            model=heading,
            about=about,
            facts=facts,
            sections=sections,
            terms=terms_of(sections),
            style=_style(),
            script=_part("report.js"),
            policy=_policy(),
        )
    )


@cache
def _style() -> Markup:
    """What all pages share, then what is this page's own."""
    return Markup(f"{blocks_style()}\n{_part('report.css')}")


@cache
def _part(name: str) -> Markup:
    """Style or script, ours, to stand inside the page as it is."""
    folder = resources.files("brainbench.results.report") / "templates"
    return Markup((folder / name).read_text("utf-8").strip())


def _policy() -> str:
    """What a browser may do with the page: nothing but show it and run the one script."""
    style, script = _source(_style()), _source(_part("report.js"))
    return (
        f"default-src 'none'; img-src data:; style-src {style}; script-src {script}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
