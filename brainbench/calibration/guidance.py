"""How large a gain by brain signals is found, and how often one is claimed where there is none.

Problems, draws of signals and trainings are drawn anew from a pool of log-odds; each data set is
judged by the standard errors and the rule that real runs are judged by. Variances over problems
are those of the bootstrap in closed form, which is what makes thousands of data sets possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from brainbench.calibration.guidance_pool import THRESHOLDS, ArmPool, GuidancePool
from brainbench.calibration.guidance_record import RULES, GuidanceRate
from brainbench.guidance.arms import LABEL_ONLY, PERMUTED
from brainbench.guidance.gains.bootstrap import Rows, net_spread, standard_error
from brainbench.guidance.rows import Metric
from brainbench.guidance.verdict import AGAINST, HOLDS, LEVEL, RISES

Array = NDArray[np.float64]
METRICS = (RISES, HOLDS)


@dataclass(frozen=True)
class Drawn:
    """One metric of some rows of an arm, at the problems of one data set.

    Attributes
    ----------
    values : (n_rows,)
    parts : for each group of problems that is averaged, what each problem adds to the metric of
        each row (n_rows, n), and how often it was drawn (n,). The metric is the mean of each.
    """

    values: Array
    parts: tuple[tuple[Array, Array], ...]

    def at(self, rows: slice) -> Drawn:
        """Some of the rows."""
        return Drawn(self.values[rows], tuple((each[rows], counts) for each, counts in self.parts))

    @property
    def mean(self) -> Drawn:
        """The mean of all rows, as one."""
        parts = tuple((each.mean(axis=0, keepdims=True), counts) for each, counts in self.parts)
        return Drawn(self.values.mean(keepdims=True), parts)

    def minus(self, other: Drawn) -> Drawn:
        """One row minus another."""
        parts = tuple(
            (each - theirs, counts)
            for (each, counts), (theirs, _) in zip(self.parts, other.parts, strict=True)
        )
        return Drawn(self.values - other.values, parts)

    @property
    def over_problems(self) -> Array:
        """(n_rows,) variance of each row over draws of problems (DeLong et al. 1988 of an area)."""
        found = np.zeros(len(self.values))
        for each, counts in self.parts:
            n = counts.sum()
            centre = (each @ counts / n)[:, None]
            found += ((each - centre) ** 2 @ counts) / (n - 1) / n
        return found

    @property
    def rows(self) -> Rows:
        """What the rows vary by, net of the problems."""
        if len(self.values) == 1:
            return Rows(self.values, 0.0)
        of_each, of_mean = self.over_problems.mean(), self.mean.over_problems[0]
        return Rows(self.values, net_spread(self.values, float(of_each), float(of_mean)))


def draw_metrics(
    pool: ArmPool, picked: tuple[NDArray[np.intp], NDArray[np.intp]], counts: tuple[Array, Array],
    cut: int,
) -> dict[Metric, Drawn]:  # fmt: skip
    """Both metrics of some rows of a pool, under counts of the problems.

    Parameters
    ----------
    pool : of an arm.
    picked : draws of signals and trainings, one of each for every row.
    counts : how often each problem that is True, and that is False, was drawn.
    cut : which of the thresholds.
    """
    true, false = counts
    pairs = pool.pairs[picked].astype(np.float64)
    above = pairs @ false / false.sum()
    below = np.einsum("rtf,t->rf", pairs, true, optimize=True) / true.sum()
    area = Drawn(above @ true / true.sum(), ((above, true), (below, false)))
    every = np.concatenate(counts)
    right = pool.right[(cut, *picked)].astype(np.float64)
    return {RISES: area, HOLDS: Drawn(right @ every / every.sum(), ((right, every),))}


@dataclass(frozen=True)
class Compared:
    """Guided minus an arm.

    Attributes
    ----------
    value : the difference.
    p : two-sided, by the rule that holds.
    p_before : by the one before, whose degrees of freedom were at most those of the signals.
    """

    value: float
    p: float
    p_before: float

    @property
    def rises(self) -> bool:
        """Whether it is above 0."""
        return self.value > 0.0 and self.p < LEVEL

    @property
    def rose_before(self) -> bool:
        """Whether it was, by the rule before."""
        return self.value > 0.0 and self.p_before < LEVEL

    @property
    def falls(self) -> bool:
        """Whether it is below 0."""
        return self.value < 0.0 and self.p < LEVEL


def compare_drawn(guided: Drawn, other: Drawn, permuted: Drawn) -> Compared:
    """Guided minus an arm, with both p.

    Parameters
    ----------
    guided, other : of the same problems.
    permuted : rows of permuted signals; ``other`` itself if it is that arm.
    """
    apart = guided.mean.minus(other.mean)
    value, of_problems = float(apart.values[0]), float(apart.over_problems[0])
    n_base = int(sum(counts.sum() for _, counts in apart.parts))
    ours, theirs = guided.rows, other.rows
    signals = theirs if other is permuted else permuted.rows
    error, freedom = standard_error(ours, theirs, of_problems, n_base, signals)
    if error == 0.0:
        return Compared(value, float(value == 0.0), float(value == 0.0))
    before = min(freedom_before(ours, theirs, of_problems, n_base, signals),
                 signals.values.size - 1)  # fmt: skip
    p, p_before = (2.0 * float(stdtr(own, -abs(value) / error)) for own in (freedom, before))
    return Compared(value, p, p_before)


def freedom_before(
    guided: Rows, other: Rows, of_problems: float, n_base: int, signals: Rows
) -> float:
    """Degrees of freedom by the rule before: of spreads net of problems.

    Parameters
    ----------
    guided, other, of_problems, n_base, signals : as of :func:`.standard_error`.
    """
    size = other.values.size
    parts = [(of_problems, n_base), (guided.spread / guided.values.size, guided.values.size)]
    if signals is other:
        parts.append((other.spread * (1.0 + 1.0 / size), size))
    else:
        parts += [(other.spread / size, size), (signals.spread, signals.values.size)]
    spent = sum(part**2 / (n - 1) for part, n in parts if n > 1)
    return sum(part for part, _ in parts) ** 2 / spent if spent else np.inf


@dataclass(frozen=True)
class Truth:
    """What is planted.

    Attributes
    ----------
    gain : of guided over both arms, in AUC.
    over : where nothing is gained over one arm, the other one, which is far below.
    """

    gain: float
    over: str | None = None


GAINS = (0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.17, 0.22, 0.3, 0.4)
FAR = 0.2
"""By how much an arm is below, over which a gain is no error."""
NOTHING = (Truth(0.0), *(Truth(0.0, over) for over in AGAINST))
PERMUTATIONS = (3, 5, 10, 20)


@dataclass(frozen=True, eq=False)
class World:
    """Pools of the three arms of one truth, thresholds drawn on the same problems for all."""

    guided: ArmPool
    permuted: ArmPool
    label: ArmPool

    @classmethod
    def of(cls, pool: GuidancePool, truth: Truth, seed: int) -> World:
        """Log-odds with a gain planted in them."""

        def arm(name: str, gain: float) -> ArmPool:
            return pool.arm(name, gain, np.random.default_rng(seed))

        low = {name: -FAR if truth.over == name else 0.0 for name in AGAINST}
        return cls(
            arm(PERMUTED, truth.gain),
            arm(PERMUTED, low[PERMUTED]),
            arm(LABEL_ONLY, low[LABEL_ONLY]),
        )


def simulate(
    world: World, n_base: int, n_permutations: Sequence[int], rng: np.random.Generator
) -> dict[int, dict[str, bool]]:
    """One data set, judged with several numbers of permutations.

    Parameters
    ----------
    world : what is drawn from.
    n_base : problems, half of them True.
    n_permutations : of permuted signals and, of trainings, rows of every other arm.
    rng : source of everything that is drawn.

    Returns
    -------
    Number of permutations → rule → whether brain signals are said to help.

    Raises
    ------
    ValueError
        When there are too few draws of signals: one of them is guided's own.
    """
    n_signals, n_trainings, n_true, n_false = world.guided.pairs.shape
    if max(n_permutations) >= n_signals:
        raise ValueError(
            f"{n_signals} draws of signals allow {n_signals - 1} permutations, not "
            f"{max(n_permutations)}"
        )
    counts = _draw(n_true, n_base // 2, rng), _draw(n_false, n_base // 2, rng)
    cut = int(rng.integers(THRESHOLDS))
    most = max(n_permutations)
    signals = rng.permutation(n_signals)[: most + 1]
    trainings = [rng.permutation(n_trainings)[:most] for _ in range(3)]
    own = np.full(trainings[0].size, signals[0])
    every = np.resize(trainings[1], most)
    guided = draw_metrics(world.guided, (own, trainings[0]), counts, cut)
    permuted = draw_metrics(world.permuted, (signals[1:], every), counts, cut)
    label = draw_metrics(world.label, (np.zeros_like(trainings[2]), trainings[2]), counts, cut)
    found = {}
    for number in n_permutations:
        first = slice(number)
        few = [{m: arm[m].at(first) for m in METRICS} for arm in (guided, permuted, label)]
        found[number] = _judge(*few)
    return found


def _draw(n: int, count: int, rng: np.random.Generator) -> Array:
    """How often each of n problems is among so many."""
    found: Array = rng.multinomial(count, np.full(n, 1.0 / n)).astype(np.float64)
    return found


def _judge(
    guided: Mapping[Metric, Drawn], permuted: Mapping[Metric, Drawn], label: Mapping[Metric, Drawn]
) -> dict[str, bool]:
    """Both rules; see :func:`brainbench.guidance.verdict.decide_verdict`."""
    found = {
        metric: [
            compare_drawn(guided[metric], other[metric], permuted[metric])
            for other in (permuted, label)
        ]
        for metric in METRICS
    }
    now = all(each.rises for each in found[RISES]) and not any(e.falls for e in found[HOLDS])
    return {"now": now, "before": all(e.rose_before for own in found.values() for e in own)}


def count_claims(
    pool: GuidancePool,
    truth: Truth,
    sizes: Sequence[int],
    n_data_sets: int,
    n_permutations: Sequence[int] = PERMUTATIONS,
    seed: int = 0,
) -> dict[tuple[int, int], list[GuidanceRate]]:
    """Rates of one truth by both rules.

    Parameters
    ----------
    pool : of log-odds.
    truth : what is planted.
    sizes : numbers of problems.
    n_data_sets : of each size.
    n_permutations : each of them, in the same data sets.
    seed : of everything that is drawn; data sets of all truths are of the same problems.

    Returns
    -------
    (problems, permutations) → a rate for each rule.
    """
    world = World.of(pool, truth, seed)
    found = {}
    for size in sizes:
        counted = {(n, rule): 0 for n in n_permutations for rule in RULES}
        for number in range(n_data_sets):
            rng = np.random.default_rng([seed, size, number])
            for n, helps in simulate(world, size, n_permutations, rng).items():
                for rule in RULES:
                    counted[n, rule] += helps[rule]
        for n in n_permutations:
            found[size, n] = [
                GuidanceRate.of(rule, truth.gain, truth.over, counted[n, rule], n_data_sets)
                for rule in RULES
            ]
    return found
