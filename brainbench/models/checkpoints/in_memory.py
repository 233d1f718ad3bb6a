"""Models in memory: their hashes, and twins with new random weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from brainbench.errors import DataError
from brainbench.models.cache import content_key
from brainbench.models.checkpoints.failures import out_of_memory
from brainbench.models.checkpoints.forward_state import hash_configuration
from brainbench.models.checkpoints.loading import draw

# what tokenizers do beside their rules
_FLAGS = ("add_bos_token", "add_eos_token", "add_prefix_space", "clean_up_tokenization_spaces")


@dataclass(frozen=True)
class UntrainedTwin:
    """The architecture of a model in memory, its weights initialised at random on first use.

    Attributes
    ----------
    config : its configuration; a copy of one's own, so that it stays as it was.
    tokenizer : its tokenizer.
    seed : of the weights.
    device, dtype : as the model's.
    """

    config: Any
    tokenizer: Any
    seed: int
    device: str
    dtype: str

    @cached_property
    def model(self) -> Any:
        """The model on its device, in evaluation mode.

        Raises
        ------
        DataError
            When it does not fit the memory beside the original.
        """
        try:
            return draw(self.config, self.dtype, self.seed).to(self.device).eval()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            raise DataError(
                "an untrained twin does not fit the memory of this device beside the model: "
                "save the model, and load it with --untrained"
            ) from error

    @property
    def unused(self) -> tuple[str, ...]:
        """No checkpoint is read."""
        return ()

    def sha256(self) -> str:
        """Hash of architecture and seed; no weights are made for it."""
        return content_key(
            config=hash_configuration(self.config),
            tokenizer=hash_tokenizer(self.tokenizer),
            untrained=self.seed,
        )


def hash_tokenizer(tokenizer: Any) -> str:
    """Hash of everything that changes how a tokenizer encodes messages and decodes tokens."""
    fast = getattr(tokenizer, "backend_tokenizer", None)
    rules = {"vocabulary": tokenizer.get_vocab()} if fast is None else json.loads(fast.to_str())
    # left behind by the last call of others
    rules |= {"padding": None, "truncation": None}
    # chat templates write them; generation stops at one
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    flags = {name: getattr(tokenizer, name, None) for name in _FLAGS}
    return content_key(rules=rules, chat=tokenizer.chat_template, special=special, flags=flags)
