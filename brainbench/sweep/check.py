"""Names in a sweep's file, checked before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from brainbench.benchmarks import PROTOCOLS, SUITES, select_benchmarks
from brainbench.datasets import load_card
from brainbench.errors import BrainbenchError, UnknownNameError, UsageError
from brainbench.guidance.options import GUIDANCE_SUITES
from brainbench.models import list_models, load_steering
from brainbench.paths import user_path
from brainbench.reasoning import TASK_SUITES
from brainbench.reasoning.tasks import check_task_names
from brainbench.sweep.plan import Choice
from brainbench.sweep.reading import Source

# options that name a file or folder
_FILES = ("prompt_template", "card", "untrained_activations")
# reads the words of a command as the command itself does; its errors say what is wrong
Parse = Callable[[Mapping[str, Any]], Any]


def check_names(choices: Sequence[Choice], source: Source, parse: Parse) -> None:
    """Check every name that a sweep's runs give: models, suites, benchmarks, tasks, files.

    A model of the hub is not asked for: its run says so if it is not there.

    Parameters
    ----------
    choices : the runs.
    source : where in the file they stand.
    parse : checks the options of a run as the command does.

    Raises
    ------
    UsageError
        For the first that is off, with its line.
    """
    done: set[str] = set()
    for choice in choices:
        for place, check in (
            (choice.model, _check_model),
            (choice.score or choice.model, _check_score),
            (choice.score or choice.model, parse),
        ):
            key = repr((check, sorted(choice.options.items(), key=str)))
            if check is not parse:
                key = repr((check, [choice.options.get(name) for name in _READ[check]]))
            if key in done:
                continue
            done.add(key)
            try:
                check(choice.options)
            except BrainbenchError as error:
                raise source.fault(place, error) from error


def _check_model(options: Mapping[str, Any]) -> None:
    name = str(options["model"])
    path = user_path(name)
    here = _exists(path)
    looks_local = name.startswith((".", "/", "~")) or path.suffix.lower() in (
        ".gguf",
        ".safetensors",
    )
    if looks_local and not here:
        raise UsageError(f"there is no model at {name}")
    known = list_models()
    if not here and name not in known and get_close_matches(name, known, cutoff=0.75):
        raise UnknownNameError("model", name, known)
    if here and path.is_dir() and options.get("revision") is not None:
        raise UsageError(f"{name} is a folder; only models of the hub have a revision")
    if options.get("steer") is not None:
        load_steering(options["steer"])
    adapter = options.get("peft")
    if adapter is not None and not (user_path(adapter) / "adapter_config.json").is_file():
        raise UsageError(f"there is no adapter in {adapter}: it has no adapter_config.json")


def _check_score(options: Mapping[str, Any]) -> None:
    suite, protocol = options.get("suite"), options.get("protocol")
    suites = [*SUITES, *TASK_SUITES, *GUIDANCE_SUITES]
    if suite is not None and suite not in suites:
        raise UnknownNameError("suite", str(suite), suites)
    own = options.get("assembly") is not None
    if protocol is not None and protocol not in PROTOCOLS and not own:
        raise UnknownNameError("protocol", str(protocol), PROTOCOLS)
    dataset = options.get("dataset")
    if dataset is not None and not _exists(user_path(dataset)):
        load_card(dataset)
    if options.get("benchmarks") is not None and not own:
        select_benchmarks(_names(options["benchmarks"]), protocol or "controlled")
    if options.get("tasks") is not None:
        folders = options.get("include_path") or []
        folders = folders if isinstance(folders, list) else [folders]
        check_task_names(_names(options["tasks"]), folders)
    for name in _FILES:
        if options.get(name) is not None and not _exists(user_path(options[name])):
            raise UsageError(f"{name}: there is no file {options[name]}")


_READ: dict[Callable[..., Any], tuple[str, ...]] = {
    _check_model: ("model", "revision", "steer", "peft"),
    _check_score: (
        "suite", "protocol", "assembly", "dataset", "benchmarks", "tasks", "include_path", *_FILES,
    ),
}  # fmt: skip


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _names(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else str(value).split(",")
    return [name.strip() for name in texts if name.strip()]
