"""Options of lm-eval tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from brainbench.errors import UnknownNameError, UsageError
from brainbench.foreign import Unreadable, parse_json, read_text
from brainbench.models.options import check_whole
from brainbench.paths import user_path

# suites of tasks: a few hundred problems, and all of those that brainbench makes
TASK_SUITES: dict[str, tuple[str, ...]] = {
    "accuracy": ("brainbench_deductive_quick",),
    "accuracy-full": ("brainbench_deductive",),
}
BACKENDS: tuple[str, ...] = ("hf", "vllm")
Value = str | int | float | bool | None
_WHOLE = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class TaskOptions:
    """Options of lm-eval tasks.

    Parameters
    ----------
    include_path : folders of more task files. Python beside them is run.
    backend : what computes, benchmarks too: ``hf``, transformers, or ``vllm``.
    model_args : arguments of vLLM's engine, for that backend.
    num_fewshot : examples before each question; by default what the task says.
    apply_chat_template : write questions in the model's own chat format.
    gen_kwargs : of generation, in place of what the task says: ``max_gen_toks``, ….
    log_samples : keep the texts of questions and answers too, where they may be shared.
    system_instruction : what stands before every question, as the system's turn where questions
        are written in the chat format.
    fewshot_as_multiturn : in the chat format, each example as turns of its own, or all of them in
        the user's one turn; by default turns of their own, as in lm-eval.
    samples : task → numbers of the items that are asked, from 0; all of a task that is not named.
    predict_only : keep what the model answers, and compute no metric.
    """

    include_path: tuple[str, ...] = ()
    backend: str = "hf"
    model_args: Mapping[str, Value] = field(default_factory=dict)
    num_fewshot: int | None = None
    apply_chat_template: bool = False
    gen_kwargs: Mapping[str, Value] = field(default_factory=dict)
    log_samples: bool = False
    system_instruction: str | None = None
    fewshot_as_multiturn: bool | None = None
    samples: Mapping[str, Sequence[int]] = field(default_factory=dict)
    predict_only: bool = False

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise UnknownNameError("backend", str(self.backend), BACKENDS)
        if self.model_args and self.backend == "hf":
            raise UsageError("model_args are for the backend vllm; options say it for hf")
        if self.num_fewshot is not None:
            check_whole("num_fewshot", self.num_fewshot, 0)
        if self.fewshot_as_multiturn and not self.apply_chat_template:
            raise UsageError("--fewshot-as-multiturn goes with --apply-chat-template")
        for task, numbers in self.samples.items():
            _check_numbers(task, numbers)

    @property
    def of_tasks(self) -> TaskOptions:
        """Only what concerns tasks: not what computes, nor where more task files are."""
        return replace(self, include_path=(), backend="hf", model_args={})

    def identity(self) -> dict[str, Any]:
        """The options that can change a number or what is kept; task files by their content."""
        # left out where they are not given, so that older run ids stay as they are
        later = {
            "system_instruction": self.system_instruction,
            "fewshot_as_multiturn": self.fewshot_as_multiturn,
            "samples": {task: list(numbers) for task, numbers in self.samples.items()} or None,
            "predict_only": self.predict_only or None,
        }
        return {
            "backend": self.backend,
            "model_args": dict(self.model_args),
            "num_fewshot": self.num_fewshot,
            "apply_chat_template": self.apply_chat_template,
            "gen_kwargs": dict(self.gen_kwargs),
            "log_samples": self.log_samples,
            **{name: value for name, value in later.items() if value is not None},
        }


def parse_samples(text: str) -> dict[str, list[int]]:
    """``{"task": [0, 4]}``, as lm-eval takes it, or the name of a JSON file that holds it.

    Raises
    ------
    UsageError
        When it is neither.
    """
    held = text.strip()
    if not held.startswith("{"):
        file = user_path(held)
        if not file.is_file():
            raise UsageError(f'--samples {text}: write {{"TASK": [0, 1]}}, or name a JSON file')
        held = read_text(file)
    try:
        found = parse_json(held)
    except Unreadable as error:
        raise UsageError(f"--samples: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(one, list) for one in found.values()):
        raise UsageError('--samples: write {"TASK": [0, 1]}, a list of numbers for each task')
    return found


def parse_arguments(text: str, flag: str) -> dict[str, Value]:
    """``name=value,name=value``, numbers, true, false and none converted, as in lm-eval.

    Parameters
    ----------
    text : what was typed.
    flag : the option it was typed for, as in messages.

    Raises
    ------
    UsageError
        When a part has no name or no value.
    """
    found: dict[str, Value] = {}
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{flag} {part!r}: expected name=value,name=value")
        found[name.strip()] = _value(value.strip())
    return found


def _check_numbers(task: str, numbers: Sequence[int]) -> None:
    if not numbers:
        raise UsageError(f"samples of {task}: name at least one item")
    for number in numbers:
        check_whole(f"samples of {task}: each", number, 0)
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"samples of {task}: an item is named twice")


def _value(text: str) -> Value:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    named: dict[str, Value] = {"true": True, "false": False, "none": None}
    if text.lower() in named:
        return named[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text
