"""The rows of a pass that are steered, and the positions from which on.

Of a row, the first place that is read is the last token of its context: what stands there tells
the first token of the continuation. A row without such a place is a beginning of others; the plan
ends it before any of their contexts ends, so it is steered only where every token is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.hooks import Steerer
from brainbench.reasoning.lm.schedule import Ask, ScheduledWork


class SteeredRows:
    """The rows of one work.

    Parameters
    ----------
    steerer : adds the directions.
    work : its queries are of one group where every token is steered.

    Attributes
    ----------
    common : the group that steers every token, shared beginnings too; None where not every one.
    """

    def __init__(self, steerer: Steerer, work: ScheduledWork) -> None:
        self._steerer = steerer
        asks = (*work.asks, *work.tail_asks)
        self.common = asks[0].group if steerer.everywhere else None

    def adding(self, rows: Sequence[Tokens], asks: Sequence[Ask]) -> AbstractContextManager[None]:
        """Steer a pass of these rows, padded on the right, while the block runs.

        Parameters
        ----------
        rows : token ids of each row of the pass.
        asks : what is read in the pass; a row is steered from the first place read in it, or wholly
            where every token is.
        """
        lengths = [len(row) for row in rows]
        onsets = list(lengths)
        groups = [self.common] * len(rows)
        for ask in asks:
            onsets[ask.row] = min(onsets[ask.row], ask.place)
            groups[ask.row] = ask.group
        return self._steerer.adding(groups, self._steerer.mask(onsets, lengths, max(lengths)))
