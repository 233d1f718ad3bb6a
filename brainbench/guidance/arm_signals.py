"""The signals that each arm is guided by, made from the measured ones.

An arm's signals replace the measured responses; all else, items, people, tries, budget and tuning,
is the same in every arm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from brainbench.encoding.controlled.folds import permutations
from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.arms import (
    ARMS,
    CENTRED_FMRI,
    GUIDED,
    LABEL_AS_FMRI,
    PERMUTED,
    RANDOM_FMRI,
    arm_plugins,
    find_arm,
)
from brainbench.guidance.signals import Signals
from brainbench.plugins import ArmPlugin

Remake = Callable[[Signals, np.random.Generator], Signals]


def permuted(signals: Signals, rng: np.random.Generator) -> Signals:
    """Responses to other items of the same run and type; one permutation for all people.

    Parameters
    ----------
    signals : the measured ones.
    rng : draws the order of the items.

    Returns
    -------
    Signals whose responses stand at other items; all else is as it was.
    """
    order = permutations(signals.runs, 1, rng, within=[signals.types])[0]
    return signals.with_responses(tuple(block[order] for block in signals.responses))


def random_like(signals: Signals, rng: np.random.Generator) -> Signals:
    """Gaussian noise with each voxel's mean and standard deviation over items.

    Parameters
    ----------
    signals : the measured ones, whose means and standard deviations are taken.
    rng : draws the noise, independent over items, voxels and people.
    """
    return signals.with_responses(
        tuple(
            block.mean(axis=0) + block.std(axis=0) * rng.standard_normal(block.shape)
            for block in signals.responses
        )
    )


def random_centred(signals: Signals, rng: np.random.Generator) -> Signals:
    """Gaussian noise with each voxel's standard deviation over items and mean 0.

    Parameters
    ----------
    signals : the measured ones, whose standard deviations are taken.
    rng : draws the noise, independent over items, voxels and people.
    """
    return signals.with_responses(
        tuple(block.std(axis=0) * rng.standard_normal(block.shape) for block in signals.responses)
    )


def label_as_response(signals: Signals, rng: np.random.Generator) -> Signals:
    """Two voxels, one-hot: 1 for conclusions that follow, 1 for those that do not.

    Parameters
    ----------
    signals : the measured ones; only their labels and number of people count.
    rng : not used; every remaking function takes one.

    Returns
    -------
    Signals with responses (n_items, 2), the same for every person.
    """
    one_hot: Array = np.stack([signals.labels, ~signals.labels], axis=1).astype(np.float64)
    return signals.with_responses((one_hot,) * signals.n_people)


def as_measured(signals: Signals, rng: np.random.Generator) -> Signals:
    """The people's own responses.

    Parameters
    ----------
    signals : the measured ones, returned as they are.
    rng : not used; every remaking function takes one.
    """
    return signals


_REMAKES: dict[str, Remake] = {
    GUIDED: as_measured,
    PERMUTED: permuted,
    RANDOM_FMRI: random_like,
    CENTRED_FMRI: random_centred,
    LABEL_AS_FMRI: label_as_response,
}


def remake_of(name: str) -> Remake:
    """The function that makes an arm's signals from the measured ones and a random generator.

    Raises
    ------
    UnknownNameError
        When there is no such arm.
    ValueError
        When the arm has no signals (``Arm.has_signals``).
    """
    if not find_arm(name).has_signals:
        raise ValueError(f"the arm {name!r} is not guided by signals")
    return _REMAKES[name] if name in ARMS else _checked(name, arm_plugins()[name])


def _checked(name: str, given: ArmPlugin) -> Remake:
    """A plugin's function, with its result checked; only responses are taken from it."""

    def remake(signals: Signals, rng: np.random.Generator) -> Signals:
        made = given.remake(signals, rng)
        if not isinstance(made, Signals):
            raise DataError(f"the arm {name!r} gives {type(made).__name__}, not Signals")
        for block in made.responses:
            if block.ndim != 2 or len(block) != len(signals.problems):
                raise DataError(
                    f"the arm {name!r}: responses of shape {block.shape} for "
                    f"{len(signals.problems)} items"
                )
            if not np.isfinite(block).all():
                raise DataError(f"the arm {name!r}: responses hold NaN or infinite values")
        # items, labels and who was right stay those of the people
        return signals.with_responses(made.responses)

    return remake
