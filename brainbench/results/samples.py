"""Items of a run, one line each: the model's answers and people's. No texts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

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
    benchmark are counted here.
    """
    right = behavior.values("accuracy")
    n_people = (~np.isnan(right)).sum(axis=1)
    n_right = np.nansum(right, axis=1)
    return [
        {
            "id": problem.identifier,
            "reasoning_type": problem.reasoning_type,
            "label": int(problem.condition.valid),
            "said": None if np.isnan(answers.said[i]) else int(answers.said[i]),
            "log_odds": _plain(float(answers.log_odds[i])),
            "people_right": float(n_right[i] / n_people[i]) if n_people[i] else None,
            "n_people": int(n_people[i]),
        }
        for i, problem in enumerate(behavior.problems)
    ]


def _plain(value: float) -> float | str | None:
    """JSON knows neither NaN nor infinity."""
    if math.isnan(value):
        return None
    return str(value) if math.isinf(value) else value
