"""The record of a run, before anything is scored: what is asked, and of what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from brainbench.benchmarks import Benchmark
from brainbench.models import COMPUTING, LanguageModel, Model, is_builtin
from brainbench.results import DatasetInfo, ModelInfo, Record
from brainbench.run.inputs import Data
from brainbench.run.provenance import versions
from brainbench.run.settings import Settings


def new_record(
    model: Model,
    source: str | Path | Model | None,
    benchmarks: Sequence[Benchmark],
    data: Data,
    settings: Settings,
    untrained: Model | None = None,
) -> Record:
    """The record of a run that is about to start, its id a hash of all it depends on."""
    found = versions()
    # asked for once: a model in memory hashes every parameter
    sha256 = model.sha256
    held = {
        "versions": {name: version for name, version in found.items() if name != "git"},
        "model": [model.identifier, sha256],
        "data": {name: dataset.data_sha256 for name, dataset in data.datasets.items()},
        "benchmarks": {b.identifier: b.version for b in benchmarks},
        "settings": settings.identity(),
        "untrained": None if untrained is None else untrained.sha256,
        "computed_with": model.computed_with if isinstance(model, LanguageModel) else None,
    }
    digest = hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
    ignored = [
        f"--{name.replace('_', '-')}" for name in settings.options.given() if name in COMPUTING
    ]
    notes = []
    if ignored and not isinstance(model, LanguageModel):
        notes.append(f"{', '.join(ignored)}: no effect, this model is not loaded by brainbench")
    if settings.limit is not None:
        notes.append(
            f"limited to {settings.limit} items of each reasoning type: for trying out only"
        )
    for name, dataset in data.datasets.items():
        if dataset.card.simulated:
            notes.append(f"{name}: simulated people; these scores say nothing about any brain")
    for name, recording in data.recordings.items():
        if recording.truth is not None:
            notes.append(f"{name}: {recording.truth.attrs['summary']}")
    return Record(
        run_id=digest[:12],
        versions=found,
        model=ModelInfo(
            identifier=model.identifier,
            sha256=sha256,
            source=str(source) if isinstance(source, str | Path) else None,
            description=getattr(model, "description", None),
            builtin=is_builtin(model),
            **(model.facts if isinstance(model, LanguageModel) else {}),
        ),
        datasets=[
            DatasetInfo(
                name=name,
                version=dataset.card.version,
                data_sha256=dataset.data_sha256,
                simulated=dataset.card.simulated,
                licence=dataset.card.licence,
            )
            for name, dataset in data.datasets.items()
        ],
        benchmarks={b.identifier: b.version for b in benchmarks},
        config=asdict(settings),
        notes=notes,
    )
