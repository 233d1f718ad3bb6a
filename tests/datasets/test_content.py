"""The hash of a dataset is of all that it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from brainbench.datasets import Recording, build_assembly, load_problems, parse_card
from brainbench.datasets.content import array_sha256, recording_sha256

CARD = """
name: lab
title: Two people
version: "1"
licence: CC0-1.0
redistributable: true
simulated: true
citation: "@misc{lab, title = {x}}"
subjects: [a, b]
rois: {one: 3, two: 2}
reasoning_types: [syllogistic]
items: 4
runs: [r1, r2]
"""


def make() -> Recording:
    problems = load_problems("phantom")[:4]
    shown = pd.DataFrame(
        {
            "stimulus_id": [p.identifier for p in problems],
            "run": ["r1", "r1", "r2", "r2"],
            "position": [0, 1, 0, 1],
            "repeat": 0,
            "reasoning_type": "syllogistic",
        }
    )
    rng = np.random.default_rng(0)
    blocks = {
        (subject, roi): rng.standard_normal((4, voxels))
        for subject in ("a", "b")
        for roi, voxels in (("one", 3), ("two", 2))
    }
    card = parse_card(CARD, "card.yaml")
    behavior = xr.Dataset(
        {"accuracy": (("presentation", "subject"), np.ones((4, 2)))}, {"subject": ["a", "b"]}
    )
    return Recording(card, build_assembly(shown, blocks), problems, "as stated", behavior)


def _card(**changes: Any) -> Callable[[Recording], Recording]:
    return lambda r: replace(r, card=r.card.model_copy(update=changes))


def _assembly(change: Callable[[xr.DataArray], xr.DataArray]) -> Callable[[Recording], Recording]:
    return lambda r: replace(r, assembly=change(r.assembly))


def _one_number(assembly: xr.DataArray) -> xr.DataArray:
    values = assembly.values.copy()
    values[2, 3] = np.nextafter(values[2, 3], np.inf)
    return assembly.copy(data=values)


CHANGES: dict[str, Callable[[Recording], Recording]] = {
    "the last bit of one response": _assembly(_one_number),
    "a number that is lacking": _assembly(lambda a: a.where(a != a[0, 0])),
    "number format": _assembly(lambda a: a.astype(np.float32)),
    "fewer voxels": _assembly(lambda a: a.isel(neuroid=slice(1, None))),
    "voxels in another order": _assembly(lambda a: a.isel(neuroid=slice(None, None, -1))),
    "presentations in another order": _assembly(lambda a: a.isel(presentation=[1, 0, 2, 3])),
    "whose voxels": _assembly(lambda a: a.assign_coords(subject=a["subject"][::-1])),
    "which ROI": _assembly(lambda a: a.assign_coords(roi=a["roi"][::-1])),
    "runs": _assembly(lambda a: a.assign_coords(run=("presentation", ["r1", "r2", "r1", "r2"]))),
    "positions": _assembly(lambda a: a.assign_coords(position=("presentation", [1, 0, 0, 1]))),
    "a coordinate more": _assembly(lambda a: a.assign_coords(day=("presentation", [1, 1, 2, 2]))),
    "problems": lambda r: replace(r, problems=r.problems[::-1]),
    "a conclusion": lambda r: replace(
        r, problems=(replace(r.problems[0], conclusion="All is well"), *r.problems[1:])
    ),
    "behaviour": lambda r: replace(r, behavior=2 * r.behavior),
    "no behaviour": lambda r: replace(r, behavior=None),
    "truth": lambda r: replace(r, truth=xr.Dataset({"planted": ("neuroid", [1.0])})),
    "what the plugin states": lambda r: replace(r, data_sha256="otherwise"),
    "what is held out": _card(held_out="position"),
    "version": _card(version="2"),
    "voxels chosen on the data": _card(selection_leak=("one",)),
    "repeats": _card(repeated_items=True),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_a_number_changes_the_hash(what: str) -> None:
    assert recording_sha256(CHANGES[what](make())) != recording_sha256(make())


NOTHING: dict[str, Callable[[Recording], Recording]] = {
    "made again": lambda r: r,
    "words of the card": _card(title="Two others", notes=("new",), citation="@misc{b}"),
    "order of bytes": _assembly(lambda a: a.astype(">f8")),
    "order in memory": _assembly(lambda a: a.copy(data=np.asfortranarray(a.values))),
    "width of texts": _assembly(lambda a: a.assign_coords(run=a["run"].astype("<U40"))),
    "texts as objects": _assembly(lambda a: a.assign_coords(run=a["run"].astype(object))),
    "attributes": _assembly(lambda a: a.assign_attrs(note="new")),
}


@pytest.mark.parametrize("what", NOTHING)
def test_what_changes_none_does_not(what: str) -> None:
    assert recording_sha256(NOTHING[what](make())) == recording_sha256(make())


def test_arrays_are_told_by_number_and_shape() -> None:
    one = np.arange(6.0)
    found = [one, one[::-1], one.reshape(2, 3), one.astype(int), one[:0], one.astype("f4")]
    assert len({array_sha256(array) for array in found}) == len(found)
    assert array_sha256(one, one) != array_sha256(one)
    assert array_sha256(one.astype(">f8")) == array_sha256(one)
