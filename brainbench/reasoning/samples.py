"""Samples of a task: for each item its ids and hashes, and the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from brainbench.reasoning.plain import plain

_HASHES = ("doc_hash", "prompt_hash", "target_hash")
_TEXTS = ("doc", "arguments", "target", "resps", "filtered_resps")


def sample_rows(samples: Iterable[Mapping[str, Any]], texts: bool) -> list[dict[str, Any]]:
    """Rows of a task's samples as lm-eval logs them.

    Parameters
    ----------
    texts : whether questions and answers are kept in full, in lm-eval's fields; else only
        the hash of an answer.

    Returns
    -------
    ``doc_id``; ``id`` and ``base_id`` where items have them; ``doc_hash``, ``prompt_hash``,
    ``target_hash``; ``filter``; ``answers``: of each request [log-likelihood, greedy], or the
    hash, length and end of what was generated; ``label, said, log_odds`` where the task gives
    them; metrics that are numbers.
    """
    return [_row(sample, texts) for sample in samples]


def _row(sample: Mapping[str, Any], texts: bool) -> dict[str, Any]:
    doc = sample["doc"] if isinstance(sample["doc"], Mapping) else {}
    row: dict[str, Any] = {"doc_id": sample["doc_id"]}
    row |= {key: doc[key] for key in ("id", "base_id") if isinstance(doc.get(key), str | int)}
    row |= {key: sample[key] for key in _HASHES}
    row["filter"] = sample["filter"]
    row["answers"] = [_answer(given[0]) for given in sample["resps"] if given]
    metrics = {name: sample[name] for name in sample["metrics"] if name in sample}
    item = next((v for v in metrics.values() if isinstance(v, list | tuple) and len(v) == 4), None)
    if item is not None:
        row |= dict(zip(("label", "said", "log_odds"), item[1:], strict=True))
    row |= {name: v for name, v in metrics.items() if isinstance(v, bool | int | float)}
    if texts:
        row |= {name: sample[name] for name in _TEXTS}
    found: dict[str, Any] = plain(row)
    return found


def _answer(given: Any) -> Any:
    if not isinstance(given, str):
        return list(given) if isinstance(given, tuple) else given
    return {
        "sha256": hashlib.sha256(given.encode()).hexdigest(),
        "characters": len(given),
        "truncated": getattr(given, "truncated", None),
    }
