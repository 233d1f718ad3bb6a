"""Paths as users write them, and the folders of caches and of results."""

from __future__ import annotations

import os
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs


def user_path(path: str | Path) -> Path:
    """A path whose ``~`` no shell made into a home folder: quoted, in a variable, from Python.

    One of a user whom this machine does not know stays as it is.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def cache_folder() -> Path:
    """``BRAINBENCH_CACHE``, or the user's cache folder."""
    set_by_user = os.environ.get("BRAINBENCH_CACHE")
    return user_path(set_by_user) if set_by_user else platformdirs.user_cache_path("brainbench")


def results_folder() -> Path:
    """``BRAINBENCH_OUTPUT_PATH``, or ``results`` where one is: where runs go, and are found."""
    return user_path(os.environ.get("BRAINBENCH_OUTPUT_PATH") or "results")


def activations_path() -> Traversable:
    """The activations of a real language model on the phantom's problems, in the package."""
    # named here, that what opens models needs no module of people
    return resources.files("brainbench").joinpath(
        "datasets", "data", "phantom_smollm2_135m.safetensors"
    )
