"""The bootstrap of Δ AUC against scikit-learn's area, one draw and one seed at a time.

Timed: 300 syllogisms in two orders and two arms of five seeds each, 10,000 draws of problems,
shared by both arms; every area of every seed. The baseline has scikit-learn's area of the same
answers, weighted by how often each problem was drawn.
"""

from __future__ import annotations

import time

import numpy as np
from simulated_answers import answers, problems
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from brainbench.guidance.gains.bootstrap import MetricDraws, compare, draw_problems, draw_seeds
from brainbench.guidance.gains.metrics import measure

DRAWS, COMPARED = 10_000, 25
TARGET = 200.0


def straightforward(arm, items, weights):
    """(n_draws, n_seeds) areas."""
    true = items.labels == 0
    return np.array(
        [
            [roc_auc_score(true, odds, sample_weight=row[items.clusters]) for odds in arm.log_odds]
            for row in weights
        ]
    )


def test_gains(benchmark):
    items = problems(300, 2)
    rng = np.random.default_rng(0)
    arms = [answers(items, rng, told, own=0.5) for told in (0.9, 0.8)]
    weights = np.concatenate(
        [np.ones((1, items.n_base), int), draw_problems(items.n_base, DRAWS, rng)]
    )
    seeds = [draw_seeds(5, DRAWS, rng) for _ in arms]

    with threadpool_limits(1):
        start = time.perf_counter()
        expected = [straightforward(arm, items, weights[: COMPARED + 1]) for arm in arms]
        each = (time.perf_counter() - start) / (COMPARED + 1)
        # every other metric is measured too
        tables = benchmark.pedantic(
            lambda: [measure(arm, items, weights)["auc"] for arm in arms],
            rounds=3,
            warmup_rounds=1,
            iterations=1,
        )

    for table, areas in zip(tables, expected, strict=True):
        np.testing.assert_allclose(table[: COMPARED + 1], areas, rtol=0, atol=1e-12)
    found = compare(*map(MetricDraws.of, tables, seeds), n_base=items.n_base)
    by_hand = expected[0][0].mean() - expected[1][0].mean()
    np.testing.assert_allclose(found.value, by_hand, rtol=0, atol=1e-12)
    ours = benchmark.stats.stats.median / (DRAWS + 1)
    benchmark.extra_info.update(baseline="scikit-learn", seconds=each, ratio=each / ours)
    print(
        f"\nΔ AUC of {items.n_items} answers, two arms of five seeds: {1 / ours:.0f} draws per "
        f"second; one by one with scikit-learn: {1 / each:.1f}; ratio {each / ours:.0f}"
    )
    assert each / ours >= TARGET
