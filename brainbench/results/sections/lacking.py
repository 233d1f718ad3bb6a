"""What was not scored, and why."""

from __future__ import annotations

from collections.abc import Iterable

from brainbench.results.blocks import Block, Bullets
from brainbench.results.wording import listed


def not_scored(lacking: Iterable[tuple[str, str | None]]) -> list[Block]:
    """What was not scored, once for each reason."""
    reasons: dict[str, dict[str, None]] = {}
    for name, reason in lacking:
        if reason:
            reasons.setdefault(reason, {})[name] = None
    items = [("n/a", f"{listed(names)}: {reason}") for reason, names in reasons.items()]
    return [Bullets(items)] if items else []
