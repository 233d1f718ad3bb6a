"""One score by itself as one line, as it prints in Python."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from brainbench.benchmarks import (
    BehaviorScore,
    ControlledScore,
    DifficultyScore,
    LadderScore,
    PublishedScore,
)
from brainbench.benchmarks.score import BenchmarkScore, OtherScore
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.reasoning import AnswerBias
from brainbench.results.blocks import ScoreLine
from brainbench.results.scorecard.accuracy import accuracy_line
from brainbench.results.scorecard.alignment import controlled_line, ladder_line, published_line
from brainbench.results.scorecard.behavior import behavior_line
from brainbench.results.scorecard.difficulty import difficulty_line
from brainbench.results.scorecard.guidance import gains_line, search_line
from brainbench.results.sections.cells import published_cell
from brainbench.results.wording import number


def print_score(score: Any) -> str:
    """``xiao2026.brain.all-ladder 3.7: found beyond position; … (z beyond position [0.5, 6.8] …)``.

    Parameters
    ----------
    score : of any kind that a record holds.

    Returns
    -------
    Its line; of a score without a number that a line needs, its name and what it has.
    """
    line, name = score_line(score), name_of(score)
    if line is not None:
        # its name says what it is of
        return str(replace(line, name=name, of=""))
    if isinstance(score, GuidanceScore):
        return f"{name}: {score.verdict}"
    if isinstance(score, AnswerBias):
        return f"{name} {number(score.accuracy)}: {score.reading}"
    headline = score.value if isinstance(score, OtherScore) else getattr(score, "headline", None)
    return f"{name} {number(headline, lacking='undefined')}"


def name_of(score: Any) -> str:
    """The name of its benchmark, task or comparison."""
    if isinstance(score, AnswerBias):
        return score.task
    if isinstance(score, GuidanceScore | SearchScore):
        return score.identifier
    return str(score.benchmark)


def score_line(score: Any) -> ScoreLine | None:
    """The line of a score by itself; None where it has none."""
    if isinstance(score, LadderScore):
        return ladder_line(score)
    if isinstance(score, ControlledScore):
        return replace(controlled_line([score]), verdict=_beside(score))
    if isinstance(score, PublishedScore):
        return published_line([published_cell(score)])
    if isinstance(score, BehaviorScore):
        return behavior_line([score])
    if isinstance(score, DifficultyScore):
        return difficulty_line([score])
    if isinstance(score, GuidanceScore):
        return gains_line([score])
    if isinstance(score, SearchScore):
        return search_line(score)
    if isinstance(score, AnswerBias) and score.balanced_accuracy is not None:
        return accuracy_line([score])
    return None


def _beside(score: ControlledScore) -> str:
    """Which nuisance predicts better than the model; whether it is aligned is for the ladder."""
    known = [(row.r, row.control) for row in score.controls if row.r is not None]
    best, name = max(known, default=(-1.0, ""))
    return (
        f"{name} alone predicts better" if best > score.raw.value else "no nuisance predicts better"
    )


PRINTED = (BenchmarkScore, OtherScore, GuidanceScore, SearchScore, AnswerBias)
