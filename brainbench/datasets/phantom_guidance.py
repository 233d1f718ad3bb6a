"""phantom_guidance: simulated people whose responses tell whether a conclusion follows, or do not.

Two ROIs, the same people and problems. In ``validity`` a part of every voxel is whether the
conclusion follows, and a part the words of the problem; in ``words`` the words alone. So signals
of the one can guide a model, and signals of the other cannot: what measures guidance must find
that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from brainbench.datasets.assembly import Recording
from brainbench.datasets.cards import load_card
from brainbench.datasets.phantom import Array, cut, parse_design, simulate
from brainbench.problems import Problem, make_run

_RUNS = 4
_PROBLEMS_SEED = 2606


def load(
    rois: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    progress: object = None,
) -> Recording:
    """Four runs of 18 syllogisms, made by the generator; its truth is in ``Recording.truth``.

    Parameters
    ----------
    rois, subjects : which ones; all by default.
    progress : not used; the dataset is computed, not fetched.
    """
    card = load_card("phantom_guidance")
    problems = make_problems()
    whole = simulate(parse_design(card.simulation), count_words(problems), problems, card)
    return cut(whole, rois, subjects)


@cache
def make_problems() -> tuple[Problem, ...]:
    """The problems, in the order they are shown."""
    rng = np.random.default_rng(_PROBLEMS_SEED)
    runs = [make_run(f"syllogistic-{run:02d}", "syllogistic", rng) for run in range(1, _RUNS + 1)]
    return tuple(problem for run in runs for problem in run)


def count_words(problems: Sequence[Problem]) -> Array:
    """(n_problems, n_words) how often each word stands in a problem."""
    texts = [" ".join(problem.sentences).lower().split() for problem in problems]
    words = sorted({word for text in texts for word in text})
    return np.array([[text.count(word) for word in words] for text in texts], np.float64)
