"""Ridge on one fold is scikit-learn's, himalaya's, and refitting by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from brainbench.encoding import PUBLISHED_ALPHAS, fit_fold, linear_kernels
from brainbench.encoding.kernels import contrasts

N_TRAIN, N_TEST, N_TARGETS = 24, 7, 9
FOLD = (np.arange(N_TRAIN), np.arange(N_TRAIN, N_TRAIN + N_TEST))


def _rank_deficient(draw):
    return draw(5) @ np.random.default_rng(5).standard_normal((5, 60))


def _duplicated(draw):
    return np.tile(draw(6), (1, 3))


def _some_constant(draw):
    return np.hstack([draw(8), np.full((N_TRAIN + N_TEST, 4), 3.7)])


def _constant_in_train(draw):
    """One unit varies over the test items only: a ridge must give it no weight."""
    values = draw(8)
    values[:N_TRAIN, 3] = 2.0
    return values


FEATURES = {
    "fewer units than items": lambda draw: draw(7),
    "as many units as items": lambda draw: draw(N_TRAIN),
    "more units than items": lambda draw: draw(120),
    "one unit": lambda draw: draw(1),
    "rank deficient": _rank_deficient,
    "duplicated units": _duplicated,
    "some constant units": _some_constant,
    "one unit constant in train": _constant_in_train,
    "large offset": lambda draw: draw(12) + 1e4,
}


class Problem:
    """Features and responses of one kind, with what ours says of them."""

    def __init__(self, kind, signal, alphas=PUBLISHED_ALPHAS):
        rng = np.random.default_rng(7)
        n_items = N_TRAIN + N_TEST
        self.x = FEATURES[kind](lambda width: rng.standard_normal((n_items, width)))
        planted = (self.x - self.x.mean(axis=0)) @ rng.standard_normal((self.x.shape[1], N_TARGETS))
        planted /= planted.std()
        self.y = signal * planted + rng.standard_normal((n_items, N_TARGETS)) + 5.0
        train, test = FOLD
        self.train = self.x[train], self.y[train]
        self.test = self.x[test], self.y[test]
        self.alphas = np.asarray(alphas, float)
        self.fitted = fit_fold(linear_kernels(self.x[:, None, :]), FOLD, self.alphas)
        self.trained = contrasts(N_TRAIN).T @ self.y[train]

    def choose(self):
        (chosen,) = self.fitted.choose((self.trained @ self.trained.T)[None])
        return chosen

    def predicted(self, number):
        """(t - 1, n_targets) predictions in contrasts at one penalty."""
        return self.fitted.predictors_at(np.array([number]))[0] @ self.trained


@pytest.fixture(params=[0.0, 0.5, 30.0], ids="signal {}".format)
def signal(request):
    return request.param


@pytest.fixture(params=FEATURES)
def problem(request, signal):
    return Problem(request.param, signal)


def test_the_same_penalty_as_ridge_cv(problem):
    theirs = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(*problem.train)
    assert PUBLISHED_ALPHAS[problem.choose()[0]] == theirs.alpha_


def test_the_same_predictions_as_ridge_cv(problem):
    theirs = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(*problem.train).predict(problem.test[0])
    ours = problem.predicted(problem.choose()[0])
    np.testing.assert_allclose(ours, contrasts(N_TEST).T @ theirs, atol=1e-8)


def test_the_penalties_chosen_here_are_not_all_one():
    """Else the tests above would hold for a choice that never looks at the data."""
    chosen = {Problem(kind, s).choose()[0] for kind in FEATURES for s in (0.0, 0.5, 30.0)}
    assert len(chosen) > 3


@pytest.mark.parametrize("number", range(len(PUBLISHED_ALPHAS)))
def test_the_same_predictions_as_ridge_at_every_penalty(problem, number):
    theirs = Ridge(alpha=PUBLISHED_ALPHAS[number], solver="svd").fit(*problem.train)
    expected = contrasts(N_TEST).T @ theirs.predict(problem.test[0])
    np.testing.assert_allclose(problem.predicted(number), expected, atol=1e-8)


@pytest.mark.parametrize("number", [0, 3, 6])
def test_leave_one_out_errors_are_those_of_refitting_without_each_item(problem, number):
    x, y = problem.train
    errors = np.empty_like(y)
    for item in range(N_TRAIN):
        rest = np.arange(N_TRAIN) != item
        model = Ridge(alpha=PUBLISHED_ALPHAS[number], solver="svd").fit(x[rest], y[rest])
        errors[item] = y[item] - model.predict(x[item : item + 1])[0]
    loss = problem.fitted.loss[0, number]
    # one target at a time: its Gram matrix is the product of its own contrasts
    ours = np.einsum("iv,ij,jv->v", problem.trained, loss, problem.trained)
    np.testing.assert_allclose(ours, (errors**2).sum(axis=0), rtol=1e-7)
    # and all targets together
    together = np.sum(problem.trained @ problem.trained.T * loss)
    np.testing.assert_allclose(together, (errors**2).sum(), rtol=1e-7)


@pytest.mark.parametrize("width", [N_TRAIN - 1, 40])
def test_the_choice_is_exact_for_units_of_large_spread(width):
    """Refitting is the judge: scikit-learn's own choice loses its digits here.

    It decomposes features with the constant direction left in, at 1/alpha, and subtracts
    that again from leverages of 1/lambda.
    """
    rng = np.random.default_rng(3)
    x = 1e4 * rng.standard_normal((N_TRAIN, width))
    y = x[:, :N_TARGETS] / 1e4 + rng.standard_normal((N_TRAIN, N_TARGETS))
    errors = np.zeros(len(PUBLISHED_ALPHAS))
    for number, alpha in enumerate(PUBLISHED_ALPHAS):
        for item in range(N_TRAIN):
            rest = np.arange(N_TRAIN) != item
            model = Ridge(alpha=alpha, solver="svd").fit(x[rest], y[rest])
            errors[number] += ((y[item] - model.predict(x[item : item + 1])[0]) ** 2).sum()
    padded = np.vstack([x, np.zeros((N_TEST, width))])
    fitted = fit_fold(linear_kernels(padded[:, None, :]), FOLD)
    trained = contrasts(N_TRAIN).T @ y
    gram = trained @ trained.T
    np.testing.assert_allclose((fitted.loss[0] * gram).sum(axis=(1, 2)), errors, rtol=1e-6)
    assert fitted.choose(gram[None])[0, 0] == errors.argmin()


@pytest.mark.parametrize("width", [1, 5])
def test_few_units_of_large_spread_predict_as_well_as_any(width):
    """Where the penalty is negligible, the scale of the features must not matter."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((N_TRAIN + N_TEST, 1, width))
    trained = contrasts(N_TRAIN).T @ rng.standard_normal((N_TRAIN, N_TARGETS))
    exact = fit_fold(linear_kernels(x), FOLD, np.array([1e-13])).predictors[0, 0] @ trained
    scaled = fit_fold(linear_kernels(1e5 * x), FOLD, np.array([1e-3])).predictors[0, 0] @ trained
    np.testing.assert_allclose(scaled, exact, rtol=1e-6)


