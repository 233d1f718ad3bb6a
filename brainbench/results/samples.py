"""Items of a run, one line each: the model's answers and people's. No texts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets import Behavior
from brainbench.models import Answers


def sample_rows(behavior: Behavior, answers: Answers) -> list[dict[str, Any]]:
    """One row for each item that was asked, by its id.

    Parameters
    ----------
    behavior : n items that were asked, with people's answers.
    answers : the model's, (n,) in the same order.

    Returns
    -------
    ``id, reasoning_type, label`` (1 follows, 0 does not), ``said`` (1 True, 0 False, null
    neither), ``log_odds`` (null: none; ``"inf"`` and ``"-inf"`` where a side had no
    probability at all), ``n_people`` who answered, and ``people_right``, the share of
    them who were right; null where nobody answered. People who are left out of a
    benchmark are counted here. Of a joined dataset both are given for each group, as
    ``n_people_adults``, and not for all.
    """
    right = behavior.values("accuracy")
    groups = {"": np.ones(right.shape[1], bool)}
    if behavior.card.joined:
        names = behavior.groups
        groups = {f"_{name}": names == name for name in dict.fromkeys(names.tolist())}
    return [
        {
            "id": problem.identifier,
            "reasoning_type": problem.reasoning_type,
            "label": int(problem.condition.valid),
            "said": None if np.isnan(answers.said[i]) else int(answers.said[i]),
            "log_odds": _plain(float(answers.log_odds[i])),
            **{
                name: value
                for group, own in groups.items()
                for name, value in _people(right[i, own], group).items()
            },
        }
        for i, problem in enumerate(behavior.problems)
    ]


def _people(right: NDArray[np.float64], group: str) -> dict[str, float | int | None]:
    """Share of those who answered one item who were right, and their number."""
    n_people = int((~np.isnan(right)).sum())
    share = float(np.nansum(right) / n_people) if n_people else None
    return {f"people_right{group}": share, f"n_people{group}": n_people}


def _plain(value: float) -> float | str | None:
    """JSON knows neither NaN nor infinity."""
    if math.isnan(value):
        return None
    return str(value) if math.isinf(value) else value
