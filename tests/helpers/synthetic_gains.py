"""Gains that no model had, consistent in every number that a check looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.rows import METRICS
from brainbench.guidance.score import GuidanceScore

GIVEN = {GUIDED: 0.75, UNGUIDED: 0.60, PERMUTED: 0.62, LABEL_ONLY: 0.65}


def arm(name: str, value: float, seeds: int = 5) -> dict[str, Any]:
    return {"arm": name, "n_seeds": seeds, "strength": 1.0, "threshold": 0.0,
            **dict.fromkeys(METRICS, value)}  # fmt: skip


def difference(name: str, higher: float = 0.0) -> dict[str, Any]:
    gap = GIVEN[GUIDED] + higher - GIVEN[name]
    changes = [
        {"metric": metric, "value": gap, "interval": (gap - 0.04, gap + 0.04), "p": 0.001}
        for metric in METRICS
    ]
    return {"against": name, "n_seeds": 5, "changes": changes, "mcnemar_p": 0.01,
            "mcnemar_gained": 20, "mcnemar_lost": 5}  # fmt: skip


def gain(
    change: Callable[[dict[str, Any]], None] | None = None, higher: float = 0.0
) -> GuidanceScore:
    """One test of steering that helps; ``higher`` is added to all that guided got."""
    content: dict[str, Any] = {
        "mode": "steering", "form": "controlled", "recipe": "one step", "tier": "full",
        "dataset": "xiao2026", "roi": "deductive_reasoning", "reasoning_type": "syllogistic",
        "site": "attention", "layers": [3], "test": "three premises, syllogistic",
        "test_type": "syllogistic", "n_items": 1152, "n_base": 192, "n_people": 10,
        "n_permutations": 5, "n_draws": 10_000,
        "arms": [arm(n, value + higher * (n == GUIDED)) for n, value in GIVEN.items()],
        "differences": [difference(n, higher) for n in GIVEN if n != GUIDED],
        "verdict": "brain signals help",
    }  # fmt: skip
    if change is not None:
        change(content)
    return GuidanceScore.model_validate(content)
