"""Features that hold nothing of a model's reasoning, to be scored beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError

POSITION_WIDTHS = (1.0, 2.0, 4.0, 8.0)


def standardise(columns: ArrayLike) -> Array:
    """Z-score each column; a column that does not vary becomes zero.

    Parameters
    ----------
    columns : (n_items,) or (n_items, n_columns).

    Returns
    -------
    (n_items, n_columns) float64.
    """
    values = np.asarray(columns, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if not values.size or not np.isfinite(values).all():
        raise DataError("nuisance features are empty, or hold NaN or infinite values")
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    varies = spread > 1e-12 * np.maximum(np.abs(values).max(axis=0), 1e-300)
    scaled: Array = np.divide(centred, spread, out=np.zeros_like(centred), where=varies)
    return scaled


def one_hot(labels: ArrayLike) -> Array:
    """(n_items, n_labels) indicator of each label, standardised."""
    found, codes = np.unique(np.asarray(labels), return_inverse=True)
    return standardise(np.eye(len(found))[codes])


def text_length(sentences: Sequence[Sequence[str]]) -> Array:
    """(n_items, 2) words and characters of each item's text, standardised."""
    words = [sum(len(sentence.split()) for sentence in item) for item in sentences]
    characters = [sum(len(sentence) for sentence in item) for item in sentences]
    return standardise(np.column_stack([words, characters]))


def position_bumps(position: ArrayLike, widths: Sequence[float] = POSITION_WIDTHS) -> Array:
    """Smooth functions of position: Gaussian bumps, one grid for each width.

    Parameters
    ----------
    position : (n_items,) counting from 0, within the run or over all rows.
    widths : standard deviations of the bumps, in positions; each takes the place of a
        layer, so the best is chosen as the best layer of a model is.

    Returns
    -------
    (n_items, n_widths, n_centres); centres are all positions from 0 to the last.
    """
    places = np.asarray(position, dtype=np.float64)
    if not places.size or not np.isfinite(places).all():
        raise DataError("positions are empty, or hold NaN or infinite values")
    centres = np.arange(places.max() + 1.0)
    distance = places[:, None, None] - centres
    bumps: Array = np.exp(-0.5 * (distance / np.asarray(widths)[:, None]) ** 2)
    return bumps


def slow_waves(position: ArrayLike, count: int = 2) -> Array:
    """(n_items, count) slowest cosines over the run, standardised: a trend, a bow, and so on.

    Parameters
    ----------
    position : (n_items,) place within the run, counting from 0.
    count : how many.
    """
    places = np.asarray(position, dtype=np.float64)
    phase = np.pi * (places + 0.5) / (places.max(initial=0.0) + 1.0)
    return standardise(np.cos(phase[:, None] * np.arange(1, count + 1)))


def own_response_time(seconds: NDArray[np.float64], person: int) -> Array:
    """A person's own response time per item; missing ones are filled with the person's mean.

    Parameters
    ----------
    seconds : (n_items, n_people), NaN where no button was pressed.
    person : column of the person.

    Returns
    -------
    (n_items, 1) standardised; zero for a person who never answered.
    """
    own = seconds[:, person]
    missing = np.isnan(own)
    if missing.all():
        return np.zeros((len(own), 1))
    return standardise(np.where(missing, own[~missing].mean(), own))


def others_response_time(seconds: NDArray[np.float64], person: int) -> Array:
    """Mean response time per item of everybody but one person.

    Items that nobody else answered are filled with the mean of all their answers.

    Parameters
    ----------
    seconds : (n_items, n_people), NaN where no button was pressed.
    person : column of the person who is left out.

    Returns
    -------
    (n_items, 1) standardised; zero where nobody else answered anything.
    """
    others = np.delete(seconds, person, axis=1)
    counted = (~np.isnan(others)).sum(axis=1)
    if not counted.any():
        return np.zeros((len(seconds), 1))
    total = np.nansum(others, axis=1)
    overall = total.sum() / counted.sum()
    return standardise(np.where(counted > 0, total / np.maximum(counted, 1), overall))
