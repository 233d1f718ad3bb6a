"""Arms at the same shift of neutral text, from the doses on validation problems.

Each arm has its own strength, chosen by its own area under the curve from a coarse grid: one that
ends up weaker does less, whatever it is made of. So an arm is also read where it moves neutral
text as much as guided does: between two strengths of the grid, linear in the logarithm of the
shift, for the shift grows as the square of a small strength. Beyond its own grid an arm is not
read at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brainbench.guidance.arms import GUIDED, UNGUIDED
from brainbench.guidance.rows import ArmRow, Dose

# Arms whose shifts differ by more are not matched. The shift grows fourfold from one strength of
# the grid to the next, so that of two arms one can always be brought within twofold of the other.
UNMATCHED = 2.0


@dataclass(frozen=True)
class AtShift:
    """One arm where it moves neutral text as much as guided does at its best allowed dose.

    Attributes
    ----------
    arm : its name.
    layers : name of the set that is steered, guided's.
    shift : divergence there, nats.
    guided_auc, guided_accuracy : of guided, on validation problems.
    strength, auc, accuracy : of the arm, interpolated; None where its grid does not reach there.
    mean_gain : guided minus the arm in AUC, mean over all allowed doses of guided that the arm's
        grid reaches, which no choice of the best one flatters; None where there are none.
    n_doses : how many these are.
    """

    arm: str
    layers: str
    shift: float
    guided_auc: float
    guided_accuracy: float
    strength: float | None
    auc: float | None
    accuracy: float | None
    mean_gain: float | None
    n_doses: int


def arms_at_shift(doses: Sequence[Dose], limit: float | None = None) -> list[AtShift]:
    """Every other arm at guided's shift; empty where shifts or areas were not measured.

    Parameters
    ----------
    doses : of all arms.
    limit : of the shift: guided's doses beyond it are left out, unless all are.
    """
    measured = [dose for dose in doses if dose.shift is not None and dose.auc is not None]
    guided = [dose for dose in measured if dose.arm == GUIDED]
    if not guided:
        return []
    allowed = [dose for dose in guided if limit is None or _kl(dose) <= limit]
    allowed = allowed or [min(guided, key=_kl)]
    best = max(allowed, key=lambda dose: dose.auc or 0.0)
    arms = dict.fromkeys(dose.arm for dose in measured if dose.arm != GUIDED)
    return [_at_shift(arm, [d for d in measured if d.arm == arm], best, allowed) for arm in arms]


def _at_shift(arm: str, own: Sequence[Dose], best: Dose, allowed: Sequence[Dose]) -> AtShift:
    gains = [
        (dose.auc or 0.0) - area
        for dose in allowed
        if (area := _interpolated("auc", own, dose)) is not None
    ]
    return AtShift(
        arm=arm,
        layers=best.layers,
        shift=_kl(best),
        guided_auc=best.auc or 0.0,
        guided_accuracy=best.accuracy,
        strength=_interpolated("strength", own, best),
        auc=_interpolated("auc", own, best),
        accuracy=_interpolated("accuracy", own, best),
        mean_gain=float(np.mean(gains)) if gains else None,
        n_doses=len(gains),
    )


def _interpolated(name: str, own: Sequence[Dose], where: Dose) -> float | None:
    """A number of an arm at another's shift, on the same layers."""
    line = sorted((d for d in own if d.layers == where.layers and _kl(d) > 0.0), key=_kl)
    if not line or not _kl(line[0]) <= _kl(where) <= _kl(line[-1]):
        return None
    logs = np.log([_kl(dose) for dose in line])
    values = np.array([getattr(dose, name) for dose in line], float)
    if name == "strength":
        return float(np.exp(np.interp(np.log(_kl(where)), logs, np.log(values))))
    return float(np.interp(np.log(_kl(where)), logs, values))


def _kl(dose: Dose) -> float:
    assert dose.shift is not None
    return dose.shift.kl


def unmatched(arms: Sequence[ArmRow]) -> list[ArmRow]:
    """Arms whose shift is more than twice guided's, or less than half of it.

    Parameters
    ----------
    arms : of one test, guided among them; the model as it is has no shift to be matched.
    """
    guided = next((arm.shift for arm in arms if arm.arm == GUIDED), None)
    if guided is None:
        return []
    return [
        arm
        for arm in arms
        if arm.arm not in (GUIDED, UNGUIDED)
        and arm.shift is not None
        and max(arm.shift.kl, guided.kl) > UNMATCHED * min(arm.shift.kl, guided.kl)
    ]
