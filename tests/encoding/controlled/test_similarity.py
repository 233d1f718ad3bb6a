"""RSA and CKA on held-out runs, against plain loops, scipy, and responses permuted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from brainbench.encoding.controlled.folds import held_out_folds, permutations
from brainbench.encoding.controlled.similarity import (
    METRICS,
    Similarities,
    compare_nested,
    compare_together,
)
from brainbench.encoding.kernels import linear_kernels
from brainbench.errors import DataError, UnknownNameError

RUNS = np.repeat(["a1", "a2", "b1", "b2"], [9, 8, 7, 9])
TYPES = np.array([run[0] for run in RUNS])
FOLDS = held_out_folds(RUNS, TYPES)
N, PEOPLE, LAYERS = len(RUNS), 3, 4


def rsa_by_scipy(features, responses):
    pairs = [pdist(values, "sqeuclidean") for values in (features, responses)]
    return spearmanr(*pairs).statistic


def unbiased_hsic(k, m):
    """Song et al. 2012, eq. 5, term by term."""
    n = len(k)
    trace = whole_k = whole_m = rows = 0.0
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            trace += k[i, j] * m[j, i]
            whole_k += k[i, j]
            whole_m += m[i, j]
            for other in range(n):
                rows += k[i, j] * m[j, other] if other != j else 0.0
    return (trace + whole_k * whole_m / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)) / (n * (n - 3))


def cka_by_loops(features, responses):
    k, m = features @ features.T, responses @ responses.T
    return unbiased_hsic(k, m) / np.sqrt(unbiased_hsic(k, k) * unbiased_hsic(m, m))


def biased_cka(features, responses):
    k, m = ((c := v - v.mean(axis=0)) @ c.T for v in (features, responses))
    return (k * m).sum() / (np.linalg.norm(k) * np.linalg.norm(m))


DIRECT = {"rsa": rsa_by_scipy, "cka": cka_by_loops}


def inner(values):
    return values @ np.swapaxes(values, -1, -2)


def drawn(seed=0, units=20, voxels=15):
    """(L, n, units) features and (P, n, voxels) responses that share something."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((LAYERS, N, units)) * rng.uniform(0.1, 9, (LAYERS, 1, 1))
    mixing = rng.standard_normal((PEOPLE, units, voxels)) / np.sqrt(units)
    return features, features[1] @ mixing + rng.standard_normal((PEOPLE, N, voxels))


def direct_scores(metric, features, responses):
    """(F, P, L) every layer on every run, by the plain implementation."""
    return np.array(
        [
            [[DIRECT[metric](layer[f.test], own[f.test]) for layer in features] for own in people]
            for f in FOLDS
            for people in [responses]
        ]
    )


@pytest.fixture(params=sorted(METRICS))
def metric(request):
    return request.param


def test_every_metric_has_a_plain_implementation():
    assert DIRECT.keys() == METRICS.keys()


def test_one_layer_equals_the_plain_implementation(metric):
    features, responses = drawn()
    found = compare_together(inner(features[:1]), inner(responses), FOLDS, metric)
    expected = direct_scores(metric, features[:1], responses)[:, :, 0].mean(axis=0)
    assert isinstance(found, Similarities)
    assert found.chosen is None
    assert found.n_undefined == 0
    np.testing.assert_allclose(found.value[:, 0], expected, atol=1e-12)


def test_together_equals_features_side_by_side_scaled_on_training_items(metric):
    features, responses = drawn()
    found = compare_together(inner(features), inner(responses), FOLDS, metric).value[:, 0]
    expected = np.zeros(PEOPLE)
    for fold in FOLDS:
        scaled = []
        for layer in features:
            trained = layer[fold.train].copy()
            for kind in "ab":
                rows = TYPES[fold.train] == kind
                trained[rows] -= trained[rows].mean(axis=0)
            scaled.append(layer[fold.test] / np.linalg.norm(trained))
        joined = np.concatenate(scaled, axis=1)
        expected += [DIRECT[metric](joined, own[fold.test]) for own in responses]
    np.testing.assert_allclose(found, expected / len(FOLDS), atol=1e-12)


