"""People of several datasets who answered the same problems, side by side, group by group."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from brainbench.datasets import deduction
from brainbench.datasets.assembly import choose
from brainbench.datasets.behavior import Behavior
from brainbench.datasets.cards import load_card
from brainbench.datasets.download import Progress
from brainbench.errors import DataError


def load(
    name: str, subjects: str | Sequence[str] | None = None, progress: Progress | None = None
) -> Behavior:
    """Load the answers of every dataset that a joined one requires.

    Parameters
    ----------
    name : a dataset whose card says ``joined``, such as ``deduction73``.
    subjects : which people; all by default.
    progress : see :func:`brainbench.datasets.download.fetch`.

    Returns
    -------
    Everybody in the order of the card; the coordinate ``group`` of the responses says who belongs
    to which.

    Raises
    ------
    DataError
        When two of the datasets differ in a problem, its order or its condition.
    """
    card = load_card(name)
    people = choose("subject", subjects, card.subjects)
    parts = []
    for required in card.requires:
        own = [subject for subject in people if subject in load_card(required).subjects]
        if own:
            parts.append(deduction.load(required, own, progress))
    for part in parts[1:]:
        require_same_problems(parts[0], part)
    responses = xr.concat([part.responses for part in parts], dim="subject")
    return Behavior(
        card,
        parts[0].problems,
        responses.sel(subject=list(people)),
        card.data_sha256(*(load_card(required) for required in card.requires)),
    )


def require_same_problems(one: Behavior, other: Behavior) -> None:
    """Raise ``DataError`` naming the first problem in which two datasets differ, and how.

    Parameters
    ----------
    one, other : each with all problems, in the order in which they were shown.
    """
    names = f"{one.card.name} and {other.card.name}"
    if len(one.problems) != len(other.problems):
        counts = f"{len(one.problems)} and {len(other.problems)}"
        raise DataError(f"{names} hold {counts} problems: they cannot be joined")
    for here, there in zip(one.problems, other.problems, strict=True):
        if here != there:
            shown = " against ".join(
                f"{problem.identifier} ({problem.condition.name}) {'. '.join(problem.sentences)!r}"
                for problem in (here, there)
            )
            raise DataError(f"{names} cannot be joined, their problems differ: {shown}")
