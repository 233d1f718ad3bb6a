"""Faults in folders of lm-eval tasks, found before any model is asked.

lm-eval skips a file that it cannot read, and lets one name replace another, without a word.
The task files are read as YAML, nothing in them is run; problems are proven from their text.
"""

from __future__ import annotations

import ast
import difflib
import importlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import brainbench
from brainbench.errors import UsageError
from brainbench.foreign import check_depth
from brainbench.problems.files import CARD, RESTORE, FileFault, data_faults
from brainbench.reasoning.checks.data import local_data_faults

_TEMPLATE = "_"  # a file whose name begins so is for others to include
# fields of a file that are lm-eval's, but not of its task or group
_OF_FILES = frozenset({"include", "tag", "task_list", "class", "group", "task"})

Config = dict[str, Any]


@dataclass(frozen=True)
class Installed:
    """Names and fields of the installed lm-eval."""

    names: frozenset[str]
    task_fields: frozenset[str]
    group_fields: frozenset[str]
    output_types: tuple[str, ...]


def tasks_folder() -> Path:
    """The task files that come with brainbench, installed or in a checkout."""
    package = Path(brainbench.__file__).parent
    inside = package / "tasks"
    return inside if inside.is_dir() else package.parent / "tasks"


@cache
def installed() -> Installed:
    """Names and fields of the lm-eval that is installed; takes some seconds, once.

    Raises
    ------
    UsageError
        When it is not.
    """
    try:
        manager = importlib.import_module("lm_eval.tasks").TaskManager()
        config = importlib.import_module("lm_eval.config.task").TaskConfig
        group = importlib.import_module("lm_eval.config.group").GroupConfig
        output_types = importlib.import_module("lm_eval.api.task").ALL_OUTPUT_TYPES
    except ImportError as error:
        raise UsageError(
            "tasks are held against lm-eval, which is not installed: pip install lm-eval"
        ) from error
    return Installed(
        frozenset(manager.all_tasks),
        frozenset(field.name for field in fields(config)),
        frozenset(field.name for field in fields(group)),
        tuple(output_types),
    )


def list_tasks(folders: Sequence[Path]) -> list[str]:
    """Names of the tasks and groups in these folders, sorted; unreadable files have none.

    Raises
    ------
    UsageError
        When a folder is none.
    """
    return sorted(read_tasks(folders))


def read_tasks(folders: Sequence[Path]) -> dict[str, Config]:
    """Name → fields of each task and group in these folders, with all that their files include.

    Raises
    ------
    UsageError
        When a folder is none.
    """
    read = [_read(path)[0] for folder in folders for path in _task_files(folder)]
    return {name: config for config in read if config for name in _names(config)}


def check_tasks(folders: Sequence[Path], known: Installed | None = None) -> list[FileFault]:
    """Every fault of the task files and of the problems beside them.

    Parameters
    ----------
    folders : searched with those below them; ``data`` in one may hold problems and their card.
    known : what lm-eval knows; without it, names and fields are not held against it, and local
        data of the tasks are not read.

    Raises
    ------
    UsageError
        When a folder is none.
    """
    faults: list[FileFault] = []
    named: dict[str, str] = {}
    configs: dict[str, Config] = {}
    for folder in folders:
        for path in _task_files(folder):
            config, found = _read(path)
            faults += found
            if config is None:
                continue
            faults += _function_faults(path)
            if path.name.startswith(_TEMPLATE):
                continue
            configs[str(path)] = config
            faults += _name_faults(str(path), config, named, known)
        faults += data_faults(folder / "data")
    everything = set(named) | (known.names if known else set())
    for file, config in configs.items():
        if "group" in config:
            faults += _group_faults(file, config, everything, known)
        else:
            faults += _task_faults(file, config, known)
            # lm-eval brings what reads data
            faults += local_data_faults(file, config) if known and "class" not in config else []
    return list(dict.fromkeys(faults))


