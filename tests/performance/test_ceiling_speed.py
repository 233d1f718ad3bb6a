"""Inter-subject curves against a scikit-learn RidgeCV per target, set of others and fold.

Timed: all sets of ten people, the three cells of one ROI. The baseline has 5110 pairs of
target and set in each cell, 25 550 fits, several minutes; so its pairs are sampled within
each size of set and its time is the mean of the sample times the number of pairs of that
size. The largest and smallest sets are all computed for two people, and those curves
compared. With fewer people the ratio is smaller: a set's decomposition is shared by the
people outside it, five of ten.
"""

from __future__ import annotations

import random
import time
from itertools import combinations
from math import comb

import numpy as np
import operations
from reporting import tell
from sklearn.linear_model import RidgeCV
from threadpoolctl import threadpool_limits

from brainbench.encoding import PUBLISHED_ALPHAS, intersubject_curves

ROI = "deductive_reasoning"

COMPARED = (0, 5)  # people whose first, last but one and last row are computed in full
SAMPLED = 6  # pairs of each other size
TARGET = 80.0


def straightforward(people, target, others, folds):
    """R of one person's voxels from a set of others."""
    features = np.hstack([people[person] for person in others])
    total = np.zeros(people[target].shape[1])
    for train, test in folds:
        model = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(features[train], people[target][train])
        x, y = model.predict(features[test]), people[target][test]
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        total += (x * y).sum(axis=0) / np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0))
    return total / len(folds)


def pairs_to_run(n_people):
    """(target, set) pairs by size of set: some sizes whole for a few people, others sampled."""
    draw = random.Random(0)
    pairs = {}
    for size in range(1, n_people):
        if size in (1, n_people - 2, n_people - 1):
            pairs[size] = [
                (target, others)
                for target in COMPARED
                for others in combinations([p for p in range(n_people) if p != target], size)
            ]
        else:
            targets = [draw.randrange(n_people) for _ in range(SAMPLED)]
            pairs[size] = [
                (target, tuple(draw.sample([p for p in range(n_people) if p != target], size)))
                for target in targets
            ]
    return pairs


def run_baseline(people, folds, pairs):
    """Seconds that all pairs would take, and rows of the curves of those compared."""
    n_people, whole, rows = len(people), 0.0, {}
    for size, chosen in pairs.items():
        start = time.perf_counter()
        found = [straightforward(people, target, others, folds) for target, others in chosen]
        each = (time.perf_counter() - start) / len(chosen)
        whole += each * n_people * comb(n_people - 1, size)
        if len(chosen) == len(COMPARED) * comb(n_people - 1, size):
            for target in COMPARED:
                own = [r for r, (t, _) in zip(found, chosen, strict=True) if t == target]
                rows[target, size] = np.mean(own, axis=0)
    return whole, rows


def test_ceilings(benchmark, cells, matmul_rate):
    tasks = [(cell.people(ROI), cell.folds) for cell in cells]
    pairs = pairs_to_run(len(tasks[0][0]))
    straightforward(tasks[0][0], 0, (1,), tasks[0][1])  # libraries loaded, code warm

    runs = [run_baseline(people, folds, pairs) for people, folds in tasks]
    with threadpool_limits(1):
        single = [run_baseline(people, folds, pairs)[0] for people, folds in tasks]
    intersubject_curves(tasks[1][0][:3], tasks[1][1])
    found = benchmark.pedantic(
        lambda: [intersubject_curves(*task) for task in tasks], rounds=3, iterations=1
    )

    for curves, (_, expected) in zip(found, runs, strict=True):
        assert len(expected) == 3 * len(COMPARED)
        for (target, size), row in expected.items():
            np.testing.assert_allclose(curves[target][size - 1], row, rtol=0, atol=1e-10)
    n_people = len(tasks[0][0])
    ratio = tell(
        benchmark,
        f"ceilings, 3 cells, {n_people} people, {2**n_people - 2} sets",
        f"scikit-learn RidgeCV per target, set of people and fold (extrapolated from "
        f"{sum(map(len, pairs.values()))} of {n_people * (2 ** (n_people - 1) - 1)} pairs)",
        (sum(seconds for seconds, _ in runs), sum(single)),
        sum(work(*task) for task in tasks),
        matmul_rate,
    )
    assert ratio >= TARGET


def work(people, folds):
    """FLOP of ours on one cell."""
    n_people, n_items, n_alphas = len(people), len(people[0]), len(PUBLISHED_ALPHAS)
    n_sets = 2**n_people - 2
    return (
        sum(operations.kernels(n_items, person.shape[1]) for person in people)
        + sum(operations.responses(folds, person.shape[1]) for person in people)
        + n_sets * 2.0 * n_people * n_items**2
        + n_sets * operations.decomposition(folds, n_items, n_alphas)
        + n_sets * n_people * operations.choice(folds, n_alphas)
        + (n_sets // 2) * sum(operations.correlation(folds, p.shape[1]) for p in people)
    )
