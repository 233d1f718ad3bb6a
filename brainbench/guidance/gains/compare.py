"""Gains of guidance: paired differences between arms over the same problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError, UsageError
from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.arms import GUIDED, PERMUTED
from brainbench.guidance.gains.bootstrap import (
    SHARES,
    GainEstimate,
    MetricDraws,
    compare,
    draw_problems,
    draw_seeds,
)
from brainbench.guidance.gains.metrics import measure
from brainbench.guidance.rows import (
    BOUNDED,
    METRICS,
    ArmRow,
    Change,
    Difference,
    Metric,
    NeutralShift,
    Verdict,
)
from brainbench.guidance.verdict import MIN_DRAWN, MIN_PROBLEMS, decide_verdict, find_lacking
from brainbench.statistics.answers import mcnemar

MIN_DRAWS = 10_000
Tables = Mapping[Metric, MetricDraws]


@dataclass(frozen=True)
class GainSettings:
    """How gains are measured.

    Attributes
    ----------
    n_draws : of the bootstrap, at least 10,000.
    seed : of the bootstrap.
    n_permutations : of the item-permuted arm; None where each of its rows is another one.
    oracles : arms that know the answers of the test: they are shown, and no part of a claim.
    """

    n_draws: int = MIN_DRAWS
    seed: int = 0
    n_permutations: int | None = None
    oracles: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if self.n_draws < MIN_DRAWS:
            raise UsageError(f"{self.n_draws} draws are too few; take at least {MIN_DRAWS:,}")


@dataclass(frozen=True)
class Gains:
    """Rows of a :class:`.GuidanceScore`."""

    arms: list[ArmRow]
    differences: list[Difference]
    verdict: Verdict


def measure_gains(
    arms: Mapping[str, ArmAnswers], items: TestItems, settings: GainSettings
) -> Gains:
    """Guided against every other arm, with a verdict.

    Parameters
    ----------
    arms : by name, ``guided`` among them. A ``permuted fMRI`` row is one permutation; so are
        the rows of other arms whose signals depend on a seed (``Arm.stochastic``) one draw each.
    items : the problems they all answered.

    Raises
    ------
    DataError
        Without ``guided``, or where an arm's answers do not fit the problems.
    """
    if GUIDED not in arms:
        raise DataError(f"no arm {GUIDED!r} among {sorted(arms)}: gains are its own")
    for name, answers in arms.items():
        answers.check(name, items)
    n_draws = settings.n_draws if items.n_base >= MIN_PROBLEMS else 0
    tables = tabulate(arms, items, n_draws, settings.seed)
    differences = [_difference(name, arms, tables, items) for name in arms if name != GUIDED]
    seeds = {name: answers.n_seeds for name, answers in arms.items()}
    lacking = find_lacking(seeds, settings.n_permutations)
    needed = [each for each in differences if each.against not in settings.oracles]
    return Gains(
        [_row(name, arms[name], tables[name]) for name in arms],
        differences,
        decide_verdict(needed, lacking),
    )


def tabulate(
    arms: Mapping[str, ArmAnswers], items: TestItems, n_draws: int, seed: int
) -> dict[str, Tables]:
    """Every metric of every arm, with its bootstrap draws.

    Parameters
    ----------
    arms : by name.
    items : the problems they all answered.
    n_draws : of the bootstrap; the same draws of problems for all arms.
    seed : of the bootstrap.
    """
    drawn = draw_problems(items.n_base, n_draws, np.random.default_rng([seed, 0]))
    weights = np.concatenate([np.ones((1, items.n_base), np.uint16), drawn])
    work = [(name, answers, items, weights, seed) for name, answers in arms.items()]
    return dict(zip(arms, parallel(lambda one: _table(*one), work), strict=True))


def estimate_gain(
    tables: Mapping[str, Tables], against: str, metric: Metric, n_base: int
) -> GainEstimate | None:
    """Guided minus one arm; None where the metric was not measured of both.

    The signals that guide could have been others: what rows of permuted signals vary by is part
    of the error, whichever arm guided is compared with. p is None where that is not known, from
    fewer than two permutations; the interval is then one over seeds and problems alone.

    Parameters
    ----------
    tables : of every arm, by name, ``guided`` among them.
    against : name of the other arm.
    metric : name of the metric.
    n_base : number of base problems.
    """
    ours, theirs = tables[GUIDED], tables[against]
    if metric not in ours or metric not in theirs:
        return None
    signals = tables.get(PERMUTED, {}).get(metric)
    ends = SHARES if metric in BOUNDED else None
    found = compare(ours[metric], theirs[metric], n_base, signals, ends=ends)
    known = signals is not None and signals.seeds.size >= MIN_DRAWN
    return found if known else replace(found, p=None)


def mcnemar_of_arms(
    guided: ArmAnswers, other: ArmAnswers, items: TestItems
) -> tuple[float, int, int] | None:
    """Exact p, and how many problems only guided, only the other has right.

    On order 0 of each problem, each arm by what most of its seeds have right; a draw is not
    right. None where no problem has an order 0.

    Parameters
    ----------
    guided, other : answers (n_seeds, n_items) of the two arms.
    items : labels and orders of the problems.

    Source: :func:`.mcnemar`.
    """
    asked = items.order == 0
    if not asked.any():
        return None
    ours, theirs = (
        ((arm.answer == items.labels)[:, asked]).mean(axis=0) > 0.5 for arm in (guided, other)
    )
    return mcnemar(theirs, ours)


def _table(
    name: str, answers: ArmAnswers, items: TestItems, weights: NDArray[np.uint16], seed: int
) -> dict[Metric, MetricDraws]:
    """Every metric of one arm: problems as they are in the first row of weights, then drawn."""
    # by its name: what is drawn for an arm does not depend on which others there are
    own = np.random.default_rng([seed, 1, crc32(name.encode())])
    seeds = draw_seeds(answers.n_seeds, len(weights) - 1, own)
    return {
        metric: MetricDraws.of(table, seeds)
        for metric, table in measure(answers, items, weights).items()
    }


def _row(name: str, answers: ArmAnswers, table: Tables) -> ArmRow:
    def mean(values: Array | None) -> float | None:
        return None if values is None else float(values.mean())

    measured = {metric: mean(table[metric].seeds) for metric in METRICS if metric in table}
    shown = {
        metric: value if value is not None and np.isfinite(value) else None
        for metric, value in measured.items()
    }
    return ArmRow.model_validate(
        {
            **dict.fromkeys(METRICS),
            **shown,
            "arm": name,
            "n_seeds": answers.n_seeds,
            "strength": mean(answers.strengths),
            "layers": None if answers.layers is None else list(answers.layers),
            "threshold": mean(answers.thresholds) if answers.has_odds else None,
            "shift": mean_shift(answers.shifts),
        }
    )


def mean_shift(shifts: Array | None) -> NeutralShift | None:
    """Mean over the rows of :attr:`.ArmAnswers.shifts`; None where there are none.

    Parameters
    ----------
    shifts : (n_seeds, 3) divergence, rise of surprisal, share of choices beyond the limit.
    """
    if shifts is None:
        return None
    kl, rise, beyond = shifts.mean(axis=0).tolist()
    return NeutralShift(kl=kl, rise=rise, beyond=beyond)


def _difference(
    name: str, arms: Mapping[str, ArmAnswers], tables: Mapping[str, Tables], items: TestItems
) -> Difference:
    found = ((metric, estimate_gain(tables, name, metric, items.n_base)) for metric in METRICS)
    changes = [
        Change(metric=metric, value=each.value, interval=each.interval, p=each.p)
        for metric, each in found
        if each is not None and np.isfinite(each.value)
    ]
    tested = mcnemar_of_arms(arms[GUIDED], arms[name], items)
    return Difference(
        against=name,
        n_seeds=min(arms[GUIDED].n_seeds, arms[name].n_seeds),
        changes=changes,
        mcnemar_p=None if tested is None else tested[0],
        mcnemar_gained=None if tested is None else tested[1],
        mcnemar_lost=None if tested is None else tested[2],
    )
