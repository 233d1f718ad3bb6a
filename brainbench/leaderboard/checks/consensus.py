"""What no model changes: people among themselves, and what is known of every item.

In all records of one benchmark these numbers are the same, so that nobody can set them low.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from brainbench.benchmarks import MEASURES
from brainbench.benchmarks.feature_spaces import RANDOM
from brainbench.leaderboard.checks.faults import Fault, number
from brainbench.leaderboard.kinds.base import middle
from brainbench.leaderboard.kinds.controlled import UNTRAINED
from brainbench.results import Record

# other processors and libraries sum in another order, and a penalty may then be another
TOLERANCE = 2e-3
# (kind, benchmark, version, data, what) → number, None where there is none
Key = tuple[str, str, int, str, str]
# of a model's own shape, and so of its own range
_OF_MODELS = (RANDOM, UNTRAINED)
# records of version 3 may hold rounding in these, where a run that was held out does not vary
# in them: another number on every processor
_ROUNDED, _ROUNDED_UNTIL = ("run", "accuracy", "missing response"), 3


def model_free(record: Record) -> dict[Key, float | None]:
    """Every such number of a record; none of one that was limited, which is of other items."""
    if record.config.get("limit") is not None:
        return {}
    found: dict[Key, float | None] = {}
    data = {dataset.name: dataset.data_sha256 for dataset in record.datasets}

    def key(kind: str, name: str, version: int, what: str) -> Key:
        return kind, name, version, data.get(name.partition(".")[0], ""), what

    for score in record.controlled:
        shared = ("controlled", score.benchmark, score.version)
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
    for published in record.published:
        shared = ("published", published.benchmark, published.version)
        found[key(*shared, "reference")] = published.reference
        found[key(*shared, "ceiling")] = published.ceiling
        found |= {
            key(*shared, row.control): row.raw
            for row in published.controls
            if row.control not in _OF_MODELS
        }
    for behavior in record.behavior:
        shared = ("behavior", behavior.benchmark, behavior.version)
        for person in behavior.people:
            found[key(*shared, f"accuracy of {person.subject}")] = person.accuracy
            found[key(*shared, f"missing answers of {person.subject}")] = person.missing
        for name in MEASURES:
            found[key(*shared, f"people's {name}")] = getattr(behavior, name).reference
            for control in behavior.controls:
                found[key(*shared, f"{name} of {control.control}")] = getattr(control, name)
    return found


def differing(
    own: Mapping[Key, float | None], others: Sequence[Mapping[Key, float | None]]
) -> Iterator[Fault]:
    """Numbers that are not those of the records beside, by the middle of these.

    Parameters
    ----------
    own : of the record that is checked, as :func:`model_free` gives them.
    others : the same of each accepted record; numbers that none of these has are not compared.
    """
    remedy = "run it again with the data of the card; or say in the pull request why it differs"
    for key, value in own.items():
        beside = [other[key] for other in others if key in other]
        if not beside:
            continue
        most = middle(beside)
        if (value is None) != (most is None) or (
            value is not None and most is not None and abs(value - most) > TOLERANCE
        ):
            kind, benchmark, *_, what = key
            problem = f"is {number(value)}, in accepted records {number(most)}; no model changes it"
            yield Fault(f"{kind} ({benchmark}) {what}", problem, remedy)
