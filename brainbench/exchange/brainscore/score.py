"""Scores as Brain-Score knows them, for users of its tools.

Needs the ``brainscore`` extra, in an environment of its own: brainscore-core pins numpy
below 2 and xarray below 2022.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brainbench.benchmarks.score import BenchmarkScore
from brainbench.errors import UsageError

if TYPE_CHECKING:
    from brainscore_core.metrics import Score as BrainScoreScore


def to_brainscore(score: BenchmarkScore) -> BrainScoreScore:
    """Turn a score of any kind into a ``brainscore_core.metrics.Score``.

    Its dimension ``aggregation`` holds ``center``, the headline, of alignment the undivided
    ``raw``: the divided form is not a share of explainable variance; and ``error``, of published
    alignment the median absolute deviation over people, of others the standard error over people,
    NaN where a kind has no value for each person.

    ``attrs`` hold ``raw`` (the headline, one value per person), ``warnings`` and the facts of the
    kind: ``protocol``, ``reference`` (measured inter-subject value) and ``controls``; as published
    also ``published_ceiling`` (mean v0) and ``divided``; controlled, ``unique_r2`` and its
    uncorrected ``p``. There is no ``ceiling`` among them: by Brain-Score's convention a score with
    one has been divided by it, as ``ceil_score(score, benchmark.ceiling)`` does.

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
    ceiling = facts.pop("ceiling", None)
    if ceiling is not None:
        facts["published_ceiling"] = ceiling
    people = {name: _number(value) for name, value in score.by_person.items()}
    spread = facts.pop("error", None)
    if spread is None and len(people) > 1:
        spread = float(np.std(list(people.values()), ddof=1) / np.sqrt(len(people)))
    converted = aggregate(_number(score.headline), _number(spread))
    converted.attrs.update(
        raw=BrainScoreScore(
            list(people.values()), coords={"subject": list(people)}, dims=["subject"]
        ),
        benchmark_identifier=score.benchmark,
        warnings=list(getattr(score, "warnings", ())),
        **facts,
    )
    return converted


def aggregate(center: float, error: float = float("nan")) -> BrainScoreScore:
    """A ``Score`` with the dimension ``aggregation``: ``center`` and ``error``."""
    from brainscore_core.metrics import Score as BrainScoreScore

    return BrainScoreScore(
        [center, error], coords={"aggregation": ["center", "error"]}, dims=["aggregation"]
    )


def _number(value: float | None) -> float:
    """NaN where a score is undefined."""
    return float("nan") if value is None else value
