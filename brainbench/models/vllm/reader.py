"""Reads batches of prompts out in vLLM's engine, as :class:`.Reader` does in transformers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brainbench.models.forward.reader import Reading
from brainbench.models.model import SITES
from brainbench.models.prompts.batches import Batch
from brainbench.models.prompts.verbalizer import Spellings
from brainbench.models.steering.vector import Steering
from brainbench.models.vllm.engine import Added, Engine


class EngineReader:
    """Reads a model out at the last token of each prompt, or over the places of its batch.

    Parameters
    ----------
    engine : asked for the batches.
    spellings : of the answers.
    steering : what is added to the states; those that are read are the steered ones.
    """

    def __init__(
        self, engine: Engine, spellings: Spellings, steering: Steering | None = None
    ) -> None:
        self._engine = engine
        self._spellings = spellings
        self._steering = steering

    def read(self, batch: Batch) -> Reading:
        """Ask the engine for a batch.

        Raises
        ------
        DataError
            When the engine stops, or computed no state of a prompt.
        """
        groups = batch.groups or (None,) * len(batch.rows)
        parts: list[Reading] = []
        order: list[int] = []
        # by itself the engine does not tell which of two equal prompts is whose
        for group in dict.fromkeys(groups):
            own = [number for number, other in enumerate(groups) if other == group]
            parts.append(self._read(batch, own, group))
            order += own
        return Reading.join(parts).at(np.argsort(order).tolist())

    def forget(self) -> None:
        """Nothing is kept between batches."""

    def _read(self, batch: Batch, own: Sequence[int], group: str | None) -> Reading:
        start = len(batch.prefix)
        found = self._engine.read(
            [batch.prefix + batch.suffixes[number] for number in own],
            [[start + place for place in batch.places[number]] for number in own]
            if batch.places
            else [],
            (self._spellings.true, self._spellings.false),
            self._added(group),
        )
        return Reading(
            {site: found[site] for site in SITES},
            found["tokens"],
            found["log_odds"],
            np.zeros(len(own), np.int64),
        )

    def _added(self, group: str | None) -> Added | None:
        return None if self._steering is None or group is None else Added.of(self._steering, group)
