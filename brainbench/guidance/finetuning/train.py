"""Fine-tuning a language model by brain signals, or by one of the baselines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from brainbench.closure import PACKAGE, reached_sha256
from brainbench.errors import DataError, UsageError
from brainbench.guidance.finetuning.adapters import (
    adapted,
    adapter,
    adapting,
    base_of,
    lora_config,
)
from brainbench.guidance.finetuning.batching import UpperLayerRunner
from brainbench.guidance.finetuning.data import (
    Roles,
    TrainingItems,
    answer_tokens,
    prepare_items,
    signals_sha256,
)
from brainbench.guidance.finetuning.folder import (
    FinetuningFolder,
    FinetuningRecord,
    load_history,
    plain,
)
from brainbench.guidance.finetuning.history import History
from brainbench.guidance.finetuning.losses import RecipeLoss
from brainbench.guidance.finetuning.recipes import Budget, Recipe, assign_roles
from brainbench.guidance.signals import Signals
from brainbench.models import LanguageModel
from brainbench.models.architectures import require_attention
from brainbench.models.checkpoints.failures import out_of_memory
from brainbench.models.checkpoints.loading import CheckpointLoader
from brainbench.models.prompts.verbalizer import find_spellings

Validate = Callable[[LanguageModel], float]
Progress = Callable[[int, int, str], None]
_PACKAGES = ("brainbench", "torch", "transformers", "peft", "accelerate")


@dataclass(frozen=True)
class Finetuned:
    """The result of a training.

    Attributes
    ----------
    folder : a PEFT folder.
    losses : of each step.
    best_epoch : whose adapter it is, counting from 1.
    record : everything that ``finetuning.json`` holds.
    """

    folder: Path
    losses: tuple[float, ...]
    best_epoch: int
    record: FinetuningRecord

    @property
    def history(self) -> History:
        """Loss of each step, its parts epoch by epoch, and the validation score after each."""
        return self.record.history

    def apply(self, model: LanguageModel) -> AbstractContextManager[LanguageModel]:
        """The model with the adapter: ``with trained.apply(model) as m: m.answer(problems)``.

        The model that ``ModelOptions(peft=trained.folder)`` opens, number by number, without
        loading it again. The two share their weights: within the block only the new one may be
        asked; after it the old one is as it was, bit by bit.

        Parameters
        ----------
        model : the one that was trained.

        Raises
        ------
        UsageError
            When the adapter is no longer in its folder.
        DataError
            When it does not fit the model, or was trained on another one.
        """
        return adapted(model, self.folder)


@dataclass(frozen=True)
class Watch:
    """Callbacks of a training: validation and progress.

    Attributes
    ----------
    validate : score, larger is better, of the model as it is after an epoch; it may ask it
        anything. None keeps the last epoch's adapter.
    progress : called with (epochs done, epochs, what was found).
    shift : how far the model as it is after an epoch has moved on neutral text, nats; None does
        not measure it.
    limit : an epoch that has moved further is not kept.
    before : the score of the model before training, where other trainings of it ask for it too;
        by default it is validated anew.
    """

    validate: Validate | None = None
    progress: Progress = lambda done, total, text: None
    shift: Validate | None = None
    limit: float | None = None
    before: Callable[[], float] | None = None


def finetune(
    model: LanguageModel,
    signals: Signals,
    recipe: Recipe,
    folder: str | Path,
    *,
    budget: Budget | None = None,
    watch: Watch | None = None,
    arm: str | None = None,
    resume: bool = False,
) -> Finetuned:
    """Train an adapter on a model.

    Parameters
    ----------
    model : its weights are the same afterwards, and no adapter is left on it.
    signals : the items, and the responses that guide; an arm's where it is one.
    recipe : what is learned.
    folder : where the adapter and its record go.
    budget : how long and how fast.
    watch : validation and progress.
    arm : its name, for the record.
    resume : go on with the same training, where it was stopped or has ended.

    Raises
    ------
    UsageError
        When the folder holds another training, or a model of this kind is not trained.
    DataError
        When the items do not serve the recipe, a loss is NaN, or memory does not suffice.
    """
    _check(model)
    budget, watch = budget or Budget(), watch or Watch()
    network = model.loader.model
    recipe = recipe.at_layers(len(require_attention(network, "fine-tuning").hidden))
    assert recipe.layers is not None
    items = prepare_items(model, signals, recipe.layers)
    roles = assign_roles(recipe, items, signals)
    place = FinetuningFolder(folder)
    new = _record(model, signals, recipe, budget, roles, items, _source(watch))
    record = place.begin(new.model_copy(update={"arm": arm}), resume)
    if record.status == "finished":
        return _finetuned(place, record)
    training = _Training(model, signals, recipe, budget, items, roles)
    history, answers = training.run(place, watch)
    record = record.model_copy(
        update={
            "status": "finished",
            "answers": answers,
            "history": history,
            "best_epoch": history.best_epoch,
            "stopped_early": history.epochs < budget.epochs,
        }
    )
    place.finish(record)
    return _finetuned(place, record)


class _Training:
    """One training."""

    def __init__(
        self,
        model: LanguageModel,
        signals: Signals,
        recipe: Recipe,
        budget: Budget,
        items: TrainingItems,
        roles: Roles,
    ) -> None:
        self._model, self._network = model, model.loader.model
        self._recipe, self._budget = recipe, budget
        self._items = items
        self._device = self._network.get_input_embeddings().weight.device
        self._loss = RecipeLoss(recipe, items, signals, roles, self._device)
        self._passes = UpperLayerRunner(
            self._network, items, roles.active.tolist(), self._loss, budget
        )

    def run(self, folder: FinetuningFolder, watch: Watch) -> tuple[History, dict[str, str] | None]:
        """Train, from the last checkpoint where there is one; the spelling of each answer."""
        from brainbench.guidance.finetuning.trainer import undisturbed

        recipe, network, answers = self._recipe, self._network, None
        assert recipe.layers is not None
        checkpoint = folder.last_checkpoint()
        history = History(limit=watch.limit) if checkpoint is None else load_history(checkpoint)
        with undisturbed(self._device), self._fitting(), self._passes.listening():
            self._passes.compute_lower(
                lambda done, total: watch.progress(0, self._budget.epochs, "lower layers")
            )
            if recipe.kind.reads_answers:
                answers = self._choose_answers()
            if not history.ended(self._budget.epochs, self._budget.patience):
                config = lora_config(network, recipe.layers, recipe.rank, recipe.alpha)
                base = base_of(self._model)
                if watch.before is not None and not history.validation:
                    history.validation.append(watch.before())
                with adapter(network, config, self._budget.seed, base) as trained:
                    self._train(trained, folder, watch, history, checkpoint)
        return history, answers

    def _train(
        self,
        trained: Any,
        folder: FinetuningFolder,
        watch: Watch,
        history: History,
        checkpoint: Path | None,
    ) -> None:
        from brainbench.guidance.finetuning.trainer import Epochs, RecipeTrainer, make_arguments

        budget = self._budget
        now = adapting(self._model, self._network)
        validate, shift = (
            None if one is None else partial(one, now) for one in (watch.validate, watch.shift)
        )
        divisor = self._items.n_items if budget.accumulation is None else None
        settings = (
            folder,
            make_arguments(folder, budget, self._passes.n_batches, self._device.type),
        )
        trainer = RecipeTrainer(trained, self._passes, self._loss, divisor, history, settings)
        trainer.add_callback(
            Epochs(
                trainer,
                folder,
                budget.patience,
                validate,
                lambda history: watch.progress(history.epochs, budget.epochs, _status_of(history)),
                shift,
            )
        )
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))

    def _choose_answers(self) -> dict[str, str]:
        """Learn the spellings that the model likes best before it is trained."""
        tokenizer = self._model.loader.tokenizer
        spellings = find_spellings(tokenizer, self._model.vocabulary_size)
        tokens = [*spellings.true, *spellings.false]
        total = torch.zeros(len(tokens), dtype=torch.float64)
        with torch.no_grad():
            for rows in self._passes.batches(0, 0):
                logits = self._passes.run(rows).logits
                assert logits is not None
                total += logits[:, tokens].double().sum(dim=0).cpu()
        chosen = answer_tokens(dict(zip(tokens, total.tolist(), strict=True)), spellings)
        self._loss.set_answers(*chosen)
        spelt = [tokenizer.decode([token]) for token in chosen]
        return dict(zip(("True", "False"), spelt, strict=True))

    @contextlib.contextmanager
    def _fitting(self) -> Iterator[None]:
        """Say what to do where memory does not suffice."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            raise DataError(
                f"training {self._model.identifier} does not fit the memory of this device: take "
                f"a --batch-size below {self._budget.batch_size}, --checkpoint-activations, or "
                "--dtype bfloat16"
            ) from error


