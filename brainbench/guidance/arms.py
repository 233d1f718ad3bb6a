"""The arms of a comparison: what guides a model, and the baselines that would expose it.

Each arm makes the responses that are used in place of the measured ones; everything else, items,
people, tries, budget, tuning, is the same. One registry serves steering and fine-tuning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from brainbench.encoding.controlled.folds import permutations
from brainbench.encoding.kernels import Array
from brainbench.errors import DataError, UnknownNameError
from brainbench.guidance.signals import Signals
from brainbench.plugins import ArmPlugin, plugged
from brainbench.source import code_sha256

GUIDED, UNGUIDED, PERMUTED, LABEL_ONLY = "guided", "unguided", "permuted fMRI", "label only"
RANDOM = "random direction"
Remake = Callable[[Signals, np.random.Generator], Signals]


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes
    ----------
    name : as in the record.
    what : in plain words.
    remake : gives the signals that it is guided by; None where it is guided by none.
    drawn : whether a seed changes it.
    knows_labels : whether it is told which conclusions follow, in training.
    modes : where it makes sense.
    """

    name: str
    what: str
    remake: Remake | None = None
    drawn: bool = False
    knows_labels: bool = False
    modes: tuple[str, ...] = ("steering", "finetuning")


def permuted(signals: Signals, rng: np.random.Generator) -> Signals:
    """Responses of other items of the same run and type; the same order for everybody."""
    order = permutations(signals.runs, 1, rng, within=[signals.types])[0]
    return signals.with_responses(tuple(block[order] for block in signals.responses))


def random_like(signals: Signals, rng: np.random.Generator) -> Signals:
    """Normal numbers with each voxel's mean and spread over items."""
    return signals.with_responses(
        tuple(
            block.mean(axis=0) + block.std(axis=0) * rng.standard_normal(block.shape)
            for block in signals.responses
        )
    )


def random_centred(signals: Signals, rng: np.random.Generator) -> Signals:
    """Normal numbers with each voxel's spread over items, about 0."""
    return signals.with_responses(
        tuple(block.std(axis=0) * rng.standard_normal(block.shape) for block in signals.responses)
    )


def label_as_response(signals: Signals, rng: np.random.Generator) -> Signals:
    """Two voxels: one answers to conclusions that follow, one to those that do not."""
    one_hot: Array = np.stack([signals.labels, ~signals.labels], axis=1).astype(np.float64)
    return signals.with_responses((one_hot,) * signals.n_people)


def as_measured(signals: Signals, rng: np.random.Generator) -> Signals:
    """The people's own responses."""
    return signals


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm(UNGUIDED, "the model as it is"),
        Arm(GUIDED, "responses of people to these items", as_measured),
        Arm(PERMUTED, "responses of the same people to other items of the run", permuted, True),
        Arm("random fMRI", "noise with each voxel's mean and spread", random_like, True),
        Arm("random fMRI, no mean", "noise with each voxel's spread", random_centred, True),
        Arm(
            "label as fMRI",
            "whether the conclusion follows, in place of responses",
            label_as_response,
            knows_labels=True,
        ),
        Arm(LABEL_ONLY, "the right answers, no signals", knows_labels=True),
        Arm(RANDOM, "a random direction of equal norm", drawn=True),
        Arm("stimulus only", "the problems' text, no answers", modes=("finetuning",)),
    )
}


def find_arm(name: str) -> Arm:
    """An arm by name, of brainbench or of a plugin, or ``UnknownNameError``."""
    if name in ARMS:
        return ARMS[name]
    others = plugged_arms()
    if name not in others:
        raise UnknownNameError("arm", name, [*ARMS, *others])
    return others[name]


def is_drawn(name: str) -> bool:
    """Whether a seed changes the arm; not of one that is unknown."""
    found = ARMS.get(name) or plugged_arms().get(name)
    return found is not None and found.drawn


def arms_of(mode: str) -> list[Arm]:
    """Every arm of brainbench for ``steering`` or ``finetuning``, in the order they are told.

    Those of plugins are not among them: what is installed is not to change what a tier is.
    """
    return [arm for arm in ARMS.values() if mode in arm.modes]


def plugged_arms() -> dict[str, Arm]:
    """Arms of other packages, by name; their signals are held to those they stand for.

    Raises
    ------
    DataError
        When a plugin gives something else.
    """
    found = {}
    for name, given in plugged("arms", tuple(ARMS)).items():
        if not isinstance(given, ArmPlugin):
            raise DataError(f"the arm {name!r} is {type(given).__name__}, not an ArmPlugin")
        found[name] = Arm(name, given.what, _held(name, given), given.drawn, given.knows_labels)
    return found


def arms_code(names: Sequence[str]) -> dict[str, str | None]:
    """Arm of a plugin → hash of its code; None where that cannot be read."""
    given = plugged("arms", tuple(ARMS))
    return {name: code_sha256(given[name].remake) for name in sorted(set(names) & given.keys())}


def arms_of_plugins(names: Sequence[str]) -> list[Remake]:
    """What makes the signals of those arms that plugins add."""
    given = plugged("arms", tuple(ARMS))
    return [given[name].remake for name in sorted(set(names) & given.keys())]


def _held(name: str, given: ArmPlugin) -> Remake:
    """What a plugin makes, refused where it changes more than responses, or gives none."""

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
