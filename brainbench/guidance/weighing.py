"""Whose answers weigh the items that a direction for new problems is made of."""

from __future__ import annotations

from brainbench.errors import UnknownNameError

# of everybody who solved the same problems, where the card of the recording names them, or of the
# scanned people alone
ANSWERS = ("all", "scanned")


def check_answers(name: str) -> None:
    """Raise ``UnknownNameError`` unless a name says whose answers weigh items."""
    if name not in ANSWERS:
        raise UnknownNameError("people whose answers weigh items", name, ANSWERS)
