"""evaluate(): what to compute, in which order, kept as it goes, resumed where it stopped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from brainbench.benchmarks import (
    AlignmentBenchmark,
    Report,
    Score,
    check_numbers,
    score_benchmarks,
    select_benchmarks,
    suite_patterns,
)
from brainbench.datasets import Recording, load_card, load_recording
from brainbench.errors import BrainbenchError, UsageError
from brainbench.models import (
    BUILTIN,
    Activations,
    Model,
    is_builtin,
    load_model,
    read_activations,
)
from brainbench.results import DatasetInfo, ModelInfo, Record, RunFolder
from brainbench.run.provenance import peak_memory_mb, versions

Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What the user chose, beyond model and benchmarks; kept in the record's ``config``.

    Parameters
    ----------
    protocol : ``published``.
    seed : of the random features.
    limit : score only the first items of each reasoning type.
    device, dtype, batch_size, revision : for models that compute; no effect on files of
        activations, and said so.
    """

    protocol: str = "published"
    seed: int = 0
    limit: int | None = None
    device: str | None = None
    dtype: str | None = None
    batch_size: int | None = None
    revision: str | None = None

    def __post_init__(self) -> None:
        check_numbers(self.seed, self.limit)


def evaluate(
    model: str | Path | Model | None = None,
    *,
    benchmarks: Sequence[str] | None = None,
    suite: str | None = None,
    dataset: str | None = None,
    settings: Settings | None = None,
    output_path: str | Path = "results",
    overwrite: bool = False,
    report: Report | None = None,
    say: Say = lambda text: None,
) -> Record:
    """Score a model and keep the record.

    Parameters
    ----------
    model : see :func:`brainbench.load_model`; the built-in one by default.
    benchmarks : identifiers, ``*`` and ``?`` allowed.
    suite : a named set of benchmarks; by default ``builtin`` for the built-in model and
        ``alignment`` for any other.
    dataset : only benchmarks of this dataset.
    settings : protocol, seed and so on.
    output_path : root of the results; the run goes to ``<model>/<run id>`` below it.
    overwrite : compute again what is already there.
    report : called before each step.
    say : called with lines worth telling the user as they happen.

    Returns
    -------
    The record, as in ``results.json``. A run that was killed is taken up after its last
    finished step; one that is complete is read back.

    Raises
    ------
    BrainbenchError
        With what was wrong. What was finished before is kept.
    """
    chosen = settings or Settings()
    scored = load_model(BUILTIN if model is None else model)
    wanted = choose_benchmarks(scored, benchmarks, suite, dataset, chosen.protocol)
    recordings = _load_recordings(wanted, say)
    record = _new_record(scored, model, wanted, recordings, chosen)
    folder = RunFolder(Path(output_path), record.model.identifier, record.run_id)
    with folder.locked():
        before = folder.load()
        if overwrite:
            folder.clear()
        elif before is not None and before.status == "success":
            say(f"already computed; read from {folder.path} (--overwrite computes it again)")
            return before
        elif before is not None:
            say(f"going on with the {before.status} run in {folder.path}")
        # every dataset is held against the model before anything is scored
        states = {name: read_activations(scored, r.problems) for name, r in recordings.items()}
        for text in dict.fromkeys(text for read in states.values() for text in read.warnings):
            say(text)
        return _run(folder, record, states, wanted, recordings, chosen, report)


def choose_benchmarks(
    model: Model,
    benchmarks: Sequence[str] | None,
    suite: str | None,
    dataset: str | None,
    protocol: str,
) -> list[AlignmentBenchmark]:
    """Resolve what the user asked for; see :func:`evaluate`."""
    if benchmarks is not None and suite is not None:
        raise UsageError("give --benchmarks or --suite, not both")
    if dataset is not None and not load_card(dataset).rois:
        raise UsageError(f"{dataset} holds no responses of the brain, so no benchmark is of it")
    if benchmarks is not None:
        patterns: Sequence[str] = benchmarks
    elif suite is not None:
        patterns = suite_patterns(suite)
    elif dataset is not None:
        patterns = (f"{dataset}.*",)
    else:
        patterns = suite_patterns("builtin" if is_builtin(model) else "alignment")
    if not patterns:
        raise UsageError("no benchmark was asked for; `brainbench list` shows what there is")
    found = select_benchmarks(patterns, protocol)
    kept = [b for b in found if dataset in (None, b.dataset)]
    if not kept:
        raise UsageError(f"none of {', '.join(patterns)} is a benchmark of the dataset {dataset}")
    return kept