# ---------------------------------------------------------------- files


class _Reader(yaml.SafeLoader):
    """Reads ``!function`` as text and refuses a key that comes twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for i, key in enumerate(keys):
            if key in keys[:i]:
                mark = node.value[i][0].start_mark
                raise yaml.MarkedYAMLError(None, None, f"{key!r} stands twice", mark)
        return super().construct_mapping(node, deep)


def _function(reader: yaml.SafeLoader, node: yaml.Node) -> str:
    return f"!function {node.value}"


_Reader.add_constructor("!function", _function)


@cache
def _parsed(text: str) -> Any:
    """What a text holds; templates are included over and over."""
    found = _Reader(text).get_single_data()
    # of aliases a few lines stand for billions of values, or for one that holds itself
    check_depth(found)
    return found


def _task_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder of task files")
    return sorted(path for path in folder.rglob("*.yaml") if path.name != CARD)


def read_task(path: Path) -> Config | None:
    """The fields of a task file with all it includes; None where lm-eval would skip it."""
    return _read(path)[0]


def _read(path: Path, above: tuple[Path, ...] = ()) -> tuple[Config | None, list[FileFault]]:
    """A file with all it includes, its own fields last; None where lm-eval would skip it."""

    def skipped(field: str, problem: str, remedy: str) -> tuple[None, list[FileFault]]:
        return None, [FileFault(str(path), field, problem, f"lm-eval skips the file: {remedy}")]

    try:
        own = _parsed(path.read_text("utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "file"
        return skipped(line, f"is not YAML: {error.problem or error}", "correct it")
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        return skipped("file", f"cannot be read: {error}", "correct it")
    if not isinstance(own, dict):
        return skipped("file", "is not a mapping of fields", "write `task: NAME` and its fields")
    if not above and not path.name.startswith(_TEMPLATE) and not {"task", "group"} & set(own):
        remedy = f"name it, or begin the file's name with {_TEMPLATE!r} if others include it"
        return skipped("task", "is missing, and so is group", remedy)
    merged: Config = {}
    includes = own.get("include", [])
    for name in [includes] if isinstance(includes, str) else includes:
        other = (path.parent / str(name)).resolve()
        if not other.is_file() or other in (*above, path.resolve()):
            why = "goes in a circle" if other.is_file() else "is not a file"
            return skipped("include", f"{name!r} {why}", "correct the path")
        part, faults = _read(other, (*above, path.resolve()))
        if part is None:
            return None, faults
        merged |= part
    return merged | own, []


def _functions(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("!function "):
        yield value.removeprefix("!function ")
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _functions(part)


def _function_faults(path: Path) -> Iterator[FileFault]:
    """Functions of the file itself, which lm-eval looks for beside it."""
    own = _parsed(path.read_text("utf-8"))
    for field, value in own.items():
        for name in _functions(value):
            module, _, function = name.rpartition(".")
            beside = path.parent / f"{module.replace('.', '/')}.py"
            if not beside.is_file():
                yield FileFault(
                    str(path), str(field), f"{beside.name} is not beside the file", "put it there"
                )
            elif function not in _defined(beside):
                hint = difflib.get_close_matches(function, _defined(beside), n=1)
                remedy = f"did you mean {hint[0]!r}?" if hint else "define it"
                yield FileFault(str(path), str(field), f"{beside.name} has no {function!r}", remedy)


def _defined(module: Path) -> set[str]:
    try:
        tree = ast.parse(module.read_text("utf-8"))
    except (SyntaxError, ValueError):
        return set()
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


# ---------------------------------------------------------------- names and fields


def _names(config: Config) -> list[str]:
    return [str(config[kind]) for kind in ("group", "task") if isinstance(config.get(kind), str)][
        :1
    ]


def _name_faults(
    file: str, config: Config, named: dict[str, str], known: Installed | None
) -> Iterator[FileFault]:
    names = _names(config)
    field = "group" if "group" in config else "task"
    if not names:
        yield FileFault(file, field, f"is {config.get(field)!r}", "give it a name")
    tags = config.get("tag") or []
    tags = [tags] if isinstance(tags, str) else tags
    for name in names:
        if name in named:
            problem = f"{name!r} is also in {named[name]}; lm-eval takes one of them"
            yield FileFault(file, field, problem, "give one another name")
        named[name] = file
    if known:
        for kind, name in [*((field, name) for name in names), *(("tag", tag) for tag in tags)]:
            if name in known.names:
                problem = f"{name!r} is a name of lm-eval's own, and would replace it"
                yield FileFault(file, kind, problem, "begin it with a prefix of yours")
    yield from (
        FileFault(file, "tag", f"{tag!r} is the name of a task or group", "give it another name")
        for tag in tags
        if tag in named
    )


def _unknown_fields(file: str, config: Config, allowed: Collection[str]) -> Iterator[FileFault]:
    for field in sorted(map(str, set(config) - set(allowed))):
        close = difflib.get_close_matches(field, allowed, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else "remove it"
        yield FileFault(file, field, "is not a field that lm-eval knows", remedy)


def _task_faults(file: str, config: Config, known: Installed | None) -> Iterator[FileFault]:
    """What would fail, or be something else than is meant, when the task is loaded."""
    if "class" in config:  # written in Python: lm-eval asks the class
        return
    if known:
        yield from _unknown_fields(file, config, known.task_fields | _OF_FILES)
        kind = config.get("output_type", "generate_until")
        if kind not in known.output_types:
            there_are = f"there are {', '.join(known.output_types)}"
            yield FileFault(file, "output_type", f"is {kind!r}", there_are)
    for one, other in (
        ("doc_to_text", "use_prompt"),
        ("custom_dataset", "dataset_path"),
        ("test_split", "validation_split"),
    ):
        # an empty question is lm-eval's idiom for "the answer alone"; nothing else may be empty
        given = config.get(one) is not None if one == "doc_to_text" else config.get(one)
        if not given and not config.get(other):
            yield FileFault(file, one, f"is missing, and so is {other}", "give one of them")
    if config.get("output_type") == "multiple_choice" and config.get("doc_to_choice") is None:
        yield FileFault(file, "doc_to_choice", "is missing", "list the choices that are compared")
    metrics = config.get("metric_list") or []
    if not isinstance(metrics, list) or any("metric" not in (entry or {}) for entry in metrics):
        yield FileFault(file, "metric_list", "has an entry without `metric`", "name the metric")
    asked = config.get("dataset_kwargs") or {}
    asked = asked.get("problem_set") if isinstance(asked, dict) else None
    if asked is not None:
        data = _data_beside(Path(file))
        if not data or not (data / f"{asked}.jsonl").is_file():
            there = sorted(path.stem for path in data.glob("*.jsonl")) if data else []
            close = difflib.get_close_matches(str(asked), there, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else RESTORE
            yield FileFault(file, "dataset_kwargs", f"there is no data/{asked}.jsonl", remedy)


def _group_faults(
    file: str, config: Config, names: Collection[str], known: Installed | None
) -> Iterator[FileFault]:
    if known:
        allowed = known.group_fields | known.task_fields | _OF_FILES
        yield from _unknown_fields(file, config, allowed)
    members = config.get("task")
    if not isinstance(members, list) or not members:
        yield FileFault(file, "task", "names no task", "list the tasks of the group")
        return
    if known is None:
        return
    for member in members:
        if isinstance(member, str) and member not in names:
            close = difflib.get_close_matches(member, names, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "remove it"
            yield FileFault(file, "task", f"{member!r} is not a task that there is", remedy)


def _data_beside(path: Path) -> Path | None:
    return next((up / "data" for up in path.parents if (up / "data" / CARD).is_file()), None)