def _check(model: LanguageModel) -> None:
    loader = model.loader
    if model.dtype == "float16":
        raise UsageError("float16 is too narrow to train in: take --dtype bfloat16, or float32")
    if isinstance(loader, CheckpointLoader) and loader.adapter is not None:
        raise UsageError(
            f"{model.identifier} has an adapter already, and a second one would not load without "
            "it: merge the first into the weights, or train the model without it"
        )
    if model.steering is not None:
        raise UsageError(f"{model.identifier} is steered: train the model without --steer")


def _record(
    model: LanguageModel,
    signals: Signals,
    recipe: Recipe,
    budget: Budget,
    roles: Roles,
    items: TrainingItems,
    source: str,
) -> FinetuningRecord:
    """What a training is made with."""
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return FinetuningRecord(
        status="started",
        model=plain(
            {
                "identifier": model.identifier,
                "weights_sha256": model.weights_sha256,
                # which is then of its tensors, and compares with no hash of files
                **({} if isinstance(model.loader, CheckpointLoader) else {"in_memory": True}),
                "dtype": model.dtype,
                "device": model.device,
                "prompt": model.template.name,
                "prompt_sha256": model.template.sha256,
            }
        ),
        data={
            "source": signals.source,
            "sha256": signals_sha256(signals),
            "people": signals.n_people,
            "items": items.n_items,
            "wrong": int(items.wrong.sum()),
            "learned": int(roles.learned.sum()),
            "guided": int(roles.guided.sum()),
            **({} if signals.limit is None else {"limit": signals.limit}),
        },
        recipe=plain(recipe.facts()),
        budget=plain(budget.facts()),
        versions=versions | {"source": source[:12]},
    )


def _source(watch: Watch) -> str:
    """Hash of the code that trains and validates."""
    validating = getattr(watch.validate, "__module__", None)
    modules = [__name__]
    if isinstance(validating, str) and validating.partition(".")[0] == PACKAGE:
        modules.append(validating)
    return reached_sha256(modules)


def _finetuned(folder: FinetuningFolder, record: FinetuningRecord) -> Finetuned:
    assert record.best_epoch is not None
    return Finetuned(folder.path, tuple(record.history.losses), record.best_epoch, record)


def _status_of(history: History) -> str:
    """Loss and validation score so far, in a few words."""
    words = [f"loss {history.losses[-1]:.4f}"] if history.losses else []
    if history.validation:
        words.append(f"validation {history.validation[-1]:.3f}")
    return ", ".join(words) or "training"
