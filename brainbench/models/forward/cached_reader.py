"""Read plans of batches, taking what was read before from the cache."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np

from brainbench.models.cache import ArrayCache
from brainbench.models.forward.reader import Reading
from brainbench.models.prompts.batches import Batch
from brainbench.progress import Count

_LOG = logging.getLogger(__name__)


class Reads(Protocol):
    """What reads a batch: transformers in this process, or an engine."""

    def read(self, batch: Batch) -> Reading: ...


@dataclass(frozen=True)
class KeptReader:
    """Reads what was not read before.

    Attributes
    ----------
    reader : gives what reads; called when something is not in the cache.
    cache : where readings are kept; None keeps nothing.
    key : name of a batch's reading: all that its numbers depend on.
    progress : called with (prompts done, prompts).
    """

    reader: Callable[[], Reads]
    cache: ArrayCache | None
    key: Callable[[Batch], str]
    progress: Count

    def read(self, plans: Sequence[Sequence[Batch]]) -> list[Reading]:
        """A reading of each plan, its rows in the order of the prompts."""
        parts = iter(self._read_batches(list(chain(*plans))))
        readings = []
        for plan in plans:
            rows = [row for batch in plan for row in batch.rows]
            whole = Reading.join([next(parts) for _ in plan])
            readings.append(whole.at(np.argsort(rows).tolist()))
        return readings

    def _read_batches(self, batches: Sequence[Batch]) -> list[Reading]:
        parts, done = [], 0
        total = sum(len(batch.rows) for batch in batches)
        for batch in batches:
            self.progress(done, total)
            parts.append(self._read_batch(batch))
            done += len(batch.rows)
        self.progress(total, total)
        return parts

    def _read_batch(self, batch: Batch) -> Reading:
        if self.cache is None:
            return self.reader().read(batch)
        key = self.key(batch)
        held = self.cache.get(key)
        if held is not None:
            _LOG.debug("%d prompts are read from the cache: %s", len(batch.rows), key[:12])
            return Reading.from_arrays(held)
        reading = self.reader().read(batch)
        self.cache.put(key, reading.to_arrays())
        return reading
