"""The arms of a comparison: what guides a model, and the baselines that would expose it.

One registry serves steering and fine-tuning. It names the arms and knows no brain response:
``brainbench.guidance.arm_signals`` makes those that an arm is guided by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from brainbench.errors import DataError, UnknownNameError
from brainbench.plugins import ArmPlugin, plugged
from brainbench.source import code_sha256

GUIDED, UNGUIDED, PERMUTED, LABEL_ONLY = "guided", "unguided", "permuted fMRI", "label only"
RANDOM, RANDOM_FMRI, CENTRED_FMRI = "random direction", "random fMRI", "random fMRI, no mean"
LABEL_AS_FMRI = "label as fMRI"
GUIDED_RESTARTS, PERMUTED_RESTARTS = "guided, restarts", "permuted fMRI, restarts"
RANDOM_RESTARTS = "random restarts"


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes
    ----------
    name : as in the record.
    what : description in plain words.
    has_signals : whether it is guided by signals, measured or in their place.
    stochastic : whether it depends on a random seed.
    knows_labels : whether its training uses the correct answers.
    modes : ``steering``, ``finetuning`` or both: where it makes sense.
    """

    name: str
    what: str
    has_signals: bool = False
    stochastic: bool = False
    knows_labels: bool = False
    modes: tuple[str, ...] = ("steering", "finetuning")


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm(UNGUIDED, "the model as it is"),
        Arm(GUIDED, "responses of people to these items", True),
        Arm(PERMUTED, "responses of the same people to other items of the run", True, True),
        Arm(RANDOM_FMRI, "noise with each voxel's mean and spread", True, True),
        Arm(CENTRED_FMRI, "noise with each voxel's spread", True, True),
        Arm(
            LABEL_AS_FMRI,
            "whether the conclusion follows, in place of responses",
            True,
            knows_labels=True,
        ),
        Arm(LABEL_ONLY, "the right answers, no signals", knows_labels=True),
        Arm(RANDOM, "a random direction of equal norm", stochastic=True),
        Arm("stimulus only", "the problems' text, no answers", modes=("finetuning",)),
    )
}


@dataclass(frozen=True)
class Restarts:
    """An arm of the targeted search that draws anew at each of its tries.

    Like a lottery with as many tickets as tries, so it is compared with guided restarts, and never
    with an arm that follows one direction. Neither the controlled form nor fine-tuning tries more
    than once: there is no such arm there, and :func:`find_arm` knows none.

    Attributes
    ----------
    name : as in the record.
    of : the arm whose draw is made anew.
    what : what is drawn, in plain words.
    """

    name: str
    of: str
    what: str


RESTARTS: dict[str, Restarts] = {
    arm.name: arm
    for arm in (
        Restarts(GUIDED_RESTARTS, GUIDED, "the items that the map is fitted on, with replacement"),
        Restarts(PERMUTED_RESTARTS, PERMUTED, "the order of the items"),
        Restarts("random fMRI, restarts", RANDOM_FMRI, "the noise"),
        Restarts("label only, restarts", LABEL_ONLY, "the items of each class, with replacement"),
        Restarts(RANDOM_RESTARTS, RANDOM, "the direction, of each pair by itself"),
    )
}


def searched() -> tuple[str, ...]:
    """Names of the arms of the targeted search: all that steer, then those with restarts."""
    steers = (arm.name for arm in arms_of("steering") if arm.name != UNGUIDED)
    return (*steers, *RESTARTS)


def find_arm(name: str) -> Arm:
    """An arm by name, of brainbench or of a plugin, or ``UnknownNameError``."""
    if name in ARMS:
        return ARMS[name]
    others = plugged_arms()
    if name not in others:
        raise UnknownNameError("arm", name, [*ARMS, *others])
    return others[name]


def is_stochastic(name: str) -> bool:
    """Whether an arm depends on a random seed; False for an unknown name."""
    found = ARMS.get(name) or plugged_arms().get(name)
    return found is not None and found.stochastic


def arms_of(mode: str) -> list[Arm]:
    """Every arm of brainbench for ``steering`` or ``finetuning``, in the order of reports.

    Arms of plugins are left out: an installed package must not change what a tier runs.
    """
    return [arm for arm in ARMS.values() if mode in arm.modes]


def plugged_arms() -> dict[str, Arm]:
    """Arms of other packages, by name.

    Raises
    ------
    DataError
        When a plugin gives something other than an ``ArmPlugin``.
    """
    found = {}
    for name, given in arm_plugins().items():
        if not isinstance(given, ArmPlugin):
            raise DataError(f"the arm {name!r} is {type(given).__name__}, not an ArmPlugin")
        found[name] = Arm(name, given.what, True, given.drawn, given.knows_labels)
    return found


def arm_plugins() -> dict[str, Any]:
    """What plugins register as arms, by name, unchecked."""
    return plugged("arms", tuple(ARMS))


def arms_code(names: Sequence[str]) -> dict[str, str | None]:
    """Arm of a plugin → hash of its code; None where that cannot be read."""
    given = arm_plugins()
    return {name: code_sha256(given[name].remake) for name in sorted(set(names) & given.keys())}


def arms_of_plugins(names: Sequence[str]) -> list[Callable[..., Any]]:
    """The functions by which plugins make the signals of those of the arms that they add."""
    given = arm_plugins()
    return [given[name].remake for name in sorted(set(names) & given.keys())]
