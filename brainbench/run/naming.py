"""What the folder of a run is called before its id: what was scored, and the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

_LONGEST = 60  # characters, so that the day is not cut off with the rest of a long name


def run_name(
    benchmarks: Sequence[str] | None,
    tasks: Sequence[str] | None,
    suite: str,
) -> str:
    """Name of the folder of a run that was given none.

    Parameters
    ----------
    benchmarks, tasks : that were asked for by name; one alone is called by it.
    suite : suite or dataset that is scored where none was.

    Returns
    -------
    ``alignment-2026-11-30``, ``brainbench_folio-2026-11-30``, ``3-tasks-2026-11-30``.
    """
    named = [_several(benchmarks, "benchmarks"), _several(tasks, "tasks")]
    what = "+".join(filter(None, named)) or suite
    return f"{what[:_LONGEST]}-{datetime.now(UTC):%Y-%m-%d}"


def _several(names: Sequence[str] | None, kind: str) -> str:
    if not names:
        return ""
    # a pattern without its signs, which no folder's name may hold
    return names[0].strip("*?. ") or kind if len(names) == 1 else f"{len(names)}-{kind}"
