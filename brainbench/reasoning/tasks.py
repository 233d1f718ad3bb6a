"""lm-eval tasks by name: brainbench's own, a user's, and those that lm-eval ships."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from brainbench.errors import BrainbenchError, DataError, UnknownNameError, UsageError
from brainbench.paths import user_path
from brainbench.problems.files import FileFault
from brainbench.reasoning.checks.data import local_data_faults
from brainbench.reasoning.checks.local_data import root_cause
from brainbench.reasoning.checks.tasks import check_tasks, read_task, tasks_folder
from brainbench.reasoning.lm_eval_logging import quiet

_LOG = logging.getLogger(__name__)

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
# arguments of the data of tasks whose texts may be shared: made by brainbench, or MIT
_SHAREABLE = ("problem_set", "problem_type")
_VALIDATION = "validation"
_PREFIX = "brainbench_"


@dataclass(frozen=True)
class TaskSet:
    """Tasks that were asked for, loaded.

    Attributes
    ----------
    names : as asked for.
    tasks : name → lm-eval's task, those of groups included.
    groups : name → lm-eval's group.
    validation : name → task on whose problems thresholds are chosen.
    thresholds : task → the one its threshold is chosen on.
    shareable : tasks whose texts may be written into samples.
    manager : lm-eval's, that loaded them.
    code : of each folder of task files, the hash of the Python in it.
    warnings : messages of the task files and lm-eval from loading.
    folders : of task files, ours and the user's.
    files : name → its task file, where it has one.
    own : names whose files are in folders that the user gave.
    """

    names: tuple[str, ...]
    tasks: dict[str, Any]
    groups: dict[str, Any]
    validation: dict[str, Any]
    thresholds: dict[str, str]
    shareable: frozenset[str]
    manager: Any
    code: tuple[str, ...]
    warnings: tuple[str, ...]
    folders: tuple[Path, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)
    own: frozenset[str] = frozenset()

    @property
    def versions(self) -> dict[str, str]:
        """Task → its version, as its file says."""
        return {name: str(task.VERSION) for name, task in self.tasks.items()}

    def fingerprints(
        self,
        limit: int | None,
        examples: bool,
        samples: Mapping[str, Sequence[int]] | None = None,
    ) -> dict[str, str]:
        """Task → hash of its file and of the items that are asked.

        Parameters
        ----------
        limit : items of each task.
        examples : whether items that examples are taken from count too.
        samples : task → numbers of the items that are asked of it, in place of the first ones.
        """
        every, chosen = {**self.tasks, **self.validation}, samples or {}
        return {
            name: _fingerprint(task, limit, examples, chosen.get(name))
            for name, task in every.items()
        }

    def check_samples(self, samples: Mapping[str, Sequence[int]]) -> None:
        """Raise ``UsageError`` where items are chosen of a task that is not asked, or lacks them.

        Parameters
        ----------
        samples : task → numbers of items, from 0.
        """
        for name, numbers in samples.items():
            if name not in self.tasks:
                raise UnknownNameError("task in --samples", name, self.tasks)
            there = len(list(self.tasks[name].eval_docs))
            if max(numbers) >= there:
                raise UsageError(
                    f"--samples: {name} has {there} items, 0 to {there - 1}, and no item "
                    f"{max(numbers)}"
                )


def load_tasks(names: Sequence[str], include_path: Sequence[str] = ()) -> TaskSet:
    """Find tasks and load their items.

    Parameters
    ----------
    names : of tasks, groups and tags; ``*`` and ``?`` match.
    include_path : folders of more task files. Python beside them is run.

    Raises
    ------
    UsageError
        When there is no such folder or task, with the nearest names.
    DataError
        When a task or its data cannot be loaded.
    """
    included = [_folder(path) for path in include_path]
    folders = [tasks_folder(), *included]
    warnings: list[str] = []

    def heard(text: str) -> None:
        warnings.append(text)
        _LOG.warning("%s", text)

    with quiet(folders, heard):
        manager = _manager(names, included)
        found = _matching(names, manager, included)
        tasks: dict[str, Any] = {}
        groups: dict[str, Any] = {}
        for name in found:
            loaded = _load(manager, name)
            tasks |= loaded["tasks"]
            groups |= loaded.get("groups", {})
        thresholds = _thresholds(manager, tasks)
        validation = {
            name: _load(manager, name)["tasks"][name] for name in dict.fromkeys(thresholds.values())
        }
    files = {
        name: Path(entry.yaml_path)
        for name in {**tasks, **validation}
        if (entry := manager.task_index.get(name)) is not None and entry.yaml_path is not None
    }
    return TaskSet(
        tuple(found),
        tasks,
        groups,
        validation,
        thresholds,
        frozenset(name for name in tasks if _may_share(manager, name, included)),
        manager,
        tuple(_code_sha256(folder) for folder in folders),
        tuple(warnings),
        tuple(folders),
        files,
        frozenset(n for n, path in files.items() if _is_in(path, included)),
    )


def check_task_names(names: Sequence[str], include_path: Sequence[str] = ()) -> None:
    """Check that tasks are there, without loading them.

    Parameters
    ----------
    names, include_path : as of :func:`load_tasks`.

    Raises
    ------
    UsageError
        When there is no such folder or task, with the nearest names.
    """
    included = [_folder(path) for path in include_path]
    with quiet([tasks_folder(), *included], _LOG.debug):
        _matching(names, _manager(names, included), included)


# ---------------------------------------------------------------- names


def _folder(path: str) -> Path:
    folder = user_path(path)
    if not folder.is_dir():
        raise UsageError(f"--include-path {path}: there is no such folder")
    return folder


def _manager(names: Sequence[str], included: Sequence[Path]) -> Any:
    """lm-eval's own tasks take seconds to look through: only where one of them is asked for."""
    from lm_eval.tasks import TaskManager

    paths: list[str | Path] = [str(folder) for folder in (tasks_folder(), *included)]
    own = TaskManager(include_path=paths, include_defaults=False)
    for name in names:
        # one with our prefix that is not here is nowhere
        if name.startswith(_PREFIX) and not _matches(name, own):
            raise _unknown(name, own, included)
    if all(_is_whole(own, name) for name in names):
        return own
    return TaskManager(include_path=paths)


