"""LoRA adapters on the attention of some layers: add, remove, randomise.

A model is left as it was found: the very weights, the same modules, nothing trainable that was
not.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from brainbench.atomic import whole_file
from brainbench.datasets import cache_folder
from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel
from brainbench.models.architectures import find_family, find_sites
from brainbench.models.cache import content_key
from brainbench.models.checkpoints.adapter_base import (
    CONFIG,
    WEIGHTS,
    Base,
    check_adapter,
    check_base,
)
from brainbench.models.checkpoints.checkpoint import hash_weights
from brainbench.models.checkpoints.loading import CheckpointLoader, Loaded, put_adapter
from brainbench.paths import user_path


def attention_linears(network: Any, layers: Sequence[int]) -> dict[str, nn.Module]:
    """Name → linear module, of every projection in the attention of some layers.

    Parameters
    ----------
    network : causal language model of transformers.
    layers : numbers of blocks, counting from 0.

    Raises
    ------
    DataError
        When a layer has no attention, or its attention has no projection.
    """
    from transformers.pytorch_utils import Conv1D

    named = {id(module): name for name, module in network.named_modules()}
    found: dict[str, nn.Module] = {}
    attention = find_sites(network).modules("attention")
    for layer in layers:
        if layer not in attention:
            raise DataError(f"layer {layer} holds no self-attention that an adapter fits")
        own = {
            named[id(module)]: module
            for module in attention[layer].modules()
            if isinstance(module, nn.Linear | Conv1D)
        }
        if not own:
            raise DataError(
                f"the attention of layer {layer} ({type(attention[layer]).__name__}) holds no "
                "linear projection that an adapter fits"
            )
        found |= own
    return found


def lora_config(network: Any, layers: Sequence[int], rank: int, alpha: int) -> Any:
    """Peft's configuration of an adapter on the attention of some layers.

    It names projections by their short names and layers by their numbers, or projections by full
    names where the short ones fit other modules too.

    Parameters
    ----------
    network : causal language model of transformers.
    layers : numbers of the blocks whose attention is adapted.
    rank : of the update of each projection.
    alpha : the update is scaled by ``alpha / rank``.
    """
    from peft import LoraConfig
    from transformers.pytorch_utils import Conv1D

    wanted = attention_linears(network, layers)
    family = find_family(network)
    pattern = family.blocks.rpartition(".")[2]
    leaves = sorted({name.rpartition(".")[2] for name in wanted})
    within = sorted({f"{family.attention}.{leaf}" for leaf in leaves})
    common: dict[str, Any] = {
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "task_type": "CAUSAL_LM",
        "fan_in_fan_out": all(isinstance(module, Conv1D) for module in wanted.values()),
    }
    for short in (leaves, within):
        if _matched(network, short, pattern, layers) == set(wanted):
            return LoraConfig(
                target_modules=short,
                layers_to_transform=list(layers),
                layers_pattern=pattern,
                **common,
            )
    return LoraConfig(target_modules=sorted(wanted), **common)


@contextlib.contextmanager
def adapter(network: Any, config: Any, seed: int, base: Base) -> Iterator[Any]:
    """A new adapter on a model while the context is open; without effect until it is trained.

    Parameters
    ----------
    network : causal language model of transformers, in memory.
    config : of :func:`lora_config`.
    seed : of its first weights.
    base : the model, as the adapter's file will name it.

    Yields
    ------
    peft's model around it.
    """
    from peft import get_peft_model

    with _left_as_it_was(network):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            wrapped: Any = get_peft_model(network, config)
        try:
            adapter_config = wrapped.peft_config["default"]
            adapter_config.base_model_name_or_path, adapter_config.revision = (
                base.name,
                base.revision,
            )
            yield wrapped
        finally:
            wrapped.unload()


@contextlib.contextmanager
def adapted(model: LanguageModel, folder: str | Path) -> Iterator[LanguageModel]:
    """The model with a trained adapter, without reloading it, while the context is open.

    It is the model that ``--peft`` opens, number by number, under the same name and hash. The
    two share their weights: within the block only the new one may be asked; after it the old one
    is as it was, bit by bit.

    Parameters
    ----------
    model : the model that the adapter was trained on.
    folder : PEFT folder of the adapter.

    Raises
    ------
    UsageError
        When there is no adapter in the folder.
    DataError
        When it does not fit the model, or was trained on another one.
    """
    from peft.tuners.lora import LoraLayer

    path, sha256 = check_adapter(folder)
    base = base_of(model)
    notes = check_base(path, base)
    network = model.loader.model
    with _left_as_it_was(network), contextlib.ExitStack() as stack:
        try:
            wrapped: Any = put_adapter(network, path)
        except Exception as error:
            # some modules may be wrapped already
            _unwrap(network)
            raise DataError(
                f"the adapter {path.name} does not fit {model.identifier}: {error}"
            ) from error
        for module in wrapped.modules():
            if isinstance(module, LoraLayer):
                weight: Any = module.base_layer.weight
                stack.callback(setattr, weight, "data", weight.data)
                weight.data = weight.data.clone()
        merged = wrapped.merge_and_unload()
        yield _with_weights(model, merged, path, (base.weights_sha256, sha256), notes)


def base_of(model: LanguageModel) -> Base:
    """The base model as recorded in an adapter's files."""
    loader = model.loader
    if isinstance(loader, CheckpointLoader):
        return Base.of_files(loader.checkpoint, model.weights_sha256)
    return Base.of_memory(loader.model, model.identifier, model.weights_sha256)


