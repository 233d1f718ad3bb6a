"""Pictures of what guidance brought: gains over every arm, and over both arms of every test."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.guidance.rows import Change, Difference
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.verdict import AGAINST
from brainbench.results.blocks import Figure
from brainbench.results.plots.dot_plot import DotRow, Mark, Role, Shape, draw_dots
from brainbench.results.wording import number, plain_kind, plain_roi, plural, with_interval

IN_WORDS = {
    "auc": "AUC of log-odds",
    "accuracy_at_threshold": "accuracy at the validation threshold",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "dprime": "d′",
    "criterion": "criterion c",
    "true_rate": "share of True",
    "valid": "share of valid answers",
}
# of the two arms that a claim is held against
_SHAPES: tuple[Shape, Shape] = ("dot", "diamond")
_ROLES: tuple[Role, Role] = ("model", "people")


def forest(key: str, score: GuidanceScore, metric: str) -> Figure:
    """What guided gains over every other arm, in one metric.

    Parameters
    ----------
    key : unique on the page.
    score : of one test.
    metric : such as ``auc``.
    """
    rows = []
    for difference in score.differences:
        change = change_of(difference, metric)
        if change is None:
            continue
        text = f"against {difference.against}: {with_interval(change.value, change.interval)}"
        mark = Mark(change.value, "dot", "model", text, change.interval)
        note = "" if change.p is None else f"p {number(change.p)}"
        rows.append(DotRow(f"against {difference.against}", [[mark]], note))
    words = IN_WORDS[metric]
    return Figure.of(
        draw_dots(key, f"Gains in {words}", f"gain in {words}", rows),
        f"Gain in {words} against each arm, with its 95 % interval. Right of 0: guided is better.",
    )


def gains_figure(key: str, scores: Sequence[GuidanceScore], most: int) -> Figure:
    """What guided gains in every test over the two arms that a claim is held against.

    Parameters
    ----------
    key : unique on the page.
    scores : one for each test.
    most : tests that are drawn.
    """
    rows = []
    for score in scores[:most]:
        label = f"{score.test}{_guided_by(score, scores)}"
        lines = []
        for arm, shape, role in zip(AGAINST, _SHAPES, _ROLES, strict=True):
            found = (change_of(one, "auc") for one in score.differences if one.against == arm)
            if (change := next(found, None)) is not None:
                told = with_interval(change.value, change.interval)
                title = f"{label}, against {arm}: {told}"
                lines.append([Mark(change.value, shape, role, title, change.interval)])
        rows.append(DotRow(label, lines))
    words = IN_WORDS["auc"]
    first, second = AGAINST
    some = f"the first {most} of " if len(scores) > most else ""
    return Figure.of(
        draw_dots(key, f"Gains in {words}, test by test", f"gain in {words}", rows),
        f"Gain in {words} in {some}{plural(len(scores), 'test')}, with 95 % intervals. Circle: "
        f"against {first}. Diamond: against {second}. Right of 0: guided is better.",
    )


def _guided_by(score: GuidanceScore, scores: Sequence[GuidanceScore]) -> str:
    """Region and kind of problems that guided, as far as they tell scores apart."""
    told = []
    if len({one.roi for one in scores}) > 1:
        told.append(plain_roi(score.roi))
    if len({one.reasoning_type for one in scores}) > 1:
        told.append(plain_kind(score.reasoning_type))
    return f", by {', '.join(told)}" if told else ""


def change_of(difference: Difference, metric: str) -> Change | None:
    """The change of one metric; None where it was not measured.

    Parameters
    ----------
    difference : guided minus an arm.
    metric : such as ``auc``.
    """
    return next((one for one in difference.changes if one.metric == metric), None)
