"""Tensors of a checkpoint that the model has no place for.

Transformers leaves them out without a word. Where whole layers are left out, configuration and
weights do not belong together, and every number would be another model's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from brainbench.errors import DataError
from brainbench.models.architectures import find_family
from brainbench.models.checkpoints.gguf import read_gguf_header, read_gguf_tensors

# what comes before the blocks: checkpoints of the bare model or of one with eyes name them so
_BEFORE = r"(?:(?:model|language_model|text_model|transformer|gpt_neox)\.)*"
# parts that read no text, which a model of text rightly leaves out
_NO_TEXT = re.compile(r"(^|\.)(vision|visual|audio|image|multi_modal|multimodal|speech)\w*\.")
_SHOWN = 4


def unused_in_gguf(model: Any, file: Path) -> list[str]:
    """Names of the tensors in a GGUF file that were not read into the model that it gave.

    Parameters
    ----------
    model : the model of transformers that was read from the file.
    file : the GGUF file.
    """
    from transformers.modeling_gguf_pytorch_utils import (
        TENSOR_PROCESSORS,
        TensorProcessor,
        get_gguf_hf_weights_map,
    )

    kind = str(read_gguf_header(file).get("general.architecture"))
    made: Any = TENSOR_PROCESSORS.get(kind, TensorProcessor)
    read = get_gguf_hf_weights_map(model, made(config=model.config.to_dict()))
    # experts, which are joined, are listed without their ending
    return [
        name
        for name in read_gguf_tensors(file)
        if name not in read and name.removesuffix(".weight") not in read
    ]


def check_unused(unused: Iterable[str], model: Any, name: str) -> tuple[str, ...]:
    """A warning of tensors that have no place in the model; none where every one has.

    Parameters
    ----------
    unused : their names, as in the file.
    model : as it was made of the configuration.
    name : of the checkpoint.

    Raises
    ------
    DataError
        When whole layers, or more tensors than the model has, are left out.
    """
    names = sorted(unused)
    if not names:
        return ()
    config = model.config
    blocks = find_family(model).blocks.rpartition(".")[2]
    place = re.compile(rf"(?:{_BEFORE}{re.escape(blocks)}|blk)\.(\d+)\.")
    count = int(config.get_text_config().num_hidden_layers)
    found = (place.match(tensor) for tensor in names)
    beyond = sorted({int(match[1]) for match in found if match and int(match[1]) >= count})
    listed = f"{', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
    if beyond:
        raise DataError(
            f"{name} holds weights of layer {beyond[-1]}, its configuration has {count} layers, "
            f"0 to {count - 1}: they do not belong together. {len(names)} tensors would not be "
            f"used: {listed}. Take config.json and weights from the same source"
        )
    n_own = len(model.state_dict())
    if sum(not _NO_TEXT.search(tensor) for tensor in names) > n_own:
        raise DataError(
            f"{name} holds {len(names)} tensors that its configuration has no place for "
            f"({listed}), and {n_own} that it has: they do not belong together. Take config.json "
            "and weights from the same source"
        )
    plural = "tensors of its checkpoint are" if len(names) > 1 else "tensor of its checkpoint is"
    return (f"{name}: {len(names)} {plural} not used, the model has no place for them: {listed}",)
