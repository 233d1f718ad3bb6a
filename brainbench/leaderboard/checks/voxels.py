"""Whether scores of people are what their voxels say, where those were shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.leaderboard.checks.faults import Fault, recomputed
from brainbench.results import Record

# of the model's own step, "<dataset>.<reasoning type>: model", as a file name
_MODEL = "_model"
Voxels = Mapping[str, Mapping[str, NDArray[Any]]]


def voxel_faults(record: Record, voxels: Voxels) -> Iterator[Fault]:
    """Faults where voxels' correlations do not fit people's scores under the published protocol.

    Parameters
    ----------
    record : its scores of people are compared.
    voxels : file name without its ending → ``<roi>.<subject>`` → (n_voxels,) correlations.
    """
    people = {
        (score.dataset, score.reasoning_type, score.roi, person.subject): (score, person)
        for score in record.published
        for person in score.subjects
    }
    for name, arrays in voxels.items():
        place = f"voxels/{name}.safetensors"
        dataset, _, kind = name.removesuffix(_MODEL).partition(".")
        if not name.endswith(_MODEL):
            yield Fault(place, "is not of the model's own scores", "leave the file out")
            continue
        for key, values in arrays.items():
            roi, _, subject = key.partition(".")
            found = people.get((dataset, kind, roi, subject))
            field = f"{place} ({key[:80]})"
            if found is None:
                yield Fault(field, "belongs to no person's score of the record")
                continue
            score, row = found
            if np.abs(values).max(initial=0.0) > 1.0 + 1e-9:
                yield Fault(field, "holds a correlation outside -1 to 1")
            elif len(values) != row.n_voxels:
                yield Fault(field, f"holds {len(values)} voxels, the score has {row.n_voxels}")
            else:
                place_of = f"published ({score.benchmark}, {subject}).raw"
                median = float(np.median(values))
                yield from recomputed(place_of, row.raw, median, "its voxels")
