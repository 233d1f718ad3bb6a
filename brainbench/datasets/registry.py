"""Datasets by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import xarray as xr

from brainbench.datasets import deduction, joined, phantom, phantom_guidance, planted, xiao2026
from brainbench.datasets.assembly import Recording, choose, subjects_of
from brainbench.datasets.behavior import Behavior
from brainbench.datasets.cards import list_cards, load_card, plugged_datasets
from brainbench.datasets.content import recording_sha256
from brainbench.errors import BrainbenchError, DataError, UsageError
from brainbench.plugins import DatasetPlugin
from brainbench.problems import Problem

_LOADERS: dict[str, Callable[..., Recording]] = {
    "phantom": phantom.load,
    "phantom_guidance": phantom_guidance.load,
    "planted": planted.load,
    "xiao2026": xiao2026.load,
}
_BEHAVIOR_LOADERS: dict[str, Callable[..., Behavior]] = {
    **{name: partial(deduction.load, name) for name in ("ds003076", "ds002886")},
    "deduction73": partial(joined.load, "deduction73"),
}


def list_datasets() -> list[str]:
    """Names of all datasets that have a card."""
    return list_cards()


def load_recording(
    name: str,
    rois: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Recording:
    """Load a dataset with its problems, behaviour and, for simulated people, its truth.

    Parameters
    ----------
    name : a dataset that holds responses of the brain.
    rois, subjects : which ones; all by default.
    progress : called with (path, number, count) before each file is fetched.

    Raises
    ------
    UnknownNameError
        When there is no such dataset, ROI or subject.
    UsageError
        When the dataset holds no responses of the brain.
    DataError
        When its files cannot be had or read.
    """
    card = load_card(name)
    others = plugged_datasets()
    if name in others:
        return _plugged(name, others[name], rois, subjects, progress)
    loader = _LOADERS.get(name)
    if loader is None and name not in _BEHAVIOR_LOADERS:
        raise UsageError(
            f"{card.name} holds problems that tasks ask, nothing measured in people; "
            f"{', '.join(sorted(_LOADERS))} hold responses of the brain"
        )
    if loader is None:
        raise UsageError(
            f"{card.name} holds the problems and people's answers, no responses of the brain; "
            f"those are in {', '.join(sorted(_LOADERS))}, and load_behavior reads the answers"
        )
    return loader(rois, subjects, progress)


def _plugged(
    name: str,
    plugin: DatasetPlugin,
    rois: str | Sequence[str] | None,
    subjects: str | Sequence[str] | None,
    progress: Callable[[str, int, int], None] | None,
) -> Recording:
    """A plugin's dataset, under a hash of all that it holds.

    It is loaded whole whatever is asked for: no card tells whether its numbers are those of
    yesterday, and a hash of a part would call two parts of one dataset two datasets.
    """
    try:
        whole = plugin.load(None, None, progress)
    except (BrainbenchError, KeyboardInterrupt):
        raise
    # whatever other people's code raises, the error names the dataset
    except Exception as error:
        raise DataError(
            f"the dataset {name} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(whole, Recording):
        raise DataError(f"the dataset {name} gives {type(whole).__name__}, not a Recording")
    held = whole.assembly
    areas = tuple(dict.fromkeys(str(roi) for roi in held["roi"].values))
    chosen = choose("ROI", rois, areas)
    people = choose("subject", subjects, tuple(subjects_of(held)))
    kept = np.isin(held["roi"].values, chosen) & np.isin(held["subject"].values, people)
    sha256 = recording_sha256(whole)
    if kept.all():
        return replace(whole, data_sha256=sha256)
    truth = whole.truth
    if truth is not None and truth.sizes.get("neuroid") == kept.size:
        truth = truth.isel(neuroid=kept)
    return replace(whole, assembly=held.isel(neuroid=kept), truth=truth, data_sha256=sha256)


def load_behavior(
    name: str,
    subjects: str | Sequence[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Behavior:
    """Load what people answered in a dataset, and how long they took.

    Parameters
    ----------
    name : a dataset of answers.
    subjects : which people; all by default.
    progress : called with (path, number, count) before each file is fetched.

    Raises
    ------
    UnknownNameError
        When there is no such dataset or subject.
    UsageError
        When it is not a dataset of answers.
    DataError
        When its files cannot be had or read.
    """
    card = load_card(name)
    if name not in _BEHAVIOR_LOADERS:
        raise UsageError(
            f"{card.name} is not a dataset of answers; there are {', '.join(_BEHAVIOR_LOADERS)}"
        )
    return _BEHAVIOR_LOADERS[name](subjects, progress)


def load_problems(name: str) -> tuple[Problem, ...]:
    """Problems of any dataset, in the order of its rows; errors as when loading it whole."""
    if name in _BEHAVIOR_LOADERS:
        return load_behavior(name).problems
    return load_recording(name).asked


def load_dataset(
    name: str, rois: str | Sequence[str] | None = None, subjects: str | Sequence[str] | None = None
) -> xr.DataArray:
    """Load the assembly of a dataset: (presentation, neuroid), as in Brain-Score.

    Errors, and what comes with it: see :func:`load_recording`.

    Parameters
    ----------
    name : a dataset that holds responses of the brain.
    rois, subjects : which ones; all by default.
    """
    return load_recording(name, rois, subjects).assembly
