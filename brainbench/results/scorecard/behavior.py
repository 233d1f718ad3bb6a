"""Behaviour in one line: does the model err where people err?"""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.benchmarks import BehaviorScore
from brainbench.quantities import Interval
from brainbench.results.blocks import ScoreLine
from brainbench.results.blocks.model import Mood
from brainbench.results.record import Record
from brainbench.results.scorecard.reading import Reading, mean
from brainbench.results.wording import number, percent, plural
from brainbench.statistics.means import (
    crossed_interval,
    people_mean_interval,
    problems_mean_interval,
)

# what says the same whatever is asked: sharing errors with it takes no reasoning
_CONSTANT = ("always True", "always False", "always right")


def read_behavior(record: Record) -> list[Reading]:
    """A line for each dataset; none where the model errs on everything, or on nothing."""
    datasets: dict[str, list[BehaviorScore]] = {}
    for score in record.behavior:
        datasets.setdefault(score.dataset, []).append(score)
    found = (_reading(scores) for scores in datasets.values())
    return [reading for reading in found if reading is not None]


def behavior_line(scores: Sequence[BehaviorScore]) -> ScoreLine | None:
    """κ of errors, mean over people and then over kinds of problems, as boards rank it.

    Items of different kinds that are pooled are left out where single kinds are there.

    Parameters
    ----------
    scores : of one dataset.
    """
    cells = _single(scores)
    values = [s.error_consistency.value for s in cells if s.error_consistency.value is not None]
    if len(values) < len(cells):
        return None
    people = [s.error_consistency.reference for s in cells]
    known = [value for value in people if value is not None]
    interval = behavior_interval(cells)
    verdict, mood = _verdict(cells, mean(values), interval)
    kinds = f", {len(cells)} kinds" if len(cells) > 1 else ""
    return ScoreLine(
        name="behaviour",
        statistic="κ of errors",
        value=mean(values),
        interval=interval,
        against="people" if len(known) == len(people) else "chance",
        held=mean(known) if len(known) == len(people) else 0.0,
        verdict=verdict,
        mood=mood,
        of=f"{cells[0].dataset}{kinds}",
        over="people and problems",
    )


def _single(scores: Sequence[BehaviorScore]) -> list[BehaviorScore]:
    return [score for score in scores if not score.pooled] or list(scores)


def behavior_interval(cells: Sequence[BehaviorScore]) -> Interval | None:
    """95 % of the mean over kinds of problems of κ of errors, over new people and new problems.

    A person counts once with all kinds that she is in; problems of two kinds are different ones.
    None where leaving out a person or a problem leaves the statistic undefined.

    Parameters
    ----------
    cells : kinds of problems of one dataset, each with a κ.
    """
    known = [cell.error_consistency for cell in cells]
    values = [each.value for each in known if each.value is not None]
    if not values or len(values) < len(known):
        return None
    value = mean(values)
    people = people_mean_interval(
        [{one: k for one, k in cell.by_person.items() if k is not None} for cell in cells]
    )
    problems = problems_mean_interval(value, [each.interval_items for each in known])
    return crossed_interval(value, people, problems)


def _verdict(
    cells: Sequence[BehaviorScore], value: float, interval: Interval | None
) -> tuple[str, Mood]:
    low, high = interval or (value, value)
    if high < 0:
        return "errs where people do not", "bad"
    if interval is None or low <= 0:
        return "no more than chance", ""
    control = _reaching(cells, value)
    if control:
        return f"no more than {control} shares", "warning"
    ratios = [cell.error_consistency.ratio_interval for cell in cells]
    if all(ratio is not None and ratio[1] < 1 for ratio in ratios):
        return "shares people's errors, less than people do", "good"
    return "shares people's errors beyond chance", "good"


def _reaching(cells: Sequence[BehaviorScore], value: float) -> str:
    """The constant answer that people share most errors with, if it is not below the model."""
    means: dict[str, float] = {}
    for name in _CONSTANT:
        found = [control.error_consistency for cell in cells for control in cell.controls
                 if control.control == name]  # fmt: skip
        known = [each for each in found if each is not None]
        if len(known) == len(cells):
            means[name] = mean(known)
    best = max(means, key=means.__getitem__, default="")
    return best if best and means[best] >= value else ""


def _reading(scores: Sequence[BehaviorScore]) -> Reading | None:
    line, cells = behavior_line(scores), _single(scores)
    if line is None:
        return None
    share = mean(cell.accuracy for cell in cells)
    found = (
        f"The model shares people's right and wrong answers with κ {line.number}, where people "
        f"share {number(line.held)} with each other."
        if line.against == "people"
        else f"The model shares people's right and wrong answers with κ {line.number}."
    )
    said = [cell.true_rate for cell in cells if cell.true_rate is not None]
    labelled = mean(cell.labelled_true for cell in cells)
    leaning = (
        f"It is right in {percent(share)} and says True in {percent(mean(said))}, where "
        f"{percent(labelled)} follow."
        if said
        else ""
    )
    n_items = sum(cell.n_items for cell in cells)
    return Reading(
        line,
        found,
        leaning,
        f"These are {plural(n_items, 'item')} and "
        f"{plural(max(cell.n_people for cell in cells), 'person', 'people')}: more items would "
        "settle it.",
    )
