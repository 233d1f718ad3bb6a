"""``--config FILE``: options of a verb from a YAML file, by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.foreign import Unreadable, parse_yaml, read_text
from brainbench.paths import user_path
from brainbench.results.rerun import AS_JSON, option_words

NAME = "config"
_LARGEST = 1_000_000


def given_file(args: list[str], variable: str) -> str | None:
    """The file that ``--config`` names among the words of a command, or a variable does.

    Parameters
    ----------
    args : words after the verb.
    variable : of the environment, read where no word says it.
    """
    for i, word in enumerate(args):
        if word == "--":
            break
        if word == f"--{NAME}" and i + 1 < len(args):
            return args[i + 1]
        if word.startswith(f"--{NAME}="):
            return word.partition("=")[2]
    return os.environ.get(variable) or None


def read_config(path: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the file, by name.

    Parameters
    ----------
    path : of a YAML file, a map of options.
    known : name, with underscores → the option.

    Raises
    ------
    UsageError
        When there is no such file, or it names an option that does not exist.
    DataError
        When it is not such a file.
    """
    file = user_path(path)
    if not file.is_file():
        raise UsageError(f"--config {path}: there is no such file")
    try:
        held = parse_yaml(read_text(file, _LARGEST))
    except Unreadable as error:
        raise DataError(f"{path}: {error}") from error
    if not isinstance(held, dict):
        raise DataError(f"{path} is not a configuration: write `option: value` lines")
    found: dict[str, Any] = {}
    for key, value in held.items():
        name = str(key).removeprefix("--").replace("-", "_")
        if name not in known or name == NAME:
            names = [each.replace("_", "-") for each in known if each != NAME]
            raise UsageError(f"{path}: {UnknownNameError('option', str(key), names)}")
        if name in found:
            raise UsageError(f"{path} names {key} twice, as {name} and {name.replace('_', '-')}")
        found[name] = value
    return found


def words_of(path: str, options: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    """Options as words of the command line.

    Parameters
    ----------
    path : of the file, for messages.
    options : name → value.
    known : name → the option.

    Raises
    ------
    UsageError
        When a value is of a kind that the option cannot be.
    """
    for name, value in options.items():
        option = known[name]
        if option.is_flag != isinstance(value, bool) and value is not None:
            wanted = "true or false" if option.is_flag else f"a value ({option.metavar})"
            raise UsageError(f"{path}: {name} is {value!r}, and takes {wanted}")
        if option.multiple and isinstance(value, Mapping):
            # COLUMN=LABEL,LABEL
            value = [f"{key}={_joined(one)}" for key, one in value.items()]
        plain = isinstance(value, str | int | float | list) or value is None
        if not plain and not (isinstance(value, Mapping) and (_is_map(option) or name in AS_JSON)):
            raise UsageError(f"{path}: {name} is {value!r}, and takes text, a number or a list")
        if isinstance(value, list) and any(isinstance(one, list | dict) for one in value):
            raise UsageError(f"{path}: {name} is a list of lists or maps, and takes one of names")
        yield from option_words(name, value)


def _is_map(option: Any) -> bool:
    """Whether it is written ``K=V,…``."""
    return "=" in (option.metavar or "")


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
