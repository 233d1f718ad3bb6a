"""Fine-tuning by one dataset's people, as ``brainbench finetune`` does it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from brainbench.atomic import locked
from brainbench.datasets import load_card, load_recording
from brainbench.errors import UsageError
from brainbench.guidance.arms import GUIDED, RANDOM
from brainbench.guidance.evaluation.neutral import SOME, NeutralPassages
from brainbench.guidance.evaluation.test_sets import read_validation
from brainbench.guidance.finetuning.adapters import randomise_adapter
from brainbench.guidance.finetuning.arms import train_as
from brainbench.guidance.finetuning.folder import FinetuningFolder
from brainbench.guidance.finetuning.recipes import Budget, Recipe
from brainbench.guidance.finetuning.train import Finetuned, Validate, Watch
from brainbench.guidance.finetuning.train import finetune as train_adapter
from brainbench.guidance.layer_sets import parse_layers
from brainbench.guidance.shift_limit import AskedLimit, check_limit, find_limit
from brainbench.guidance.signals import Signals, read_signals
from brainbench.models import LanguageModel, Model, ModelOptions, load_model
from brainbench.paths import user_path
from brainbench.progress import Progress, Step, no_progress
from brainbench.run.inputs import naming_limit
from brainbench.statistics.answers import auc

_LOG = logging.getLogger(__name__)

# reasoning type → the set of new problems whose validation split the epoch is chosen on
_VALIDATION = {
    "syllogistic": "syllogistic_3",
    "transitive": "transitive_3",
    "propositional": "propositional_3",
}
# of a random direction, the adapter whose size it has
_BENEATH = "guided"
_LINES = 10


@dataclass(frozen=True)
class TrainingOrder:
    """The people, items and arm that an adapter is trained on.

    Parameters
    ----------
    dataset : whose people guide.
    roi : which of its ROIs; None for the first.
    reasoning_type : one type, or ``all``.
    limit : items of each type, for trying out.
    arm : guided, or a baseline.
    layers : whose attention is trained: ``middle``, ``all``, or numbers as in ``3,5-8``; None
        leaves it to the recipe.
    validation : problems of each type to choose the epoch on; None for all, 0 for none.
    resume, overwrite : go on with what is in the folder, or replace it.
    shift_limit : of what a kept epoch may do to neutral text, nats; None for no limit. ``auto`` is
        0.1, and none in the published form and of the built-in model.
    """

    dataset: str
    roi: str | None = None
    reasoning_type: str = "all"
    limit: int | None = None
    arm: str = GUIDED
    layers: str | None = None
    validation: int | None = None
    resume: bool = False
    overwrite: bool = False
    shift_limit: AskedLimit = "auto"

    def __post_init__(self) -> None:
        check_limit(self.shift_limit)


def finetune(
    model: str | Path | Model,
    order: TrainingOrder,
    recipe: Recipe,
    budget: Budget,
    path: str | Path,
    *,
    options: ModelOptions | None = None,
    report: Progress = no_progress,
) -> Finetuned:
    """Train the adapter of an arm, its folder held for this process.

    Parameters
    ----------
    model : name of a language model, or one that is open.
    order : whose responses.
    recipe, budget : what is learned; how long and how fast.
    path : folder of the adapter; of a random direction ``guided`` in it holds the one whose
        size it has.
    options : how a model is loaded that is given by its name.
    report : called as training goes on.

    Raises
    ------
    UsageError
        When a name is unknown, the model has no weights to train, or the folder holds something
        else.
    DataError
        When there are too few items, or the training fails.
    """
    found = load_model(model, options)
    if not isinstance(found, LanguageModel):
        raise UsageError(
            f"{found.identifier} is not a language model that brainbench runs, so it has no "
            "weights to train: give a hub id, a folder or a GGUF file"
        )
    if order.layers is not None:
        count = found.loader.config.get_text_config().num_hidden_layers
        recipe = replace(recipe, layers=parse_layers(order.layers, count))
    folder = user_path(path)
    with locked(folder):
        return _train(found, order, recipe, budget, folder, report)


def _train(
    model: LanguageModel,
    order: TrainingOrder,
    recipe: Recipe,
    budget: Budget,
    path: Path,
    report: Progress,
) -> Finetuned:
    signals, recipe = train_as(order.arm, _signals(order), recipe, budget.seed)
    turned = order.arm == RANDOM
    outer, inner = FinetuningFolder(path), FinetuningFolder(path / _BENEATH if turned else path)
    if order.overwrite:
        outer.clear()
        inner.clear()
    if turned and inner.load() is None:
        outer.refuse_others()
    limit = find_limit(order.shift_limit, model.builtin, recipe.form)
    # the model before training, and before an adapter lies in it
    passages = NeutralPassages(model, SOME)
    watch = Watch(
        _validation_score(signals, order.validation),
        _TenthByTenth(report),
        lambda now: float(passages.shift(now).kl[0]),
        limit,
    )
    trained = train_adapter(
        model,
        signals,
        recipe,
        inner.path,
        budget=budget,
        watch=watch,
        arm=order.arm,
        resume=order.resume,
    )
    if trained.history.beyond:
        _LOG.warning(
            "epoch %d, which is kept, moves neutral text by %.2g nats, beyond the limit of %g",
            trained.best_epoch,
            trained.history.shifts[trained.best_epoch - 1],
            limit,
        )
    if not turned:
        return trained
    randomise_adapter(inner.path, path, budget.seed)
    outer.save(trained.record)
    outer.describe(trained.record)
    return replace(trained, folder=path)


def _signals(order: TrainingOrder) -> Signals:
    card = load_card(order.dataset)
    if not card.rois:
        load_recording(order.dataset)  # it says what the dataset holds instead
    roi = order.roi or next(iter(card.rois))
    with naming_limit(order.limit):
        recording = load_recording(order.dataset, roi)
        return read_signals(recording, roi, order.reasoning_type, order.limit)


def _validation_score(signals: Signals, count: int | None) -> Validate | None:
    """Area under the curve of log-odds, on new problems of the items' types."""
    if count == 0:
        return None
    problems = [
        problem
        for kind in dict.fromkeys(signals.types.tolist())
        for problem in read_validation([_VALIDATION[kind]], limit=count)
    ]
    labels = np.array([0 if problem.condition.valid else 1 for problem in problems])
    return lambda model: float(auc(model.answer(problems).log_odds, labels == 0))


class _TenthByTenth:
    """Progress as steps, with one text for each tenth: without a terminal each text is a line."""

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._label = "training"

    def __call__(self, done: int, total: int, text: str) -> None:
        if done % max(1, total // _LINES) == 0:
            self._label = text
        self._report(Step(self._label, done, total))
