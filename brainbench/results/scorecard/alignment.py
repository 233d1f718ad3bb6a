"""Alignment in one line: how clearly people's responses show the model, and what explains it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from brainbench.benchmarks import ControlledScore, LadderContext, LadderScore, PublishedScore
from brainbench.benchmarks.ladder.names import IN_WORDS, UNTRAINED, Rung
from brainbench.benchmarks.ladder.pairing import as_found
from brainbench.benchmarks.ladder.score import together
from brainbench.encoding.ladder.pairs import Found, compare_pair
from brainbench.quantities import Interval
from brainbench.results.blocks import ScoreLine
from brainbench.results.blocks.model import Mood
from brainbench.results.record import Record
from brainbench.results.scorecard.reading import Reading, mean, mean_ends
from brainbench.results.sections.cells import CellSummary, published_cells
from brainbench.results.wording import number, percent, plural
from brainbench.statistics.means import people_median_interval

_HALF = float(stats.norm.ppf(0.975))
# in a verdict of eight words
_SHORT: dict[Rung, str] = {**IN_WORDS, "position": "position"}
_WHAT_TELLS: dict[Rung, str] = {
    "run": "runs in which the order of items was drawn anew",
    "position": "runs in which the order of items was drawn anew",
    "length": "problems whose texts are of one length",
    "condition": "problems of one condition that are solved in different ways",
    "words": "problems of the same words that differ in what follows",
    "behaviour": "people who answer alike and reason differently",
}


def read_alignment(record: Record) -> list[Reading]:
    """A line for each dataset with a ladder; of older or other runs, for each protocol."""
    ladders = [_ladder(score) for score in LadderScore.read_from(record) if together(score.rows)]
    if ladders:
        return ladders
    found = []
    if record.controlled:
        found.append(_controlled(record.controlled))
    cells = published_cells(record)
    if cells:
        found.append(_published(cells))
    return found


def ladder_interval(context: LadderContext) -> Interval:
    """95 % of z over people and orders of the items, by the error that models are compared by.

    Parameters
    ----------
    context : holds z without each person, and under orders of the items.
    """
    return found_interval(as_found(context.compared))


def found_interval(found: Found) -> Interval:
    """The same of z by itself.

    Parameters
    ----------
    found : z, without each person, and under orders of the items.
    """
    nothing = Found(0.0, np.zeros_like(found.null), np.zeros_like(found.without_person))
    half = _HALF * compare_pair(found, nothing).error
    return found.z - half, found.z + half


def ladder_line(score: LadderScore) -> ScoreLine:
    """The z that models are compared by, beside that of untrained networks."""
    context = score.context
    rung = context.compared.rung
    untrained = [
        row.z
        for row in context.baselines
        if row.baseline == UNTRAINED and row.rung == rung and row.term == "larger"
    ]
    return ScoreLine(
        name="alignment",
        statistic=f"z beyond {_SHORT[rung]}",
        value=context.compared.z,
        interval=ladder_interval(context),
        against="untrained networks" if untrained else "exchanged items",
        held=max(untrained, default=0.0),
        verdict=_verdict(score),
        mood=_mood(score),
        of=score.dataset,
        over="people and orders of the items",
        digits=1,
    )


def _verdict(score: LadderScore) -> str:
    if score.outcome == "not found":
        return f"not found beyond {_SHORT[score.context.compared.rung]}"
    stops = score.stops
    if stops is None:
        return "found beyond everything listed"
    return f"found beyond {_SHORT[_before(score, stops)]}; explained by {_SHORT[stops]}"


def _before(score: LadderScore, rung: Rung) -> Rung:
    """The last rung that was passed."""
    names = list(together(score.rows))
    return names[names.index(rung) - 1]


def _mood(score: LadderScore) -> Mood:
    moods: dict[str, Mood] = {"not found": "", "explained": "warning"}
    return moods.get(score.outcome, "good")


def _ladder(score: LadderScore) -> Reading:
    rungs, stops = together(score.rows), score.stops
    count = plural(score.context.n_subjects, "person", "people")
    people = f"People's responses ({score.dataset}, {count})"
    share = score.context.detectable
    small = "half" if share is None else percent(share)
    if stops is None:
        return Reading(
            ladder_line(score),
            f"{people} show the model's states beyond everything that is taken out.",
            settled="Other people and other problems would settle whether that holds.",
        )
    p = f"p {number(rungs[stops].p, 3)}"
    if score.outcome == "not found":
        return Reading(
            ladder_line(score),
            f"{people} do not show the model's states ({p}).",
            settled=f"What explains less than {small} of each person's variance may have been "
            "missed: more people or items would settle it.",
        )
    before, line = _before(score, stops), ladder_line(score)
    low = line.interval[0] if line.interval else 0.0
    settled = f"more people, or {_WHAT_TELLS[stops]}, would settle it."
    other = f"It may not hold for other people (95 % from {number(low, line.digits)}): "
    return Reading(
        line,
        f"{people} show the model's states beyond {_SHORT[before]} "
        f"(p {number(rungs[before].p, 4)}).",
        f"{_SHORT[stops].capitalize()} explains it: beyond that nothing is found ({p}), and what "
        f"explains less than {small} of each person's variance may have been missed.",
        other + settled if low <= 0 else f"{settled[:1].upper()}{settled[1:]}",
    )


def controlled_line(scores: Sequence[ControlledScore]) -> ScoreLine:
    """What the states add to all nuisance, mean over cells; it describes.

    Parameters
    ----------
    scores : of cells; those that pool kinds of problems are left out where others are there.
    """
    cells = [score for score in scores if score.primary] or list(scores)
    people = [s.reference_unique_r2.value for s in cells if s.reference_unique_r2 is not None]
    return ScoreLine(
        name="alignment",
        statistic="unique R²",
        value=mean(score.unique_r2.value for score in cells),
        interval=mean_ends(score.unique_r2.interval for score in cells),
        against="people" if people else "nothing added",
        held=mean(people) if people else 0.0,
        verdict="describes; the ladder was not climbed",
        of=_of(cells),
        over="people",
        digits=4,
    )


def _controlled(scores: Sequence[ControlledScore]) -> Reading:
    line = controlled_line(scores)
    return Reading(
        line,
        f"Beyond all nuisance the states predict a share of {line.number} of the responses.",
        settled="That describes; the ladder, which this run does not hold, says whether the model "
        "is aligned.",
    )


def published_line(cells: Sequence[CellSummary]) -> ScoreLine:
    """As published: the best layer, beside people and what reaches it; mean over cells.

    Parameters
    ----------
    cells : those that pool kinds of problems are left out where others are there.
    """
    own = _unpooled(cells)
    people = [cell.people.value for cell in own
              if cell.people is not None and cell.people.value is not None]  # fmt: skip
    reached = sum(bool(cell.reached_by) for cell in own)
    return ScoreLine(
        name="alignment",
        statistic="r as published",
        value=mean(cell.together or 0.0 for cell in own),
        interval=published_interval(own),
        against="people" if people else "chance",
        held=mean(people) if people else 0.0,
        verdict=f"nuisance does as well in {reached} of {len(own)}"
        if reached
        else "above all nuisance, layer chosen afterwards",
        mood="warning" if reached else "",
        of=_of([cell.score for cell in own]),
        over="people",
    )


def published_interval(cells: Sequence[CellSummary | PublishedScore]) -> Interval | None:
    """95 % of the mean over cells of r as published, over new people; the layer is not chosen anew.

    Parameters
    ----------
    cells : with r of every person.
    """
    return people_median_interval(
        [{one: r for one, r in cell.by_person.items() if r is not None} for cell in cells]
    )


def _published(cells: Sequence[CellSummary]) -> Reading:
    line, own = published_line(cells), _unpooled(cells)
    reached = [cell for cell in own if cell.reached_by]
    often = [name for cell in reached for name in cell.reached_by]
    most = max(set(often), key=lambda name: (often.count(name), name)) if often else ""
    return Reading(
        line,
        f"The best layer predicts held-out items with r {line.number}, chosen on the items it is "
        "scored on.",
        f"In {len(reached)} of {len(own)} cells something that knows nothing of the model does as "
        f"well, most often {most}."
        if reached
        else "",
        "The controlled protocol, which holds out whole runs, would settle it.",
    )


def _unpooled(cells: Sequence[CellSummary]) -> list[CellSummary]:
    return [cell for cell in cells if cell.reasoning_type != "all"] or list(cells)


def _of(scores: Sequence[ControlledScore | PublishedScore]) -> str:
    """``xiao2026, 6 cells``."""
    names = ", ".join(dict.fromkeys(score.dataset for score in scores))
    return f"{names}, {plural(len(scores), 'cell')}"
