"""One line of a scorecard, with the sentences that go with it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from brainbench.quantities import Interval
from brainbench.results.blocks import ScoreLine


@dataclass(frozen=True)
class Reading:
    """A score and what to say of it.

    Attributes
    ----------
    line : the score.
    found : what was found, a sentence.
    explained : what explains it, a sentence; empty where nothing is known of that.
    settled : what would settle it, a sentence; empty where it is settled.
    """

    line: ScoreLine
    found: str
    explained: str = ""
    settled: str = ""

    @property
    def sentences(self) -> list[str]:
        """Those that there are, in this order."""
        return [text for text in (self.found, self.explained, self.settled) if text]


def mean(values: Iterable[float]) -> float:
    """The mean, of any numbers that a file may hold; infinite where it is too large for one.

    Parameters
    ----------
    values : at least one.
    """
    known = list(values)
    try:
        return fmean(known)
    except OverflowError:
        return math.copysign(math.inf, max(known, key=abs))


def mean_ends(intervals: Iterable[Interval | None]) -> Interval | None:
    """The interval of a mean of scores that may all err together: the mean of each end.

    Scores of one model on the same people, or of the same trained arms, are not independent, and a
    record does not say how far: errors are added as if all went the same way, so the interval is
    never too narrow for that.

    Parameters
    ----------
    intervals : of each score; with one lacking the mean has none.
    """
    known = list(intervals)
    ends = [each for each in known if each is not None]
    if not ends or len(ends) < len(known):
        return None
    return mean(low for low, _ in ends), mean(high for _, high in ends)
