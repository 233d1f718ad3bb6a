"""Gains of guidance: paired differences between arms over the same problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError, UsageError
from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.arms import GUIDED, is_stochastic
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
    Tier,
    Verdict,
)
from brainbench.guidance.verdict import CLAIM, MIN_PROBLEMS, decide_verdict, find_lacking
from brainbench.statistics.answers import mcnemar
from brainbench.statistics.inference import holm

MIN_DRAWS = 10_000
Tables = Mapping[Metric, MetricDraws]


@dataclass(frozen=True)
class GainSettings:
    """How gains are measured.

    Attributes
    ----------
    tier : ``reduced`` never claims anything.
    n_draws : of the bootstrap, at least 10,000.
    seed : of the bootstrap.
    n_permutations : of the item-permuted arm; None where each of its rows is another one.
    oracles : arms that know the answers of the test: they are shown, and neither corrected
        for nor part of a claim.
    """

    tier: Tier
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
    drawn = draw_problems(items.n_base, n_draws, np.random.default_rng([settings.seed, 0]))
    weights = np.concatenate([np.ones((1, items.n_base), np.uint16), drawn])
    work = [(name, answers, items, weights, settings.seed) for name, answers in arms.items()]
    tables = dict(zip(arms, parallel(lambda one: _table(*one), work), strict=True))
    others = [name for name in arms if name != GUIDED]
    found = [_difference(name, arms, tables, items) for name in others]
    (differences,) = correct_differences([found], settings.oracles)
    seeds = {name: answers.n_seeds for name, answers in arms.items()}
    lacking = find_lacking(settings.tier, seeds, settings.n_permutations)
    needed = [each for each in differences if each.against not in settings.oracles]
    return Gains(
        [_row(name, arms[name], tables[name]) for name in arms],
        differences,
        decide_verdict(needed, lacking),
    )


def correct_differences(
    models: Sequence[Sequence[Difference]], oracles: frozenset[str] = frozenset()
) -> list[list[Difference]]:
    """The same differences, p values corrected over arms, and over models if there are more.

    Holm's correction, for each of the metrics that a claim rests on; an arm without a p value
    counts as one of 1.

    Parameters
    ----------
    models : differences of each model, guided against its other arms.
    oracles : arms that are not corrected, and not counted.

    Returns
    -------
    Copies, model by model, with ``p_corrected`` set where there is a p value.
    """
    corrected_models = [
        [each.model_copy(deep=True) for each in differences] for differences in models
    ]
    every = [
        each
        for differences in corrected_models
        for each in differences
        if each.against not in oracles
    ]
    for metric in CLAIM:
        changes = [c for each in every for c in each.changes if c.metric == metric]
        tested = [change for change in changes if change.p is not None]
        if tested:
            corrected = holm([float(c.p) for c in tested if c.p is not None], len(every))
            for change, p in zip(tested, corrected, strict=True):
                change.p_corrected = p
    return corrected_models


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
        }
    )


def _difference(
    name: str, arms: Mapping[str, ArmAnswers], tables: Mapping[str, Tables], items: TestItems
) -> Difference:
    ours, theirs = tables[GUIDED], tables[name]
    redrawn = is_stochastic(name)
    changes: list[Change] = []
    for metric in METRICS:
        if metric in ours and metric in theirs:
            ends = SHARES if metric in BOUNDED else None
            found = compare(ours[metric], theirs[metric], items.n_base, redrawn, ends=ends)
            if np.isfinite(found.value):
                changes.append(_change(metric, found))
    tested = mcnemar_of_arms(arms[GUIDED], arms[name], items)
    return Difference(
        against=name,
        n_seeds=min(arms[GUIDED].n_seeds, arms[name].n_seeds),
        changes=changes,
        mcnemar_p=None if tested is None else tested[0],
        mcnemar_gained=None if tested is None else tested[1],
        mcnemar_lost=None if tested is None else tested[2],
    )


def _change(metric: Metric, found: GainEstimate) -> Change:
    return Change(
        metric=metric, value=found.value, interval=found.interval, p=found.p, p_corrected=None
    )
