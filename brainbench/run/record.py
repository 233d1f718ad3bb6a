"""The new record of a run: model, datasets, benchmarks, tasks, settings and id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainbench.benchmarks import Benchmark
from brainbench.datasets import Behavior, Recording, load_card, share_people_or_problems
from brainbench.errors import DataError
from brainbench.foreign import readable
from brainbench.guidance.arms import arms_code, arms_of_plugins
from brainbench.guidance.evaluation.test_sets import tests_sha256
from brainbench.guidance.methods.registry import (
    code_of_methods,
    functions_of_plugins,
    modules_of,
)
from brainbench.guidance.options import SEARCH_VERSION
from brainbench.models import COMPUTING, LanguageModel, Model, is_builtin
from brainbench.models.vllm.library import vllm_version
from brainbench.reasoning import TaskOptions
from brainbench.reasoning.tasks import TaskSet
from brainbench.results import DatasetInfo, ModelInfo, Record, TaskInfo
from brainbench.results.record import OwnData
from brainbench.run.code import run_sha256
from brainbench.run.inputs import Data
from brainbench.run.model_names import told_apart
from brainbench.run.own_data import own_notes, own_options
from brainbench.run.provenance import versions
from brainbench.run.settings import Settings

if TYPE_CHECKING:
    from brainbench.run.guidance import GuidanceTask


_LM_EVAL = ("lm-eval", "datasets")
# options of tasks that are in a record only where they are given, and what they are where not
_LATER = ("system_instruction", "fewshot_as_multiturn", "samples", "predict_only")
_UNSAID = asdict(TaskOptions())


def new_record(
    model: Model,
    source: str | Path | Model | None,
    benchmarks: Sequence[Benchmark],
    data: Data,
    settings: Settings,
    untrained: Model | None = None,
    tasks: TaskSet | None = None,
    guidance: GuidanceTask | None = None,
) -> Record:
    """The record of a run that is about to start, its id a hash of all it depends on.

    Parameters
    ----------
    model : that is evaluated.
    source : what the user gave for it; a model in memory, or None, is not recorded.
    benchmarks : all that are scored.
    data : the datasets of the benchmarks.
    settings : of the run.
    untrained : gives the states of untrained networks; None where brainbench makes them.
    tasks : None where none is asked.
    guidance : None where the model is not guided.

    Returns
    -------
    A record without scores.
    """
    steered = guidance is not None and "steering" in guidance.extents
    methods = guidance.options.methods if guidance is not None and steered else ()
    reached = run_sha256(
        [one for one in (model, untrained) if one is not None],
        benchmarks,
        data=bool(data.datasets),
        samples=bool(data.behaviors),
        tasks=tasks is not None,
        guidance=guidance is not None,
        methods=modules_of(methods),
        plugins=()
        if guidance is None
        else [*arms_of_plugins(guidance.options.arms), *functions_of_plugins(methods)],
    )
    found = versions(reached, _LM_EVAL if tasks else ())
    if settings.task_options.backend == "vllm":
        found["vllm"] = vllm_version()
    # asked for once: a model in memory hashes every parameter
    sha256 = model.sha256
    held: dict[str, Any] = {
        "versions": {name: version for name, version in found.items() if name != "git"},
        "model": [model.identifier, sha256],
        "data": {name: dataset.data_sha256 for name, dataset in data.datasets.items()},
        "benchmarks": {b.identifier: b.version for b in benchmarks},
        "settings": settings.identity(),
        "untrained": None if untrained is None else untrained.sha256,
        "computed_with": model.computed_with if isinstance(model, LanguageModel) else None,
    }
    code = {name: sha256 for benchmark in benchmarks for name, sha256 in benchmark.code.items()}
    asked: dict[str, TaskInfo] = {}
    if tasks is not None:
        options = settings.task_options
        examples = bool(options.num_fewshot)
        prints = tasks.fingerprints(settings.limit, examples, options.samples)
        held["tasks"] = [tasks.names, prints, tasks.code, options.identity()]
        asked = {
            name: TaskInfo(version=version, sha256=prints[name])
            for name, version in tasks.versions.items()
        }
    datasets: dict[str, Recording | Behavior] = dict(data.datasets)
    if guidance is not None:
        chosen = guidance.options.identity(guidance.extents)
        recording = guidance.recording
        held["guidance"] = [recording.card.name, recording.data_sha256, guidance.rois, chosen]
        # the problems of its tests lie beside the package
        held["guidance"].append(tests_sha256())
        arms = arms_code(guidance.options.arms)
        code |= {f"the arm {name}": sha256 for name, sha256 in arms.items()}
        code |= {f"the method {name}": sha256 for name, sha256 in code_of_methods(methods).items()}
        if "steering" in guidance.extents:
            held["search"] = SEARCH_VERSION
            if recording.behavior is not None:
                more = guidance.more
                held["answers"] = "scanned" if more is None else more.data_sha256
        datasets[recording.card.name] = recording
    held["cards"] = _cards(datasets, guidance is not None)
    origins, unknown = learned_from(model, settings.options.peft)
    if origins:
        held["learned_from"] = origins
    if code:
        held["code"] = code
    digest = hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
    ignored = [
        f"--{name.replace('_', '-')}" for name in settings.options.given() if name in COMPUTING
    ]
    notes = [] if tasks is None else _task_notes(model, tasks, settings)
    if guidance is not None:
        notes += [note for note in guidance.model.chat.probe() if note not in notes]
    notes += _steering_notes(model, data, tasks)
    notes += unknown
    notes += [
        f"{name}: its code cannot be read, so a run of other code under the same version has "
        "the same id"
        for name, sha256 in code.items()
        if sha256 is None
    ]
    notes += model.notes if isinstance(model, LanguageModel) else ()
    for name in datasets:
        notes += [
            f"{name}: the model learned from {origin}, whose people or problems these are; its "
            "scores on them say nothing of new ones"
            for origin in origins
            if share_people_or_problems(origin, name)
        ]
    if ignored and not isinstance(model, LanguageModel):
        notes.append(f"{', '.join(ignored)}: no effect, this model is not loaded by brainbench")
    if settings.limit is not None and guidance is not None:
        searched = (
            f", the search to {settings.limit} items of each type that the model has wrong"
            if "steering" in guidance.extents
            else ""
        )
        notes.append(
            f"tests limited to {settings.limit} problems of each set{searched}: for trying out only"
        )
    if settings.limit is not None and benchmarks:
        notes.append(
            f"limited to {settings.limit} items of each reasoning type: for trying out only"
        )
    for name, dataset in datasets.items():
        if dataset.card.simulated:
            notes.append(f"{name}: simulated people; these scores say nothing about any brain")
    for name, dataset in datasets.items():
        if isinstance(dataset, Recording) and dataset.truth is not None:
            notes.append(f"{name}: {dataset.truth.attrs['summary']}")
    for name, dataset in datasets.items():
        notes += [f"{name}: {text}" for text in own_notes(dataset, model, settings)]
    return Record(
        run_id=digest[:12],
        versions=found,
        model=ModelInfo(
            identifier=readable(model.identifier),
            sha256=sha256,
            source=readable(str(source)) if isinstance(source, str | Path) else None,
            description=getattr(model, "description", None),
            builtin=is_builtin(model),
            learned_from=origins,
            **told_apart(model, source, settings.options),
            **(model.facts if isinstance(model, LanguageModel) else {}),
        ),
        datasets=[
            DatasetInfo(
                name=name,
                version=dataset.card.version,
                data_sha256=dataset.data_sha256,
                simulated=dataset.card.simulated,
                licence=dataset.card.licence,
                own=_own(dataset),
            )
            for name, dataset in datasets.items()
        ],
        benchmarks={b.identifier: b.version for b in benchmarks},
        tasks=asked,
        config=_readable(_config(settings, tasks, guidance) | own_options(datasets.values())),
        notes=[readable(note) for note in notes],
    )


def _own(dataset: Recording | Behavior) -> OwnData | None:
    """File of somebody's own data."""
    origin = dataset.origin if isinstance(dataset, Recording) else None
    if origin is None:
        return None
    return OwnData(file=origin.file, sha256=origin.sha256, left_out=list(origin.left_out))


