"""Scores as Brain-Score knows them, for users of its tools.

Needs the ``brainscore`` extra, in an environment of its own: brainscore-core pins numpy
below 2 and xarray below 2022.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainbench.benchmarks.score import Score
from brainbench.errors import UsageError

if TYPE_CHECKING:
    from brainscore_core.metrics import Score as BrainScoreScore


def to_brainscore(score: Score) -> BrainScoreScore:
    """Turn a score into a ``brainscore_core.metrics.Score``.

    Its value is the undivided ``raw``, for the divided form is no share of explainable
    variance; ``attrs`` hold ``raw`` (undivided, one value per person), ``ceiling`` (mean
    published v0), ``reference`` (measured inter-subject value), ``divided``, ``controls``
    and ``warnings``.

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
    converted = BrainScoreScore(score.raw)
    converted.attrs.update(
        raw=BrainScoreScore(
            [person.raw for person in score.subjects],
            coords={"subject": [person.subject for person in score.subjects]},
            dims=["subject"],
        ),
        ceiling=None if score.ceiling is None else BrainScoreScore(score.ceiling),
        reference=score.reference,
        divided=score.score,
        benchmark_identifier=score.benchmark,
        protocol=score.protocol,
        controls={row.control: row.raw for row in score.controls},
        warnings=list(score.warnings),
    )
    return converted
