"""Designs of new studies as a person reads them."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.benchmarks.ladder.names import IN_WORDS
from brainbench.calibration.study import StudyDesigns


def render_designs(record: StudyDesigns) -> RenderableType:
    """A table with a line for each design, and what is enough for each share."""
    shares = sorted({row.share for row in record.rows})
    table = Table(title="Found, and distinguished, of 100 simulated studies", title_justify="left",
                  box=None, pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    for name in ("people", "items", "shown"):
        table.add_column(name, justify="right", no_wrap=True)
    for share in shares:
        table.add_column(f"{share:.3g}".replace("0.", ".") + " found", justify="right")
        table.add_column("apart", justify="right", no_wrap=True)
    cells = {(row.people, row.items, row.repeats, row.share): row for row in record.rows}
    for design in dict.fromkeys(key[:3] for key in cells):
        numbers = []
        for share in shares:
            row = cells.get((*design, share))
            numbers += ["", ""] if row is None else [
                f"{100 * row.found:.0f}", f"{100 * row.distinguished:.0f}"
            ]  # fmt: skip
        people, items, repeats = design
        table.add_row(str(people), str(items), f"{repeats}×", *numbers)
    return Group(table, "", *(Text(line) for line in enough(record)), "",
                 Text(_legend(record), style="dim"))  # fmt: skip


def enough(record: StudyDesigns) -> list[str]:
    """For each share the design of fewest presentations that reaches 80 of 100, in a sentence."""
    found = []
    for share in sorted({row.share for row in record.rows}):
        for which, words in (("found", "find"), ("distinguished", "distinguish from another")):
            row = record.least(share, which)
            what = f"To {words} a model that makes {share:.0%} of each person's variance"
            if row is None:
                found.append(f"{what}: none of these designs is enough.")
                continue
            shown = "once" if row.repeats == 1 else f"{row.repeats} times"
            found.append(f"{what}: {row.people} people, {row.items} items a type, shown {shown}.")
    return found


def _legend(record: StudyDesigns) -> str:
    plan = record.plan
    return (
        f"Noise as in {record.dataset}: its people, their voxels' covariance, new items in runs of "
        f"18, two types of problem as there. Planted: one layer of {record.model}, mixed into "
        f"voxels by each person in their own way and, to {record.alike:.0%}, alike; shares are of "
        "the variance of one presentation, repeats are averaged. Found: beyond "
        f"{IN_WORDS[record.rung]}, p at most 0.05 ({plan.n} studies each). Apart: distinguished "
        f"from a model that people hold nothing of ({plan.n_pairs} studies each). Items: of each "
        "type."
    )
