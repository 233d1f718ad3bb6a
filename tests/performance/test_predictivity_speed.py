"""Predictivity against a scikit-learn RidgeCV per person, layer and fold.

Timed: all 70 items and ten people of one ROI, the first twelve attention layers of a 135M
model, from activations to r per voxel. With fewer people the ratio is smaller, as each
layer's decompositions are then shared by fewer.
"""

from __future__ import annotations

import time

import numpy as np
import operations
from safetensors.numpy import load_file
from sklearn.linear_model import RidgeCV
from threadpoolctl import threadpool_limits

from brainbench.encoding import PUBLISHED_ALPHAS, linear_kernels, predictivity, prepare_responses

LAYERS = 12
TARGET = 40.0


def ours(features, people, folds):
    blocks = [prepare_responses(person, folds) for person in people]
    return [scored.r for scored in predictivity(linear_kernels(features), folds, blocks)]


def straightforward(features, people, folds):
    """One model per person, layer and fold; r of all voxels at once."""
    scores = []
    for person in people:
        r = np.zeros((features.shape[1], person.shape[1]))
        for layer in range(features.shape[1]):
            for train, test in folds:
                model = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(features[train, layer], person[train])
                x = model.predict(features[test, layer])
                x, y = x - x.mean(axis=0), person[test] - person[test].mean(axis=0)
                r[layer] += (x * y).sum(axis=0) / np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0))
        scores.append(r / len(folds))
    return scores


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def test_predictivity(benchmark, cell, people, reference, matmul_rate):
    values = load_file(reference / "smollm2_135m_activations.safetensors")["attention"]
    features = np.ascontiguousarray(values[:, :LAYERS], dtype=np.float64)
    n_items, n_layers, n_units = features.shape
    folds = cell.folds
    straightforward(features[:, :1], people[:1], folds)  # libraries loaded, code warm

    all_cores, expected = seconds(lambda: straightforward(features, people, folds))
    with threadpool_limits(1):  # its products are small: one core may be faster than all
        one_core, _ = seconds(lambda: straightforward(features, people, folds))
    baseline = min(all_cores, one_core)
    found = benchmark.pedantic(
        ours, (features, people, folds), rounds=15, warmup_rounds=2, iterations=1
    )

    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)
    median = benchmark.stats.stats.median
    ratio = baseline / median
    voxels = [person.shape[1] for person in people]
    n_alphas = len(PUBLISHED_ALPHAS)
    per_layer = (
        operations.kernels(n_items, n_units)
        + operations.decomposition(folds, n_items, n_alphas)
        + len(people) * operations.choice(folds, n_alphas)
        + sum(operations.correlation(folds, width) for width in voxels)
    )
    flops = n_layers * per_layer + sum(operations.responses(folds, width) for width in voxels)
    benchmark.extra_info.update(
        baseline="scikit-learn RidgeCV per person, layer and fold",
        baseline_seconds_all_cores=all_cores,
        baseline_seconds_one_core=one_core,
        ratio=ratio,
        gflop=flops / 1e9,
        gflop_per_second=flops / median / 1e9,
        matmul_gflop_per_second=matmul_rate / 1e9,
        share_of_matmul=flops / median / matmul_rate,
    )
    print(
        f"\npredictivity, {len(people)} people × {n_layers} layers: {median:.4f} s; RidgeCV "
        f"{all_cores:.2f} s on all cores, {one_core:.2f} s on one; ratio {ratio:.1f}; "
        f"{flops / median / 1e9:.1f} of {matmul_rate / 1e9:.1f} GFLOP/s"
    )
    assert ratio >= TARGET
