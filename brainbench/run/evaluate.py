"""evaluate(): what to compute, in which order, kept as it goes, resumed where it stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from brainbench.benchmarks import (
    SUITES,
    Benchmark,
    Report,
    Step,
    check_contrast,
    score_behavior,
    score_benchmarks,
    score_controlled,
    select_benchmarks,
    suite_patterns,
)
from brainbench.datasets import load_card
from brainbench.errors import BrainbenchError, UnknownNameError, UsageError
from brainbench.foreign import readable
from brainbench.guidance.options import GUIDANCE_SUITES, GuidanceOptions
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.models import DEFAULT_MODEL, Model, is_builtin, load_model
from brainbench.reasoning import TASK_SUITES, TaskScore
from brainbench.results import AnyScore, Record, RunFolder, sample_rows
from brainbench.results.report import write_report
from brainbench.run.clock import Clock
from brainbench.run.inputs import (
    Data,
    Readings,
    check_cells,
    check_model,
    limit_told,
    load_data,
    read_model,
    split_benchmarks,
)
from brainbench.run.provenance import peak_memory_mb
from brainbench.run.record import new_record, unused_weights
from brainbench.run.settings import Settings
from brainbench.run.tasks import TaskRun, choose_tasks, find_tasks

LOADING = "loading the data"

if TYPE_CHECKING:
    from brainbench.run.guidance import GuidanceTask

_LOG = logging.getLogger(__name__)


def evaluate(
    model: str | Path | Model | None = None,
    *,
    benchmarks: Sequence[str] | None = None,
    suite: str | None = None,
    dataset: str | None = None,
    tasks: Sequence[str] | None = None,
    settings: Settings | None = None,
    output_path: str | Path = "results",
    overwrite: bool = False,
    report: Report | None = None,
) -> Record:
    """Score a model and keep the record.

    Parameters
    ----------
    model : see :func:`brainbench.load_model`; the built-in one by default.
    benchmarks : identifiers, ``*`` and ``?`` allowed.
    suite : a named set of benchmarks, of tasks, or of ways of guidance; by default ``builtin``
        for the built-in model and ``alignment`` for any other.
    dataset : only benchmarks of this dataset; of a suite of guidance, whose people guide.
    tasks : lm-eval tasks, groups and tags, ``*`` and ``?`` allowed. Where tasks are asked,
        benchmarks are scored only if they are named too.
    settings : protocol, seed and so on.
    output_path : root of the results; the run goes to ``<model>/<run id>`` below it.
    overwrite : compute again what is already there.
    report : called before each step.

    Returns
    -------
    The record, as in ``results.json``. A run that was killed is taken up after its last
    finished step; one that is complete is read back.

    Raises
    ------
    BrainbenchError
        With what was wrong. What was finished before is kept.
    """
    chosen, clock = settings or Settings(), Clock()
    with clock.on("loading the model"):
        scored = load_model(
            DEFAULT_MODEL if model is None else model,
            chosen.options,
            progress=_reading_progress(report),
        )
        path = chosen.untrained_activations
        untrained = None if path is None else load_model(path)
    with clock.on(LOADING):
        guided = _guidance(scored, suite, dataset, chosen)
    names = choose_tasks(tasks, suite)
    if suite in (*TASK_SUITES, *GUIDANCE_SUITES):
        suite = None
    if guided is not None:
        dataset = None  # it says whose people guide
    wanted: list[Benchmark] = []
    if not (names or guided) or not (benchmarks is suite is dataset is None):
        wanted = choose_benchmarks(scored, benchmarks, suite, dataset, chosen.protocol)
    check_model(scored, wanted)
    with clock.on(LOADING):
        asked = find_tasks(names, scored, chosen.task_options, not wanted, chosen.limit)
        data = load_data(wanted, chosen.limit)
    with limit_told(chosen.limit):
        check_cells(wanted, data, chosen.limit)
    record = new_record(scored, model, wanted, data, chosen, untrained, asked, guided)
    folder = RunFolder(output_path, record.model.identifier, record.run_id)
    _LOG.debug("run %s: %d benchmarks, in %s", record.run_id, len(wanted), folder.path)
    with folder.locked():
        before = folder.load()
        if before is not None and before.status == "success" and not overwrite:
            _LOG.info("already computed; read from %s (--overwrite computes it again)", folder.path)
            return before
        if before is not None and not overwrite:
            _LOG.info("going on with the %s run in %s", before.status, folder.path)
        # the model is held against every dataset before anything is scored, or forgotten
        with clock.on("reading the model out"):
            readings = read_model(
                scored, data, controlled=chosen.protocol == "controlled", untrained=untrained
            )
        if chosen.localised:
            for name, states in readings.states.items():
                check_contrast(states, readings.untrained[name])
        for text in readings.warnings:
            _LOG.warning("%s", text)
        record.notes += unused_weights(scored, chosen)
        if overwrite:
            folder.clear()
        scores = _scores(folder, scored, readings, wanted, data, chosen, clock.watch(report))
        if asked is not None:
            # last, for they may take longest
            answered = TaskRun(folder, scored, asked, chosen, report, clock).scores()
            scores = chain(scores, answered)
        if guided is not None:
            from brainbench.run.guidance import GuidanceRun

            guidance = GuidanceRun(folder, guided, chosen, report, clock)
            scores = chain(scores, guidance.scores())
        if before is not None and not overwrite:
            record.timing["seconds_before"] = _spent(before)
        return _run(folder, record, scores, readings, wanted, data, clock)


def _spent(before: Record) -> float:
    """Seconds of the runs that this one goes on with, as far as they are known."""
    told = (before.timing.get(name, 0.0) for name in ("seconds", "seconds_before"))
    return round(sum(value for value in told if isinstance(value, float | int)), 3)


def _guidance(
    model: Model, suite: str | None, dataset: str | None, settings: Settings
) -> GuidanceTask | None:
    """What a suite of guidance is to do; None for any other.

    Raises
    ------
    UsageError
        When there is no such suite, or options of guidance are given without one.
    """
    if suite is not None and suite not in (*SUITES, *TASK_SUITES, *GUIDANCE_SUITES):
        raise UnknownNameError("suite", suite, [*SUITES, *TASK_SUITES, *GUIDANCE_SUITES])
    if suite not in GUIDANCE_SUITES:
        if settings.guidance != GuidanceOptions():
            raise UsageError("options of guidance are given: say --suite guidance")
        return None
    # torch is loaded only where it is needed
    from brainbench.run.guidance import plan_guidance

    options = replace(settings.guidance, modes=GUIDANCE_SUITES[suite], dataset=dataset)
    return plan_guidance(options, model, settings)


def choose_benchmarks(
    model: Model,
    benchmarks: Sequence[str] | None,
    suite: str | None,
    dataset: str | None,
    protocol: str,
) -> list[Benchmark]:
    """Resolve what the user asked for; see :func:`evaluate`."""
    if benchmarks is not None and suite is not None:
        raise UsageError("give --benchmarks or --suite, not both")
    if dataset is not None:
        load_card(dataset)  # a name that is off is met with the nearest
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


def _run(
    folder: RunFolder,
    record: Record,
    scores: Iterator[AnyScore],
    readings: Readings,
    benchmarks: Sequence[Benchmark],
    data: Data,
    clock: Clock,
) -> Record:
    """Take the scores as they come; what came before an error is in the record."""
    record.timing["started"] = clock.started
    folder.save(record)
    found: dict[str, AnyScore] = {}
    others: list[AnyScore] = []
    try:
        for name, behavior in data.behaviors.items():
            folder.save_samples(name, sample_rows(behavior, readings.answers[name]))
        for score in _timed(scores, clock):
            if isinstance(score, TaskScore | GuidanceScore | SearchScore):
                others.append(score)
            else:
                found[score.benchmark] = score
        record.status = "success"
    except KeyboardInterrupt:
        record.status, record.error = "cancelled", "interrupted by the user"
        raise
    except BrainbenchError as error:
        record.status, record.error = "error", readable(str(error))
        raise
    except Exception as error:
        record.status, record.error = "error", readable(f"{type(error).__name__}: {error}")
        raise
    finally:
        for benchmark in benchmarks:
            if benchmark.identifier in found:
                record.add(found[benchmark.identifier])
        for other in others:
            record.add(other)
        record.timing["seconds"] = round(clock.seconds, 3)
        steps = {step: round(spent, 3) for step, spent in clock.steps.items()}
        record.timing["steps"] = steps
        for step, spent in steps.items():
            _LOG.debug("%s: %s s", step, spent)
        record.timing["peak_memory_mb"] = peak_memory_mb()
        folder.save(record)
        _report(folder, record)
    folder.finish()
    return record


def _timed(scores: Iterator[AnyScore], clock: Clock) -> Iterator[AnyScore]:
    """The scores; what steps tell of while they are computed ends with them."""
    with clock.on("scoring"):
        yield from scores


def _report(folder: RunFolder, record: Record) -> None:
    """Write the page beside the record, which is kept whatever becomes of the page."""
    try:
        write_report(record, folder.path)
    except Exception as error:
        _LOG.warning(
            "no report: %s: %s. The record is kept; `brainbench report %s` tries again",
            type(error).__name__,
            error,
            folder.path,
        )


def _scores(
    folder: RunFolder,
    model: Model,
    readings: Readings,
    benchmarks: Sequence[Benchmark],
    data: Data,
    settings: Settings,
    report: Report | None,
) -> Iterator[AnyScore]:
    """Behaviour, which takes no time, then alignment, its steps kept, then plugins'."""
    alignment, controlled, behaviour, plugged = split_benchmarks(benchmarks)
    for name, behavior in data.behaviors.items():
        yield from score_behavior(
            [b for b in behaviour if b.dataset == name],
            behavior,
            readings.answers[name],
            seed=settings.seed,
            report=report,
        )
    for name, recording in data.recordings.items():
        with limit_told(settings.limit):
            yield from score_benchmarks(
                [b for b in alignment if b.dataset == name],
                recording,
                readings.states[name],
                seed=settings.seed,
                limit=settings.limit,
                checkpoint=folder,
                report=report,
            )
            yield from score_controlled(
                [b for b in controlled if b.dataset == name],
                recording,
                readings.states[name],
                untrained=readings.untrained.get(name, "the published protocol asks for none"),
                localised=settings.localised,
                seed=settings.seed,
                limit=settings.limit,
                checkpoint=folder,
                report=report,
            )
    for benchmark in plugged:
        yield benchmark(model)


def _reading_progress(report: Report | None) -> Callable[[int, int], None]:
    """Tell of the read-out as of a step: prompts done, of how many."""

    def progress(done: int, total: int) -> None:
        if report:
            report(Step("reading the model out", done, total))

    return progress
