"""planted: simulated people of the first run, in whom the built-in model must be found.

Three ROIs of the same people. ``signal`` holds a layer of the built-in model, nano; ``confound``
holds text length, which nano's states hold as well; ``noise`` holds nothing. So a test that works
finds nano in ``signal`` whatever is taken out, in ``confound`` until text length is taken out, and
not in ``noise``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from brainbench.datasets.assembly import Recording
from brainbench.datasets.cards import load_card
from brainbench.datasets.phantom import PhantomDesign, cut, parse_design, shipped_features, simulate
from brainbench.problems import Problem, make_run

_PROBLEMS_SEED = 1


def load(
    rois: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    progress: object = None,
    seed: int | None = None,
) -> Recording:
    """Three runs of 18 transitive problems, made by the generator; truth in ``Recording.truth``.

    Parameters
    ----------
    rois, subjects : which ones; all by default.
    progress : not used; the dataset is computed, not fetched.
    seed : of the people; by default the card's. Others are for counting how often what was
        planted is found.
    """
    made = design()
    if seed is not None:
        made = made.model_copy(update={"seed": seed})
    features = shipped_features(states_path(), made.site, made.layer)
    return cut(simulate(made, features, make_problems(), load_card("planted")), rois, subjects)


def design() -> PhantomDesign:
    """What each region holds."""
    return parse_design(load_card("planted").simulation)


@cache
def make_problems() -> tuple[Problem, ...]:
    """The problems, in the order they are shown."""
    rng = np.random.default_rng(_PROBLEMS_SEED)
    (kind,), runs = load_card("planted").reasoning_types, load_card("planted").runs
    made = [make_run(run, kind, rng) for run in runs]  # type: ignore[arg-type]
    return tuple(problem for run in made for problem in run)


def states_path() -> Any:
    """The layer of nano that the signal is made of, in the package."""
    return resources.files("brainbench.datasets") / "data" / "planted_nano.safetensors"
