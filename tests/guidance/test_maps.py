"""Maps in the span of their items against scikit-learn's, explicit weights and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_signals import make_signals, make_states
from sklearn.linear_model import Ridge, RidgeCV

from brainbench.encoding import PUBLISHED_ALPHAS
from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS
from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.maps import BrainMaps, fit_controlled, fit_published

SIGNALS = make_signals()
STATES = make_states(18)
NEW = make_states(5, seed=1)


def tied_signals(strength: float) -> list[Array]:
    """Responses that states at layer 1 tell something of, of some people more than of others."""
    rng = np.random.default_rng(3)
    return [
        strength * number * STATES[:, 1, :4] @ rng.standard_normal((4, block.shape[1])) + block
        for number, block in enumerate(SIGNALS.responses)
    ]


def weights(maps: BrainMaps, person: int) -> Array:
    """(L, units, voxels) W = Xᵀ D."""
    return np.einsum("lmu,lmv->luv", maps.span, maps.duals[person])


class TestPublished:
    def test_predictions_and_penalties_are_those_of_scikit_learn(self) -> None:
        responses = tied_signals(0.5)
        maps = fit_published(STATES, responses)
        for person, block in enumerate(responses):
            moved = maps.predict(NEW, person, centred=True) + maps.offsets[person]
            for layer in range(3):
                ridge = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(STATES[:, layer], block)
                assert maps.alphas[person, layer] == ridge.alpha_
                np.testing.assert_allclose(moved[:, layer], ridge.predict(NEW[:, layer]), atol=1e-9)
        # or a constant would do
        assert len(set(maps.alphas.ravel().tolist())) > 2

    def test_without_its_intercept_it_is_the_weights_alone(self) -> None:
        maps = fit_published(STATES, SIGNALS.responses)
        for person, block in enumerate(SIGNALS.responses):
            found = maps.predict(NEW, person)
            for layer in range(3):
                ridge = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(STATES[:, layer], block)
                np.testing.assert_allclose(
                    found[:, layer], NEW[:, layer] @ ridge.coef_.T, atol=1e-9
                )

    def test_more_units_than_items_make_no_difference_to_the_form(self) -> None:
        wide = make_states(18, 2, 60)
        maps = fit_published(wide, SIGNALS.responses)
        explicit = np.einsum("rlu,luv->rlv", wide, weights(maps, 1))
        np.testing.assert_allclose(maps.predict(wide, 1), explicit, atol=1e-9)
        ridge = Ridge(maps.alphas[1, 0]).fit(wide[:, 0], SIGNALS.responses[1])
        np.testing.assert_allclose(weights(maps, 1)[0], ridge.coef_.T, atol=1e-9)


class TestControlled:
    def by_hand(self, responses: list[Array], runs: Array) -> tuple[list[float], Array]:
        """Penalty of each layer, and squared errors (layers, penalties), in plain loops."""
        blocks = np.empty(len(runs), int)
        for name in np.unique(runs):
            rows = np.flatnonzero(runs == name)
            for number, part in enumerate(np.array_split(rows, 3)):
                blocks[part] = number
        errors = np.zeros((3, len(CONTROLLED_ALPHAS)))
        chosen = []
        for layer in range(3):
            x = STATES[:, layer]
            unit = np.square(x - x.mean(axis=0)).sum() / len(x)
            for number, alpha in enumerate(CONTROLLED_ALPHAS):
                for block in range(3):
                    out = blocks == block
                    for y in responses:
                        ridge = Ridge(alpha * unit).fit(x[~out], y[~out])
                        errors[layer, number] += np.square(y[out] - ridge.predict(x[out])).sum()
            chosen.append(CONTROLLED_ALPHAS[errors[layer].argmin()] * unit)
        return chosen, errors

    @pytest.mark.parametrize("runs", [SIGNALS.runs, None], ids=["two runs", "one run"])
    def test_the_penalty_is_that_of_a_plain_loop_over_blocks(self, runs: Array | None) -> None:
        responses = tied_signals(0.2)
        chosen, errors = self.by_hand(responses, np.zeros(18) if runs is None else runs)
        maps = fit_controlled(STATES, responses, None if runs is None else list(runs))
        for row in maps.alphas:
            np.testing.assert_allclose(row, chosen)
        # layers choose apart, and not the ends of the grid
        places = errors.argmin(axis=1)
        assert len(set(places.tolist())) > 1
        assert 0 < places[1] < len(CONTROLLED_ALPHAS) - 1
        for person, y in enumerate(responses):
            for layer in range(3):
                ridge = Ridge(chosen[layer]).fit(STATES[:, layer], y)
                np.testing.assert_allclose(
                    maps.predict(NEW, person, centred=True)[:, layer] + y.mean(axis=0),
                    ridge.predict(NEW[:, layer]),
                    atol=1e-9,
                )

    def test_runs_change_the_blocks(self) -> None:
        responses = tied_signals(0.2)
        errors = [self.by_hand(responses, runs)[1] for runs in (SIGNALS.runs, np.zeros(18))]
        assert not np.allclose(errors[0], errors[1])

    def test_units_of_the_states_do_not_matter(self) -> None:
        responses = tied_signals(0.2)
        maps, scaled = (fit_controlled(c * STATES, responses) for c in (1.0, 1000.0))
        np.testing.assert_allclose(scaled.alphas, 1e6 * maps.alphas)
        np.testing.assert_allclose(
            scaled.predict(1000.0 * NEW, 2, centred=True), maps.predict(NEW, 2, centred=True)
        )

    def test_a_layer_that_does_not_vary_predicts_the_mean(self) -> None:
        states = STATES.copy()
        states[:, 1] = 0.1
        maps = fit_controlled(states, SIGNALS.responses)
        assert np.abs(maps.predict(NEW, 0, centred=True)[:, 1]).max() < 1e-12
        whole = fit_controlled(STATES, SIGNALS.responses)
        np.testing.assert_allclose(maps.duals[1][[0, 2]], whole.duals[1][[0, 2]])


class TestErrors:
    @pytest.mark.parametrize("fit", [fit_published, fit_controlled])
    def test_what_cannot_be_fitted_is_said(self, fit: object) -> None:
        assert callable(fit)
        broken = STATES.copy()
        broken[3, 1, 2] = np.nan
        with pytest.raises(DataError, match="states hold NaN or infinite values"):
            fit(broken, SIGNALS.responses)
        missing = [block.copy() for block in SIGNALS.responses]
        missing[1][4, 0] = np.inf
        with pytest.raises(DataError, match="responses hold NaN or infinite values"):
            fit(STATES, missing)
        with pytest.raises(DataError, match="17 responses for 18 training items"):
            fit(STATES, [block[:17] for block in SIGNALS.responses])

    def test_too_few_items(self) -> None:
        with pytest.raises(DataError, match="at least 6 training items; there are 5"):
            fit_controlled(STATES[:5], [block[:5] for block in SIGNALS.responses])
        with pytest.raises(DataError, match="run b 2"):
            fit_controlled(
                STATES[:9], [block[:9] for block in SIGNALS.responses], list("aaaaaaabb")
            )
