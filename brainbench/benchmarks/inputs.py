"""Inputs of scoring: the data that benchmarks need, and the model's states and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from brainbench.benchmarks.steps import StepStore
from brainbench.datasets import Behavior, Recording
from brainbench.errors import DataError, UsageError
from brainbench.models import Activations, Answers, Model, read_activations, read_answers
from brainbench.progress import Progress

Given = TypeVar("Given")
UNTRAINED_SEEDS = 5


@dataclass(frozen=True)
class Needs:
    """The data that a benchmark is scored on. A run loads them, and asks the model, once for all
    benchmarks that need them.

    Attributes
    ----------
    rois : ROIs of the dataset's recording; the model gives activations on its problems.
    answers : reasoning types whose problems the model answers; with people's answers to them.
    untrained : whether untrained networks of the model's shape give activations too.
    """

    rois: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    untrained: bool = False

    def __bool__(self) -> bool:
        return bool(self.rois or self.answers)


@dataclass(frozen=True)
class Inputs:
    """What benchmarks of one dataset are scored on.

    What is not there was not asked for: :attr:`recording`, :attr:`activations`,
    :attr:`behavior` and :attr:`answers` raise where a benchmark did not say that it needs them.

    Attributes
    ----------
    model : what is scored.
    recorded : responses of the brain, with the ROIs of all benchmarks of the group.
    states : the model's activations on its problems; None until the model is asked.
    answered : people's answers.
    given : the model's answers to the same problems; None until the model is asked.
    untrained : activations of untrained networks of its shape, or why there are none.
    """

    model: Model
    recorded: Recording | None = None
    states: Activations | None = None
    answered: Behavior | None = None
    given: Answers | None = None
    untrained: Sequence[Activations] | str = "no untrained model was given"

    def read_out(self, needs: Needs) -> Inputs:
        """The same with what the model gives for it.

        Parameters
        ----------
        needs : whether untrained networks of its shape are asked too.

        Raises
        ------
        UsageError
            When answers are needed of a model that gives activations only.
        DataError
            When what it gives does not fit the data.
        """
        found = self
        if self.answered is not None:
            given = read_answers(self.model, self.answered.problems)
            found = replace(found, given=given)
        if self.recorded is not None:
            states = read_activations(self.model, self.recorded.problems)
            found = replace(found, states=states)
        if self.recorded is not None and needs.untrained:
            twins = untrained_twins(self.model, self.recorded)
            found = replace(found, untrained=twins)
        return found

    @property
    def recording(self) -> Recording:
        """Responses of the brain."""
        return _needed(self.recorded, "rois")

    @property
    def activations(self) -> Activations:
        """The model's states on the problems of the recording, rows in their order."""
        return _needed(self.states, "rois")

    @property
    def behavior(self) -> Behavior:
        """People's answers."""
        return _needed(self.answered, "answers")

    @property
    def answers(self) -> Answers:
        """The model's answers to the problems of the behaviour, in their order."""
        return _needed(self.given, "answers")


@dataclass(frozen=True)
class Scoring:
    """How a group of benchmarks is scored.

    Attributes
    ----------
    seed : of everything that is drawn.
    limit : only the first items of each reasoning type; None for all.
    localised : score only units that the localiser contrast selects.
    checkpoint : keeps finished steps.
    report : called before each step.
    """

    seed: int = 0
    limit: int | None = None
    localised: bool = False
    checkpoint: StepStore | None = None
    report: Progress | None = None


def untrained_twins(model: Model, recording: Recording) -> list[Activations] | str:
    """States of untrained networks of a model's shape, or why there are none.

    Parameters
    ----------
    model : the trained model, which may be able to make untrained ones.
    recording : its problems are read out.

    Returns
    -------
    Activations of one network per seed, rows in the order of the problems; or a sentence why not.
    """
    make = getattr(model, "untrained", None)
    if make is None:
        return "only brainbench's own language models can be drawn anew"
    return [read_activations(make(seed), recording.problems) for seed in range(UNTRAINED_SEEDS)]


def check_contrast(activations: Activations, untrained: Sequence[Activations] | str) -> None:
    """Check that units can be localised: every set of activations holds the contrast to do it by.

    Parameters
    ----------
    activations : of the model.
    untrained : of untrained networks, or a sentence why there are none.

    Raises
    ------
    UsageError
        When the activations of the model or of an untrained network hold no contrast.
    """
    if activations.contrast is None:
        raise UsageError(
            "localised units are chosen by a contrast, and these activations hold none: read "
            "the model out with --readout localised, or leave that option out"
        )
    if not isinstance(untrained, str) and any(one.contrast is None for one in untrained):
        raise UsageError("the untrained activations hold no contrast to localise units by")


def _needed(given: Given | None, field: str) -> Given:
    if given is None:
        raise DataError(f"a benchmark asks for data that it does not need: add {field} to `needs`")
    return given
