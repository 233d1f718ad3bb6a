"""brainbench: how well language models predict the reasoning brain.

>>> import brainbench
>>> run = brainbench.evaluate(output_path="results")              # doctest: +SKIP
>>> score = brainbench.load_benchmark("phantom.signal.all-ridge")(
...     brainbench.load_model("nano"))                           # doctest: +SKIP
>>> steering = brainbench.steer("nano", dataset="phantom")       # doctest: +SKIP
>>> trained = brainbench.finetune("nano", output_path="guided")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from brainbench.benchmarks import (
        BehaviorScore,
        ControlledScore,
        Score,
        benchmarks_of,
        list_benchmarks,
        load_benchmark,
    )
    from brainbench.datasets import (
        Recording,
        load_assembly,
        load_behavior,
        load_dataset,
        load_recording,
        to_mni,
    )
    from brainbench.errors import BrainbenchError
    from brainbench.guidance.finetuning.train import Finetuned
    from brainbench.models import (
        Activations,
        Answers,
        LanguageModel,
        Model,
        ModelOptions,
        Site,
        Steering,
        load_model,
        load_steering,
        save_activations,
    )
    from brainbench.plugins import ArmPlugin, DatasetPlugin, MethodPlugin, Plugin
    from brainbench.reasoning import AnswerBias, TaskOptions
    from brainbench.reasoning.lm_eval_export import export_lm_eval
    from brainbench.results import Record, load_record

# loaded when asked for: `import brainbench` costs nothing, and Ctrl-C stops the command while
# the libraries below are loaded
_PARTS = ("benchmarks", "datasets", "errors", "models", "plugins", "reasoning", "results", "run")
# those that their package does not load, for torch comes with them
_HEAVY = {
    "Finetuned": "guidance.finetuning.train",
    "export_lm_eval": "reasoning.lm_eval_export",
}
__version__ = version("brainbench")


def evaluate(
    model: str | Path | Model | None = None,
    *,
    benchmarks: str | list[str] | None = None,
    suite: str | None = None,
    dataset: str | None = None,
    tasks: str | list[str] | None = None,
    assembly: str | Path | Recording | None = None,
    protocol: str | None = None,
    seed: int = 0,
    limit: int | None = None,
    options: ModelOptions | None = None,
    untrained_activations: str | None = None,
    task_options: TaskOptions | None = None,
    output_path: str | Path = "results",
    overwrite: bool = False,
    name: str = "",
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
    assembly : responses of your own, as :func:`load_assembly` reads them, or a file of them; their
        benchmarks are scored in place of all others.
    protocol : how alignment is scored: ``controlled`` (in ``record.controlled``) or
        ``published`` (in ``record.published``); by default ``controlled``, and of your own data
        ``all``, under every protocol that they allow.
    seed : of random features, permutations and simulations; same seed, same record.
    limit : only the first items of each reasoning type and task, for trying out.
    options : how a language model is loaded and asked.
    untrained_activations : file of an untrained network's, where the model is a file itself.
    task_options : how tasks are asked.
    output_path : root of the results folder.
    overwrite : compute again what is already there.
    name : what the folder of a new run is called before its id.

    Returns
    -------
    The record of the run, also written to ``<output_path>/<model>/<name>-<run id>/results.json``.
    Messages go to the logger ``brainbench``: warnings are what a reader of the scores must know.

    Raises
    ------
    BrainbenchError
        With what was wrong and what to do.
    """
    from brainbench.benchmarks import DEFAULT_PROTOCOL, EVERY_PROTOCOL
    from brainbench.datasets import load_assembly
    from brainbench.models import ModelOptions
    from brainbench.reasoning import TaskOptions
    from brainbench.run import Settings
    from brainbench.run import evaluate as run_evaluate
    from brainbench.run.own_data import find_own

    if assembly is None and (own := find_own(dataset)) is not None:
        dataset = None  # a folder, which has been read
    else:
        own = load_assembly(assembly) if isinstance(assembly, str | Path) else assembly
    patterns = [benchmarks] if isinstance(benchmarks, str) else benchmarks
    return run_evaluate(
        model,
        benchmarks=patterns,
        suite=suite,
        dataset=dataset,
        tasks=[tasks] if isinstance(tasks, str) else tasks,
        own=own,
        settings=Settings(
            protocol or (DEFAULT_PROTOCOL if own is None else EVERY_PROTOCOL),
            seed,
            limit,
            options or ModelOptions(),
            untrained_activations,
            task_options or TaskOptions(),
        ),
        output_path=output_path,
        overwrite=overwrite,
        name=name,
    )


