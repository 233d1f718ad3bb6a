"""The one picture that is shown with the scorecard."""

from __future__ import annotations

from brainbench.benchmarks import DifficultyScore, LadderScore
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.verdict import AGAINST
from brainbench.results.blocks import Figure
from brainbench.results.record import Record
from brainbench.results.sections.accuracy import accuracy_figure
from brainbench.results.sections.alignment import scores_figure
from brainbench.results.sections.behavior import behavior_figure
from brainbench.results.sections.cells import controlled_cells, published_cells
from brainbench.results.sections.difficulty import difficulty_figure
from brainbench.results.sections.guidance import search_figure
from brainbench.results.sections.guidance_figures import change_of, forest, gains_figure
from brainbench.results.sections.ladder import ladder_figure

KEY = "first-picture"
# rows that a screen has room for
_ROWS, _TESTS = 9, 7


def first_picture(record: Record) -> Figure | None:
    """What explains the alignment; of a record without a ladder, the most telling of its scores.

    Parameters
    ----------
    record : of any run.

    Returns
    -------
    The ladder of the first dataset; else gains by guidance, alignment, behaviour, item difficulty,
    accuracy, the search, whichever the record has first; None where there is nothing to draw.
    """
    for ladder in LadderScore.read_from(record):
        return ladder_figure(KEY, ladder)
    held = [gain for gain in record.gains if _compared(gain)]
    if len(held) > 1:
        return gains_figure(KEY, held, _TESTS)
    for gain in record.gains:
        return forest(KEY, gain, "auc")
    for protocol, cells in (
        ("controlled", controlled_cells(record)),
        ("published", published_cells(record)),
    ):
        if cells:
            return scores_figure(KEY, protocol, cells[:_ROWS], brief=True)
    for behavior in record.behavior:
        return behavior_figure(KEY, behavior, brief=True)
    for difficulty in DifficultyScore.read_from(record):
        return difficulty_figure(KEY, difficulty, brief=True)
    if record.answer_bias:
        return accuracy_figure(KEY, record.answer_bias[:_ROWS])
    for search in record.searches:
        return search_figure(KEY, search)
    return None


def _compared(gain: GuidanceScore) -> bool:
    """Whether its area under the curve is held against an arm that a claim needs."""
    needed = [one for one in gain.differences if one.against in AGAINST]
    return any(change_of(one, "auc") is not None for one in needed)
