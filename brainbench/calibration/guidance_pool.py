"""Log-odds that simulations of guidance draw from, with gains planted in them.

A pool holds what arms said of the same problems: for permuted signals a row for each draw of
signals and training, for labels alone one for each training. Where nothing is gained, the people's
own signals are one more draw of the kind that permuted ones are; a gain moves the log-odds of
every answer towards the right one, as far as brings the area under the curve that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from brainbench.calibration.measured_odds import Array, MeasuredOdds
from brainbench.guidance.answers import FALSE, TRUE
from brainbench.guidance.arms import LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.gains.metrics import pairs_in_order
from brainbench.guidance.rows import Mode
from brainbench.statistics.answers import auc, best_threshold

# how often the problems that thresholds are chosen on are drawn anew
THRESHOLDS = 4
# steps of the search for a shift; its error is then far below that of any rate
_HALVINGS = 20


@dataclass(frozen=True, eq=False)
class ArmPool:
    """What rows of one arm said; R draws of signals, S trainings with each.

    Attributes
    ----------
    pairs : (R, S, B_true, B_false) share of pairs in order, between problems.
    right : (V, R, S, B) share of orders that are right at each of V thresholds, problems that
        are True first.
    """

    pairs: NDArray[np.float32]
    right: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GuidancePool:
    """Rows of the arms that a claim needs.

    Attributes
    ----------
    name : of the test and the way of guiding.
    mode : way of guiding.
    measured : labels, problems and orders of the items.
    odds : arm → (R, S, n_items); permuted signals and labels alone, of equal mean area.
    """

    name: str
    mode: Mode
    measured: MeasuredOdds
    odds: Mapping[str, Array]

    @property
    def areas(self) -> Array:
        """(R, S) area under the curve of each row of permuted signals, at the test."""
        rows = self.rows(PERMUTED)
        own = auc(rows.reshape(-1, rows.shape[-1]).T, self._true)
        return own.reshape(rows.shape[:2])

    def rows(self, arm: str) -> Array:
        """(R, S, n_items) log-odds of the test of one arm."""
        return self.odds[arm][..., self.measured.test]

    def arm(self, arm: str, gain: float, rng: np.random.Generator) -> ArmPool:
        """What an arm says with its area raised by so much.

        Parameters
        ----------
        arm : name; guided is permuted signals with a gain.
        gain : in AUC; negative where it falls.
        rng : draws the problems that thresholds are chosen on.
        """
        labels, test = self.measured.labels, self.measured.test
        items, odds = self.measured.items, self.odds[arm]
        if gain:
            shift = find_shift(self.rows(arm), self._true, self.areas.mean() + gain)
            odds = odds + shift * (1 - 2 * labels)
        flat = odds.reshape(-1, labels.size)
        true = np.unique(items.clusters[items.labels == TRUE])
        false = np.unique(items.clusters[items.labels == FALSE])
        n_orders = items.n_items / items.n_base
        pairs = np.stack([pairs_in_order(row[test], items) for row in flat]) / n_orders**2
        cuts = self._thresholds(flat, rng)
        problems = np.concatenate([true, false])
        one = np.zeros((items.n_items, items.n_base))
        one[np.arange(items.n_items), items.clusters] = 1.0 / n_orders
        right = [
            (((flat[:, test] > cut[:, None]) == (items.labels == TRUE)) @ one)[:, problems]
            for cut in cuts
        ]
        return ArmPool(
            pairs.reshape(*odds.shape[:2], true.size, false.size).astype(np.float32),
            np.stack(right).reshape(THRESHOLDS, *odds.shape[:2], -1).astype(np.float32),
        )

    def _thresholds(self, flat: Array, rng: np.random.Generator) -> Array:
        """(V, rows), the problems that they are chosen on drawn anew; 0 where there are none."""
        own = ~self.measured.test
        found = np.zeros((THRESHOLDS, len(flat)))
        if not own.any():
            return found
        base, true = self.measured.base[own], self.measured.labels[own] == TRUE
        every = np.unique(base)
        for number in range(THRESHOLDS):
            some = rng.choice(every, every.size)
            drawn = np.concatenate([np.flatnonzero(base == each) for each in some])
            for row, odds in enumerate(flat[:, own]):
                found[number, row] = best_threshold(odds[drawn], true[drawn])
        return np.nan_to_num(found)

    @property
    def _true(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.measured.labels[self.measured.test] == TRUE
        return found


def steered(measured: MeasuredOdds, n_orders: int, spread: float) -> GuidancePool:
    """Log-odds as they were measured; labels alone with the mean area of permuted signals.

    The areas of few problems differ more between draws of signals than those of many would. What
    is drawn from a pool has its problems for all there are, so rows are moved until their areas
    differ by what draws of signals differ by net of the problems.

    Parameters
    ----------
    measured : of a steered model; an arm without drawn signals has one row.
    n_orders : of premises that are kept of each problem.
    spread : standard deviation of the area over draws of signals, net of the problems.
    """
    some = _of_orders(measured, n_orders)
    odds = {arm: some.odds[arm][:, None] for arm in (PERMUTED, LABEL_ONLY)}
    pool = GuidancePool(f"steering, {measured.name}", "steering", some, odds)
    # the order of the rows stays as it is
    places = np.argsort(np.argsort(pool.areas[:, 0]))
    wanted = pool.areas.mean() + spread * _quantiles(places.size)[places][:, None]
    shifts = find_shift(pool.rows(PERMUTED), pool._true, wanted)
    moved = odds[PERMUTED] + shifts[..., None] * (1 - 2 * some.labels)
    return _levelled(replace(pool, odds={**odds, PERMUTED: moved}))


@dataclass(frozen=True)
class Training:
    """How trainings differ; assumed where no more than one of each arm was measured.

    Attributes
    ----------
    common : share of the variance of log-odds within a label that all arms have in common.
    of_problem : share of it that the orders of a problem have in common.
    spread : standard deviation of the area over draws of signals.
    seed_spread : the same over trainings with the same signals.
    n_signals, n_trainings : rows of the pool.
    """

    common: float
    of_problem: float
    spread: float
    seed_spread: float
    n_signals: int = 24
    n_trainings: int = 20


def trained(
    name: str, measured: MeasuredOdds, n_orders: int, how: Training, seed: int
) -> GuidancePool:
    """Log-odds of a model as it is, which every training moves in its own way.

    Parameters
    ----------
    name : of the pool.
    measured : whose unguided log-odds all arms have in common.
    n_orders : of premises that are kept of each problem.
    how : trainings differ.
    seed : of what is drawn.
    """
    some = _of_orders(measured, n_orders)
    rng = np.random.default_rng(seed)
    plain = some.odds[UNGUIDED][0].copy()
    for label in (TRUE, FALSE):
        own = some.labels == label
        plain[own] = (plain[own] - plain[own].mean()) / plain[own].std()
    problems = np.unique(some.base, return_inverse=True)[1]

    def noise(*shape: int) -> Array:
        of_problem = rng.standard_normal((*shape, problems.max() + 1))[..., problems]
        of_order = rng.standard_normal((*shape, problems.size))
        found: Array = (
            np.sqrt(how.of_problem) * of_problem + np.sqrt(1.0 - how.of_problem) * of_order
        )
        return found

    true = some.labels[some.test] == TRUE
    unguided = float(auc(some.odds[UNGUIDED][0, some.test], true))
    odds = {}
    for arm, n_signals in ((PERMUTED, how.n_signals), (LABEL_ONLY, 1)):
        shape = (n_signals, how.n_trainings)
        own = np.sqrt(0.5) * (noise(n_signals, 1) + noise(*shape))
        rows = np.sqrt(how.common) * plain + np.sqrt(1.0 - how.common) * own
        lucky = rng.permutation(_quantiles(n_signals))[:, None]
        seeds = rng.permuted(np.tile(_quantiles(how.n_trainings), (n_signals, 1)), axis=1)
        wanted = unguided + how.spread * lucky + how.seed_spread * seeds
        shifts = find_shift(rows[..., some.test], true, wanted)
        odds[arm] = rows + shifts[..., None] * (1 - 2 * some.labels)
    return _levelled(GuidancePool(name, "finetuning", some, odds))


def _levelled(pool: GuidancePool) -> GuidancePool:
    """Labels alone moved to the mean area of permuted signals: no arm has a gain."""
    shift = find_shift(pool.rows(LABEL_ONLY), pool._true, pool.areas.mean())
    move = shift * (1 - 2 * pool.measured.labels)
    return replace(pool, odds={**pool.odds, LABEL_ONLY: pool.odds[LABEL_ONLY] + move})


def _of_orders(measured: MeasuredOdds, n_orders: int) -> MeasuredOdds:
    kept = measured.order < n_orders
    return MeasuredOdds(
        measured.name, measured.labels[kept], measured.base[kept], measured.order[kept],
        measured.test[kept], {arm: odds[:, kept] for arm, odds in measured.odds.items()},
    )  # fmt: skip


def _quantiles(count: int) -> Array:
    """As many values of the normal distribution, of mean 0 and variance 1; 0 of one."""
    if count == 1:
        return np.zeros(1)
    found = ndtri((np.arange(count) + 0.5) / count)
    scaled: Array = found / found.std()
    return scaled


def find_shift(rows: Array, true: NDArray[np.bool_], area: Array | float) -> Array:
    """By how much every answer moves towards the right one, to reach an area under the curve.

    Parameters
    ----------
    rows : (R, S, n_items) log-odds.
    true : (n_items,) whether the conclusion follows.
    area : the mean over all rows; or (R, S), of each.

    Returns
    -------
    () or (R, S), added to log-odds of True and taken from those of False.
    """
    flat, sign = rows.reshape(-1, rows.shape[-1]).T, np.where(true, 1.0, -1.0)[:, None]
    wanted = np.asarray(area, np.float64)
    low, high = (side * np.full(wanted.size, np.ptp(rows)) for side in (-1.0, 1.0))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        reached = auc(flat + middle * sign, true)
        above = (reached if wanted.ndim else reached.mean()) > wanted.ravel()
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found: Array = ((low + high) / 2.0).reshape(wanted.shape)
    return found
