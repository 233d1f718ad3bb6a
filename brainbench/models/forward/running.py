"""A network in memory: the device of its inputs, evaluation mode, and errors of its passes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from brainbench.errors import DataError
from brainbench.models.checkpoints.failures import out_of_memory

if TYPE_CHECKING:
    from torch import device as Device
    from torch import nn


def input_device(model: Any) -> Device:
    """Where a model's token ids must be; its layers may be on other devices.

    Weights that accelerate keeps on disk or in another memory are nowhere until they are needed:
    then the device counts that it brings them to.
    """
    import torch

    embedding = model.get_input_embeddings()
    found: torch.device = embedding.weight.device
    if found.type != "meta":
        return found
    hook = getattr(embedding, "_hf_hook", None)
    for one in (hook, *getattr(hook, "hooks", ())):
        place = getattr(one, "execution_device", None)
        if place is not None:
            return torch.device(place)
    raise DataError(
        "the model's weights are not in memory (device meta): load it with its weights, or "
        "dispatch it with accelerate"
    )


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode (no dropout) while the block runs; then the mode from before."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def raise_unless_smaller_fits(error: BaseException, alone: bool) -> None:
    """Return where a smaller batch may fit the memory that a pass has filled.

    Parameters
    ----------
    error : what the pass raised; called where it is handled.
    alone : whether the batch was a single prompt.

    Raises
    ------
    BaseException
        The error itself, when it is not of memory.
    DataError
        When there is no smaller batch.
    """
    if not out_of_memory(error):
        raise error
    if alone:
        raise DataError(
            "one prompt alone does not fit the memory of this device: take a smaller "
            "--dtype, another --device, or a smaller model"
        ) from error


def not_finite(model: Any) -> DataError:
    """The error of NaN or infinite output: weights that are not finite, or too narrow a dtype."""
    import torch

    for name, weight in model.named_parameters():
        if weight.is_floating_point() and not weight.is_meta and not weight.isfinite().all():
            return DataError(
                f"the model's output is NaN or infinite, and so are weights of it: {name}. They "
                f"are so in the checkpoint, or do not fit {_name(weight.dtype)}: download it "
                "again, or take another --dtype"
            )
    if model.dtype in (torch.float32, torch.float64):
        return DataError(
            f"the model's output is NaN or infinite, though its weights are not and are computed "
            f"with in {_name(model.dtype)}: configuration and weights may not belong together, or "
            "its training went wrong"
        )
    return DataError(
        f"the model's output is NaN or infinite: its numbers do not fit {_name(model.dtype)}; try "
        "--dtype float32"
    )


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
