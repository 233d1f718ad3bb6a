"""Permutations of the whole controlled pipeline against refitting it from scratch.

Timed: syllogisms, one ROI, ten people, six layers of a 135M model; layer and penalty are
chosen anew for every order. The baseline fits scikit-learn's Ridge per person, layer,
penalty and inner fold.
"""

from __future__ import annotations

import time

import numpy as np
from safetensors.numpy import load_file
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from brainbench.encoding.controlled.folds import held_out_folds, permutations
from brainbench.encoding.controlled.prediction import People, normalised, predict
from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS
from brainbench.encoding.kernels import linear_kernels
from brainbench.statistics.inference import p_value

LAYERS, COMPARED, DRAWS = 6, 4, 1000
TARGET = 50.0


ROI = "deductive_reasoning"


def straightforward(features, people, folds):
    """Mean r over people, everything refitted."""
    total = 0.0
    for fold in folds:
        scaled = []
        for layer in range(features.shape[1]):
            x = features[:, layer] - features[fold.train, layer].mean(axis=0)
            scaled.append(x * np.sqrt(len(fold.train) / (x[fold.train] ** 2).sum()))
        errors = np.zeros((len(scaled), len(CONTROLLED_ALPHAS)))
        for layer, x in enumerate(scaled):
            for number, alpha in enumerate(CONTROLLED_ALPHAS):
                for inner in fold.inner:
                    a, b = fold.train[inner.fitted], fold.train[inner.checked]
                    for y in people:
                        found = Ridge(alpha).fit(x[a], y[a]).predict(x[b])
                        errors[layer, number] += ((y[b] - found) ** 2).sum()
        layer, number = np.unravel_index(errors.argmin(), errors.shape)
        for y in people:
            fit = Ridge(CONTROLLED_ALPHAS[number]).fit(scaled[layer][fold.train], y[fold.train])
            x, y = fit.predict(scaled[layer][fold.test]), y[fold.test]
            x, y = x - x.mean(axis=0), y - y.mean(axis=0)
            r = (x * y).sum(axis=0) / np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0))
            total += r.mean()
    return total / len(folds) / len(people)


def test_permutations(benchmark, cells, reference):
    cell = cells[1]
    values = load_file(reference / "smollm2_135m_activations.safetensors")["attention"]
    features = values[cell.items, :LAYERS].astype(np.float64)
    runs = [problem.identifier.rsplit("-", 1)[0] for problem in cell.problems]
    folds, blocks = tuple(held_out_folds(runs)), cell.people(ROI)
    orders = permutations(runs, DRAWS, np.random.default_rng(0))

    with threadpool_limits(1):  # its products are small: threads would cost more than they bring
        start = time.perf_counter()
        tried = [np.arange(len(runs)), *orders[:COMPARED]]
        expected = [straightforward(features, [b[o] for b in blocks], folds) for o in tried]
        each = (time.perf_counter() - start) / len(tried)
    found = benchmark.pedantic(
        lambda: predict(
            normalised(linear_kernels(features), folds), People(tuple(blocks), folds), orders
        ),
        rounds=3,
        warmup_rounds=1,
        iterations=1,
    )

    means = found.r.mean(axis=0)
    np.testing.assert_allclose(means[: COMPARED + 1], expected, rtol=0, atol=1e-9)
    assert p_value(means[0], means[1 : COMPARED + 1]) == p_value(expected[0], expected[1:])
    ours = benchmark.stats.stats.median / (DRAWS + 1)
    benchmark.extra_info.update(baseline="scikit-learn Ridge", seconds=each, ratio=each / ours)
    print(
        f"\npermutations of {LAYERS} layers, {len(blocks)} people: {1 / ours:.0f} per second; "
        f"refitted with scikit-learn: {1 / each:.2f}; ratio {each / ours:.0f}"
    )
    assert each / ours >= TARGET
