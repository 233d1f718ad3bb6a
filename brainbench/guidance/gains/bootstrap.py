"""Hierarchical bootstrap of the difference between two arms, over seeds × base problems.

Problems are shared by all arms and drawn once for both; seeds are separate runs and drawn for
each arm apart. What the draws alone get wrong is put right before percentiles are taken:

* Drawing n of n understates a variance by (n - 1) / n, a fifth with five seeds: n - 1 are drawn.
* Five seeds know their own spread badly: the draws are widened by Student's t over the normal
  quantile, degrees of freedom by Satterthwaite's rule. What is left of a spread over signals once
  problems are taken out can be 0 by chance; there are more degrees of freedom than signals only
  where the spread as it was measured, problems and all, is small beside the rest of the error.
* What a seed does with one problem and not with others is drawn with the seeds, with the problems,
  and once more with both: it counts once, with the problems.
* Widened draws may reach where no difference can be: those of shares and areas lie between -1 and
  1. An interval is cut to where its values can lie, which takes no true value out of it.
* The people's own signals are the same in every row of guided; permuted ones are others in every
  row. If nothing is in the people's own, they are one more draw of the permuted kind, and another
  draw could have been better or worse: what rows of permuted signals vary by is added once,
  however many seeds guided has, and whichever arm guided is compared with. An arm without signals
  has no such variance of its own, and without the addition most comparisons of meaningless signals
  with labels alone come out as a gain or a loss.

Source: Efron & Tibshirani 1993; McCarthy & Snowden 1985 (n - 1); Hesterberg 2015 (widening);
Satterthwaite 1946; Owen 2007, Annals of Applied Statistics 1 (two factors, crossed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainbench.encoding.kernels import Array
from brainbench.guidance.verdict import MIN_PROBLEMS
from brainbench.statistics.inference import Interval

# Share of draws that may lack a label; above it, the draws that are left are not a sample.
_UNDEFINED = 0.05
# draws that are counted together
_TOGETHER = 256
# where a difference of two shares, or of two areas, can lie
SHARES = (-1.0, 1.0)
# rounding of shares and areas
_SLACK = 1e-12


def draw_problems(n_base: int, n_draws: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """(n_draws, n_base) counts of each base problem among n_base - 1 drawn with replacement.

    Parameters
    ----------
    n_base : number of base problems.
    n_draws : number of draws.
    rng : source of the draws.
    """
    found = np.empty((n_draws, n_base), np.uint16)
    for start in range(0, n_draws, _TOGETHER):
        own = found[start : start + _TOGETHER]
        drawn = rng.integers(n_base, size=(len(own), n_base - 1))
        drawn += n_base * np.arange(len(own))[:, None]
        own[:] = np.bincount(drawn.ravel(), minlength=own.size).reshape(own.shape)
    return found


def draw_seeds(n_seeds: int, n_draws: int, rng: np.random.Generator) -> Array:
    """(n_draws, n_seeds) weights of n_seeds - 1 drawn; each row's sum is 1.

    Parameters
    ----------
    n_seeds : number of seeds; the weight of a single one is 1.
    n_draws : number of draws.
    rng : source of the draws.
    """
    if n_seeds == 1:
        return np.ones((n_draws, 1))
    drawn = rng.integers(n_seeds, size=(n_draws, n_seeds - 1))
    counts = (drawn[:, :, None] == np.arange(n_seeds)).sum(axis=1)
    found: Array = counts / (n_seeds - 1)
    return found


@dataclass(frozen=True, eq=False)
class Rows:
    """What the rows of an arm vary by: seeds, or draws of signals.

    Attributes
    ----------
    values : (S,) a metric of each row, all problems as they are.
    spread : variance over rows that would be left with any number of problems; 0 of one row.
    """

    values: Array
    spread: float

    def error(self, share: float) -> tuple[float, float, int]:
        """A part of a squared standard error: itself, as measured with its problems, and rows.

        Parameters
        ----------
        share : of the variance over rows that is counted.
        """
        return share * self.spread, share * _variance(self.values), self.values.size


@dataclass(frozen=True)
class MetricDraws:
    """One metric of one arm, with its bootstrap draws.

    Attributes
    ----------
    seeds : (S,) of each seed, all problems as they are.
    problems : (D,) mean over all seeds, problems drawn.
    both : (D,) mean over drawn seeds, problems drawn.
    spread : variance over seeds that would be left with any number of problems; 0 of one seed.
    """

    seeds: Array
    problems: Array
    both: Array
    spread: float

    @classmethod
    def of(cls, table: Array, seeds: Array) -> MetricDraws:
        """Draws of a metric from its values for every draw of problems and every seed.

        Parameters
        ----------
        table : (1 + D, S) the metric of each seed, the problems as they are in the first row.
        seeds : (D, S) weights of the seeds in each draw; rows sum to 1.
        """
        drawn = table[1:]
        # a seed that was not drawn may be undefined
        weighted = np.where(seeds > 0, seeds * drawn, 0.0).sum(axis=1)
        return cls(table[0], drawn.mean(axis=1), weighted, _spread(table[0], drawn))

    @property
    def value(self) -> float:
        """Mean over seeds."""
        return float(self.seeds.mean())

    @property
    def rows(self) -> Rows:
        """What its seeds vary by."""
        return Rows(self.seeds, self.spread)


@dataclass(frozen=True)
class GainEstimate:
    """A difference; interval and p are None where nothing could be drawn."""

    value: float
    interval: Interval | None
    p: float | None


def compare(
    guided: MetricDraws,
    other: MetricDraws,
    n_base: int,
    signals: MetricDraws | None = None,
    level: float = 0.95,
    ends: Interval | None = None,
) -> GainEstimate:
    """Guided minus another arm, with percentile interval and two-sided p.

    Parameters
    ----------
    guided, other : of the same draws of problems.
    n_base : how many problems were drawn from.
    signals : of the arm whose rows are guided by signals drawn anew for each, which may be
        ``other`` itself; without it the result holds for these very signals only.
    ends : where such a difference can lie, if there are ends; the interval is cut to them.

    Returns
    -------
    p is that of Student's t with the bootstrap's standard error and the degrees of freedom
    that the draws are widened by, and never below 2 / (draws + 1): no more was looked at.
    """
    value = guided.value - other.value
    draws = guided.both - other.both
    problems = guided.problems - other.problems
    kept = np.isfinite(draws) & np.isfinite(problems)
    if n_base < MIN_PROBLEMS or not np.isfinite(value) or kept.mean() < 1.0 - _UNDEFINED:
        return GainEstimate(value, None, None)
    draws = draws[kept]
    ours, theirs = guided.rows, other.rows
    more = theirs if signals is other else None if signals is None else signals.rows
    error, freedom = standard_error(ours, theirs, float(problems[kept].var()), n_base, more)
    least = 2.0 / (draws.size + 1)
    if error < _SLACK or draws.std() < _SLACK:
        return GainEstimate(value, (value, value), 1.0 if abs(value) < _SLACK else least)
    tail = 0.5 + level / 2
    wider = stats.t.ppf(tail, freedom) / stats.norm.ppf(tail) * error / draws.std()
    widened = draws.mean() + (draws - draws.mean()) * wider
    low, high = np.quantile(widened, [1.0 - tail, tail])
    if ends is not None:
        low, high = np.clip((low, high), *ends)
    p = 2.0 * stats.t.sf(abs(value) / error, freedom)
    return GainEstimate(value, (float(low), float(high)), float(max(p, least)))


def _spread(seeds: Array, drawn: Array) -> float:
    """Variance of (S,) values net of what each seed does with single problems."""
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    if seeds.size == 1 or not len(drawn):
        return _variance(seeds)
    return net_spread(seeds, float(drawn.var(axis=0).mean()), float(drawn.mean(axis=1).var()))


def net_spread(values: Array, of_each: float, of_mean: float) -> float:
    """Variance over rows that would be left with any number of problems.

    Drawing problems moves a row by what it shares with the others and by what is its own; the
    mean over S rows by the first and 1 / S of the second.

    Parameters
    ----------
    values : (S,) of each row, two or more.
    of_each : variance of one row over draws of problems, mean over rows.
    of_mean : the same of the mean of all rows.
    """
    own = (of_each - of_mean) * values.size / (values.size - 1)
    return max(_variance(values) - own, 0.0)


def _variance(seeds: Array) -> float:
    """0 of one."""
    return float(seeds.var(ddof=1)) if seeds.size > 1 else 0.0


def standard_error(
    guided: Rows, other: Rows, of_problems: float, n_base: int, signals: Rows | None = None
) -> tuple[float, float]:
    """Of guided minus another arm, and its degrees of freedom.

    Parameters
    ----------
    guided, other : rows of the two arms.
    of_problems : variance of the difference of their means over draws of problems.
    n_base : how many problems were drawn from.
    signals : rows that are guided by signals drawn anew; ``other`` itself if it is that arm.

    Source: Satterthwaite 1946, Biometrics Bulletin 2.
    """
    parts = [(of_problems, of_problems, n_base), guided.error(1.0 / guided.values.size)]
    share = 1.0 / other.values.size
    if signals is other:
        # one estimate, used twice
        parts.append(other.error(share + 1.0))
    else:
        parts.append(other.error(share))
        if signals is not None:
            parts.append(signals.error(1.0))
    total = sum(part for part, _, _ in parts)
    freedom = _satterthwaite(total, [(part, n) for part, _, n in parts])
    if signals is not None and signals.values.size > 1:
        # what few rows vary by is not known any better where it is small net of the problems, but
        # where it is small as it was measured
        measured = _satterthwaite(total, [(most, n) for _, most, n in parts])
        freedom = min(freedom, max(measured, signals.values.size - 1))
    return float(np.sqrt(total)), freedom


def _satterthwaite(total: float, parts: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of variances, each of so many values; those of one are 0."""
    spent = sum(part**2 / (n - 1) for part, n in parts if n > 1)
    return total**2 / spent if spent > 0 else np.inf
