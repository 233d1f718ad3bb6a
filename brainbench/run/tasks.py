"""The tasks of a run, each kept when it is finished."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from brainbench.errors import UsageError
from brainbench.models import Model
from brainbench.progress import Progress, Step
from brainbench.reasoning import TASK_SUITES, TaskOptions, TaskScore, Threshold
from brainbench.reasoning.backends import check_tasks_fit, open_lm
from brainbench.reasoning.evaluation import TaskEvaluator, merge
from brainbench.reasoning.item_check import check_items
from brainbench.reasoning.tasks import TaskSet, load_tasks
from brainbench.results import RunFolder
from brainbench.run.clock import Clock
from brainbench.run.settings import Settings

_LOG = logging.getLogger(__name__)

RAW = "lm_eval"


def choose_tasks(tasks: Sequence[str] | None, suite: str | None) -> tuple[str, ...]:
    """Names of the tasks that ``tasks`` or ``suite`` select; empty where there are none.

    Parameters
    ----------
    tasks : names that the user gave; None: those of the suite.
    suite : name of a suite, of tasks or of benchmarks; None for none.

    Raises
    ------
    UsageError
        When tasks and a suite of tasks are given, or no task is named.
    """
    if tasks is None:
        return TASK_SUITES.get(suite or "", ())
    if suite in TASK_SUITES:
        raise UsageError(f"--suite {suite} is a suite of tasks: give --tasks or --suite, not both")
    if not tasks:
        raise UsageError("no task was asked for; `brainbench list tasks` shows brainbench's own")
    return tuple(tasks)


def find_tasks(
    names: Sequence[str],
    model: Model,
    options: TaskOptions,
    limit: int | None = None,
) -> TaskSet | None:
    """Check that the model can be evaluated on the tasks, and load them; None without names.

    Parameters
    ----------
    limit : items of each task that are asked.

    Raises
    ------
    UsageError
        When an option does not fit.
    DataError
        When data or labels of a task are wrong.
    """
    if not names:
        if options.of_tasks != TaskOptions():
            raise UsageError(
                "options of tasks are given, but no task: say --tasks NAME or --suite accuracy"
            )
        return None
    check_tasks_fit(model, options)
    if options.samples and limit is not None:
        raise UsageError("give --limit or --samples, not both")
    found = load_tasks(names, options.include_path)
    found.check_samples(options.samples)
    checked = check_items(found, options.num_fewshot, limit)
    for text in checked.warnings[len(found.warnings) :]:
        _LOG.warning("%s", text)
    return checked


@dataclass
class TaskRun:
    """Evaluates a model on the tasks of a run.

    Attributes
    ----------
    folder : where what is finished is kept.
    model : the model, checked.
    tasks : the tasks.
    settings : how they are asked.
    report : called as requests are answered.
    clock : counts what each task takes.
    """

    folder: RunFolder
    model: Model
    tasks: TaskSet
    settings: Settings
    report: Progress
    clock: Clock = field(default_factory=Clock)
    _which: str = field(default="", init=False)
    _label: str = field(default="", init=False)

    def scores(self) -> Iterator[TaskScore]:
        """Each task, then their groups. What was finished before is read back."""
        parts: dict[str, dict[str, Any]] = {}
        for number, name in enumerate(self.tasks.tasks):
            count = len(self.tasks.tasks)
            self._which = f"task {number + 1} of {count}, " if count > 1 else ""
            kept = self._task(name)
            parts[name] = kept["raw"]
            yield TaskScore.model_validate(kept["score"])
        unscored = self.settings.task_options.predict_only
        raw, groups = merge(parts, replace(self.tasks, groups={}) if unscored else self.tasks)
        self.folder.save_json(RAW, raw)
        yield from groups

    def _task(self, name: str) -> dict[str, Any]:
        key = f"task-{name}"
        kept = self.folder.get(key)
        if kept is None:
            unscored = self.settings.task_options.predict_only
            threshold = None if unscored else self._threshold(self.tasks.thresholds.get(name))
            self._label = name
            with self.clock.on(f"task {name}"):
                asked = self._asker.ask(name, threshold)
                for text in asked.score.warnings:
                    _LOG.warning("%s: %s", name, text)
                self.folder.save_samples(name, asked.rows)
            kept = {"score": asked.score.model_dump(mode="json"), "raw": asked.raw}
            self.folder.put(key, kept, {})
        return kept

    def _threshold(self, name: str | None) -> Threshold | None:
        if name is None:
            return None
        key = f"threshold-{name}"
        kept = self.folder.get(key)
        if kept is not None:
            return Threshold.model_validate(kept)
        self._label = name
        with self.clock.on(f"threshold {name}"):
            found = self._asker.choose(name)
        self.folder.put(key, found.model_dump(mode="json"), {})
        return found

    @cached_property
    def _asker(self) -> TaskEvaluator:
        """Made when something is to be asked: an engine takes a while to start."""
        options, seed = self.settings.task_options, self.settings.seed
        model = check_tasks_fit(self.model, options)
        lm = open_lm(model, options, seed=seed, progress=self._progress)
        return TaskEvaluator(lm, self.tasks, options, self.settings.limit, seed)

    def _progress(self, done: int, total: int) -> None:
        self.report(Step(f"{self._which}{self._label}: requests", done, total))