def test_one_penalty_for_all_targets_not_one_for_each():
    problem = Problem("more units than items", 0.0)
    own = {problem.fitted.choose(np.outer(y, y)[None])[0, 0] for y in problem.trained.T}
    assert len(own) > 1
    assert problem.choose().shape == (1,)


def test_blocks_and_kernels_are_chosen_for_each_alone():
    problems = [Problem(kind, 30.0) for kind in FEATURES]
    grams = np.stack([p.trained @ p.trained.T for p in problems])
    kernels = np.concatenate([linear_kernels(p.x[:, None, :]) for p in problems])
    together = fit_fold(kernels, FOLD).choose(grams)
    assert together.shape == (len(problems), len(problems))
    for column, p in enumerate(problems):
        alone = [p.fitted.choose(gram[None])[0, 0] for gram in grams]
        assert together[:, column].tolist() == alone
    assert np.unique(together).size > 2


@pytest.mark.parametrize(
    ("alphas", "first"),
    [((1.0, 1.0, 1.0), 0), ((1e6, 1.0, 1.0), 1), ((1.0, 1e6, 1.0), 0)],
)
def test_the_first_of_equal_penalties_is_taken(alphas, first):
    assert Problem("fewer units than items", 30.0, alphas).choose()[0] == first


def test_with_no_features_every_penalty_is_equal_and_the_first_is_taken():
    y = np.random.default_rng(0).standard_normal((N_TRAIN - 1, 4))
    # powers of two are divided by without rounding, so the errors are equal to the last bit
    alphas = np.array([4.0, 0.5, 1.0, 64.0])
    fitted = fit_fold(np.zeros((1, N_TRAIN + N_TEST, N_TRAIN + N_TEST)), FOLD, alphas)
    assert fitted.choose((y @ y.T)[None])[0, 0] == 0
    assert not fitted.predictors.any()


@pytest.mark.parametrize("alpha", PUBLISHED_ALPHAS[::2])
@pytest.mark.parametrize("estimator", ["RidgeCV", "KernelRidge"])
@pytest.mark.parametrize("kind", FEATURES)
def test_the_same_predictions_as_himalaya(kind, estimator, alpha):
    """himalaya fits no intercept by default: data are centred on train here."""
    ridge = pytest.importorskip("himalaya.ridge", reason="himalaya is not installed")
    kernel_ridge = pytest.importorskip("himalaya.kernel_ridge")
    problem = Problem(kind, 0.5, [alpha])
    x, y = (values - values.mean(axis=0) for values in problem.train)
    made = {
        "RidgeCV": lambda: ridge.RidgeCV(alphas=[alpha], solver_params={"warn": False}),
        "KernelRidge": lambda: kernel_ridge.KernelRidge(alpha=alpha, warn=False),
    }[estimator]()
    theirs = made.fit(x, y).predict(problem.test[0] - problem.train[0].mean(axis=0))
    np.testing.assert_allclose(problem.predicted(0), contrasts(N_TEST).T @ theirs, atol=1e-6)


@pytest.mark.parametrize("n_items", [2, 3, 14, 56])
def test_contrasts_span_what_sums_to_zero(n_items):
    basis = contrasts(n_items)
    assert basis.shape == (n_items, n_items - 1)
    np.testing.assert_allclose(basis.T @ basis, np.eye(n_items - 1), atol=1e-14)
    np.testing.assert_allclose(basis.sum(axis=0), 0.0, atol=1e-14)
