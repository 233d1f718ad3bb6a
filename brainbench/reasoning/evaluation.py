"""Evaluate one task at a time with lm-eval, and merge the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brainbench.errors import BrainbenchError, DataError
from brainbench.reasoning.lm_eval_logging import quiet
from brainbench.reasoning.options import TaskOptions
from brainbench.reasoning.plain import plain
from brainbench.reasoning.response_bias import choose_threshold, find_items, measure_bias
from brainbench.reasoning.samples import sample_rows
from brainbench.reasoning.score import AnswerBias, TaskScore, Threshold
from brainbench.reasoning.tasks import TaskSet

# what lm-eval says of an error that it does not compute
_UNKNOWN = "N/A"
# its metric of a task whose answers are kept and not scored
_NO_METRIC = "bypass"
# of lm-eval's result, what is of single tasks
_PARTS = ("results", "configs", "versions", "n-shot", "higher_is_better", "n-samples")

Raw = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """The result of one task.

    Attributes
    ----------
    score : what came out.
    raw : lm-eval's own result, without samples.
    rows : its samples, a row for each item.
    """

    score: TaskScore
    raw: Raw
    rows: list[dict[str, Any]]


class TaskEvaluator:
    """Evaluates a model on tasks.

    Parameters
    ----------
    lm : the model, as lm-eval asks it.
    tasks : the tasks.
    options : how they are asked.
    limit : items of each task.
    seed : of examples and of answers drawn at random.
    """

    def __init__(
        self,
        lm: Any,
        tasks: TaskSet,
        options: TaskOptions,
        limit: int | None,
        seed: int,
    ) -> None:
        self._lm = lm
        self._tasks = tasks
        self._options = options
        self._limit = limit
        self._seed = seed

    def ask(self, name: str, threshold: Threshold | None = None) -> Asked:
        """Ask one task.

        Parameters
        ----------
        threshold : chosen on other problems of the kind.

        Raises
        ------
        DataError
            When the task or the model fails, with the task's name.
        """
        task, options = self._tasks.tasks[name], self._options
        warnings: list[str] = []
        raw = self._evaluate(name, task, self._limit, warnings.append, options.samples.get(name))
        samples = raw["samples"][name]
        found = None if options.predict_only else find_items(task, samples)
        bias = None
        if found is not None:
            cut_off = sum(float(sample.get("truncated") or 0) > 0 for sample in samples)
            bias = measure_bias(name, *found, cut_off, threshold)
        score = TaskScore(
            task=name,
            version=str(raw["versions"].get(name)),
            n_shot=raw["n-shot"].get(name),
            n_items=raw["n-samples"][name]["effective"],
            n_docs=raw["n-samples"][name]["original"],
            metrics=_metrics_of(raw["results"][name], bias),
            bias=bias,
            warnings=tuple(warnings),
        )
        texts = (options.log_samples or options.predict_only) and name in self._tasks.shareable
        kept = {part: raw[part] for part in (*_PARTS, "config")}
        return Asked(score, plain(kept), sample_rows(samples, texts))

    def choose(self, name: str) -> Threshold:
        """Choose a threshold on a validation task.

        Each problem once, where the task it is for shows each once; else all of them.
        """
        task = self._tasks.validation[name]
        problems = list(task.eval_docs)
        limit = len(problems)
        asked = [t for t, other in self._tasks.thresholds.items() if other == name]
        if not any(_is_repeated(self._tasks.tasks[t].eval_docs) for t in asked):
            limit = len({doc.get("base_id", i) for i, doc in enumerate(problems)})
        limit = min(limit, self._limit or limit)
        raw = self._evaluate(name, task, limit)
        found = find_items(task, raw["samples"][name])
        value = (
            None if found is None or len(found[0]) != 2 else choose_threshold(found[1], found[0])
        )
        return Threshold(task=name, value=value, n_items=limit)

    def _evaluate(
        self,
        name: str,
        task: Any,
        limit: int | None,
        heard: Callable[[str], None] = lambda text: None,
        chosen: Sequence[int] | None = None,
    ) -> Raw:
        import lm_eval

        options, seed = self._options, self._seed
        turns = options.fewshot_as_multiturn
        if options.predict_only and hasattr(task, "process_results"):
            # lm-eval would still call a function of the task that reads its answers
            task.process_results = lambda doc, results: {_NO_METRIC: None}
        try:
            with quiet(self._tasks.folders, heard):
                raw: Raw | None = lm_eval.simple_evaluate(
                    model=self._lm,
                    # lm-eval names the model's arguments in its record; ours has them
                    model_args={},
                    tasks=[task],
                    task_manager=self._tasks.manager,
                    num_fewshot=options.num_fewshot,
                    limit=None if chosen else limit,
                    samples={name: list(chosen)} if chosen else None,
                    log_samples=True,
                    predict_only=options.predict_only,
                    system_instruction=options.system_instruction,
                    fewshot_as_multiturn=True if turns is None else turns,
                    apply_chat_template=options.apply_chat_template,
                    gen_kwargs=dict(options.gen_kwargs) or None,
                    random_seed=seed,
                    numpy_random_seed=seed,
                    torch_random_seed=seed,
                    fewshot_random_seed=seed,
                )
        except (BrainbenchError, KeyboardInterrupt):
            raise
        # tasks are other people's code: whatever they raise, the error names the task
        except Exception as error:
            text = str(error).strip() or type(error).__name__
            raise DataError(f"the task {name} fails: {text}") from error
        finally:
            task._instances = None  # its requests, with their answers
        if raw is None:
            raise DataError(f"the task {name} gives no result in this process")
        return raw


def merge(parts: Mapping[str, Raw], tasks: TaskSet) -> tuple[Raw, list[TaskScore]]:
    """lm-eval's result of several tasks, as if evaluated together, and the scores of its groups.

    Parameters
    ----------
    parts : task → lm-eval's result of it alone. Groups with a task that is not there are left out.
    """
    from lm_eval.evaluator_utils import EvalAcc, aggregate_groups

    def joined(part: str) -> dict[str, Any]:
        return {name: raw[part][name] for name, raw in parts.items() if name in raw[part]}

    whole = {
        name: group
        for name, group in tasks.groups.items()
        if all(task.task_name in parts for task in group.get_all_tasks())
    }
    every = EvalAcc(
        metrics={name: _numbers(metrics) for name, metrics in joined("results").items()},
        configs=joined("configs"),
        versions=joined("versions"),
        num_fewshot=joined("n-shot"),
        higher_is_better=joined("higher_is_better"),
        n_samples=joined("n-samples"),
        groups=whole,
    )
    warnings: list[str] = []
    with quiet(heard=warnings.append):
        raw: Raw = dict(aggregate_groups(every)._to_eval_results())
    config: dict[str, Any] = next((part["config"] for part in parts.values()), {})
    raw = plain({**raw, "config": config})
    groups = [
        TaskScore(
            task=name,
            version=str(group.version),
            n_shot=raw["n-shot"].get(name),
            n_items=sum(raw["n-samples"][t.task_name]["effective"] for t in group.get_all_tasks()),
            n_docs=sum(raw["n-samples"][t.task_name]["original"] for t in group.get_all_tasks()),
            metrics=_metrics_of(raw["results"][name]),
        )
        for name, group in whole.items()
        if group.has_aggregation
    ]
    if groups:
        # of one group or another: a warning names it
        groups[0] = groups[0].model_copy(update={"warnings": tuple(warnings)})
    return raw, groups


def _metrics_of(metrics: Mapping[str, Any], bias: AnswerBias | None = None) -> dict[str, Any]:
    """Metrics as lm-eval spells them, without the errors that it says it does not have.

    With the metric that it gives only for a threshold.
    """
    found = {
        key: value
        for key, value in plain(metrics).items()
        if value != _UNKNOWN and not key.startswith(_NO_METRIC)
    }
    if bias is not None and bias.accuracy_at_threshold is not None:
        found["acc_at_validation_threshold,none"] = bias.accuracy_at_threshold
    return found


def _numbers(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics with the numbers that JSON does not know."""
    unknown = {None: float("nan"), "inf": float("inf"), "-inf": float("-inf")}
    return {
        name: unknown.get(value, value) if value is None or isinstance(value, str) else value
        for name, value in metrics.items()
    }


def _is_repeated(docs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a problem is shown in more than one order."""
    names = [doc.get("base_id", i) for i, doc in enumerate(docs)]
    return len(set(names)) < len(names)
