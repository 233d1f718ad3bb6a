"""Responses of one person, with what a reader needs to judge them, as one small file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.imaging.kept import Rois, pack, unpack


@dataclass(frozen=True)
class PreparedRun:
    """One run.

    Attributes
    ----------
    responses : (responses, voxels) float32, in percent of the voxel's mean; NaN where it is outside
        the brain in any run of the person.
    stimulus_ids : of the trials that the responses are to.
    phases : which phase of the trial each is a response to; ``trial`` for the whole.
    inside : (voxels,) whether a voxel could be used.
    tsnr : (voxels,) temporal signal-to-noise ratio of the scans that were kept.
    motion : (scans,) framewise displacement in mm, NaN where unknown.
    kept : (scans,) False for scans that were left out.
    events : the table of trials, as it is in the file.
    inputs : for each file that was read: size, digest and version.
    mark : what tells whether the files are still the same.
    """

    responses: NDArray[np.float32]
    stimulus_ids: tuple[str, ...]
    phases: tuple[str, ...]
    inside: NDArray[np.bool_]
    tsnr: NDArray[np.float32]
    motion: NDArray[np.float64]
    kept: NDArray[np.bool_]
    events: str
    inputs: Mapping[str, Any]
    mark: Mapping[str, Any]

    @property
    def mean_motion(self) -> float:
        """Mean framewise displacement in mm; NaN where unknown."""
        return mean_motion(self.motion)


@dataclass(frozen=True)
class PreparedPerson:
    """All runs of one person, their columns the same places.

    Attributes
    ----------
    subject : name.
    rois : region → columns.
    voxels : (voxels,) places in the image, counted as numpy ravels it.
    coordinates : (voxels, 3) in mm, MNI.
    runs : by name.
    left_out : run → why it is not among them.
    marks : run that is left out → what tells whether its files are still the same.
    """

    subject: str
    rois: Mapping[str, NDArray[np.intp]]
    voxels: NDArray[np.intp]
    coordinates: NDArray[np.float64]
    runs: Mapping[str, PreparedRun]
    left_out: Mapping[str, str]
    marks: Mapping[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As a compressed .npz without pickle."""
        words = {
            "subject": self.subject,
            "left_out": dict(self.left_out),
            "marks": dict(self.marks),
            "runs": [
                {
                    "name": name,
                    "stimulus_ids": list(run.stimulus_ids),
                    "phases": list(run.phases),
                    "events": run.events,
                    "inputs": dict(run.inputs),
                    "mark": dict(run.mark),
                }
                for name, run in self.runs.items()
            ],
        }
        arrays = {
            f"{name}_{i}": getattr(run, name)
            for i, run in enumerate(self.runs.values())
            for name in _ARRAYS
        }
        places = {"voxels": self.voxels, "coordinates": self.coordinates}
        return pack(words, self.rois, arrays | places)

    @classmethod
    def from_bytes(cls, content: bytes) -> PreparedPerson:
        """What :meth:`to_bytes` wrote.

        Raises
        ------
        DataError
            When it is anything else, or was cut short.
        """
        return unpack(content, cls._of, "kept responses of a person")

    @classmethod
    def _of(
        cls, words: Mapping[str, Any], rois: Rois, arrays: Mapping[str, NDArray[Any]]
    ) -> PreparedPerson:
        runs = {
            one["name"]: PreparedRun(
                stimulus_ids=tuple(one["stimulus_ids"]),
                phases=tuple(one["phases"]),
                events=one["events"],
                inputs=one["inputs"],
                mark=one["mark"],
                **{name: arrays[f"{name}_{i}"] for name in _ARRAYS},
            )
            for i, one in enumerate(words["runs"])
        }
        return cls(
            words["subject"],
            rois,
            arrays["voxels"],
            arrays["coordinates"],
            runs,
            words["left_out"],
            words["marks"],
        )


_ARRAYS = ("responses", "inside", "tsnr", "motion", "kept")


def mean_motion(motion: NDArray[np.float64]) -> float:
    """Mean framewise displacement in mm, of the scans where it is known; NaN where it is not."""
    known = motion[np.isfinite(motion)]
    return float(known.mean()) if known.size else float("nan")
