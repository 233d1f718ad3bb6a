"""A record in a terminal: its scorecard, and the sections of the report as far as they are text."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from brainbench.results.blocks import Bullets
from brainbench.results.blocks.terminal import show_about, show_blocks, show_section
from brainbench.results.record import Record
from brainbench.results.scorecard import remarks, scorecard
from brainbench.results.sections import record_sections
from brainbench.results.sections.cautions import run_cautions, section_cautions
from brainbench.results.wording import clip

_LONGEST_COMMAND = 4000


def render_scorecard(record: Record, run: str = "") -> RenderableType:
    """The run, a line for each kind of score, what to make of them, and remarks.

    Of simulated people, first what was planted in them and what of it was found.

    Parameters
    ----------
    run : what ``brainbench show`` finds the run by; empty where it is in no folder.

    Returns
    -------
    What a console of any width prints.
    """
    card = scorecard(record)
    more: list[RenderableType] = []
    if run:
        # copied as it is, so that no narrow terminal may break it
        more.append(command_line("details", f"brainbench show {run} [BENCHMARK]"))
    warned = Bullets([("", text) for text in remarks(record)], "warning")
    title = Text(title_of(record), style="bold")
    read = [*show_blocks(card.read), *more]
    return Group(title, *show_blocks(card.planted), "", *read, *show_blocks([warned]))


def command_line(label: str, command: str) -> Text:
    """A command that is to be copied, which no width breaks where a console does not crop."""
    return Text(
        f"{label}: {clip(command, _LONGEST_COMMAND)}", style="dim", no_wrap=True, overflow="ignore"
    )


def render_record(record: Record) -> RenderableType:
    """The run, its scorecard, what to know of it, and each kind of score with its warnings.

    Returns
    -------
    What a console of any width prints; a table that does not fit goes on below.
    """
    parts: list[RenderableType] = [Text(title_of(record), style="bold")]
    card = scorecard(record)
    if card.readings:
        parts += ["", *show_blocks(card.read)]
    parts += show_blocks([Bullets(run_cautions(record), "warning")])
    for section in record_sections(record, pictures=False):
        warned = Bullets(section_cautions(record, section.key), "warning")
        parts += [*show_section(section, about=False), *show_blocks([warned])]
        parts += show_about(section)
    return Group(*parts)


def title_of(record: Record) -> str:
    """Model, data, protocol and tasks, on two lines."""
    used = {row.protocol for row in record.published} | {row.protocol for row in record.controlled}
    used |= {"controlled"} if record.ladder else set()
    protocol = ", ".join(sorted(used))
    others = record.behavior or record.gains or record.searches or record.other
    made = f"protocol: {protocol}" if protocol else "" if others else "no scores"
    if record.accuracy:
        tasks = sum(name in record.accuracy for name in record.tasks)
        asked = f"{tasks} {'task' if tasks == 1 else 'tasks'} of lm-eval"
        made = f"{made}; {asked}" if protocol else asked
    data = ", ".join(
        f"{d.name} {d.version}" + (" (simulated people)" if d.simulated else "")
        for d in record.datasets
    )
    about = f" ({record.model.description})" if record.model.description else ""
    builtin = ", built in" if record.model.builtin else ""
    model = f"{record.model.shown}{about}{builtin}"
    return clip(f"{model}\n{'; '.join(part for part in (data, made) if part)}")
