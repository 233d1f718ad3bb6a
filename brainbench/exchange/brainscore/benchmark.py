"""Benchmarks and data of brainbench as Brain-Score's own classes.

Imported by the folders that ``brainbench brainscore install`` writes; needs brainscore-core.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from brainscore_core.benchmarks import Benchmark as BrainScoreBenchmark
from brainscore_core.metrics import Score as BrainScoreScore
from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly

from brainbench.benchmarks import Benchmark
from brainbench.datasets import Recording, average_repeats, load_recording
from brainbench.exchange.brainscore.registered import PUBLISHED, Registered
from brainbench.exchange.brainscore.score import aggregate, to_brainscore
from brainbench.models.brainscore import SubjectModel, problem_text, subject_name


class BrainbenchBenchmark(BrainScoreBenchmark):  # type: ignore[misc]
    """A benchmark of brainbench that an ``ArtificialSubject`` is scored on.

    Parameters
    ----------
    entry : its names there and here.
    """

    def __init__(self, entry: Registered) -> None:
        self._entry = entry

    @property
    def identifier(self) -> str:
        """As registered in Brain-Score."""
        return self._entry.name

    @property
    def parent(self) -> str:
        """Where it stands in Brain-Score's tree."""
        return "neural_language"

    @property
    def version(self) -> int:
        """Brainbench's."""
        return self._benchmark.version

    @property
    def bibtex(self) -> str:
        """Citation of the dataset."""
        return self._benchmark.bibtex

    @cached_property
    def ceiling(self) -> BrainScoreScore | None:
        """Published ceiling, mean v0, as ``ceil_score`` takes it; None under other protocols.

        What people reach under the controlled protocol is a reference, no upper bound to divide by:
        it is in ``attrs`` of the score.
        """
        found = self._benchmark.ceiling if self._entry.protocol == PUBLISHED else None
        return None if found is None else aggregate(found)

    @cached_property
    def data(self) -> NeuroidAssembly:
        """Responses that it is scored on, repeats averaged; for Brain-Score's metrics."""
        kind = getattr(self._benchmark, "reasoning_type", None)
        assembly = to_neuroids(load_recording(self._benchmark.dataset, self._benchmark.needs.rois))
        chosen = assembly["reasoning_type"].values == kind
        return assembly[{"presentation": np.flatnonzero(chosen)}] if chosen.any() else assembly

    def __call__(self, candidate: Any) -> BrainScoreScore:
        """Score an artificial subject: each problem is read by itself, as one text."""
        model = SubjectModel(subject_name(candidate), candidate)
        score = to_brainscore(self._benchmark(model))
        score.attrs["benchmark_identifier"] = self.identifier
        return score

    @cached_property
    def _benchmark(self) -> Benchmark:
        return self._entry.load()


def make_benchmark(name: str, identifier: str, protocol: str) -> BrainbenchBenchmark:
    """What ``brainscore_language.load_benchmark(name)`` gives."""
    return BrainbenchBenchmark(Registered(name, identifier, protocol))


def make_data(name: str) -> NeuroidAssembly:
    """What ``brainscore_language.load_dataset(name)`` gives.

    Parameters
    ----------
    name : ``<dataset>.<ROI>``.
    """
    dataset, _, roi = name.partition(".")
    assembly = to_neuroids(load_recording(dataset, roi))
    assembly.attrs["identifier"] = name
    return assembly


def to_neuroids(recording: Recording) -> NeuroidAssembly:
    """The assembly of a recording with the coordinates that Brain-Score's metrics ask for.

    Returns
    -------
    (presentation, neuroid), a row for each stimulus, its showings averaged, with ``stimulus``, the
    text, and ``neuroid_id``, ``<subject>.<roi>.<voxel>``.
    """
    averaged = average_repeats(recording.assembly)
    texts = {problem.identifier: problem_text(problem) for problem in recording.problems}
    ids = [str(name) for name in averaged["stimulus_id"].values]
    parts = (averaged[name].values.astype(str) for name in ("subject", "roi", "voxel"))
    return NeuroidAssembly(
        averaged.values,
        dims=averaged.dims,
        coords={
            **{name: (given.dims, given.values) for name, given in averaged.coords.items()},
            "stimulus": ("presentation", [texts[name] for name in ids]),
            "neuroid_id": ("neuroid", [".".join(words) for words in zip(*parts, strict=True)]),
        },
    )