def steer(
    model: str | Path | LanguageModel = "nano",
    dataset: str = "phantom_guidance",
    *,
    roi: str | None = None,
    reasoning_type: str | None = None,
    form: str = "controlled",
    arm: str = "guided",
    loss: str | None = None,
    centring: str | None = None,
    layers: str | None = None,
    site: Site = "attention",
    step: float | None = None,
    mean: str = "raw",
    name: str | None = None,
    limit: int | None = None,
    answers: str = "all",
    method: str = "one step",
    guidance_limit: float | Literal["auto"] | None = "auto",
    seed: int = 0,
    options: ModelOptions | None = None,
) -> Steering:
    """Derive directions that steer a language model from people's brain responses.

    What ``brainbench steer`` does, without a folder: :meth:`Steering.save` writes one,
    :meth:`Steering.apply` steers a model in memory.

    Parameters
    ----------
    model : hub id, folder or GGUF file, ``nano``, or a language model that is open.
    dataset : whose people guide.
    roi : which of its ROIs; the first by default.
    reasoning_type : only items of this type; by default each type gets directions of its own,
        and problems of others their mean.
    form : ``controlled``, one step at items that the maps do not know; or ``published``, the
        targeted search of Xiao, Du & Lin 2026.
    arm : ``guided``, or a baseline in the place of people's responses, such as
        ``permuted fMRI``.
    loss : of predicted and measured responses: ``cosine``, ``pearson`` or ``mse``; by default
        that of the form.
    centring : ``raw``, ``intercept`` or ``centred``; by default that of the form.
    layers : ``middle``, ``all``, or numbers as in ``3,5-8``; by default the controlled form
        chooses between the first two on validation problems, the published form takes the
        middle ones.
    site : ``attention``, the output of the self-attention module, or ``hidden``, that of the
        whole block.
    step : length of the direction at a layer, in units of the spread of states there
        (controlled), or as a multiple of the mean direction (published); by default the one with
        the best AUC on validation problems.
    mean : of the published form, ``raw``, or ``unit`` for directions of equal length.
    name : of the steering; by default dataset and ROI.
    limit : validation problems and searched items of each type, for trying out; all by default.
    answers : whose answers weigh the items of the controlled form: ``all`` who solved the same
        problems, or the ``scanned`` people alone.
    method : of the controlled form, how directions are made of signals: one of ``brainbench list
        methods`` that adds the same at every problem's last token.
    guidance_limit : of the divergence by which a chosen strength may move neutral text, nats; None
        for no limit. ``auto`` is 0.1, and none in the published form and of the built-in model.
    seed : of arms whose signals are random.
    options : how a model is loaded that is given by its name.

    Returns
    -------
    The steering: ``directions[group][layer]``, each (units,) float32; ``site``, ``strength``,
    ``tokens``; ``recipe``, how it was found, with validation AUC; ``made_for``, the model.

    Raises
    ------
    UsageError
        When a name is unknown, or the model is not a language model that brainbench runs.
    DataError
        When nobody has any item right; in the published form, when the model has none wrong that
        a person has right, or the search flips no answer.

    Source: Xiao, Du & Lin 2026, for the published form; docs/guidance-protocol.md for the
    controlled one.
    """
    from brainbench.run.steering import SteeringOrder
    from brainbench.run.steering import steer as run_steer

    order = SteeringOrder(
        dataset=dataset,
        roi=roi,
        reasoning_type=reasoning_type,
        form=form,
        arm=arm,
        loss=loss,
        centring=centring,
        layers=layers,
        site=site,
        step=step,
        mean=mean,
        name=name,
        limit=limit,
        answers=answers,
        method=method,
        shift_limit=guidance_limit,
        seed=seed,
    )
    return run_steer(model, order, options)


