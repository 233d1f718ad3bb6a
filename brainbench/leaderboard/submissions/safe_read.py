"""Files that others wrote: read as plain values, within limits, or refused with the reason.

Nothing here runs, resolves or follows anything that a file says.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as unpack

from brainbench.foreign import MAX_DEPTH, decode, is_shallow
from brainbench.foreign import MAX_NODES as MAX_NODES
from brainbench.foreign import Unreadable as Unreadable

_MEGABYTE = 1_000_000
MAX_TEXT = 20_000  # characters of one text
_YAML_DEPTH = 4
# what is not a character that can be seen: controls, formats, line and paragraph separators,
# characters of nobody or of private use, halves of characters
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SEEN = "\t\n"
# letters and marks that Unicode lets a reader leave out, and the blank of Braille
_BLANK = (
    ("\u034f", "\u034f"), ("\u115f", "\u1160"), ("\u17b4", "\u17b5"), ("\u180b", "\u180f"),
    ("\u2800", "\u2800"), ("\u3164", "\u3164"), ("\ufe00", "\ufe0f"), ("\uffa0", "\uffa0"),
    ("\U000e0100", "\U000e01ef"),
)  # fmt: skip
_ENDLESS = re.compile(rf'"[^"]{{{MAX_TEXT},}}')
# libyaml's, where it is there: the same, faster
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of a plain file of at most ``limit`` bytes; a link is not followed.

    Parameters
    ----------
    path : of the file.
    limit : bytes.

    Raises
    ------
    Unreadable
        When it is something else, is larger, or cannot be read.
    """
    try:
        descriptor = os.open(
            path,
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0),
        )
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("file", "is not a plain file", "put a plain file there")
            content = file.read(limit + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise Unreadable("file", problem, "put a plain file there") from error
    if len(content) > limit:
        problem = f"is larger than {limit / _MEGABYTE:g} MB"
        raise Unreadable("file", problem, "leave out what the record does not need")
    return content


def count_values(content: bytes) -> int:
    """Upper bound of the number of values in a JSON text, without parsing it."""
    return 1 + sum(map(content.count, (b",", b"[", b"{")))


def parse_json(content: bytes) -> Any:
    """What a JSON text holds: finite numbers, no key twice, not too deep or many.

    Raises
    ------
    Unreadable
        When it is anything else.
    """
    _check_count(content)
    text = _text(content)
    return _json(text, "file", _is_plain(text))


def parse_lines(content: bytes) -> list[dict[str, Any]]:
    """Rows of a file with one JSON object a line, as :func:`parse_json` reads them.

    Raises
    ------
    Unreadable
        With the number of the line.
    """
    _check_count(content)
    rows = []
    text = _text(content)
    plain = _is_plain(text)
    for number, line in enumerate(text.splitlines(), start=1):
        row = _json(line, f"line {number}", plain)
        if not isinstance(row, dict):
            raise Unreadable(f"line {number}", "is not a JSON object", "write one object a line")
        rows.append(row)
    return rows


def parse_yaml(content: bytes) -> Any:
    """What a YAML text holds: maps, lists and plain values, no tags, anchors or aliases.

    Raises
    ------
    Unreadable
        When it holds anything else.
    """
    text = _text(content)
    try:
        _check_events(text)
        value = _Plain(text).get_single_data()
    except Unreadable:
        raise
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "file"
        problem = f"is not YAML: {error.problem or error}"
        raise Unreadable(line, problem, "write `field: value` lines") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable("file", f"is not YAML: {error}", "write `field: value` lines") from error
    for place, given in walk(value):
        _check_value(place, given)
    return value


def parse_tensors(content: bytes) -> dict[str, NDArray[np.float64]]:
    """Arrays of one dimension from a safetensors file.

    Raises
    ------
    Unreadable
        When it is not such a file, or holds anything but finite numbers.
    """
    remedy = "submit the file as brainbench wrote it"
    try:
        arrays = unpack(content)
    except (SafetensorError, ValueError, KeyError, TypeError, MemoryError, OverflowError) as error:
        raise Unreadable("file", f"is not a safetensors file: {error}", remedy) from error
    for name, array in arrays.items():
        if array.ndim != 1 or array.dtype not in (np.float32, np.float64):
            problem = f"is {array.dtype} of {array.ndim} dimensions, not a list of numbers"
            raise Unreadable(name[:100], problem, remedy)
        if not np.isfinite(array).all():
            raise Unreadable(name[:100], "holds NaN or infinity", remedy)
    return {name: array.astype(np.float64) for name, array in arrays.items()}


def find_hidden(text: str) -> str | None:
    """The first character of a text that cannot be seen or turns text around."""
    # a text has few different characters
    found = [character for character in set(text) if _is_hidden(character)]
    return min(found, key=text.index, default=None)


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every plain value inside maps and lists with its place, ``scores[3].raw``; keys too.

    Raises
    ------
    Unreadable
        When there are too many, or they lie too deep.
    """
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    count = 0
    while waiting:
        place, given, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH:
            problem = f"is more than {MAX_DEPTH} maps and lists deep"
            raise Unreadable(place[:100], problem, "write it as brainbench does")
        if count > MAX_NODES:
            raise Unreadable("file", f"holds more than {MAX_NODES:,} values", "split the run")
        if isinstance(given, dict):
            for key, part in given.items():
                name = f"{place}.{key}" if place else str(key)
                yield name, key
                waiting.append((name, part, depth + 1))
        elif isinstance(given, list):
            waiting += [(f"{place}[{i}]", part, depth + 1) for i, part in enumerate(given)]
        else:
            yield place or "file", given


# ---------------------------------------------------------------- parts


@cache
def _is_hidden(character: str) -> bool:
    """As Python's Unicode knows it."""
    unseen = unicodedata.category(character) in _UNSEEN and character not in _SEEN
    return unseen or any(low <= character <= high for low, high in _BLANK)


def _check_count(content: bytes) -> None:
    if count_values(content) > MAX_NODES:
        raise Unreadable("file", f"holds more than {MAX_NODES:,} values", "split the run")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte {error.start})"
        raise Unreadable("file", problem, "save it as UTF-8") from error


