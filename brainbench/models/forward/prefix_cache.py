"""Keys and values of a prefix that prompts share, computed once."""

from __future__ import annotations

from typing import Any

from brainbench.models.forward.hooks import only_rows
from brainbench.models.forward.kv_cache import empty_cache, with_cache
from brainbench.models.forward.running import input_device
from brainbench.models.forward.shared_attention import expanded, longest_shared, share
from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.hooks import Steerer


class SharedPrefix:
    """Keys and values of the last beginning that was asked for.

    Parameters
    ----------
    model : a causal language model of transformers.
    steerer : adds directions to a beginning that is asked for steered.
    """

    def __init__(self, model: Any, steerer: Steerer | None = None) -> None:
        self._model = model
        self._steerer = steerer or Steerer(model)
        # where the embedding is, the tokens must be; layers may be on other devices
        self._device = input_device(model)
        self._held: tuple[Any, Any] = (None, None)

    def past(
        self, prefix: Tokens, rows: int, group: str | None = None, room: int | None = None
    ) -> Any:
        """A cache to run with, for each row of a batch; None without a beginning.

        Parameters
        ----------
        group : whose directions are added to every token of it.
        room : tokens of a row that follow at most, when all passes are by
            :func:`.shared_attention.run`: the beginning is kept once where the model allows it.
        """
        if not prefix:
            return None
        if self._held[0] != (prefix, group):
            self._held = (None, None)
            self._held = ((prefix, group), self._compute(prefix, group))
        if room is not None and len(prefix) + room <= longest_shared(self._model, prefix):
            return share(self._held[1])
        return expanded(self._held[1], rows)

    def forget(self) -> None:
        """Let what is kept go."""
        import torch

        self._held = (None, None)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _compute(self, prefix: Tokens, group: str | None) -> Any:
        import torch

        past = empty_cache(self._model)
        tokens = torch.tensor([prefix], device=self._device)
        last = only_rows(self._model.get_output_embeddings(), lambda states: states[:, -1])
        with self._steerer.adding([group]), last:
            self._model(input_ids=tokens, use_cache=True, **with_cache(self._model, past))
        return past
