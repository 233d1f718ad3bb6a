"""Predictivity against a scikit-learn RidgeCV per person, layer and fold.

Timed: the three cells of one ROI, ten people, the first twelve attention layers of a 135M
model, from activations to r per voxel. With fewer people the ratio is smaller, as each
layer's decompositions are then shared by fewer.
"""

from __future__ import annotations

import time

import numpy as np
import operations
from reporting import tell
from safetensors.numpy import load_file
from sklearn.linear_model import RidgeCV
from threadpoolctl import threadpool_limits

from brainbench.encoding import PUBLISHED_ALPHAS, linear_kernels, predictivity, prepare_responses

ROI = "deductive_reasoning"

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


def test_predictivity(benchmark, cells, reference, matmul_rate):
    values = load_file(reference / "smollm2_135m_activations.safetensors")["attention"]
    tasks = []
    for cell in cells:
        features = values[cell.items, :LAYERS].astype(np.float64)
        tasks.append((features, cell.people(ROI), cell.folds))
    straightforward(tasks[0][0][:, :1], tasks[0][1][:1], tasks[0][2])  # code warm

    all_cores, expected = seconds(lambda: [straightforward(*task) for task in tasks])
    with threadpool_limits(1):
        one_core, _ = seconds(lambda: [straightforward(*task) for task in tasks])
    found = benchmark.pedantic(
        lambda: [ours(*task) for task in tasks], rounds=15, warmup_rounds=2, iterations=1
    )

    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)
    ratio = tell(
        benchmark,
        f"predictivity, 3 cells, {len(tasks[0][1])} people, {LAYERS} layers",
        "scikit-learn RidgeCV per person, layer and fold",
        (all_cores, one_core),
        sum(work(*task) for task in tasks),
        matmul_rate,
    )
    assert ratio >= TARGET


def work(features, people, folds):
    """FLOP of ours on one cell."""
    n_items, n_layers, n_units = features.shape
    n_alphas = len(PUBLISHED_ALPHAS)
    voxels = [person.shape[1] for person in people]
    per_layer = (
        operations.kernels(n_items, n_units)
        + operations.decomposition(folds, n_items, n_alphas)
        + len(people) * operations.choice(folds, n_alphas)
        + sum(operations.correlation(folds, width) for width in voxels)
    )
    return n_layers * per_layer + sum(operations.responses(folds, width) for width in voxels)
