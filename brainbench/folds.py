"""Which items train a map and which test it, as plain indices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainbench.errors import DataError

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
PUBLISHED_SPLITS = 5
PUBLISHED_SPLIT_SEED = 1
# Fewest items of a run that is held out: three inner blocks of two, so that every block has a mean
# and a spread.
MIN_RUN_ITEMS = 6


def published_folds(reasoning_type: ArrayLike) -> list[Fold]:
    """Five shuffled folds, stratified by reasoning type.

    Inside one type the label is constant, and the same splitter is used: a plain
    ``KFold`` would shuffle in another way and give other scores.

    Parameters
    ----------
    reasoning_type : (n_items,) labels, one per item.

    Returns
    -------
    Five pairs ``(train, test)`` of item indices.

    Raises
    ------
    DataError
        When a type has fewer items than there are folds, or a fold would be tested
        on fewer than two items, where no correlation is defined.

    Source: Xiao, Du & Lin 2026, Methods (neural predictivity).
    """
    # here, for every dataset knows its folds and few are asked for them
    from sklearn.model_selection import StratifiedKFold

    labels = np.asarray(reasoning_type)
    names, counts = np.unique(labels, return_counts=True)
    if labels.size < 2 * PUBLISHED_SPLITS or counts.min(initial=labels.size) < PUBLISHED_SPLITS:
        found = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))
        raise DataError(
            f"{PUBLISHED_SPLITS} folds need at least {2 * PUBLISHED_SPLITS} items in all and "
            f"{PUBLISHED_SPLITS} of every reasoning type; there are: {found or 'none'}"
        )
    splitter = StratifiedKFold(PUBLISHED_SPLITS, shuffle=True, random_state=PUBLISHED_SPLIT_SEED)
    return list(splitter.split(np.zeros((labels.size, 1)), labels))


def run_folds(runs: ArrayLike) -> list[Fold]:
    """One fold per run, which it holds out.

    Parameters
    ----------
    runs : (n_items,) labels of what is held out whole: runs, sessions, passages.

    Returns
    -------
    Pairs ``(train, test)`` of item indices, in the order of the runs' first items.

    Raises
    ------
    DataError
        With fewer than two runs, or a run of fewer than six items.
    """
    labels = np.asarray(runs)
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2:
        raise DataError(
            f"whole runs are held out, so at least two are needed; there is {len(names)}"
        )
    if counts.min() < MIN_RUN_ITEMS:
        found = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))
        raise DataError(f"every run needs at least {MIN_RUN_ITEMS} items; there are: {found}")
    order = list(dict.fromkeys(labels.tolist()))
    return [(np.flatnonzero(labels != one), np.flatnonzero(labels == one)) for one in order]
