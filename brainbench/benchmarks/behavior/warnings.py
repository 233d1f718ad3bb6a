"""What a reader of a score of behaviour must know, in plain words."""

from __future__ import annotations

import numpy as np

from brainbench.benchmarks.behavior.people import MAX_MISSING, Group
from brainbench.benchmarks.behavior.score import BehaviorScore
from brainbench.benchmarks.cell import POOLED
from brainbench.datasets import Card
from brainbench.models import Answers


def behavior_warnings(score: BehaviorScore, group: Group, answers: Answers) -> tuple[str, ...]:
    """Warnings of the model, of the controls, of the people and of the numbers."""
    return (*answers.warnings, *score_warnings(score, group.behavior.card, group))


def score_warnings(score: BehaviorScore, card: Card, group: Group | None = None) -> tuple[str, ...]:
    """What a score itself warns of; with its people, who of them made no error."""
    said = _of_answers(score)
    if card.simulated:
        said.append(f"{card.name} is simulated: no person was asked")
    said += [control.warning for control in score.controls if control.warning]
    if score.reasoning_type == POOLED and len(card.reasoning_types) > 1:
        said.append(
            "items of different reasoning types are pooled: read it beside the single types"
        )
    if score.left_out:
        named = ", ".join(f"{one.subject} ({one.missing:.0%})" for one in score.left_out)
        said.append(f"left out, with more than {MAX_MISSING:.0%} of the responses missing: {named}")
    said += [*_of_constants(score, group), *_of_references(score)]
    n_true = round(score.labelled_true * score.n_items)
    said.append(
        f"{score.n_items} items are few ({n_true} follow, {score.n_items - n_true} do not): "
        "intervals over people hold for these very items; see the ones over items"
    )
    return tuple(said)


def _of_answers(score: BehaviorScore) -> list[str]:
    """Answers and log-odds that the model did not give."""
    said = []
    if score.n_invalid:
        said.append(
            f"{score.n_invalid} of {score.n_items} answers are neither True nor False: they are "
            "left out of agreement and κ, and count as not right in the accuracy"
        )
    if score.n_cut_off:
        said.append(f"{score.n_cut_off} answers were cut off by the token limit")
    if score.n_log_odds < score.n_items:
        rest = "the correlations rest on the others" if score.n_log_odds else "no correlation"
        said.append(f"{score.n_items - score.n_log_odds} items have no log-odds: {rest}")
    return said


def _of_constants(score: BehaviorScore, group: Group | None) -> list[str]:
    """Where κ is 0, or nothing, for want of variation, and not for want of agreement."""
    said = []
    valid = score.n_items - score.n_invalid
    n_right = round(score.accuracy * score.n_items)
    if valid and n_right in (0, valid):
        always = "right" if n_right else "wrong"
        said.append(
            f"the model is {always} on every item it answers: its κ of errors is 0 with everybody "
            "who is not, and undefined with everybody who is"
        )
    if valid and score.said_true in (0.0, 1.0):
        word = "True" if score.said_true else "False"
        said.append(f"the model always says {word}: its κ of answers and errors tell nothing of it")
    perfect = [] if group is None else _without_error(group)
    if perfect:
        said.append(
            f"{', '.join(perfect)} made no error: κ of errors with anyone is then 0, whatever "
            "the other does, which pulls the means of model and people towards 0"
        )
    undefined = score.error_consistency.n_undefined
    if undefined:
        said.append(f"κ of errors is undefined with {undefined} people, who are left out of it")
    pairs = score.error_consistency.reference_undefined
    if pairs:
        said.append(f"κ of errors is undefined for {pairs} pairs of people, left out of it")
    return said


def _without_error(group: Group) -> list[str]:
    accuracy = np.nanmean(group.right, axis=0)
    return [s for s, share in zip(group.subjects, accuracy, strict=True) if share == 1.0]


def _of_references(score: BehaviorScore) -> list[str]:
    """Where there is no ratio for want of a reference."""
    interval = score.error_consistency.reference_interval
    if interval is not None and interval[0] > 0:
        return []
    return ["people's κ of errors among themselves is not clearly above 0: no ratio is printed"]