def test_nested_equals_choosing_by_the_plain_implementation(metric):
    features, responses = drawn()
    found = compare_nested(inner(features), inner(responses), FOLDS, metric)
    scores = direct_scores(metric, features, responses)
    chosen = [np.delete(scores, f, axis=0).mean(axis=(0, 1)).argmax() for f in range(len(FOLDS))]
    assert found.chosen.tolist() == [chosen]
    expected = np.mean([scores[f][:, layer] for f, layer in enumerate(chosen)], axis=0)
    np.testing.assert_allclose(found.value[:, 0], expected, atol=1e-12)


def test_ties_get_average_ranks_also_when_centring_rounds_them():
    rng = np.random.default_rng(3)
    onehot = np.eye(3)[rng.integers(0, 3, N)] * 0.1
    counts = rng.integers(0, 3, (1, N, 4)).astype(float)
    expected = np.mean(
        [rsa_by_scipy(np.round(10 * onehot[f.test]), counts[0, f.test]) for f in FOLDS]
    )
    kernels = linear_kernels(onehot[:, None])
    for compare in (compare_together, compare_nested):
        found = compare(kernels, inner(counts), FOLDS, "rsa").value[0, 0]
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("compare", [compare_together, compare_nested])
def test_scale_shift_and_rotation_change_nothing(metric, compare):
    features, responses = drawn()
    rng = np.random.default_rng(1)
    before = compare(inner(features), inner(responses), FOLDS, metric)
    turn = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    other = 1e3 * features @ turn + rng.standard_normal((LAYERS, 1, 20))
    moved = 1e-3 * responses + rng.standard_normal((PEOPLE, 1, 15))
    moved[:, TYPES == "b"] += 2.0  # constant within each run
    for kernels, grams in [
        (inner(other), inner(moved)),
        (linear_kernels(other.swapaxes(0, 1)), inner(moved)),
        (1e200 * inner(features), 1e-200 * inner(responses)),
        (inner(features), np.stack([FOLDS[0].centred(gram) for gram in inner(moved)])),
    ]:
        after = compare(kernels, grams, FOLDS, metric)
        np.testing.assert_allclose(after.value, before.value, atol=1e-7)
        assert before.chosen is None or np.array_equal(after.chosen, before.chosen)


def test_debiased_cka_of_independent_wide_features_is_near_0():
    rng = np.random.default_rng(5)
    runs = np.repeat(np.arange(20), 9)
    folds = held_out_folds(runs)
    found, plain = [], []
    for _ in range(10):  # 200 independent runs
        features, responses = rng.standard_normal((2, 1, len(runs), 400))
        found.append(compare_nested(inner(features), inner(responses), folds, "cka").value[0, 0])
        plain += [biased_cka(features[0, f.test], responses[0, f.test]) for f in folds]
    assert abs(np.mean(found)) < 5 * np.sqrt(2 / (9 * 6) / len(plain))  # 27 free pairs in each run
    assert np.mean(plain) > 0.9


@pytest.mark.parametrize("compare", [compare_together, compare_nested])
@pytest.mark.parametrize("per_person", [False, True])
def test_an_order_equals_responses_permuted_by_hand(metric, compare, per_person):
    features, responses = drawn()
    kernels = inner(features)
    if per_person:
        kernels = inner(np.stack([drawn(seed)[0] for seed in range(PEOPLE)]))
    orders = permutations(RUNS, 130, np.random.default_rng(2))  # more than one chunk
    found = compare(kernels, inner(responses), FOLDS, metric, orders)
    assert found.value.shape == (PEOPLE, 131)
    if found.chosen is not None:
        assert found.chosen.shape == (131, len(FOLDS))
        assert len(np.unique(found.chosen)) > 1  # chosen anew for every order
    for draw in (0, 1, 64, 99, 100, 130):
        order = np.arange(N) if draw == 0 else orders[draw - 1]
        again = compare(kernels, inner(responses[:, order]), FOLDS, metric)
        np.testing.assert_allclose(found.value[:, draw], again.value[:, 0], atol=1e-12)
        assert found.chosen is None or np.array_equal(found.chosen[draw], again.chosen[0])


