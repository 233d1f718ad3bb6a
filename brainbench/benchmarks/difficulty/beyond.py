"""Rank correlation beyond what is known of every item before any reasoning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from brainbench.benchmarks.behavior.consistency import Array, correlate_columns
from brainbench.problems import Problem

# share of the ranks' spread below which nothing but rounding is left
_NOTHING = 1e-9


def condition_design(problems: Sequence[Problem]) -> Array:
    """(n_items, n_columns): what an item is, without who answered it.

    A column for each combination of reasoning type, validity and negation that there is, and the
    rank of the number of words.

    Parameters
    ----------
    problems : the items.
    """
    cells = [(p.reasoning_type, p.condition.valid, p.condition.negated) for p in problems]
    words = [sum(len(sentence.split()) for sentence in p.sentences) for p in problems]
    columns = [[float(cell == one) for cell in cells] for one in dict.fromkeys(cells)]
    return np.column_stack([*columns, rankdata(words)])


def correlate_beyond(one: Array, other: Array, design: Array) -> Array:
    """(n_items, n) twice → (n,) correlation of ranks less what the design explains of them.

    Parameters
    ----------
    one, other : values without NaN.
    design : (n_items, n_columns); a column of ones is in its span.

    Returns
    -------
    Partial Spearman correlation; NaN where the design explains one of the two altogether.
    """
    return correlate_columns(_residual_ranks(one, design), _residual_ranks(other, design))


def spearman_beyond(one: Array, other: Array, design: Array) -> float:
    """The same of two (n_items,) columns, over the items where neither is NaN.

    Parameters
    ----------
    one, other : values, NaN where missing.
    design : (n_items, n_columns).
    """
    kept = ~np.isnan(one + other)
    # residuals of no more items than columns are all 0
    if kept.sum() <= np.linalg.matrix_rank(design[kept]) + 1:
        return float("nan")
    return float(correlate_beyond(one[kept][:, None], other[kept][:, None], design[kept])[0])


def _residual_ranks(values: Array, design: Array) -> Array:
    """(n_items, n) ranks of each column less their projection on the design; NaN where none."""
    ranks = rankdata(values, axis=0)
    left = ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]
    spread = np.linalg.norm(ranks - ranks.mean(axis=0), axis=0)
    explained = np.linalg.norm(left, axis=0) <= _NOTHING * np.maximum(spread, 1.0)
    found: Array = np.where(explained, np.nan, left)
    return found
