"""How large a gain is found, and how often none is claimed: simulated as real runs are judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from simulated_odds import measured_odds

from brainbench.calibration.guidance import (
    METRICS,
    NOTHING,
    Truth,
    World,
    compare_drawn,
    count_claims,
    draw_metrics,
    simulate,
)
from brainbench.calibration.guidance_pool import GuidancePool, Training, steered, trained
from brainbench.guidance.answers import ArmAnswers
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED
from brainbench.guidance.gains import compare as module
from brainbench.guidance.gains.compare import GainSettings, estimate_gain, measure_gains, tabulate

FAR_APART = Training(0.85, 0.7, spread=0.09, seed_spread=0.02, n_signals=24, n_trainings=5)


def rate(pool: GuidancePool, truth: Truth, n_base: int, n_permutations: int, n: int) -> float:
    found = count_claims(pool, truth, (n_base,), n, (n_permutations,))
    return found[n_base, n_permutations][0].rate


def as_answers(pool: GuidancePool, seed: int) -> dict[str, ArmAnswers]:
    """The rows of a pool as a run would have them: one guided, some permuted, labels alone."""
    labels, test = pool.measured.labels, pool.measured.test
    rows = {
        GUIDED: pool.odds[PERMUTED][:1, 0] + 0.3 * (1 - 2 * labels),
        PERMUTED: pool.odds[PERMUTED][1:, 0],
        LABEL_ONLY: pool.odds[LABEL_ONLY][:, 0],
    }
    found = {}
    for arm, odds in rows.items():
        cuts = pool._thresholds(odds, np.random.default_rng(seed))[0]
        own = odds[:, test]
        found[arm] = ArmAnswers(own, np.where(own > 0, 0, 1), thresholds=cuts)
    return found


@pytest.mark.parametrize("seed", [0, 1])
def test_variances_in_closed_form_are_those_of_the_bootstrap(seed: int) -> None:
    """The same answers by the code that judges real runs."""
    measured = measured_odds(60, 2, n_signals=7, spread=0.3, seed=seed)
    pool = steered(measured, 2, 0.01)
    answers = as_answers(pool, 0)
    pool = replace(pool, odds={**pool.odds, GUIDED: pool.odds[PERMUTED][:1]})
    shifted = pool.odds[GUIDED] + 0.3 * (1 - 2 * measured.labels)
    pool = replace(pool, odds={**pool.odds, GUIDED: shifted})
    counts = np.ones(30), np.ones(30)
    rows = {GUIDED: (0, 1), PERMUTED: (1, 7), LABEL_ONLY: (0, 1)}
    drawn = {}
    for arm, (first, last) in rows.items():
        picked = np.arange(first, last), np.zeros(last - first, int)
        drawn[arm] = draw_metrics(pool.arm(arm, 0.0, np.random.default_rng(0)), picked, counts, 0)
    tables = tabulate(answers, measured.items, 4000, seed)
    for metric in METRICS:
        for arm in (PERMUTED, LABEL_ONLY):
            one = compare_drawn(*(drawn[name][metric] for name in (GUIDED, arm, PERMUTED)))
            other = estimate_gain(tables, arm, metric, measured.items.n_base)
            assert other is not None
            assert other.p is not None
            assert one.value == pytest.approx(other.value, abs=1e-6)
            assert one.p == pytest.approx(other.p, rel=0.25, abs=0.01)


def test_the_same_data_set_is_judged_alike_with_any_numbers_of_permutations() -> None:
    world = World.of(steered(measured_odds(), 2, 0.01), Truth(0.1), 0)
    alone = simulate(world, 40, (7,), np.random.default_rng(5))
    among = simulate(world, 40, (3, 5, 7), np.random.default_rng(5))
    assert among[7] == alone[7]
    assert list(among) == [3, 5, 7]


def test_more_than_the_pool_has_is_not_drawn() -> None:
    """One draw of signals is guided's own: eight rows allow seven permutations."""
    world = World.of(steered(measured_odds(), 2, 0.01), Truth(0.1), 0)
    with pytest.raises(ValueError, match="8 draws of signals allow 7 permutations, not 9"):
        simulate(world, 40, (9,), np.random.default_rng(5))


class TestRates:
    """A few hundred data sets: bounds that chance crosses once in a thousand runs."""

    COUNT = 300

    @pytest.mark.parametrize("truth", NOTHING)
    @pytest.mark.parametrize("n_permutations", [5, 20])
    def test_nothing_is_claimed_where_nothing_is_gained(
        self, truth: Truth, n_permutations: int
    ) -> None:
        pool = steered(measured_odds(80, 1, n_signals=22, common=0.8, spread=0.1), 1, 0.01)
        most = binom.ppf(0.999, self.COUNT, 0.05) / self.COUNT
        assert rate(pool, truth, 80, n_permutations, self.COUNT) <= most

    @pytest.mark.parametrize("truth", NOTHING)
    def test_nor_where_signals_are_far_apart_and_few(self, truth: Truth) -> None:
        pool = trained("trained", measured_odds(40, 1), 1, FAR_APART, 0)
        most = binom.ppf(0.999, self.COUNT, 0.05) / self.COUNT
        assert rate(pool, truth, 192, 5, self.COUNT) <= most

    def test_a_large_gain_is_found_and_more_of_it_with_more_permutations(self) -> None:
        pool = steered(measured_odds(80, 1, n_signals=22, common=0.8), 1, 0.01)
        assert rate(pool, Truth(0.25), 192, 5, 60) > 0.8
        few, many = (rate(pool, Truth(0.08), 192, n, self.COUNT) for n in (5, 20))
        assert many > few


def test_rates_are_of_both_rules() -> None:
    pool = steered(measured_odds(n_signals=6), 2, 0.01)
    found = count_claims(pool, Truth(0.1), (40, 80), 4, (3, 5))
    assert list(found) == [(40, 3), (40, 5), (80, 3), (80, 5)]
    for rows in found.values():
        assert [(row.rule, row.gain, row.n) for row in rows] == [
            ("now", 0.1, 4),
            ("before", 0.1, 4),
        ]
        assert all(row.interval[0] <= row.rate <= row.interval[1] for row in rows)


def test_the_verdict_is_that_of_real_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of a world, judged by the code of the suite."""
    monkeypatch.setattr(module, "MIN_DRAWS", 400)
    settings = GainSettings(n_draws=400, n_permutations=6)
    verdicts = set()
    for seed in range(6):
        measured = measured_odds(60, 2, n_signals=7, seed=seed)
        arms = as_answers(steered(measured, 2, 0.01), 0)
        arms = {
            name: arm if name == PERMUTED else ArmAnswers(
                *(np.resize(each, (6, each.shape[1])) for each in (arm.log_odds, arm.answer)),
                thresholds=np.resize(arm.thresholds, 6),
            )
            for name, arm in arms.items()
        }  # fmt: skip
        verdicts.add(measure_gains(arms, measured.items, settings).verdict)
    assert verdicts <= {"brain signals help", "not shown to help"}
    assert "brain signals help" in verdicts
