"""evaluate(): plan a run, keep each finished step, resume an interrupted run."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from brainbench.benchmarks import (
    SUITES,
    Benchmark,
    BenchmarkScore,
    LadderBenchmark,
    Scoring,
    check_contrast,
    select_benchmarks,
    suite_patterns,
)
from brainbench.datasets import Recording, load_card
from brainbench.errors import BrainbenchError, DataError, UnknownNameError, UsageError
from brainbench.foreign import readable
from brainbench.guidance.options import GUIDANCE_SUITES, GuidanceOptions
from brainbench.models import LanguageModel, Model, is_builtin
from brainbench.progress import Progress, no_progress
from brainbench.reasoning import TASK_SUITES
from brainbench.reasoning.backends import on_backend
from brainbench.results import AnyScore, Record, RunFolder, sample_rows
from brainbench.results.report import write_report
from brainbench.run.clock import Clock
from brainbench.run.inputs import (
    Data,
    Readings,
    check_groups,
    check_model,
    group_benchmarks,
    load_data,
    load_models,
    naming_limit,
    read_model,
)
from brainbench.run.naming import run_name
from brainbench.run.own_data import choose_own
from brainbench.run.provenance import peak_memory_mb
from brainbench.run.record import loading_warnings, new_record
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
    own: Recording | None = None,
    settings: Settings | None = None,
    output_path: str | Path = "results",
    overwrite: bool = False,
    name: str | None = "",
    report: Progress = no_progress,
) -> Record:
    """Score a model and keep the record.

    Parameters
    ----------
    model : see :func:`brainbench.load_model`; the built-in one by default.
    benchmarks : identifiers, ``*`` and ``?`` allowed.
    suite : a named set of benchmarks, of tasks, or of ways of guidance; by default that of
        :func:`default_suite`.
    dataset : only benchmarks of this dataset; of a suite of guidance, whose people guide.
    tasks : lm-eval tasks, groups and tags, ``*`` and ``?`` allowed. Where tasks are asked,
        benchmarks are scored only if they are named too.
    own : responses of your own, whose benchmarks are scored in place of all others.
    settings : protocol, seed and so on.
    output_path : root of the results; the run goes to ``<model>/<name>-<run id>`` below it.
    overwrite : compute again what is already there.
    name : what the folder of a new run is called before its id; None: what is scored, and the
        day. It changes no number.
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
        scored, untrained = load_models(model, chosen, report)
    with clock.on(LOADING):
        guided = _guidance(scored, suite, dataset, chosen)
    names = choose_tasks(tasks, suite)
    if name is None:
        whole = suite or (own.card.name if own else dataset)
        name = run_name(benchmarks, tasks, whole or default_suite(scored, chosen.protocol))
    if suite in (*TASK_SUITES, *GUIDANCE_SUITES):
        suite = None
    if guided is not None:
        dataset = None  # it says whose people guide
    wanted: list[Benchmark] = []
    lacking: tuple[str, ...] = ()
    if own is not None:
        if suite is not None or dataset is not None:
            raise UsageError("your own data have no suite: choose among them by --benchmarks")
        wanted, lacking = choose_own(own, benchmarks, chosen)
    elif not (names or guided) or not (benchmarks is suite is dataset is None):
        wanted = choose_benchmarks(scored, benchmarks, suite, dataset, chosen.protocol)
    check_model(scored, wanted)
    if guided is not None and chosen.task_options.backend != "hf":
        raise UsageError("guidance steers and trains in transformers: take --backend hf")
    with clock.on(LOADING):
        asked = find_tasks(names, scored, chosen.task_options, chosen.limit)
        data = load_data(wanted, chosen.limit)
    with naming_limit(chosen.limit):
        check_groups(wanted, scored, data, chosen.limit)
    if wanted:
        scored = on_backend(scored, chosen.task_options, chosen.seed)
    record = new_record(scored, model, wanted, data, chosen, untrained, asked, guided)
    record.notes += lacking
    folder = RunFolder(output_path, record.model.identifier, record.run_id, name)
    _LOG.debug("run %s: %d benchmarks, in %s", record.run_id, len(wanted), folder.path)
    with folder.locked():
        before = folder.load()
        if before is not None and before.status == "success" and not overwrite:
            _LOG.info("already computed; read from %s (--overwrite computes it again)", folder.path)
            return before
        if before is not None and not overwrite:
            _LOG.info("going on with the %s run in %s", before.status, folder.path)
        # the model is held against every dataset before anything is scored, or forgotten
        try:
            with clock.on("reading the model out"):
                readings = read_model(scored, data, untrained)
        finally:
            if isinstance(scored, LanguageModel):
                # tasks start an engine of their own
                scored.close()
        if chosen.localised:
            for name, drawn in readings.untrained.items():
                check_contrast(readings.states[name], drawn)
        for text in readings.warnings:
            _LOG.warning("%s", text)
        record.notes += loading_warnings(scored, chosen)
        if overwrite:
            folder.clear()
        scores = _scores(folder, scored, readings, wanted, data, chosen, clock.watch(report))
        others: Iterator[AnyScore] = iter(())
        if asked is not None:
            # last, for they may take longest
            answered = TaskRun(folder, scored, asked, chosen, report, clock).scores()
            others = chain(others, answered)
        if guided is not None:
            from brainbench.run.guidance import GuidanceRun

            guidance = GuidanceRun(folder, guided, chosen, report, clock)
            others = chain(others, guidance.scores())
        if before is not None and not overwrite:
            record.timing["seconds_before"] = _spent(before)
        return _run(folder, record, (scores, others), readings, wanted, data, clock)


