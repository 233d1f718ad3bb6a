"""Datasets by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import xarray as xr

from brainbench.datasets import phantom, xiao2026
from brainbench.datasets.assembly import Recording
from brainbench.datasets.cards import list_cards, load_card
from brainbench.errors import UsageError

_LOADERS: dict[str, Callable[..., Recording]] = {
    "phantom": phantom.load,
    "xiao2026": xiao2026.load,
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
    if name not in _LOADERS:
        raise UsageError(
            f"{card.name} holds the problems and people's answers, no responses of the brain; "
            f"those are in {', '.join(sorted(_LOADERS))}"
        )
    return _LOADERS[name](rois, subjects, progress)


def load_dataset(
    name: str, rois: str | Sequence[str] | None = None, subjects: str | Sequence[str] | None = None
) -> xr.DataArray:
    """Load the assembly of a dataset: (presentation, neuroid), as in Brain-Score.

    See :func:`load_recording` for parameters, errors, and for what comes with it.
    """
    return load_recording(name, rois, subjects).assembly
