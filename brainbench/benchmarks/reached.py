"""What scores say of their baselines: which reach the model, and how many people a ceiling takes.

Names and comparisons alone: a record holds scores without reaching the code that made them.
"""

from __future__ import annotations

from typing import Literal

from brainbench.quantities import Interval

Reached = tuple[Literal["model", "reference"], ...]
# below, no curve of a ceiling can be drawn; above, the sets of people (2ⁿ) are too many
MINIMUM_PEOPLE, MAXIMUM_PEOPLE = 3, 14


def reaches(
    value: float | None, drawn: Interval | None, raw: float, reference: float | None
) -> Reached:
    """What a nuisance row is not below.

    Parameters
    ----------
    value : its statistic, of drawn rows their mean; nothing is reached where there is none.
    drawn : the range of drawn rows, whose upper end is compared with the model.
    raw, reference : of the model, and of other people if they have one.
    """
    if value is None:
        return ()
    reached: list[Literal["model", "reference"]] = []
    if (value if drawn is None else drawn[1]) >= raw:
        reached.append("model")
    if reference is not None and value >= reference:
        reached.append("reference")
    return tuple(reached)
