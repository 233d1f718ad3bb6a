"""JSON and YAML that others wrote: read as plain values within limits, or refused.

What the parsers themselves let pass is refused here too: nesting without end, numbers of
thousands of digits, NaN, a key that comes twice, and YAML's aliases, a few lines of which stand
for billions of values.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from pathlib import Path
from typing import Any, NoReturn

import yaml
from pydantic import ValidationError

from brainbench.errors import DataError

# what stands in a text for bytes that could not be decoded
_HALVES = re.compile("[\ud800-\udfff]")
MAX_DEPTH = 32  # maps and lists inside one another
MAX_NODES = 1_000_000  # maps and lists of one file
MAX_DIGITS = 20  # of a whole number
MAX_BYTES = 1_000_000_000  # of one file


class Unreadable(ValueError):
    """What is wrong with a file, where in it, and what to do.

    Parameters
    ----------
    field : place in the file.
    problem : what is wrong there.
    remedy : what to do.
    """

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field}: {problem}; {remedy}")
        self.field, self.problem, self.remedy = field, problem, remedy


def read_text(path: Path, most: int = MAX_BYTES) -> str:
    """The content of a file of at most ``most`` bytes, which must be UTF-8.

    Parameters
    ----------
    path : of a plain file.
    most : size that is still read, in bytes.

    Returns
    -------
    The text, without a byte order mark at its beginning.

    Raises
    ------
    DataError
        When it is a folder, a pipe or a device, is larger, is not UTF-8, or cannot be read.
    """
    try:
        # a pipe would be waited for without end
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DataError(f"{path} is not a plain file")
            content = file.read(most + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > most:
        raise DataError(f"{path} is larger than {most / 1e6:g} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start}): it is not a text") from error


def parse_json(text: str | bytes, *, finite: bool = True) -> Any:
    """What a JSON text holds: no key twice, not too deep.

    Parameters
    ----------
    finite : whether NaN and infinity are refused here; else who reads on names their field.

    Raises
    ------
    Unreadable
        When it is anything else.
    """
    try:
        known = text if isinstance(text, str) else text.decode("utf-8")
        value = decode(known) if finite else _decode_any(known)
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(where, f"is not JSON: {error.msg}", "copy the whole file again") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start}", "is not UTF-8", "save it as UTF-8") from error
    check_depth(value)
    return value


def parse_yaml(text: str) -> Any:
    """What a YAML text holds: plain values, no alias, no key twice, not too deep.

    Raises
    ------
    Unreadable
        When it is anything else.
    """
    try:
        value = _Plain(text).get_single_data()
    except Unreadable:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        raise Unreadable(where, f"is not YAML: {error.problem or error}", "correct it") from error
    except RecursionError as error:
        problem = "is not YAML: maps and lists in one another without end"
        raise Unreadable("file", problem, "correct it") from error
    # dates that are none, and characters that YAML has not, come as errors of other kinds
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise Unreadable("file", f"is not YAML: {error}", "correct it") from error
    check_depth(value)
    return value


def yaml_lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Line of each value of a YAML text that :func:`parse_yaml` reads, counting from 1.

    Returns
    -------
    Keys of maps and numbers in lists, from the outside in → line; of the key, for a value of a map.
    """
    found: dict[tuple[str | int, ...], int] = {}

    def walk(node: yaml.Node | None, place: tuple[str | int, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            parts: list[tuple[str | int, yaml.Node, yaml.Node]]
            parts = [(str(key.value), key, value) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            parts = [(number, value, value) for number, value in enumerate(node.value)]
        else:
            return
        for name, mark, value in parts:
            found[(*place, name)] = mark.start_mark.line + 1
            walk(value, (*place, name))

    walk(_Plain(text).get_single_node(), ())
    return found


def check_depth(value: Any) -> None:
    """Refuse a value with too many maps and lists, or with some too deep in one another.

    Raises
    ------
    Unreadable
        When there are.
    """
    if not is_shallow(value):
        raise _too_deep()


def is_shallow(value: Any) -> bool:
    """Whether there are neither too many maps and lists in a value nor too deep ones."""
    level, count = [value] if isinstance(value, dict | list) else [], 0
    for _ in range(MAX_DEPTH + 1):
        inner = []
        for held in level:
            parts = held.values() if type(held) is dict else held
            inner += [part for part in parts if type(part) is dict or type(part) is list]
            # here, for what an alias stands for is one object that is counted each time
            if count + len(inner) > MAX_NODES:
                return False
        count += len(inner)
        if not inner:
            return True
        level = inner
    return False


def readable(text: str) -> str:
    """A text that UTF-8 can hold: bytes of a file's name that are not UTF-8 become U+FFFD."""
    return _HALVES.sub("\ufffd", text)


def fault_of(error: Exception) -> str:
    """What is wrong in one line; of a pydantic model's complaints the first, without its value."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    place = ".".join(map(str, faults[0]["loc"])) or "the file"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{place}: {faults[0]['msg']}{more}"


# ---------------------------------------------------------------- parts


def _too_deep() -> Unreadable:
    problem = f"is more than {MAX_DEPTH} maps and lists deep, or holds too many"
    return Unreadable("file", problem, "write it as brainbench does")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise Unreadable(twice[:100], "stands twice in one object", "keep one of them")
    return held


def _constant(name: str) -> NoReturn:
    raise Unreadable(name, "is not a number that JSON knows", "write null where there is no number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable(text[:40], "is too large for a number", "write the number that was found")
    return value


def _int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        problem = f"is a number of {len(text)} digits"
        raise Unreadable(text[:20] + "…", problem, "write the number that was found")
    return int(text)


decode = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float, parse_int=_int
).decode
_decode_any = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_int).decode


class _Plain(yaml.SafeLoader):
    """Refuses aliases, keys that come twice, and numbers that are endless."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            where = f"line {event.start_mark.line + 1}"
            raise Unreadable(where, f"holds the alias *{event.anchor}", "write the value itself")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [getattr(key, "value", None) for key, _ in node.value]
        for i, name in enumerate(names):
            if name in names[:i]:
                where = f"line {node.value[i][0].start_mark.line + 1}"
                raise Unreadable(where, f"{name!r} stands twice", "keep one of them")
        held: dict[Any, Any] = super().construct_mapping(node, deep)
        return held


def _yaml_int(loader: _Plain, node: yaml.ScalarNode) -> int:
    if len(node.value) > MAX_DIGITS:
        where = f"line {node.start_mark.line + 1}"
        problem = f"holds a number of {len(node.value)} digits"
        raise Unreadable(where, problem, "write the number that was found")
    return int(loader.construct_yaml_int(node))


_Plain.add_constructor("tag:yaml.org,2002:int", _yaml_int)
