"""Scores as Brain-Score knows them, for users of its tools.

Needs the ``brainscore`` extra, in an environment of its own: brainscore-core pins numpy
below 2 and xarray below 2022.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainbench.benchmarks.controlled.score import ControlledScore
from brainbench.benchmarks.published.score import Score
from brainbench.errors import UsageError

if TYPE_CHECKING:
    from brainscore_core.metrics import Score as BrainScoreScore


def to_brainscore(score: ControlledScore | Score) -> BrainScoreScore:
    """Turn a score of either protocol into a ``brainscore_core.metrics.Score``.

    Its value is the undivided ``raw``, for the divided form is no share of explainable
    variance; ``attrs`` hold ``protocol``, ``raw`` (undivided, one value per person),
    ``reference`` (measured inter-subject value), ``controls`` and ``warnings``; as published
    also ``ceiling`` (mean v0) and ``divided``; controlled, ``unique_r2``, ``p_corrected``
    and ``verdict``, and no ceiling.

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
    if isinstance(score, ControlledScore):
        value, people = score.raw.value, {one.subject: one.r for one in score.subjects}
        fields = {
            "ceiling": None,
            "reference": None if score.reference is None else score.reference.value,
            "controls": {row.control: row.r for row in score.controls},
            "unique_r2": score.unique_r2.value,
            "p_corrected": score.p_corrected,
            "verdict": score.verdict,
        }
    else:
        value, people = score.raw, {one.subject: one.raw for one in score.subjects}
        fields = {
            "ceiling": None if score.ceiling is None else BrainScoreScore(score.ceiling),
            "reference": score.reference,
            "controls": {row.control: row.raw for row in score.controls},
            "divided": score.score,
        }
    converted = BrainScoreScore(value)
    converted.attrs.update(
        raw=BrainScoreScore(
            list(people.values()), coords={"subject": list(people)}, dims=["subject"]
        ),
        benchmark_identifier=score.benchmark,
        protocol=score.protocol,
        warnings=list(score.warnings),
        **fields,
    )
    return converted