def adapting(model: LanguageModel, network: Any) -> LanguageModel:
    """The model during training: the same prompts and readout, without a cache.

    Parameters
    ----------
    model : gives tokenizer, wording, device, number format and batch size.
    network : the network in training, with or without peft's layers.
    """
    return LanguageModel(
        f"{model.identifier}+training",
        "weights that change",
        Loaded(network, model.loader.tokenizer),
        template=model.template,
        device=model.device,
        dtype=model.dtype,
        batch_size=model.batch_size,
    )


def write_adapter(wrapped: Any, folder: Path, state: dict[str, Tensor] | None = None) -> None:
    """Write an adapter as ``--peft``, lm-eval and vLLM load it.

    peft's own way asks the hub for the base model's vocabulary, and writes names in an order that
    changes from run to run; here equal adapters are equal files.

    Parameters
    ----------
    wrapped : peft's model.
    state : its weights, where they are gathered from several devices.

    Raises
    ------
    DataError
        When a weight is NaN or infinite; nothing is written.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    config = wrapped.peft_config["default"].to_dict() | {"inference_mode": True}
    plain = {key: sorted(v) if isinstance(v, set) else v for key, v in config.items()}
    held = get_peft_model_state_dict(wrapped, state_dict=state, save_embedding_layers=False)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in held.items()}
    if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
        raise DataError(
            "the adapter's weights are NaN or infinite: take a smaller --learning-rate. What was "
            "kept before is there still"
        )
    with whole_file(folder / WEIGHTS) as partial:
        save_file(weights, partial, {"format": "pt"})
    with whole_file(folder / CONFIG) as partial:
        partial.write_text(json.dumps(plain, indent=1, sort_keys=True) + "\n", "utf-8")


def randomise_adapter(folder: str | Path, out: str | Path, seed: int) -> Path:
    """An adapter with random updates of the same norm as those of a trained one.

    Of each module the update B A is replaced by B′ A′ with normal entries, of the same shape and
    the same Frobenius norm.

    Parameters
    ----------
    folder : PEFT folder of the trained adapter.
    out : another folder; made where there is none.
    seed : of the random updates.

    Returns
    -------
    ``out``, a PEFT folder.

    Raises
    ------
    UsageError
        When there is no adapter in the folder, or ``out`` cannot be written.
    DataError
        When it is not a LoRA adapter.
    """
    from safetensors.torch import load_file, save_file

    path, _ = check_adapter(folder)
    target = user_path(out)
    if target.resolve() == path.resolve():
        raise UsageError(f"{out} is the trained adapter itself: give another folder")
    weights = load_file(path / WEIGHTS)
    downs = sorted(name for name in weights if name.endswith("lora_A.weight"))
    ups = [name.replace("lora_A.", "lora_B.") for name in downs]
    if not downs or sorted(downs + ups) != sorted(weights):
        raise DataError(f"{path.name} is not a plain LoRA adapter: it holds other weights too")
    generator = torch.Generator().manual_seed(seed)
    for down, up in zip(downs, ups, strict=True):
        norm = _update_norm(weights[down], weights[up])
        drawn = [
            torch.randn(weights[name].shape, generator=generator, dtype=torch.float64)
            for name in (down, up)
        ]
        scale = math.sqrt(norm / _update_norm(*drawn)) if norm else 0.0
        for name, values in zip((down, up), drawn, strict=True):
            weights[name] = (scale * values).to(weights[name].dtype).contiguous()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with whole_file(target / WEIGHTS) as partial:
            save_file(weights, partial, {"format": "pt"})
        with whole_file(target / CONFIG) as partial:
            shutil.copyfile(path / CONFIG, partial)
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror or error}") from error
    return target


def _update_norm(down: Tensor, up: Tensor) -> float:
    """‖B A‖ of A (r, in) and B (out, r): ‖B A‖² = tr(BᵀB AAᵀ), which needs r × r only."""
    a, b = down.double(), up.double()
    return math.sqrt(max(float(((b.T @ b) * (a @ a.T)).sum()), 0.0))


def _with_weights(
    model: LanguageModel,
    network: Any,
    folder: Path,
    hashes: tuple[str, str],
    notes: Sequence[str],
) -> LanguageModel:
    """The adapted model, named and hashed as ``--peft`` does where the model came from files.

    Parameters
    ----------
    hashes : of the weights without the adapter, and of the adapter.
    """
    loader, cache = model.loader, None
    key = content_key(model=hashes[0], adapter=hashes[1])
    if isinstance(loader, CheckpointLoader) and loader.adapter is None and not loader.untrained:
        key = hash_weights(loader.checkpoint.files, hashes[1])
        cache = cache_folder() / "activations"
    return LanguageModel(
        f"{model.identifier}+{folder.resolve().name}",
        key,
        Loaded(network, loader.tokenizer),
        template=model.template,
        device=model.device,
        dtype=model.dtype,
        batch_size=model.batch_size,
        cache=cache,
        progress=model.progress,
        notes=notes,
    )


@contextlib.contextmanager
def _left_as_it_was(network: Any) -> Iterator[None]:
    """What adapters and trainers change of a model beside its modules is set back."""
    trainable = {parameter: parameter.requires_grad for parameter in network.parameters()}
    training = {module: module.training for module in network.modules()}
    used, attributes = dict(vars(network.config)), set(vars(network))
    try:
        yield
    finally:
        for parameter, wanted in trainable.items():
            parameter.requires_grad_(wanted)
            if not wanted:
                parameter.grad = None
        for module, mode in training.items():
            module.training = mode
        vars(network.config).clear()
        vars(network.config).update(used)
        for name in set(vars(network)) - attributes:
            delattr(network, name)


def _unwrap(network: Any) -> None:
    """Take off what of an adapter was put on."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(network.named_modules()):
        if isinstance(module, BaseTunerLayer):
            parent, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(parent), leaf, module.get_base_layer())
    if hasattr(network, "peft_config"):
        del network.peft_config


def _matched(network: Any, short: Sequence[str], pattern: str, layers: Sequence[int]) -> set[str]:
    """Modules that peft would find under short names in layers of these numbers."""
    from peft import LoraConfig
    from peft.tuners.tuners_utils import check_target_module_exists

    config = LoraConfig(
        target_modules=list(short), layers_to_transform=list(layers), layers_pattern=pattern
    )
    return {name for name, _ in network.named_modules() if check_target_module_exists(config, name)}