def _spent(before: Record) -> float:
    """Seconds of the runs that this one goes on with, as far as they are known."""
    spent = (before.timing.get(name, 0.0) for name in ("seconds", "seconds_before"))
    return round(sum(value for value in spent if isinstance(value, float | int)), 3)


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
    """The benchmarks that the arguments of :func:`evaluate` select.

    Parameters
    ----------
    model : says which suite it is where nothing is chosen; see :func:`default_suite`.
    benchmarks : names or patterns (``*`` and ``?``); None: those of suite or dataset.
    suite : name of a suite, in place of benchmarks.
    dataset : only its benchmarks; None: those of all.
    protocol : how alignment is scored, ``controlled`` or ``published``.

    Raises
    ------
    UsageError
        When benchmarks and a suite are given, or nothing is left to score.
    """
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
        patterns = suite_patterns(default_suite(model, protocol))
    if not patterns:
        raise UsageError("no benchmark was asked for; `brainbench list` shows what there is")
    found = select_benchmarks(patterns, protocol)
    kept = [b for b in found if dataset in (None, b.dataset)]
    if not kept:
        raise UsageError(f"none of {', '.join(patterns)} is a benchmark of the dataset {dataset}")
    return kept


def default_suite(model: Model, protocol: str) -> str:
    """Where nothing is chosen: ``demonstration``, the ladder of people who hold a layer of nano,
    for nano under the controlled protocol; ``builtin`` for what else ships; or ``alignment``.

    Parameters
    ----------
    model : that is evaluated.
    protocol : how alignment is scored.
    """
    if not is_builtin(model):
        return "alignment"
    climbs = isinstance(model, LanguageModel) and protocol == LadderBenchmark.protocol
    return "demonstration" if climbs else "builtin"


def _run(
    folder: RunFolder,
    record: Record,
    scores: tuple[Iterator[BenchmarkScore], Iterator[AnyScore]],
    readings: Readings,
    benchmarks: Sequence[Benchmark],
    data: Data,
    clock: Clock,
) -> Record:
    """Take the scores as they come; what came before an error is in the record.

    Parameters
    ----------
    scores : of benchmarks, which the record has in the order of the list; then all others, such as
        of tasks, in the order they come.
    """
    record.timing["started"] = clock.started
    folder.save(record)
    found: dict[str, BenchmarkScore] = {}
    others: list[AnyScore] = []
    try:
        for name, behavior in data.behaviors.items():
            folder.save_samples(name, sample_rows(behavior, readings.answers[name]))
        # progress of a step ends with it
        with clock.on("scoring"):
            for score in scores[0]:
                found[score.benchmark] = score
            for other in scores[1]:
                others.append(other)
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
        own = [found[one.identifier] for one in benchmarks if one.identifier in found]
        failed = _add(record, [*own, *others])
        record.timing["seconds"] = round(clock.seconds, 3)
        steps = {step: round(spent, 3) for step, spent in clock.steps.items()}
        record.timing["steps"] = steps
        for step, spent in steps.items():
            _LOG.debug("%s: %s s", step, spent)
        record.timing["peak_memory_mb"] = peak_memory_mb()
        folder.save(record)
        _report(folder, record)
    if failed is not None:
        raise failed
    folder.finish()
    return record


def _add(record: Record, scores: Sequence[AnyScore]) -> DataError | None:
    """Have every score put itself into the record; what is wrong with one, such as a plugin's."""
    failed = None
    for score in scores:
        try:
            record.add(score)
        # whatever other people's code raises, the other scores are kept
        except Exception as error:
            name = f"{type(score).__name__} {getattr(score, 'benchmark', '')}".strip()
            failed = DataError(f"{name} cannot be recorded: {readable(str(error))}")
            failed.__cause__ = error
            if record.status == "success":
                record.status, record.error = "error", str(failed)
    return failed


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
    report: Progress,
) -> Iterator[BenchmarkScore]:
    """Group by group; steps of a group are kept, and a benchmark's score is there once it is."""
    scoring = Scoring(settings.seed, settings.limit, settings.localised, folder, report)
    for group, inputs in group_benchmarks(benchmarks, model, data, readings):
        # those that read the data themselves know of no limit
        limit = settings.limit if any(one.needs for one in group) else None
        with naming_limit(limit):
            yield from group[0].score_group(group, inputs, scoring)