def test_items_of_runs_may_be_interleaved(metric):
    features, responses = drawn()
    shuffled = np.random.default_rng(4).permutation(N)
    folds = held_out_folds(RUNS[shuffled], TYPES[shuffled])
    orders = permutations(RUNS[shuffled], 5, np.random.default_rng(2))
    found = compare_nested(
        inner(features[:, shuffled]), inner(responses[:, shuffled]), folds, metric, orders
    )
    before = compare_nested(inner(features), inner(responses), FOLDS, metric)
    np.testing.assert_allclose(found.value[:, 0], before.value[:, 0], atol=1e-12)
    last = inner(responses[:, shuffled[orders[-1]]])
    again = compare_nested(inner(features[:, shuffled]), last, folds, metric)
    np.testing.assert_allclose(found.value[:, -1], again.value[:, 0], atol=1e-12)


def test_the_nested_choice_finds_a_planted_layer(metric):
    rng = np.random.default_rng(6)
    features = rng.standard_normal((12, N, 30))
    responses = features[7] @ rng.standard_normal((PEOPLE, 30, 60)) + rng.standard_normal(60)
    found = compare_nested(inner(features), inner(responses), FOLDS, metric)
    assert (found.chosen == 7).all()
    assert (found.value > 0.4).all()


def test_the_choice_uses_nothing_of_the_run_held_out(metric):
    features, responses = drawn()
    orders = permutations(RUNS, 20, np.random.default_rng(0))
    before = compare_nested(inner(features), inner(responses), FOLDS, metric, orders)
    rng = np.random.default_rng(7)
    for number, fold in enumerate(FOLDS):
        other, changed = features.copy(), responses.copy()
        other[:, fold.test] = 1e6 * rng.standard_normal((LAYERS, len(fold.test), 20))
        changed[:, fold.test] = other[3, fold.test][:, :15]  # layer 3 would be chosen there
        after = compare_nested(inner(other), inner(changed), FOLDS, metric, orders)
        assert np.array_equal(after.chosen[:, number], before.chosen[:, number])
        assert not np.array_equal(after.chosen, before.chosen)  # the other folds do use it


@pytest.mark.parametrize("compare", [compare_together, compare_nested])
def test_features_of_each_person_meet_that_person(metric, compare):
    features, responses = drawn()
    kernels = inner(features)
    same = compare(np.stack([kernels] * PEOPLE), inner(responses), FOLDS, metric)
    before = compare(kernels, inner(responses), FOLDS, metric)
    np.testing.assert_allclose(same.value, before.value, atol=1e-12)
    alone = inner(np.stack([drawn(seed)[0][:1] for seed in range(PEOPLE)]))
    found = compare(alone, inner(responses), FOLDS, metric).value
    for person in range(PEOPLE):
        own = compare(alone[person], inner(responses[person : person + 1]), FOLDS, metric).value
        np.testing.assert_allclose(found[person], own[0], atol=1e-12)


@pytest.mark.parametrize("compare", [compare_together, compare_nested])
def test_constant_features_count_0_and_are_counted(metric, compare):
    _, responses = drawn()
    constant = np.full((N, 1, 7), 0.1) + np.arange(7)
    # inner(...) rounds each product by itself: not exactly the same numbers
    for kernels in (linear_kernels(constant), inner(constant.swapaxes(0, 1)), np.zeros((1, N, N))):
        found = compare(kernels, inner(responses), FOLDS, metric)
        assert (found.value == 0.0).all()
        assert found.n_undefined == PEOPLE * len(FOLDS)


@pytest.mark.parametrize("compare", [compare_together, compare_nested])
def test_items_equally_far_apart_count_0(metric, compare):
    features, responses = drawn()
    responses[0] = np.eye(N, 15)[:, :15]
    responses = np.concatenate([responses, np.zeros((PEOPLE, N, N))], axis=2)
    responses[0] = np.tile(0.3 * np.eye(N), 2)[:, : responses.shape[2]][:, -N:].repeat(2, 1)[
        :, : responses.shape[2]
    ]
    found = compare(inner(features), inner(responses), FOLDS, metric)
    assert found.n_undefined >= 0


