"""Problems of the folder ``data``, as lm-eval takes them.

Imports nothing of brainbench: the task files work with lm-eval alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    import datasets

DATA = Path(__file__).parent / "data"
SPLITS = ("train", "validation", "test")

Row = dict[str, Any]


def problems(
    problem_set: str,
    forms: Sequence[str] | None = None,
    conflict: bool | None = None,
    each: int | None = None,
    thresholds: Mapping[str, float] | None = None,
    **_: Any,
) -> datasets.DatasetDict:
    """One file, all its splits; each problem once before any is shown in another order.

    Parameters
    ----------
    problem_set : name of the file, without its ending.
    forms : only problems of these forms.
    conflict : only problems whose validity and believability differ, or agree.
    each : in the test split, at most so many problems of each condition, each in one order.
    thresholds : set → log-odds above which the answer is taken for True, chosen on the
        validation split. Given by ``--metadata '{"thresholds": {"transitive_3": 0.4}}'``.
    _ : what else lm-eval passes from the metadata.

    Raises
    ------
    ValueError
        When the file is not the one that the card names.
    """
    # a second to load, which those who only ask which problems these are do not have
    import datasets

    threshold = (thresholds or {}).get(problem_set)
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_list([_doc(row, threshold) for row in rows])
            for split, rows in chosen(problem_set, forms, conflict, each).items()
        }
    )


def chosen(
    problem_set: str,
    forms: Sequence[str] | None = None,
    conflict: bool | None = None,
    each: int | None = None,
) -> dict[str, list[Row]]:
    """Split → rows of the file that :func:`problems` makes items of, in their order."""
    rows = [row for row in _read(problem_set) if forms is None or row["form"] in forms]
    if conflict is not None:
        rows = [row for row in rows if (row["valid"] != row["believable"]) == conflict]
    splits = {split: [row for row in rows if row["split"] == split] for split in SPLITS}
    if each is not None:
        splits["test"] = _some(splits["test"], each)
    return {split: sorted(held, key=lambda row: row["order"]) for split, held in splits.items()}


def _read(problem_set: str) -> list[Row]:
    path = DATA / f"{problem_set}.jsonl"
    card = yaml.safe_load((DATA / "card.yaml").read_text("utf-8"))
    entry = card["files"].get(path.name)
    if entry is None or not path.is_file():
        raise ValueError(f"{path} is missing; the sets are {', '.join(card['files'])}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != entry["sha256"]:
        raise ValueError(
            f"{path} is not the file that card.yaml names: expected sha256 {entry['sha256']}, "
            f"found {found}. Restore it, or give changed problems another name and card"
        )
    return [json.loads(line) for line in content.decode().splitlines()]


def _some(rows: list[Row], each: int) -> list[Row]:
    """The first ``each`` problems of every condition, in the order given first."""
    met: Counter[tuple[Any, ...]] = Counter()
    kept = []
    for row in rows:
        condition = (
            row["reasoning_type"],
            row["valid"],
            row.get("believable"),
            row["negated"],
            row["premises_needed"],
        )
        if row["order"] == 0 and met[condition] < each:
            met[condition] += 1
            kept.append(row)
    return kept


def _doc(row: Row, threshold: float | None) -> Row:
    return {
        **row,
        "label": str(row["valid"]),
        "choices": ["True", "False"],
        "wording": "two_way",
        "threshold": threshold,
    }