def finetune(
    model: str | Path | LanguageModel = "nano",
    dataset: str = "phantom",
    *,
    output_path: str | Path = "finetuned",
    roi: str | None = None,
    reasoning_type: str = "all",
    recipe: str = "representation+labels",
    form: str = "controlled",
    arm: str = "guided",
    weight: float = 0.05,
    loss: str = "cosine",
    centring: str | None = None,
    guided_items: str = "wrong",
    layers: str | None = None,
    rank: int = 8,
    alpha: int = 16,
    epochs: int | None = None,
    patience: int = 10,
    learning_rate: float = 1e-4,
    batch_size: int = 32,
    accumulation: int | None = None,
    schedule: str = "constant",
    checkpoint_activations: bool = False,
    validation: int | None = None,
    limit: int | None = None,
    seed: int = 0,
    options: ModelOptions | None = None,
    resume: bool = False,
    overwrite: bool = False,
    guidance_limit: float | Literal["auto"] | None = "auto",
) -> Finetuned:
    """Train an adapter (LoRA) on a language model by people's brain responses.

    What ``brainbench finetune`` does. A model in memory is left as it was;
    :meth:`Finetuned.apply` puts the adapter on it for a while, ``ModelOptions(peft=…)`` opens the
    model with it.

    Parameters
    ----------
    model : hub id, folder or GGUF file, ``nano``, or a language model that is open.
    dataset : whose people guide.
    output_path : folder of the adapter, a plain PEFT folder.
    roi : which of the dataset's ROIs; the first by default.
    reasoning_type : whose items train: one type, or ``all``.
    recipe : ``representation``, ``labels``, ``representation+labels``, ``stimulus`` or
        ``language+representation``.
    form : ``controlled``, or ``published`` as in Xiao, Du & Lin 2026.
    arm : ``guided``, or a baseline such as ``permuted fMRI`` or ``label only``.
    weight : λ, of the representation beside labels or text.
    loss : of predicted and measured responses: ``cosine``, ``pearson`` or ``mse``.
    centring : ``raw``, ``intercept`` or ``centred``; by default that of the form.
    guided_items : items whose states are drawn to people's responses: ``wrong`` for those that
        the model had wrong, or ``all``; always where a person was right.
    layers : whose attention is trained: ``middle``, ``all``, or numbers as in ``3,5-8``; the
        middle ones by default.
    rank, alpha : of LoRA.
    epochs : passes over the items, at most; by default 40, in the published form 100.
    patience : falls of the validation score, no rise between, after which training stops; 0
        never stops.
    learning_rate, schedule : of AdamW; ``constant``, ``linear`` or ``cosine``.
    batch_size : prompts in a batch.
    accumulation : batches before a step; by default a step takes all items.
    checkpoint_activations : less memory, more time.
    validation : problems of each type that the epoch is chosen on, from the validation split of
        brainbench's own; all by default, 0 for none.
    limit : only the first items of each reasoning type, for trying out.
    seed : of first weights, the order of items, and an arm's random signals.
    options : how a model is loaded that is given by its name.
    resume, overwrite : go on with the training in the folder, or replace it.
    guidance_limit : of the divergence by which a kept epoch may move neutral text, nats; None for
        no limit. ``auto`` is 0.1, and none in the published form and of the built-in model.

    Returns
    -------
    ``folder`` of the adapter; ``history``, the loss of each step and the validation score after
    each epoch; ``best_epoch``, whose adapter it is; ``record``, everything that
    ``finetuning.json`` holds.

    Raises
    ------
    UsageError
        When a name is unknown, the model has no weights to train, or the folder holds something
        else.
    DataError
        When there are too few items, a loss is NaN, or memory does not suffice.

    Source: Xiao, Du & Lin 2026, Methods (NARF, NARF+Label); docs/finetuning.md for the rest.
    """
    from brainbench.guidance.finetuning.recipes import EPOCHS, Budget, Recipe
    from brainbench.run.finetuning import TrainingOrder
    from brainbench.run.finetuning import finetune as run_finetune

    learned = Recipe(recipe, form, weight, loss, centring, guided_items, rank=rank, alpha=alpha)
    budget = Budget(
        epochs=EPOCHS[learned.form] if epochs is None else epochs,
        learning_rate=learning_rate,
        schedule=schedule,
        batch_size=batch_size,
        accumulation=accumulation,
        patience=patience,
        seed=seed,
        checkpoint_activations=checkpoint_activations,
    )
    order = TrainingOrder(
        dataset=dataset,
        roi=roi,
        reasoning_type=reasoning_type,
        limit=limit,
        arm=arm,
        layers=layers,
        validation=validation,
        resume=resume,
        overwrite=overwrite,
        shift_limit=guidance_limit,
    )
    return run_finetune(model, order, learned, budget, output_path, options=options)


def __getattr__(name: str) -> Any:
    if name in __all__:
        if name in _HEAVY:
            globals()[name] = getattr(import_module(f"{__name__}.{_HEAVY[name]}"), name)
            return globals()[name]
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
    "Finetuned",
    "LanguageModel",
    "MethodPlugin",
    "Model",
    "ModelOptions",
    "Plugin",
    "Record",
    "Recording",
    "Score",
    "Steering",
    "TaskOptions",
    "benchmarks_of",
    "evaluate",
    "export_lm_eval",
    "finetune",
    "list_benchmarks",
    "load_assembly",
    "load_behavior",
    "load_benchmark",
    "load_dataset",
    "load_model",
    "load_record",
    "load_recording",
    "load_steering",
    "save_activations",
    "steer",
    "to_mni",
]
