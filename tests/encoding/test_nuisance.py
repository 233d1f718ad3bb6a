"""Nuisance features: each column is what it says, whatever is missing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from brainbench.encoding import linear_kernels
from brainbench.encoding.nuisance import (
    POSITION_WIDTHS,
    one_hot,
    others_response_time,
    own_response_time,
    position_bumps,
    standardise,
    text_length,
)

NAN = np.nan


@pytest.fixture(autouse=True)
def no_warnings():
    """Means of nothing and divisions by zero are dealt with, not warned about."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_standardised_columns_have_mean_zero_and_variance_one(scale, offset):
    values = scale * (offset + np.random.default_rng(0).standard_normal((30, 4)))
    found = standardise(values)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found, (values - values.mean(0)) / values.std(0), atol=1e-9)


@pytest.mark.parametrize("level", [0.0, 0.1, -7e8, 1e-300])
def test_columns_that_do_not_vary_become_zero(level):
    found = standardise(np.column_stack([np.full(7, level), np.arange(7)]))
    assert not found[:, 0].any()
    assert found[:, 1].all() or found[3, 1] == 0.0
    np.testing.assert_allclose(found[:, 1].std(), 1.0)


def test_a_vector_becomes_one_column():
    found = standardise([1, 2, 3])
    assert found.shape == (3, 1)
    assert found.dtype == np.float64


def test_one_hot_has_a_standardised_column_for_each_label():
    labels = ["b", "a", "b", "c", "a", "b"]
    found = one_hot(labels)
    for column, label in enumerate("abc"):
        marks = np.array([name == label for name in labels], float)
        np.testing.assert_allclose(found[:, column], (marks - marks.mean()) / marks.std())
    assert found.shape == (6, 3)


def test_one_hot_of_a_single_label_is_zero():
    assert not one_hot(["a"] * 5).any()


def test_text_length_counts_words_and_characters():
    items = [("All bips are red.", "Tom is a bip."), ("No  blips", "x"), ("One two three", "four")]
    words, characters = np.array([8, 3, 4]), np.array([17 + 13, 9 + 1, 13 + 4])
    found = text_length(items)
    for column, counts in enumerate((words, characters)):
        np.testing.assert_allclose(found[:, column], (counts - counts.mean()) / counts.std())


def test_texts_of_one_length_are_zero():
    assert not text_length([("ab cd",), ("ef gh",)]).any()


@pytest.mark.parametrize("position", [np.arange(18), np.tile(np.arange(6), 3), [0, 3, 9]])
def test_bumps_are_gaussians_around_every_position(position):
    found = position_bumps(position)
    last = max(position)
    assert found.shape == (len(position), len(POSITION_WIDTHS), last + 1)
    for layer, width in enumerate(POSITION_WIDTHS):
        for item, place in enumerate(position):
            expected = [np.exp(-((place - c) ** 2) / (2 * width**2)) for c in range(last + 1)]
            np.testing.assert_allclose(found[item, layer], expected, rtol=1e-12)


def test_bumps_of_given_widths():
    found = position_bumps([0, 1, 2], widths=(0.5,))
    np.testing.assert_allclose(found[0, 0], np.exp([0.0, -2.0, -8.0]))


def test_items_of_one_position_have_the_same_bumps():
    found = linear_kernels(position_bumps(np.tile(np.arange(4), 2)))
    assert np.array_equal(found[:, :4, :4], found[:, 4:, :4])


SECONDS = np.array(
    [
        [1.0, 2.0, 4.0],
        [NAN, 3.0, 5.0],
        [3.0, NAN, 1.0],
        [2.0, NAN, NAN],
        [6.0, 1.0, 2.0],
    ]
)


@pytest.mark.parametrize(
    ("person", "own", "others"),
    [
        # item 3 was answered by nobody else: the mean of all their answers, 18 / 7
        (0, [1.0, 3.0, 3.0, 2.0, 6.0], [3.0, 4.0, 1.0, 18 / 7, 1.5]),
        (1, [2.0, 3.0, 2.0, 2.0, 1.0], [2.5, 5.0, 2.0, 2.0, 4.0]),
        (2, [4.0, 5.0, 1.0, 3.0, 2.0], [1.5, 3.0, 3.0, 2.0, 3.5]),
    ],
)
def test_response_times_fill_what_is_missing(person, own, others):
    np.testing.assert_allclose(own_response_time(SECONDS, person), standardise(own))
    np.testing.assert_allclose(others_response_time(SECONDS, person), standardise(others))


def test_a_person_who_never_answered_has_only_the_others():
    seconds = SECONDS.copy()
    seconds[:, 0] = NAN
    assert not own_response_time(seconds, 0).any()
    np.testing.assert_allclose(others_response_time(seconds, 0), others_response_time(SECONDS, 0))


def test_a_person_whose_fellows_never_answered_has_only_their_own():
    seconds = SECONDS.copy()
    seconds[:, 1:] = NAN
    assert not others_response_time(seconds, 0).any()
    np.testing.assert_allclose(own_response_time(seconds, 0), own_response_time(SECONDS, 0))


def test_a_person_alone_has_no_others():
    assert not others_response_time(SECONDS[:, :1], 0).any()


def test_response_times_are_not_changed():
    kept = SECONDS.copy()
    own_response_time(SECONDS, 0)
    others_response_time(SECONDS, 0)
    np.testing.assert_array_equal(SECONDS, kept)


def test_slow_waves_are_orthogonal_cosines_over_the_run() -> None:
    from brainbench.encoding.nuisance import slow_waves

    waves = slow_waves(np.arange(18), 3)
    np.testing.assert_allclose(waves.T @ waves, 18 * np.eye(3), atol=1e-9)
    assert (np.diff(waves[:, 0]) < 0).all()
    assert (np.diff(np.sign(waves[:, 1])) != 0).sum() == 2
