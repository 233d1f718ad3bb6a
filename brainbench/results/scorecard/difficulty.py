"""Item difficulty in one line: is the model sure where people are right?"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from brainbench.benchmarks import DifficultyScore
from brainbench.quantities import Interval
from brainbench.results.blocks import ScoreLine
from brainbench.results.blocks.model import Mood
from brainbench.results.record import Record
from brainbench.results.scorecard.reading import Reading, mean_ends
from brainbench.results.wording import number, plural


def read_difficulty(record: Record) -> list[Reading]:
    """A line for each dataset; none where the model has no log-odds that vary."""
    datasets: dict[str, list[DifficultyScore]] = {}
    for score in DifficultyScore.read_from(record):
        datasets.setdefault(score.dataset, []).append(score)
    found = (_reading(scores) for scores in datasets.values())
    return [reading for reading in found if reading is not None]


def difficulty_line(scores: Sequence[DifficultyScore]) -> ScoreLine | None:
    """ρ with the joint profile, mean over kinds of problems; the interval is over items.

    Parameters
    ----------
    scores : of one dataset; those that pool kinds are left out where others are there.
    """
    cells = [score for score in scores if not score.pooled] or list(scores)
    values = [score.headline for score in cells if score.headline is not None]
    if len(values) < len(cells):
        return None
    value, interval = fmean(values), mean_ends(score.joint.interval_items for score in cells)
    best, held = _best_control(cells)
    verdict, mood = _verdict(cells, value, interval, best, held)
    kinds = f", {len(cells)} kinds" if len(cells) > 1 else ""
    return ScoreLine(
        name="difficulty",
        statistic="ρ of confidence",
        value=value,
        interval=interval,
        against=best or "chance",
        held=held,
        verdict=verdict,
        mood=mood,
        of=f"{cells[0].dataset}{kinds}",
        over="items",
    )


def _reading(scores: Sequence[DifficultyScore]) -> Reading | None:
    line = difficulty_line(scores)
    if line is None:
        return None
    cells = [score for score in scores if not score.pooled] or list(scores)
    groups = " and ".join(
        f"{number(_mean([_of_group(score, name) for score in cells]))} with {name}"
        for name in cells[0].groups
    )
    beyond = _mean([score.beyond.value for score in cells])
    return Reading(
        line,
        f"Its confidence follows what people find easy with ρ {line.number}, {groups}.",
        f"Beyond validity, negation and length ρ is {number(beyond)}.",
        f"These are {plural(sum(score.n_items for score in cells), 'item')}: more would settle it.",
    )


def _of_group(score: DifficultyScore, name: str) -> float | None:
    return next(row.value for row in score.profiles if row.profile == name)


def _mean(values: Sequence[float | None]) -> float | None:
    """None where one is lacking: cells are compared as a whole."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _best_control(cells: Sequence[DifficultyScore]) -> tuple[str, float]:
    """What knows nothing of the model and is furthest from 0; ``"", 0`` where nothing is."""
    means = {
        name: mean
        for name in cells[0].joint.controls
        if (mean := _mean([_size(score.joint.controls.get(name)) for score in cells])) is not None
    }
    best = max(means, key=means.__getitem__, default="")
    return best, means.get(best, 0.0)


def _verdict(
    cells: Sequence[DifficultyScore],
    value: float,
    interval: Interval | None,
    best: str,
    held: float,
) -> tuple[str, Mood]:
    low, high = interval or (value, value)
    if high < 0:
        return "sure where people are wrong", "bad"
    if interval is None or low <= 0:
        return "no more than chance", ""
    if best and held >= value:
        return f"no more than {best} does", "warning"
    ends = [score.beyond.interval_items for score in cells]
    if any(end is None or end[0] <= 0 for end in ends):
        return "explained by validity, negation and length", "warning"
    return "follows what people find easy", "good"


def _size(value: float | None) -> float | None:
    """A feature says nothing of which end is the easy one."""
    return None if value is None else abs(value)
