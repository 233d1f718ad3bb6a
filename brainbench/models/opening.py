"""From a model's name and the options to a language model that can be asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from brainbench.errors import UsageError
from brainbench.models.checkpoints.adapter_base import Base, check_adapter, check_base
from brainbench.models.checkpoints.attention import check_attention
from brainbench.models.checkpoints.checkpoint import (
    Checkpoint,
    find_checkpoint,
    hash_weights,
    own_dtype,
)
from brainbench.models.checkpoints.loading import CheckpointLoader, resolve_device, resolve_dtype
from brainbench.models.language_model import LanguageModel
from brainbench.models.options import BATCH_SIZE, ModelOptions, readout_suffix
from brainbench.models.prompts.template import PromptTemplate, load_template
from brainbench.models.steering.vector import Steering, load_steering
from brainbench.paths import cache_folder
from brainbench.progress import Count

_LOG = logging.getLogger(__name__)


def open_language_model(
    source: str | Path,
    options: ModelOptions | None = None,
    *,
    builtin: PromptTemplate | None = None,
    progress: Count = lambda done, total: None,
) -> LanguageModel:
    """Find a model's files and prepare to ask it; weights are loaded when they are needed.

    Parameters
    ----------
    source : hub id, folder, or GGUF file.
    options : see :class:`ModelOptions`.
    builtin : the wording that the model in the package was trained on.

    Raises
    ------
    UsageError, DataError
        When it cannot be found, read or run here.
    """
    chosen = options or ModelOptions()
    device = resolve_device(chosen.device)
    template = builtin
    if chosen.prompt_template is not None:
        template = load_template(chosen.prompt_template)
    adapter = None if chosen.peft is None else check_adapter(chosen.peft)
    steering = None
    if chosen.steer is not None:
        steering = load_steering(chosen.steer).changed(chosen.strength, chosen.steer_tokens)
    trained = chosen.untrained is None
    if not trained and adapter is not None:
        raise UsageError("--untrained draws the weights anew: there is nothing --peft fits")
    checkpoint = find_checkpoint(
        source,
        chosen.revision,
        chosen.gguf_file,
        weights=trained,
        code=chosen.trust_remote_code,
    )
    dtype = resolve_dtype(chosen.dtype, device, own_dtype(checkpoint))
    check_attention(chosen.attn_implementation, device, dtype)
    notes = () if adapter is None else check_base(adapter[0], Base.of_files(checkpoint))
    for text in notes:
        _LOG.warning("%s", text)
    opener = _Opener(chosen, template, device, dtype, builtin is not None, progress)
    return opener.open(checkpoint, chosen.untrained, adapter, steering, notes)


@dataclass(frozen=True)
class _Opener:
    """What a model and its untrained twins have in common."""

    options: ModelOptions
    template: PromptTemplate | None
    device: str
    dtype: str
    builtin: bool
    progress: Count

    def open(
        self,
        checkpoint: Checkpoint,
        seed: int | None,
        adapter: tuple[Path, str] | None = None,
        steering: Steering | None = None,
        notes: tuple[str, ...] = (),
    ) -> LanguageModel:
        """The model of some files, or one of a seed's weights; perhaps adapted or steered."""
        options = self.options
        code = options.trust_remote_code
        _LOG.debug(
            "%s: %d files of weights, %s on %s, batches of %d",
            checkpoint.name,
            len(checkpoint.files),
            self.dtype,
            self.device,
            options.batch_size or BATCH_SIZE,
        )
        return LanguageModel(
            self._identifier(checkpoint.name, seed, adapter, steering),
            hash_weights(checkpoint.files, adapter and adapter[1], seed),
            CheckpointLoader(
                checkpoint,
                device=self.device,
                dtype=self.dtype,
                adapter=adapter and adapter[0],
                untrained=seed,
                # drawn weights are made on one device
                spread=seed is None and _is_spread(options.device),
                code=code,
                attention=options.attn_implementation,
                batch_size=options.batch_size or BATCH_SIZE,
            ),
            template=self.template,
            device=self.device,
            dtype=self.dtype,
            attn_implementation=options.attn_implementation,
            batch_size=options.batch_size or BATCH_SIZE,
            think=options.max_new_tokens if options.think else None,
            readout=options.readout,
            cache=cache_folder() / "activations",
            progress=self.progress,
            revision=checkpoint.revision,
            files=checkpoint.files,
            # adapted, untrained or steered it is another model
            builtin=self.builtin and adapter is None and seed is None and steering is None,
            twin=lambda other: self.open(checkpoint.without_weights(code=code), other),
            steering=steering,
            notes=notes,
        )

    def _identifier(
        self,
        name: str,
        seed: int | None,
        adapter: tuple[Path, str] | None,
        steering: Steering | None,
    ) -> str:
        """Name of the model, with what was done to it: an untrained one is another model."""
        if seed is not None:
            name += f"+untrained-{seed}"
        if adapter is not None:
            name += f"+{adapter[0].resolve().name}"
        thinking = "+think" if self.options.think else ""
        steered = "" if steering is None else steering.suffix
        return name + thinking + readout_suffix(self.options.readout) + steered


def _is_spread(asked: str | None) -> bool:
    """Whether layers are divided over several GPUs: only where none was named."""
    import torch

    return asked in (None, "auto") and torch.cuda.is_available() and torch.cuda.device_count() > 1
