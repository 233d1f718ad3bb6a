"""Datasets by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import xarray as xr

from brainbench.datasets import ds003076, phantom, phantom_guidance, xiao2026
from brainbench.datasets.assembly import Recording, hash_recording
from brainbench.datasets.behavior import Behavior
from brainbench.datasets.cards import list_cards, load_card, plugged_datasets
from brainbench.errors import UsageError
from brainbench.problems import Problem

_LOADERS: dict[str, Callable[..., Recording]] = {
    "phantom": phantom.load,
    "phantom_guidance": phantom_guidance.load,
    "xiao2026": xiao2026.load,
}
_BEHAVIOR_LOADERS: dict[str, Callable[..., Behavior]] = {
    "ds003076": ds003076.load,
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
    loader = others[name].load if name in others else _LOADERS.get(name)
    if loader is None and not card.behavior:
        raise UsageError(
            f"{card.name} holds problems that tasks ask, nothing measured in people; "
            f"{', '.join(sorted(_LOADERS))} hold responses of the brain"
        )
    if loader is None:
        raise UsageError(
            f"{card.name} holds the problems and people's answers, no responses of the brain; "
            f"those are in {', '.join(sorted(_LOADERS))}, and load_behavior reads the answers"
        )
    if name in others:
        return _hashed(loader, rois, subjects, progress)
    return loader(rois, subjects, progress)


def _hashed(
    loader: Callable[..., Recording],
    rois: str | Sequence[str] | None,
    subjects: str | Sequence[str] | None,
    progress: Callable[[str, int, int], None] | None,
) -> Recording:
    """A plugin's recording, told apart by all that it holds, whichever part was asked for.

    Its card names no files whose hashes would say so.
    """
    whole = loader(None, None, progress)
    asked = whole if rois is None and subjects is None else loader(rois, subjects, progress)
    return replace(asked, data_sha256=hash_recording(whole))


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
        When it is no dataset of answers.
    DataError
        When its files cannot be had or read.
    """
    card = load_card(name)
    if name not in _BEHAVIOR_LOADERS:
        raise UsageError(
            f"{card.name} is no dataset of answers; there are {', '.join(_BEHAVIOR_LOADERS)}"
        )
    return _BEHAVIOR_LOADERS[name](subjects, progress)


def load_problems(name: str) -> tuple[Problem, ...]:
    """Problems of any dataset, in the order of its rows; errors as when loading it whole."""
    loader = load_behavior if name in _BEHAVIOR_LOADERS else load_recording
    return loader(name).problems


def load_dataset(
    name: str, rois: str | Sequence[str] | None = None, subjects: str | Sequence[str] | None = None
) -> xr.DataArray:
    """Load the assembly of a dataset: (presentation, neuroid), as in Brain-Score.

    See :func:`load_recording` for parameters, errors, and for what comes with it.
    """
    return load_recording(name, rois, subjects).assembly
