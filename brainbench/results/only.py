"""The part of a record that is of one benchmark or task."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from brainbench.errors import UnknownNameError
from brainbench.results.record import Record


def only(record: Record, name: str) -> Record:
    """A record with the scores of some benchmarks or tasks alone.

    Parameters
    ----------
    name : identifier of a benchmark, a task or a gain, as the tables have it; ``*`` and ``?``
        match, and a dataset or ROI stands for all that begins with it.

    Raises
    ------
    UnknownNameError
        When the record has nothing of that name; the nearest names are offered.
    """
    known = names_of(record)
    chosen = {one for one in known if fnmatchcase(one, name) or _begins(one, name)}
    if not chosen:
        raise UnknownNameError("benchmark or task of this run", name, known)
    datasets = {c.dataset for c in record.ladder_context if c.benchmark in chosen}
    kept: dict[str, Any] = {
        field: [score for score in getattr(record, field) if score.benchmark in chosen]
        for field in ("published", "controlled", "behavior", "ladder_context", "other")
    }
    kept["ladder"] = [row for row in record.ladder if row.dataset in datasets]
    for field in ("gains", "searches"):
        kept[field] = [s for s in getattr(record, field) if s.identifier in chosen]
    kept["answer_bias"] = [row for row in record.answer_bias if row.task in chosen]
    kept["accuracy"] = {task: got for task, got in record.accuracy.items() if task in chosen}
    return record.model_copy(update=kept)


def names_of(record: Record) -> list[str]:
    """Every benchmark, task and gain that a record has scores of."""
    scored = (record.ladder_context, record.controlled, record.published, record.behavior,
              record.other)  # fmt: skip
    names = [score.benchmark for scores in scored for score in scores]
    names += [*record.accuracy, *(row.task for row in record.answer_bias)]
    names += [score.identifier for scores in (record.gains, record.searches) for score in scores]
    return list(dict.fromkeys(names))


def _begins(name: str, start: str) -> bool:
    return name.startswith((f"{start}.", f"{start}/"))