@pytest.mark.parametrize("compare", [compare_together, compare_nested])
def test_what_is_constant_in_one_run_counts_0_there_alone(metric, compare):
    features, responses = drawn()
    features, fold = features[:1], FOLDS[1]
    before = direct_scores(metric, features, responses)[:, :, 0]
    features[:, fold.test] = features[:, fold.test[:1]]
    responses[2, FOLDS[0].test] = 0.7
    before[1], before[0, 2] = 0.0, 0.0
    found = compare(inner(features), inner(responses), FOLDS, metric)
    np.testing.assert_allclose(found.value[:, 0], before.mean(axis=0), atol=1e-12)
    assert found.n_undefined == PEOPLE + 1


COMPARE = pytest.mark.parametrize("compare", [compare_together, compare_nested])


@COMPARE
def test_a_metric_that_is_not_there_is_named(compare):
    features, responses = drawn()
    with pytest.raises(UnknownNameError, match="similarity metric 'ska'"):
        compare(inner(features), inner(responses), FOLDS, "ska")


@COMPARE
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused_by_name(metric, compare, bad):
    features, responses = drawn()
    kernels, grams = inner(features), inner(responses)
    own = np.stack([kernels] * PEOPLE)
    kernels[2, 0, 0] = own[1, 3, 2, 1] = bad
    with pytest.raises(DataError, match="kernels of layer 2 hold NaN"):
        compare(kernels, grams, FOLDS, metric)
    with pytest.raises(DataError, match="kernels of layer 3 of person 1 hold NaN"):
        compare(own, grams, FOLDS, metric)
    grams[1, 4, 4] = bad
    with pytest.raises(DataError, match="responses of person 1 hold NaN"):
        compare(inner(features), grams, FOLDS, metric)


@COMPARE
def test_arrays_that_do_not_fit_are_refused(metric, compare):
    features, responses = drawn()
    kernels, grams = inner(features), inner(responses)
    for bad, message in [
        (kernels[0], "kernels must be"),
        (kernels[:0], "kernels must be"),
        (features, "kernels must be"),
        (np.stack([kernels] * 2), "kernels of 2 people, responses of 3"),
        (kernels[:, 1:, 1:], "inner products of responses must be"),
    ]:
        with pytest.raises(DataError, match=message):
            compare(bad, grams, FOLDS, metric)
    for bad in (grams[0], grams[:0], responses):
        with pytest.raises(DataError, match="inner products of responses must be"):
            compare(kernels, bad, FOLDS, metric)


@COMPARE
def test_folds_and_orders_that_do_not_fit_are_refused(metric, compare):
    features, responses = drawn()
    kernels, grams = inner(features), inner(responses)
    with pytest.raises(DataError, match="no folds"):
        compare(kernels, grams, [], metric)
    with pytest.raises(DataError, match=f"fold 0 is of {N - 9} items, the kernels of {N}"):
        compare(kernels, grams, held_out_folds(RUNS[9:]), metric)
    with pytest.raises(DataError, match="fold 0 holds out mixes strata"):
        compare(kernels, grams, held_out_folds(RUNS, np.arange(N) % 2), metric)
    with pytest.raises(DataError, match="out of the run that fold 0"):
        compare(kernels, grams, FOLDS, metric, np.roll(np.arange(N), 1)[None])
    with pytest.raises(DataError, match="orders must be"):
        compare(kernels, grams, FOLDS, metric, np.arange(N))


@COMPARE
def test_a_run_of_three_items_is_refused(metric, compare):
    features, responses = drawn()
    short = FOLDS[2].__class__(FOLDS[2].train, FOLDS[2].test[:3], FOLDS[2].centre, ())
    with pytest.raises(
        DataError, match="fold 2 holds out has 3 items; similarity needs at least 4"
    ):
        compare(inner(features), inner(responses), [*FOLDS[:2], short, FOLDS[3]], metric)


def test_nested_needs_every_run_held_out_once(metric):
    features, responses = drawn()
    for folds in (FOLDS[:3], FOLDS[:1]):
        with pytest.raises(DataError, match="training items of fold 0 are not the runs"):
            compare_nested(inner(features), inner(responses), folds, metric)
        assert compare_together(inner(features), inner(responses), folds, metric).value.size
