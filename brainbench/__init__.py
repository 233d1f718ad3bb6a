"""brainbench: how well language models predict the reasoning brain.

>>> import brainbench
>>> run = brainbench.evaluate(output_path="results")              # doctest: +SKIP
>>> score = brainbench.load_benchmark("phantom.signal.all-ridge")(
...     brainbench.load_model("nano"))                           # doctest: +SKIP
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brainbench.benchmarks import (
        BehaviorScore,
        ControlledScore,
        Score,
        list_benchmarks,
        load_benchmark,
    )
    from brainbench.datasets import load_behavior, load_dataset, load_recording
    from brainbench.errors import BrainbenchError
    from brainbench.models import (
        Activations,
        Answers,
        LanguageModel,
        Model,
        ModelOptions,
        Steering,
        load_model,
        load_steering,
        save_activations,
    )
    from brainbench.plugins import ArmPlugin, DatasetPlugin, Plugin
    from brainbench.reasoning import AnswerBias, TaskOptions
    from brainbench.results import Record, load_record

# loaded when asked for: `import brainbench` costs nothing, and Ctrl-C stops the command while
# the libraries below are loaded
_PARTS = ("benchmarks", "datasets", "errors", "models", "plugins", "reasoning", "results", "run")
__version__ = version("brainbench")
_LOG = logging.getLogger("brainbench")


def evaluate(
    model: str | Path | Model | None = None,
    *,
    benchmarks: str | list[str] | None = None,
    suite: str | None = None,
    dataset: str | None = None,
    tasks: str | list[str] | None = None,
    protocol: str = "controlled",
    seed: int = 0,
    limit: int | None = None,
    options: ModelOptions | None = None,
    untrained_activations: str | None = None,
    task_options: TaskOptions | None = None,
    output_path: str | Path = "results",
    overwrite: bool = False,
) -> Record:
    """Score a model on benchmarks and tasks, and keep the record.

    Parameters
    ----------
    model : hub id, folder or GGUF file of a language model, name, path of an activation
        file, or an object with ``identifier``, ``sha256`` and ``activations(problems)``;
        the built-in model by default.
    benchmarks : identifier or identifiers, ``*`` and ``?`` allowed.
    suite, dataset : other ways to choose benchmarks. The suites ``accuracy`` and
        ``accuracy-full`` are of tasks.
    tasks : lm-eval tasks, groups and tags. Where tasks are asked, benchmarks are scored only
        if they are named too. What comes out is in ``record.accuracy`` and
        ``record.answer_bias``.
    protocol : how alignment is scored: ``controlled`` (in ``record.controlled``) or
        ``published`` (in ``record.scores``).
    seed : of random features, permutations and simulations; same seed, same record.
    limit : only the first items of each reasoning type and task, for trying out.
    options : how a language model is loaded and asked.
    untrained_activations : file of an untrained network's, where the model is a file itself.
    task_options : how tasks are asked.
    output_path : root of the results folder.
    overwrite : compute again what is already there.

    Returns
    -------
    The record of the run, also written to ``<output_path>/<model>/<run id>/results.json``.
    What the command line says as it works goes to the logger ``brainbench``.

    Raises
    ------
    BrainbenchError
        With what was wrong and what to do.
    """
    from brainbench.models import ModelOptions
    from brainbench.reasoning import TaskOptions
    from brainbench.run import Settings
    from brainbench.run import evaluate as run_evaluate

    patterns = [benchmarks] if isinstance(benchmarks, str) else benchmarks
    return run_evaluate(
        model,
        benchmarks=patterns,
        suite=suite,
        dataset=dataset,
        tasks=[tasks] if isinstance(tasks, str) else tasks,
        settings=Settings(
            protocol,
            seed,
            limit,
            options or ModelOptions(),
            untrained_activations,
            task_options or TaskOptions(),
        ),
        output_path=output_path,
        overwrite=overwrite,
        say=_LOG.info,
    )


def __getattr__(name: str) -> Any:
    if name in __all__:
        for part in _PARTS:
            module = import_module(f"{__name__}.{part}")
            if hasattr(module, name):
                globals()[name] = getattr(module, name)
                return globals()[name]
    elif not name.startswith("_"):
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Activations",
    "AnswerBias",
    "Answers",
    "ArmPlugin",
    "BehaviorScore",
    "BrainbenchError",
    "ControlledScore",
    "DatasetPlugin",
    "LanguageModel",
    "Model",
    "ModelOptions",
    "Plugin",
    "Record",
    "Score",
    "Steering",
    "TaskOptions",
    "evaluate",
    "list_benchmarks",
    "load_behavior",
    "load_benchmark",
    "load_dataset",
    "load_model",
    "load_record",
    "load_recording",
    "load_steering",
    "save_activations",
]
