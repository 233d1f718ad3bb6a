"""Steering by one dataset's people, as ``brainbench steer`` does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from brainbench.datasets import load_card, load_recording
from brainbench.errors import UnknownNameError, UsageError
from brainbench.guidance.arms import GUIDED
from brainbench.guidance.methods.directions import SteeringLoss
from brainbench.guidance.methods.registry import ONE_STEP
from brainbench.guidance.objective import CENTRINGS, LOSSES
from brainbench.guidance.shift_limit import AskedLimit
from brainbench.guidance.steering.fit import Derivation, derive_steering
from brainbench.guidance.weighing import ANSWERS
from brainbench.models import SITES, LanguageModel, Model, ModelOptions, Site, Steering, load_model
from brainbench.models.steering.vector import check_steering_name
from brainbench.progress import Progress, no_progress


@dataclass(frozen=True)
class SteeringOrder:
    """The people, items and options that a steering is derived from.

    Parameters
    ----------
    dataset : whose people guide.
    roi : which of its ROIs; None for the first.
    reasoning_type : only items of this type; None gives each type directions of its own.
    form : ``controlled`` or ``published``.
    arm : guided, or a baseline.
    loss : ``cosine``, ``pearson`` or ``mse``; None for that of the form.
    centring : ``raw``, ``intercept`` or ``centred``; None for that of the form.
    layers : ``middle``, ``all``, or numbers as in ``3,5-8``; None for what the form does.
    site : ``attention`` or ``hidden``.
    step : length of the direction; None chooses on validation problems.
    mean : of the published form, ``raw`` or ``unit``.
    name : of the steering; None for dataset and ROI.
    seed : of arms whose signals are random.
    limit : validation problems and searched items of each type, for trying out; None: all.
    answers : whose answers weigh items, ``all`` or ``scanned``.
    method : of the controlled form, how directions are made of signals.
    shift_limit : of what a chosen strength may do to neutral text, nats; None for no limit.

    Raises
    ------
    UsageError
        When a name is unknown or a number out of range; nothing is read before.
    """

    dataset: str
    roi: str | None = None
    reasoning_type: str | None = None
    form: str = "controlled"
    arm: str = GUIDED
    loss: str | None = None
    centring: str | None = None
    layers: str | None = None
    site: Site = "attention"
    step: float | None = None
    mean: str = "raw"
    name: str | None = None
    seed: int = 0
    limit: int | None = None
    answers: str = ANSWERS[0]
    method: str = ONE_STEP
    shift_limit: AskedLimit = "auto"

    def __post_init__(self) -> None:
        for kind, given, known in (
            ("loss", self.loss, LOSSES),
            ("centring", self.centring, CENTRINGS),
            ("site", self.site, SITES),
        ):
            if given is not None and given not in known:
                raise UnknownNameError(kind, given, known)
        if self.name is not None:
            check_steering_name(self.name)
        _ = self.derivation

    @cached_property
    def derivation(self) -> Derivation:
        """Options of deriving directions, with the defaults of the form."""
        plain = Derivation(
            self.form,
            self.arm,
            None,
            self.layers,
            self.step,
            self.mean,
            self.site,
            self.seed,
            self.limit,
            self.answers,
            self.method,
            self.shift_limit,
        )
        own = plain.chosen_way
        loss = SteeringLoss(self.loss or own.loss, self.centring or own.centring)
        return replace(plain, way=loss)


def steer(
    model: str | Path | Model,
    order: SteeringOrder,
    options: ModelOptions | None = None,
    report: Progress = no_progress,
) -> Steering:
    """Derive a steering for a model.

    Parameters
    ----------
    model : name of a language model, or one that is open.
    order : whose responses, and how.
    options : how a model is loaded that is given by its name.
    report : called before each step.

    Raises
    ------
    UsageError
        When a name is unknown, or the model is not a language model that brainbench runs.
    DataError
        When the items do not serve the form, see :func:`derive_steering`.
    """
    card = load_card(order.dataset)
    areas, kinds = tuple(card.rois), tuple(card.reasoning_types)
    if not areas:
        load_recording(order.dataset)  # it says what the dataset holds instead
    for what, given, known in (
        ("ROI", order.roi, areas),
        ("reasoning type", order.reasoning_type, kinds),
    ):
        if given is not None and given not in known:
            raise UnknownNameError(what, given, known)
    area = order.roi or areas[0]
    opened = load_model(model, options)
    if not isinstance(opened, LanguageModel):
        raise UsageError(
            f"{opened.identifier} is not a language model that brainbench runs, so its states "
            "cannot be steered: give a hub id, a folder or a GGUF file"
        )
    return derive_steering(
        opened,
        load_recording(order.dataset, (area,)),
        area,
        kinds if order.reasoning_type is None else (order.reasoning_type,),
        order.derivation,
        order.name,
        report,
    )
