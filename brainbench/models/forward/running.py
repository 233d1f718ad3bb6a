"""A network as it stands in memory: where its inputs go, and why it gives no numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brainbench.errors import DataError

if TYPE_CHECKING:
    from torch import device as Device


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


def not_finite(model: Any) -> DataError:
    """What to say where a model's output is NaN or infinite: of its weights, or of its dtype."""
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
