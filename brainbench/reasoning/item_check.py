"""Check the items of loaded tasks for labels that lm-eval would misread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from brainbench.errors import DataError, UsageError
from brainbench.reasoning.checks.data import place_of
from brainbench.reasoning.checks.labels import LabelFaults, Use, find_label_faults
from brainbench.reasoning.checks.tasks import tasks_folder
from brainbench.reasoning.tasks import TaskSet


def check_items(tasks: TaskSet, num_fewshot: int | None, limit: int | None) -> TaskSet:
    """The tasks, with warnings of labels that lm-eval would misread.

    Parameters
    ----------
    num_fewshot : examples before each question; by default what each task says.
    limit : items of each task that are asked.

    Raises
    ------
    DataError
        When labels of a user's own task are wrong, or every label of any task; with file and row.
    UsageError
        When a task has fewer examples than are asked for.
    """
    warnings = []
    for name, task in {**tasks.tasks, **tasks.validation}.items():
        if not hasattr(task, "fewshot_cfg"):  # written in Python: its class does what it likes
            continue
        examples = _check_examples(name, task, num_fewshot)
        path = tasks.files.get(name)
        if path is not None and path.resolve().is_relative_to(tasks_folder().resolve()):
            continue  # proven when they were made
        found = [*_faults(name, task, limit)]
        found += _example_faults(name, task) if examples else []
        for place, fault in found:
            text = f"{place}, row {fault.rows[0]}: {fault.problem}; {fault.first.remedy}"
            if name in tasks.own or len(fault.rows) == fault.total:
                raise DataError(f"the task {name}: {text}")
            warnings.append(f"{name}: {text}")
    return replace(tasks, warnings=(*tasks.warnings, *warnings)) if warnings else tasks


def _check_examples(name: str, task: Any, num_fewshot: int | None) -> int:
    """How many examples a question has.

    Raises
    ------
    UsageError
        When there are not so many to draw from.
    """
    own = task.config.num_fewshot
    # lm-eval leaves a task alone whose file says 0
    asked = own if num_fewshot is None or own == 0 else num_fewshot
    if not asked:
        return 0
    config = task.fewshot_cfg
    there = len(list(task.fewshot_docs() or ()))
    if config.fewshot_indices:
        there = len(config.fewshot_indices)
    # of the items that are asked, one is left out: the question itself
    most = there - 1 if config.split and config.split == task.config.test_split else there
    if asked > most:
        split = f" in its split {config.split}" if config.split else ""
        raise UsageError(
            f"the task {name} has {max(0, most)} examples to draw from{split}, not {asked}: give "
            f"--num-fewshot {max(0, most)} or less"
        )
    return int(asked)


def _faults(name: str, task: Any, limit: int | None) -> Iterator[tuple[str, LabelFaults]]:
    config = task.config
    uses: dict[str, Use] = {"multiple_choice": "compared", "generate_until": "generated"}
    use = uses.get(task.OUTPUT_TYPE)
    # a function of the task may make anything of its labels
    if use is None or config.doc_to_choice is None or callable(config.process_results):
        return
    split = str(config.test_split or config.validation_split)
    place = _place(name, task, split)
    docs = list(islice(task.eval_docs, limit))
    # questions that are chosen from: their number is the label
    label = task.doc_to_text if task.multiple_input else task.doc_to_target
    items = _items(place, docs, label, task.doc_to_choice)
    for found in find_label_faults(items, use, bool(task.multiple_target)):
        yield place, found


def _example_faults(name: str, task: Any) -> Iterator[tuple[str, LabelFaults]]:
    """Of examples, whose answer the model is shown."""
    config = task.fewshot_cfg
    if config.doc_to_choice is None or task.multiple_input:
        return
    split = config.split or task.config.training_split or task.config.validation_split
    place = _place(name, task, str(split or task.config.test_split))

    def label(doc: Any) -> Any:
        return task.doc_to_target(doc, config.doc_to_target)

    def choices(doc: Any) -> Any:
        return task.doc_to_choice(doc, config.doc_to_choice)

    items = _items(place, list(task.fewshot_docs() or ()), label, choices)
    for found in find_label_faults(items, "example"):
        yield place, found


def _items(
    place: str,
    docs: Sequence[Any],
    label: Callable[[Any], Any],
    choices: Callable[[Any], Any],
) -> list[tuple[Any, Any]]:
    found = []
    for row, doc in enumerate(docs, start=1):
        try:
            found.append((label(doc), choices(doc)))
        # templates and functions of other people
        except Exception as error:
            text = str(error).strip() or type(error).__name__
            raise DataError(
                f"{place}, row {row}: label or choices cannot be had: {text}"
            ) from error
    return found


def _place(name: str, task: Any, split: str) -> str:
    """The files that the items are from, where they are known and their rows are as in them."""
    config = task.config
    files = None if config.process_docs else place_of(vars(config), split)
    return files or f"{name}, {split}"
