"""The published folds are scikit-learn's, and folds that cannot be scored are refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from brainbench.encoding import published_folds
from brainbench.encoding.responses import check_folds
from brainbench.errors import DataError

TYPES = {
    "xiao2026": ["syllogistic"] * 36 + ["transitive"] * 34,
    "one type": ["transitive"] * 34,
    "interleaved, three types": ["a", "b", "c"] * 9,
    "numbers": [0] * 5 + [1] * 5,
}


def same(one, other):
    return all(
        np.array_equal(a, b)
        for pair, twin in zip(one, other, strict=True)
        for a, b in zip(pair, twin, strict=True)
    )


@pytest.mark.parametrize("labels", TYPES.values(), ids=TYPES)
def test_published_folds_are_stratified_kfold(labels):
    splitter = StratifiedKFold(n_splits=5, shuffle=True, random_state=1)
    assert same(published_folds(labels), splitter.split(np.zeros((len(labels), 1)), labels))


@pytest.mark.parametrize("labels", TYPES.values(), ids=TYPES)
def test_every_item_is_tested_once_and_never_trained_on_then(labels):
    folds = published_folds(labels)
    everything = np.arange(len(labels))
    assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), everything)
    for train, test in folds:
        assert np.array_equal(np.sort(np.concatenate([train, test])), everything)


def test_inside_one_type_the_folds_are_not_those_of_kfold():
    plain = KFold(n_splits=5, shuffle=True, random_state=1).split(np.zeros((34, 1)))
    assert not same(published_folds(["transitive"] * 34), plain)


def test_every_fold_holds_its_share_of_each_type():
    labels = np.array(TYPES["xiao2026"])
    shares = [np.mean(labels[test] == "syllogistic") for _, test in published_folds(labels)]
    assert np.ptp(shares) < 0.1


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["a"] * 9, "a 9"),
        (["a"] * 20 + ["b"] * 4, "a 20, b 4"),
        ([], "none"),
    ],
)
def test_too_few_items_are_refused_with_their_counts(labels, found):
    with pytest.raises(DataError, match=f"10 items in all and 5 of every .*there are: {found}$"):
        published_folds(labels)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([], "no folds"),
        ([([0], [1, 2])], "fold 0 has 1 train and 2 test items"),
        ([([0, 1], [2, 3]), ([0, 1], [2])], "fold 1 has 2 train and 1 test items"),
        ([([0, 1], [])], "fold 0 has 2 train and 0 test items"),
        ([([0, 1, 2], [2, 3])], "fold 0 has items in both"),
        ([([0, 1], [2, 4])], "fold 0 points outside the 4 items"),
        ([([0, 4], [1, 2])], "fold 0 points outside the 4 items"),
        ([([0, -1], [1, 2])], "fold 0 points outside the 4 items"),
    ],
)
def test_folds_that_cannot_be_scored_are_refused(folds, message):
    arrays = [(np.array(train, int), np.array(test, int)) for train, test in folds]
    with pytest.raises(DataError, match=message):
        check_folds(arrays, 4)


@pytest.mark.parametrize("labels", TYPES.values(), ids=TYPES)
def test_published_folds_pass_the_check(labels):
    check_folds(published_folds(labels), len(labels))
