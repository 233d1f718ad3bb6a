"""JSON and YAML of others: plain values, or refused in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from brainbench.errors import DataError
from brainbench.foreign import Unreadable, check_depth, parse_json, parse_yaml, read_text, readable

VALUE = {"a": [1, 2.5, None, True, "ü"], "b": {"c": [[]]}, "d": -3}
BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)


def test_plain_values_are_what_the_parsers_give() -> None:
    assert parse_json(json.dumps(VALUE)) == parse_json(json.dumps(VALUE).encode()) == VALUE
    assert parse_yaml("a: [1, 2.5, null, true, ü]\nb: {c: [[]]}\nd: -3\n") == VALUE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, column 1: is not JSON"),
        ("[" * 100_000, "maps and lists deep"),
        ("[" * 40 + "]" * 40, "maps and lists deep"),
        ('{"a": ' * 40 + "1" + "}" * 40, "maps and lists deep"),
        ("1" * 5000, "5000 digits"),
        ("NaN", "not a number that JSON knows"),
        ("[-Infinity]", "not a number that JSON knows"),
        ("1e400", "too large"),
        ('{"a": 1, "a": 2}', "a: stands twice"),
        ("{} {}", "Extra data"),
    ],
)
def test_other_json_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_json(text)


def test_nan_is_left_to_who_names_its_field() -> None:
    assert parse_json("[Infinity]", finite=False) == [float("inf")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, r"line \d+: holds the alias \*a"),
        ("a: &x [*x]", "holds the alias"),
        ("a: 1\nb: 2\na: 3", "line 3: 'a' stands twice"),
        ("a: " + "9" * 5000, "5000 digits"),
        ("[" * 5000, "is not YAML"),
        ("[" * 40 + "]" * 40, "maps and lists deep"),
        ("a: 2001-99-99", "is not YAML"),
        ("a: [1", "is not YAML"),
        ("a: \x00", "is not YAML"),
        ("!!python/object/apply:os.getcwd []", "is not YAML"),
        ("? [a, b]\n: 1", "is not YAML|unhashable"),
    ],
)
def test_other_yaml_is_refused(text: str, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        parse_yaml(text)


def test_text_is_read_from_plain_files_within_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("\ufeffü".encode())
    assert read_text(path) == "ü", "the mark of some editors is no part of it"
    with pytest.raises(DataError, match="larger than"):
        read_text(path, 3)
    path.write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match=r"not UTF-8 \(byte 3\)"):
        read_text(path)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_text(tmp_path / "none")
    with pytest.raises(DataError, match=r"not a plain file|Is a directory"):
        read_text(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a plain file"):
        read_text(tmp_path / "pipe")


def test_a_value_within_itself_many_times_is_counted_each_time() -> None:
    value: list[object] = [[]]
    for _ in range(4):
        value = [value] * 1000
    with pytest.raises(Unreadable, match="too many"):
        check_depth(value)
    value = [value[0]]
    value[0] = value
    with pytest.raises(Unreadable, match="maps and lists deep"):
        check_depth(value)


def test_names_that_are_not_utf8_become_readable() -> None:
    assert readable(os.fsdecode(b"caf\xe9")) == "caf\ufffd"
    assert readable("café") == "café"