def _is_whole(manager: Any, name: str) -> bool:
    """Whether a name, and all that it names in turn, is known."""
    matches = _matches(name, manager)
    children = (child for match in matches for child in _children(manager.task_index[match]))
    return bool(matches) and all(_is_whole(manager, child) for child in children)


def _children(entry: Any) -> Iterator[str]:
    """Names in a group's file."""
    if "group" not in (entry.cfg or {}):
        return
    for child in entry.cfg.get("task") or []:
        name = child.get("task", child.get("group")) if isinstance(child, Mapping) else child
        if isinstance(name, str):
            yield name


def _matches(pattern: str, manager: Any) -> list[str]:
    index = manager.task_index
    return [pattern] if pattern in index else sorted(n for n in index if fnmatchcase(n, pattern))


def _matching(names: Sequence[str], manager: Any, included: Sequence[Path]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        matches = _matches(name, manager)
        if not matches:
            raise _unknown(name, manager, included)
        found.update(dict.fromkeys(matches))
    if not found:
        raise UsageError("no task was asked for; `brainbench list tasks` shows brainbench's own")
    return list(found)


def _unknown(name: str, manager: Any, included: Sequence[Path]) -> UsageError:
    """The nearest names, and faults that make lm-eval skip files without a word."""
    error = UnknownNameError("task", name, manager.task_index)
    faults = [fault for fault in check_tasks(included) if "lm-eval skips" in fault.remedy]
    if not faults:
        return error
    return UsageError(
        f"{error}. Not read: {faults[0]}"
        + (f" ({len(faults)} such files)" if len(faults) > 1 else "")
    )


# ---------------------------------------------------------------- loading


def _load(manager: Any, name: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = manager.load([name])
        return loaded
    except (BrainbenchError, KeyboardInterrupt):
        raise
    # other people's files and data fail in many ways; every error names the task
    except Exception as error:
        if fault := _data_fault(manager, name):
            raise DataError(f"the task {name} cannot be loaded: {fault}") from error
        text = root_cause(error)
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise DataError(f"the data of {name} cannot be had: {text}. {_network()}") from error
        raise DataError(f"the task {name} cannot be loaded: {text}") from error


def _data_fault(manager: Any, name: str) -> FileFault | None:
    """What is wrong with local data of a task, which the error of reading them does not say."""
    entry = manager.task_index.get(name)
    if entry is None or entry.yaml_path is None:
        return None
    config = read_task(Path(entry.yaml_path))
    return None if config is None else next(iter(local_data_faults(entry.yaml_path, config)), None)


def _network() -> str:
    named = [
        name
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
        if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")
    ]
    if named:
        return f"{' and '.join(named)} is set: unset it, or fetch the data once with a network"
    return (
        "Without a network, tasks run whose data are in the Hugging Face cache; those of "
        "`brainbench list tasks` named brainbench_deductive* need none"
    )


def _thresholds(manager: Any, tasks: Mapping[str, Any]) -> dict[str, str]:
    """Task → the task of the same problems whose validation split is asked."""
    index = manager.task_index
    choosing = {
        name: index[name].cfg
        for name in index
        if _VALIDATION in name and (index[name].cfg or {}).get("test_split") == _VALIDATION
    }
    found = {}
    for name in tasks:
        config = (index[name].cfg or {}) if name in index else {}
        asked = (config.get("dataset_kwargs") or {}).items()
        if config.get("output_type") != "multiple_choice" or name in choosing or not asked:
            continue
        for other, own in choosing.items():
            same = own.get("custom_dataset") == config.get("custom_dataset")
            if same and (own.get("dataset_kwargs") or {}).items() <= asked:
                found[name] = other
    return found


def _is_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.resolve().is_relative_to(folder.resolve()) for folder in folders)


def _may_share(manager: Any, name: str, included: Sequence[Path]) -> bool:
    """Whether a task's texts may be written into samples: its own maker's, or an open licence."""
    entry = manager.task_index.get(name)
    if entry is None or entry.yaml_path is None:
        return False
    path = Path(entry.yaml_path).resolve()
    if _is_in(path, included):
        return True
    asked = (entry.cfg or {}).get("dataset_kwargs") or {}
    own = path.is_relative_to(tasks_folder().resolve())
    return own and any(field in asked for field in _SHAREABLE)


# ---------------------------------------------------------------- content


def _fingerprint(
    task: Any, limit: int | None, examples: bool, chosen: Sequence[int] | None = None
) -> str:
    config = task.dump_config()
    # where the file lies is not what it says
    config["metadata"] = {
        key: value
        for key, value in (config.get("metadata") or {}).items()
        if key != "config_source"
    }
    digest = hashlib.sha256(_ADDRESS.sub("", _json(config)).encode())
    docs = list(task.eval_docs) if chosen else []
    for doc in [docs[i] for i in chosen] if chosen else islice(task.eval_docs, limit):
        digest.update(_json(doc).encode())
    if examples or config.get("num_fewshot"):
        for doc in task.fewshot_docs() or ():
            digest.update(_json(doc).encode())
    return digest.hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


def _code_sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