def _json(text: str, where: str, plain: bool = False) -> Any:
    """Parameters: ``plain`` where the text is known to hold nothing that hides."""
    try:
        value = decode(text)
    except Unreadable as error:
        field = error.field if where == "file" else f"{where}, {error.field}"
        raise Unreadable(field, error.problem, error.remedy) from error
    except RecursionError as error:
        problem = f"is more than {MAX_DEPTH} maps and lists deep"
        raise Unreadable(where, problem, "write it as brainbench does") from error
    except ValueError as error:
        problem = f"is not JSON: {error}"
        raise Unreadable(where, problem, "submit it as brainbench wrote it") from error
    if plain and is_shallow(value):
        return value
    for place, given in walk(value):
        _check_value(place if where == "file" else f"{where}, {place}", given)
    return value


def _is_plain(text: str) -> bool:
    """Whether no text in a JSON file can be endless or hide anything, without parsing it."""
    return not ("\\" in text or find_hidden(text) or _ENDLESS.search(text))


def _check_value(place: str, given: Any) -> None:
    """Texts are neither endless nor hold what a reader cannot see."""
    if not isinstance(given, str):
        return
    if len(given) > MAX_TEXT:
        problem = f"is a text of {len(given):,} characters"
        raise Unreadable(place[:100], problem, f"keep it below {MAX_TEXT:,}")
    found = find_hidden(given)
    if found:
        problem = f"holds the character U+{ord(found):04X}, which cannot be seen"
        seen = "".join("?" if _is_hidden(one) else one for one in place[:100])
        raise Unreadable(seen, problem, "remove it")


class _Plain(_Loader):  # type: ignore[misc]
    """Refuses a key that comes twice or is not a text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for i, name in enumerate(names):
            if name in names[:i]:
                mark = node.value[i][0].start_mark
                raise yaml.MarkedYAMLError(None, None, f"{name!r} stands twice", mark)
        held: dict[Any, Any] = super().construct_mapping(node, deep)
        return held


def _check_events(text: str) -> None:
    """Refuse what YAML can do beyond plain values, before anything is made of it."""
    depth, remedy = 0, "write plain values"
    for event in yaml.parse(text, Loader=_Loader):
        where = f"line {event.start_mark.line + 1}" if event.start_mark else "file"
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(where, f"holds the alias *{anchor}", remedy)
        if anchor:
            raise Unreadable(where, f"holds the anchor &{anchor}", remedy)
        if tag:
            raise Unreadable(where, f"holds the tag {tag}", remedy)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _YAML_DEPTH:
                raise Unreadable(where, f"is more than {_YAML_DEPTH} levels deep", remedy)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
