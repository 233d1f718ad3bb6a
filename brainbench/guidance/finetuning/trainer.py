"""transformers' trainer with the losses, batches and epochs of a recipe.

From it come the optimiser, schedules, accumulation, checkpoints and going on from them, and
sharding through accelerate. What it changes elsewhere, random states and how much transformers
says, is set back.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.utils import logging

from brainbench.errors import DataError, UsageError
from brainbench.guidance.finetuning.adapters import write_adapter
from brainbench.guidance.finetuning.batching import UpperLayerRunner
from brainbench.guidance.finetuning.folder import FinetuningFolder, save_history
from brainbench.guidance.finetuning.history import History
from brainbench.guidance.finetuning.losses import RecipeLoss
from brainbench.guidance.finetuning.recipes import Budget

Validate = Callable[[], float]
Report = Callable[[History], None]
_ROWS = "rows"


class RecipeTrainer(Trainer):
    """Trains an adapter by a recipe.

    Parameters
    ----------
    model : peft's model around the network.
    passes, loss : what is run and what is computed of it.
    divisor : what the sum of a step's losses is divided by; None for the items in it.
    history : of the epochs that are done.
    arguments : of transformers' trainer.
    """

    # what compute_loss gives is divided already
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        model: Any,
        passes: UpperLayerRunner,
        loss: RecipeLoss,
        divisor: int | None,
        history: History,
        settings: tuple[FinetuningFolder, TrainingArguments],
    ) -> None:
        self._folder, arguments = settings
        super().__init__(model=model, args=arguments)
        self.remove_callback(PrinterCallback)
        # trainers before that attribute ask for this one instead
        self.compute_loss_func = self.compute_loss
        self.history = history
        self._passes = passes
        self._loss = loss
        self._divisor, self._count = divisor, 1
        self._step: dict[str, float] = {}
        self._epoch: list[dict[str, float]] = []

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of item numbers."""
        loader: DataLoader[Any] = DataLoader(
            range(1 + max(max(rows) for rows in self._passes.groups)),  # type: ignore[arg-type]
            batch_sampler=_Order(self._passes, self.args.seed),
            collate_fn=lambda rows: {_ROWS: torch.tensor(rows)},
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """The batches of a step; their items are counted.

        Parameters
        ----------
        epoch_iterator, num_batches, device : of transformers' trainer, passed on to it.

        Returns
        -------
        What transformers' own method gives.
        """
        samples, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        self._count = self._divisor or sum(len(batch[_ROWS]) for batch in samples)
        return samples, count

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Sum over the batch of all parts, over the number of items of a step.

        Parameters
        ----------
        model : the network, wrapped for training.
        inputs : the numbers of a batch's items, under ``rows``.
        return_outputs, num_items_in_batch : of transformers' trainer; not used.

        Raises
        ------
        DataError
            When the loss is NaN or infinite.
        """
        parts = self._loss.parts(self._passes.run(inputs[_ROWS].tolist(), model))
        sums = {name: values.sum() / self._count for name, values in parts.items()}
        # one may be double: the wider of them is kept
        total: Tensor = sum(sums.values(), torch.zeros((), device=self._loss.device))
        if not torch.isfinite(total):
            raise DataError(
                f"the loss is {float(total.detach())} at step {self.state.global_step + 1}, in "
                f"epoch {self.history.epochs + 1}. Checkpoints of the epochs before are kept; take "
                "a smaller --learning-rate, or --dtype float32"
            )
        for name, value in sums.items():
            self._step[name] = self._step.get(name, 0.0) + float(value.detach())
        return total.float()

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if self.args.should_save:
            assert output_dir is not None
            write_adapter(self.accelerator.unwrap_model(self.model), Path(output_dir), state_dict)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with self._folder.writing():
            super()._save_checkpoint(model, trial)

    def end_step(self) -> None:
        """Note the losses of a step."""
        self.history.losses.append(sum(self._step.values()))
        self._epoch.append(self._step)
        self._step = {}

    def end_epoch(self) -> None:
        """Note the means over the steps of an epoch."""
        for name in self._epoch[0] if self._epoch else ():
            mean = float(np.mean([step[name] for step in self._epoch]))
            self.history.parts.setdefault(name, []).append(mean)
        self._epoch = []


class Epochs(TrainerCallback):
    """What is done when a step, an epoch, a checkpoint is done.

    Parameters
    ----------
    trainer : its trainer.
    folder : where the best adapter goes.
    patience : falls of the validation score after which training stops; 0 for never.
    validate : score of the model as it is; larger is better.
    report : called after each epoch.
    shift : of the model as it is, on neutral text; not measured by default.
    """

    def __init__(
        self,
        trainer: RecipeTrainer,
        folder: FinetuningFolder,
        patience: int,
        validate: Validate | None,
        report: Report,
        shift: Validate | None = None,
    ) -> None:
        self._trainer = trainer
        self._folder = folder
        self._patience = patience
        self._validate = validate
        self._report = report
        self._shift = shift

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        history = self._trainer.history
        if self._validate is not None and not history.validation:
            history.validation.append(self._score())
        self._report(history)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._trainer.end_step()

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        history = self._trainer.history
        self._trainer.end_epoch()
        if self._validate is not None:
            history.validation.append(self._score())
        if self._shift is not None:
            history.shifts.append(float(self._shift()))
        if history.best_epoch == history.epochs:
            with self._folder.writing():
                self._trainer.save_model(str(self._folder.best), _internal_call=True)
        if history.ended(args.num_train_epochs, self._patience):
            control.should_training_stop = True
        self._report(history)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if state.is_world_process_zero:
            name = f"checkpoint-{state.global_step}"
            save_history(self._trainer.history, Path(str(args.output_dir)) / name)

    def _score(self) -> float:
        assert self._validate is not None
        score = float(self._validate())
        if not np.isfinite(score):
            raise DataError(
                f"the validation score is {score} after epoch {self._trainer.history.epochs}; "
                "checkpoints of the epochs before are kept"
            )
        return score


def make_arguments(
    folder: FinetuningFolder, budget: Budget, n_batches: int, device: str
) -> TrainingArguments:
    """Arguments of transformers' trainer.

    Parameters
    ----------
    folder : its checkpoints go there.
    budget : epochs, rates, batches and seed.
    n_batches : of an epoch; a step takes them all where the budget names no accumulation.
    device : ``cpu`` keeps training off every card.

    Raises
    ------
    UsageError
        When several processes were launched.
    """
    arguments = TrainingArguments(
        output_dir=str(folder.checkpoints),
        num_train_epochs=budget.epochs,
        per_device_train_batch_size=budget.batch_size,
        gradient_accumulation_steps=budget.accumulation or n_batches,
        learning_rate=budget.learning_rate,
        weight_decay=budget.weight_decay,
        lr_scheduler_type=budget.schedule,
        max_grad_norm=0.0,
        save_strategy="epoch",
        save_total_limit=2,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        seed=budget.seed,
        use_cpu=device == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    if arguments.world_size > 1:
        raise UsageError(
            f"{arguments.world_size} processes were launched; training runs in one, and spreads "
            "the layers of a model over several cards (--device auto): leave the launcher out"
        )
    if arguments.n_gpu > 1:
        # no copies of the model on other cards
        arguments._n_gpu = 1
    return arguments


@contextlib.contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Random states and transformers' verbosity as they were; work goes to the model's card."""
    verbosity, plain = logging.get_verbosity(), random.getstate()
    numbers = np.random.get_state()  # noqa: NPY002  the trainer seeds the old generator
    card = torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()
    try:
        with torch.random.fork_rng(), card:
            yield
    finally:
        logging.set_verbosity(verbosity)
        np.random.set_state(numbers)  # noqa: NPY002
        random.setstate(plain)


class _Order(Sampler[list[int]]):
    """Batches of an epoch, drawn by the seed and the epoch's number."""

    def __init__(self, passes: UpperLayerRunner, seed: int) -> None:
        self._passes = passes
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Which epoch comes next."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        return self._passes.batches(self._seed, self._epoch)

    def __len__(self) -> int:
        return self._passes.n_batches