def _readable(value: Any) -> Any:
    """Plain values with every text as UTF-8 can hold it: names of files may be none."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {_readable(key): _readable(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_readable(held) for held in value)
    return value


def _cards(datasets: Mapping[str, Recording | Behavior], guidance: bool) -> dict[str, str]:
    """Card → hash of what scores can depend on: of the datasets, and of those they are read with.

    Tests of guidance read FOLIO besides.
    """
    cards = [dataset.card for dataset in datasets.values()]
    others = {name for card in cards for name in card.requires} | ({"folio"} if guidance else set())
    cards += [load_card(name) for name in others]
    return {card.name: card.scored_sha256 for card in cards}


def learned_from(model: Model, peft: str | Path | None) -> tuple[list[str], list[str]]:
    """Datasets that a model's steering and adapter were made from, and what is unknown of them.

    Parameters
    ----------
    model : its steering names the dataset it was made from.
    peft : folder of an adapter; None where there is none.

    Returns
    -------
    Names of datasets, sorted, and notes on what is unknown or was only for trying out.
    """
    found: set[str] = set()
    steering = model.steering if isinstance(model, LanguageModel) else None
    if steering is not None and isinstance(origin := steering.recipe.get("dataset"), str):
        found.add(origin)
    if peft is None:
        return sorted(found), []
    # torch is loaded only where a model has an adapter
    from brainbench.guidance.finetuning.folder import FinetuningFolder

    try:
        training = FinetuningFolder(peft).load()
    except DataError as error:
        return sorted(found), [f"what the adapter learned from is unknown: {error}"]
    notes = []
    if training is not None:
        found.add(str(training.data["source"]).partition(".")[0])
        notes = _limited("the adapter was trained on", training.data.get("limit"))
    return sorted(found), notes


def loading_warnings(model: Model, settings: Settings) -> tuple[str, ...]:
    """Warnings of how the model was loaded; vLLM, which loads it itself, raises an error instead.

    Parameters
    ----------
    model : only language models that brainbench loads have such warnings.
    settings : of the run; they name the backend.
    """
    if not isinstance(model, LanguageModel) or settings.task_options.backend == "vllm":
        return ()
    return model.loading_warnings()


def _config(
    settings: Settings, tasks: TaskSet | None, guidance: GuidanceTask | None
) -> dict[str, Any]:
    """What the user chose; of tasks and guidance only where some are asked for."""
    config = asdict(settings)
    options = config.pop("task_options")
    config.pop("guidance")
    if guidance is not None:
        config["guidance"] = {
            **guidance.options.identity(guidance.extents),
            "dataset": guidance.recording.card.name,
            "rois": list(guidance.rois),
        }
    if tasks is None:
        # what computes the states too
        engine = {name: options[name] for name in ("backend", "model_args")}
        return config if options["backend"] == "hf" else {**config, **engine}
    # as it comes back from a file
    options["include_path"] = list(options["include_path"])
    options["samples"] = {task: list(numbers) for task, numbers in options["samples"].items()}
    # as in older records, which do not know of them
    for name in _LATER:
        if options[name] == _UNSAID[name]:
            del options[name]
    return {**config, "tasks": list(tasks.names), **options}


def _steering_notes(model: Model, data: Data, tasks: TaskSet | None) -> list[str]:
    """Where a steered model is not: its directions are of other reasoning types."""
    steering = model.steering if isinstance(model, LanguageModel) else None
    if steering is None:
        return []
    if not steering.strength:
        return [f"the steering {steering.name} has strength 0: nothing is added"]
    tried = _limited(f"the steering {steering.name} was made with", steering.recipe.get("limit"))
    asked: dict[str, list[str | None]] = {
        name: [problem.reasoning_type for problem in dataset.problems]
        for name, dataset in data.datasets.items()
    }
    if steering.group_for(None) is None and tasks is not None:
        for name, task in tasks.tasks.items():
            asked[name] = [doc.get("reasoning_type") for doc in task.eval_docs]
    lacking = [(name, text) for name, kinds in asked.items() for text in steering.missing(kinds)]
    return [*tried, *(f"{name}: {text}" for name, text in lacking)]


def _limited(what: str, limit: object) -> list[str]:
    if limit is None:
        return []
    return [f"{what} {limit} items of each type (--limit): for trying out only"]


def _task_notes(model: Model, tasks: TaskSet, settings: Settings) -> list[str]:
    """What a reader of accuracy must know of the whole run."""
    notes = list(tasks.warnings)
    if settings.limit is not None:
        notes.append(f"limited to {settings.limit} items of each task: for trying out only")
    chosen = settings.task_options.samples
    notes += [
        f"{name}: {len(numbers)} chosen items of {len(list(tasks.tasks[name].eval_docs))}: for "
        "trying out only"
        for name, numbers in chosen.items()
    ]
    if settings.task_options.predict_only:
        notes.append("--predict-only: answers are kept and no metric is computed")
    compared = [n for n, task in tasks.tasks.items() if task.OUTPUT_TYPE == "multiple_choice"]
    if settings.options.think and compared:
        notes.append(
            f"--think: in {len(compared)} of {len(tasks.tasks)} tasks answers are compared before "
            "the model has thought; those that end in _cot let it"
        )
    if settings.task_options.apply_chat_template and isinstance(model, LanguageModel):
        notes += model.chat.probe()
    plain = not settings.task_options.apply_chat_template
    if plain and isinstance(model, LanguageModel) and model.chat.template is not None:
        notes.append(
            "tasks are asked in plain text, as lm-eval does by default; the model has a chat "
            "template, which --apply-chat-template uses"
        )
    return notes
