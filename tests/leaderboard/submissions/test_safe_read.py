"""Bytes of others become plain values, or are refused with the place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from brainbench.leaderboard.submissions import safe_read
from brainbench.leaderboard.submissions.safe_read import (
    Unreadable,
    find_hidden,
    parse_json,
    parse_lines,
    parse_tensors,
    parse_yaml,
    read_bytes,
    walk,
)


def test_json_is_what_json_loads_gives() -> None:
    value = {"a": [1, 2.5, None, True, "ü\n"], "b": {"c": [[]]}, "d": -3, "e": 'x \\ y " z'}
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        assert parse_json(text.encode()) == value


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"a": {"b": NaN}}', "NaN: is not a number"),
        (b'{"a": 1, "a": 1}', "a: stands twice"),
        (b'{"a": [{"b": 1, "b": 2}]}', "b: stands twice"),
        (b'{"a": "\\u0000"}', "a: holds the character U\\+0000"),
        (b'{"a\\u202e": 1}', "holds the character U\\+202E"),
        (b'{"a": "\\ud800"}', "a: holds the character U\\+D800"),
        ('{"a": "\u200b"}'.encode(), "a: holds the character U\\+200B"),
        (b'{"a": -1e400}', "-1e400: is too large"),
        (b'{"a": ' + b"1" * 21 + b"}", "is a number of 21 digits"),
        (b'{"a": "' + b"x" * 20_001 + b'"}', "a: is a text of 20,001 characters"),
        (b'{"a": "\\n' + b"x" * 20_000 + b'"}', "a: is a text of 20,001 characters"),
        (b"", "is not JSON"),
        (b"{} {}", "is not JSON"),
        (b"[" * 34 + b"]" * 34, "is more than 32"),
        (b'{"a":' * 34 + b"1" + b"}" * 34, "is more than 32"),
    ],
)
def test_json_that_is_refused(content: bytes, place: str) -> None:
    with pytest.raises(Unreadable, match=place):
        parse_json(content)


@pytest.mark.parametrize(
    "code",
    [
        *(0x00, 0x0D, 0x7F, 0x85, 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x180E, 0x200B, 0x2028),
        *(0x2029, 0x202E, 0x2065, 0x2066, 0x2800, 0x3164, 0xD800, 0xE000, 0xFE0F, 0xFEFF),
        *(0xFFA0, 0xFFFE, 0x1BCA0, 0xE0041, 0xE0100, 0xF0000, 0x10FFFF),
    ],
)
def test_what_cannot_be_seen(code: int) -> None:
    assert find_hidden(f"Δκ {chr(code)} R²") == chr(code)
    with pytest.raises(Unreadable, match=f"a: holds the character U\\+{code:04X}, which cannot"):
        parse_json(json.dumps({"a": f"x{chr(code)}"}).encode())


def test_what_can_be_seen() -> None:
    texts = (
        "a\tb\n",
        "κ of errors, R² ≥ 0.1 – “Δ”",
        "模型",
        "한국어",
        "हिन्दी",
        "العربية",
        "é",
        "🧠",
    )
    assert [find_hidden(text) for text in texts] == [None] * len(texts)


def test_as_deep_as_it_may_be() -> None:
    assert parse_json(b"[" * 33 + b"]" * 33) is not None


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_read, "MAX_NODES", 100)
    with pytest.raises(Unreadable, match="holds more than 100 values"):
        parse_json(b"[" + b"[]," * 200 + b"[]]")
    with pytest.raises(Unreadable, match="holds more than 100 values"):
        list(walk(list(range(200))))


def test_too_many_values_are_counted_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_read, "MAX_NODES", 100)
    with pytest.raises(Unreadable, match="holds more than 100 values"):
        parse_lines(b"{}\n" * 101)
    assert len(parse_lines(b'{"a": 1}\n' * 50)) == 50
    # nothing of it is parsed: it is not JSON
    with pytest.raises(Unreadable, match="holds more than 100 values"):
        parse_json(b"[" * 200)


def test_lines_name_the_line() -> None:
    assert parse_lines(b'{"a": 1}\n{"b": 2}\n') == [{"a": 1}, {"b": 2}]
    with pytest.raises(Unreadable, match="line 2, NaN"):
        parse_lines(b'{"a": 1}\n{"b": NaN}\n')
    with pytest.raises(Unreadable, match="line 1: is not a JSON object"):
        parse_lines(b"3\n")


def test_yaml_of_plain_values() -> None:
    text = "a: 1\nb: [x, 'y']\nc: {d: null}\ne: |\n  two\n  lines\n"
    assert parse_yaml(text.encode()) == {
        "a": 1,
        "b": ["x", "y"],
        "c": {"d": None},
        "e": "two\nlines\n",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x 1\nb: *x", "anchor &x"),
        ("a: [&a [1], *a]", "anchor &a"),
        ("a: !!python/name:os.system", "tag"),
        ("a: !!str 1", "tag"),
        ("a: !mine 1", "tag"),
        ("a: {b: {c: {d: {e: 1}}}}", "levels deep"),
        ("a: 1\na: 2", "'a' stands twice"),
        ("a: 1\n--- \nb: 2", "is not YAML"),
        ("a: [1", "is not YAML"),
        ('a: "\\u202e"', "U\\+202E"),
    ],
)
def test_yaml_that_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse_yaml(text.encode())


def test_a_laugh_of_a_billion_costs_nothing() -> None:
    text = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    with pytest.raises(Unreadable, match="anchor"):
        parse_yaml(text.encode())


def test_tensors() -> None:
    held = {"roi.sub-1": np.array([0.5, -0.5]), "roi.sub-2": np.zeros(3, np.float32)}
    found = parse_tensors(save(held))
    assert all(found[name].dtype == np.float64 for name in held)
    assert all(np.array_equal(found[name], held[name]) for name in held)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": np.array([np.inf])}, "holds NaN or infinity"),
        ({"a": np.zeros((2, 2))}, "of 2 dimensions"),
        ({"a": np.zeros(2, np.int64)}, "is int64"),
    ],
)
def test_tensors_that_are_refused(arrays: dict[str, np.ndarray], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse_tensors(save(arrays))


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(Unreadable, match="is larger than"):
        read_bytes(path, 4)
    with pytest.raises(Unreadable, match="cannot be read"):
        read_bytes(tmp_path / "gone", 4)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(Unreadable, match="cannot be read"):
        read_bytes(tmp_path / "link", 5)
    with pytest.raises(Unreadable, match=r"cannot be read|not a plain file"):
        read_bytes(tmp_path, 5)
