"""What no model changes: people among themselves, and what is known of every item.

In all records of one benchmark these numbers are the same, so that nobody can set them low.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from brainbench.benchmarks import MEASURES
from brainbench.benchmarks.spaces import RANDOM
from brainbench.leaderboard.check_controlled import UNTRAINED
from brainbench.leaderboard.check_published import EVERYBODY
from brainbench.leaderboard.told import Told, number
from brainbench.results import Record

# other processors and libraries sum in another order, and a penalty may then be another
TOLERANCE = 2e-3
# (kind, benchmark, version, data, items, what) → number, None where there is none
Key = tuple[str, str, int, str, int, str]
# of a model's own shape, and so of its own range
_OF_MODELS = (RANDOM, UNTRAINED)
# records of version 3 may hold rounding in these, where a run that was held out does not vary
# in them: another number on every processor
_ROUNDED, _ROUNDED_UNTIL = ("run", "accuracy", "missing response"), 3


def model_free(record: Record) -> dict[Key, float | None]:
    """Every such number of a record."""
    found: dict[Key, float | None] = {}
    data = {dataset.name: dataset.data_sha256 for dataset in record.datasets}

    def key(kind: str, name: str, version: int, n_items: int, what: str) -> Key:
        return kind, name, version, data.get(name.partition(".")[0], ""), n_items, what

    for score in record.controlled:
        shared = ("controlled", score.benchmark, score.version, score.n_items)
        reference, unique = score.reference, score.reference_unique_r2
        found[key(*shared, "reference")] = None if reference is None else reference.value
        found[key(*shared, "people's unique R²")] = None if unique is None else unique.value
        found[key(*shared, "nuisance R²")] = score.nuisance_r2
        found |= {
            key(*shared, row.control): row.r
            for row in score.controls
            if row.control not in _OF_MODELS
            and not (row.control in _ROUNDED and score.version <= _ROUNDED_UNTIL)
        }
    heads = {row.benchmark: row for row in record.scores if row.subject == EVERYBODY}
    for head in heads.values():
        shared = ("published", head.benchmark, head.version, head.n_items)
        found[key(*shared, "reference")] = head.reference
        found[key(*shared, "ceiling")] = head.ceiling
    for control in record.controls:
        own = heads.get(control.benchmark)
        if own is not None and control.control not in _OF_MODELS:
            shared = ("published", own.benchmark, own.version, own.n_items)
            found[key(*shared, control.control)] = control.raw
    for behavior in record.behavior:
        shared = ("behavior", behavior.benchmark, behavior.version, behavior.n_items)
        for name in MEASURES:
            found[key(*shared, f"people's {name}")] = getattr(behavior, name).reference
            for row in behavior.controls:
                found[key(*shared, f"{name} of {row.control}")] = getattr(row, name)
    return found


def differing(
    own: Mapping[Key, float | None], others: Sequence[Mapping[Key, float | None]]
) -> Iterator[Told]:
    """Numbers that are not those of the records beside, by the middle of these."""
    remedy = "run it again with the data of the card; or say in the pull request why it differs"
    for key, value in own.items():
        beside = [other[key] for other in others if key in other]
        if not beside:
            continue
        known = [one for one in beside if one is not None]
        middle = float(np.median(known)) if 2 * len(known) > len(beside) else None
        if (value is None) != (middle is None) or (
            value is not None and middle is not None and abs(value - middle) > TOLERANCE
        ):
            kind, benchmark, *_, what = key
            problem = (
                f"is {number(value)}, in accepted records {number(middle)}; no model changes it"
            )
            yield Told(f"{kind} ({benchmark}) {what}", problem, remedy)
