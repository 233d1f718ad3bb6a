"""Rows of samples that may be published: ids, hashes and numbers, no texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

TEXT_FIELDS = ("doc", "arguments", "target", "resps", "filtered_resps")
_NAMES = ("id", "base_id", "reasoning_type", "filter", "label", "said")
_HASHES = ("doc_hash", "prompt_hash", "target_hash")
# what stands for a number that JSON does not know
_INFINITE = ("inf", "-inf")
_LONGEST = 200


def publishable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without its texts."""
    return {name: value for name, value in row.items() if name not in TEXT_FIELDS}


def row_faults(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, problem) of what has no place in a published row."""
    for name, value in row.items():
        if name in TEXT_FIELDS:
            yield name, "holds texts of questions or answers, which are not published"
        elif name == "answers":
            if not isinstance(value, list) or not all(map(_is_answer, value)):
                yield name, "is not a list of likelihoods or hashes"
        elif isinstance(value, str):
            known = name in _NAMES or name in _HASHES or value in _INFINITE
            if not known:
                yield name[:100], "is a text in a field that brainbench does not write"
            elif len(value) > _LONGEST:
                yield name, f"is a text of {len(value)} characters"
        elif value is not None and not isinstance(value, bool | int | float):
            yield name[:100], "is neither a number nor a name"


def _is_answer(value: Any) -> bool:
    if isinstance(value, dict):
        digest, rest = value.get("sha256"), set(value) - {"sha256", "characters", "truncated"}
        return isinstance(digest, str) and len(digest) == 64 and not rest
    if isinstance(value, list):
        return len(value) <= 2 and all(
            part is None or isinstance(part, bool | int | float) or part in _INFINITE
            for part in value
        )
    return value is None or isinstance(value, bool | int | float) or value in _INFINITE