def _load_recordings(benchmarks: Sequence[AlignmentBenchmark], say: Say) -> dict[str, Recording]:
    """Each dataset once, with the ROIs that are scored."""
    rois: dict[str, dict[str, None]] = {}
    for benchmark in benchmarks:
        rois.setdefault(benchmark.dataset, {})[benchmark.roi] = None

    def progress(path: str, number: int, count: int) -> None:
        if number == 1:
            say(f"checking {count} files of the dataset")

    return {
        name: load_recording(name, tuple(areas), None, progress) for name, areas in rois.items()
    }


def _new_record(
    model: Model,
    source: str | Path | Model | None,
    benchmarks: Sequence[AlignmentBenchmark],
    recordings: dict[str, Recording],
    settings: Settings,
) -> Record:
    found = versions()
    held = {
        "versions": {name: version for name, version in found.items() if name != "git"},
        "model": [model.identifier, model.sha256],
        "data": {name: recording.data_sha256 for name, recording in recordings.items()},
        "benchmarks": {b.identifier: b.version for b in benchmarks},
        "settings": asdict(settings),
    }
    digest = hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
    ignored = [
        f"--{name.replace('_', '-')}"
        for name in ("device", "dtype", "batch_size", "revision")
        if getattr(settings, name) is not None
    ]
    notes = []
    if ignored:
        notes.append(f"{', '.join(ignored)}: no effect, the activations are read from a file")
    if settings.limit is not None:
        notes.append(
            f"limited to {settings.limit} items of each reasoning type: for trying out only"
        )
    for name, recording in recordings.items():
        if recording.card.simulated:
            notes.append(f"{name}: simulated people; these scores say nothing about any brain")
        if recording.truth is not None:
            notes.append(f"{name}: {recording.truth.attrs['summary']}")
    return Record(
        run_id=digest[:12],
        versions=found,
        model=ModelInfo(
            identifier=model.identifier,
            sha256=model.sha256,
            source=str(source) if isinstance(source, str | Path) else None,
            description=getattr(model, "description", None),
            builtin=is_builtin(model),
            revision=settings.revision,
            dtype=settings.dtype,
            device=settings.device,
        ),
        datasets=[
            DatasetInfo(
                name=name,
                version=recording.card.version,
                data_sha256=recording.data_sha256,
                simulated=recording.card.simulated,
                licence=recording.card.licence,
            )
            for name, recording in recordings.items()
        ],
        benchmarks={b.identifier: b.version for b in benchmarks},
        config=asdict(settings),
        notes=notes,
    )


def _run(
    folder: RunFolder,
    record: Record,
    states: dict[str, Activations],
    benchmarks: Sequence[AlignmentBenchmark],
    recordings: dict[str, Recording],
    settings: Settings,
    report: Report | None,
) -> Record:
    started = time.perf_counter()
    record.timing["started"] = datetime.now(UTC).isoformat(timespec="seconds")
    folder.save(record)
    scores: dict[str, Score] = {}
    try:
        for name, recording in recordings.items():
            for score in score_benchmarks(
                [b for b in benchmarks if b.dataset == name],
                recording,
                states[name],
                seed=settings.seed,
                limit=settings.limit,
                checkpoint=folder,
                report=report,
            ):
                scores[score.benchmark] = score
        record.status = "success"
    except KeyboardInterrupt:
        record.status, record.error = "cancelled", "interrupted by the user"
        raise
    except BrainbenchError as error:
        record.status, record.error = "error", str(error)
        raise
    except Exception as error:
        record.status, record.error = "error", f"{type(error).__name__}: {error}"
        raise
    finally:
        for benchmark in benchmarks:
            if benchmark.identifier in scores:
                record.add(scores[benchmark.identifier])
        record.timing["seconds"] = round(time.perf_counter() - started, 3)
        record.timing["peak_memory_mb"] = peak_memory_mb()
        folder.save(record)
    folder.finish()
    return record
