"""Scores as Brain-Score knows them, for users of its tools.

Needs the ``brainscore`` extra, in an environment of its own: brainscore-core pins numpy
below 2 and xarray below 2022.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainbench.benchmarks.score import BenchmarkScore
from brainbench.errors import UsageError

if TYPE_CHECKING:
    from brainscore_core.metrics import Score as BrainScoreScore


def to_brainscore(score: BenchmarkScore) -> BrainScoreScore:
    """Turn a score of any kind into a ``brainscore_core.metrics.Score``.

    Its value is the headline, of alignment the undivided ``raw``: the divided form is not a
    share of explainable variance. ``attrs`` hold ``raw`` (the headline, one value per person),
    ``warnings`` and the facts of the kind: ``protocol``, ``reference`` (measured inter-subject
    value) and ``controls``; as published also ``ceiling`` (mean v0) and ``divided``; controlled,
    ``unique_r2`` and its uncorrected ``p``, and no ceiling.

    Raises
    ------
    UsageError
        When brainscore-core is not installed.
    """
    try:
        from brainscore_core.metrics import Score as BrainScoreScore
    except ImportError as error:
        raise UsageError(
            "brainscore-core is not installed: in an environment of its own, "
            "pip install 'brainbench[brainscore]'"
        ) from error
    facts = dict(score.facts)
    if facts.get("ceiling") is not None:
        facts["ceiling"] = BrainScoreScore(facts["ceiling"])
    people = score.by_person
    converted = BrainScoreScore(_number(score.headline))
    converted.attrs.update(
        raw=BrainScoreScore(
            [_number(value) for value in people.values()],
            coords={"subject": list(people)},
            dims=["subject"],
        ),
        benchmark_identifier=score.benchmark,
        warnings=list(getattr(score, "warnings", ())),
        **facts,
    )
    return converted


def _number(value: float | None) -> float:
    """NaN where a score is undefined."""
    return float("nan") if value is None else value
