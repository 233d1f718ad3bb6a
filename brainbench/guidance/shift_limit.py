"""How far guidance may move a model away from itself on neutral text."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from brainbench.errors import UsageError

# divergence on neutral text, nats: a text that the model itself would write gets a perplexity
# 10 % higher
SHIFT_LIMIT = 0.1
AskedLimit = float | Literal["auto"] | None


def check_limit(asked: AskedLimit) -> None:
    """Refuse a limit that nothing stays within.

    Parameters
    ----------
    asked : nats, ``auto``, or None for no limit.

    Raises
    ------
    UsageError
        When it is not above 0.
    """
    if isinstance(asked, float | int) and not (isfinite(asked) and asked > 0.0):
        raise UsageError(
            f"the limit on the shift of neutral text must be above 0 nats, not {asked}"
        )


def find_limit(asked: AskedLimit, builtin: bool, form: str = "controlled") -> float | None:
    """The limit that was asked for, nats; None for none.

    Parameters
    ----------
    asked : nats, None for no limit, or ``auto``: 0.1.
    builtin : whether it is the model of the package, which was trained on problems alone and knows
        no prose: it has no limit by itself.
    form : the published one has none by itself, for the paper has none.
    """
    if asked == "auto":
        return None if builtin or form == "published" else SHIFT_LIMIT
    return asked


def parse_limit(text: str | None) -> AskedLimit:
    """A limit of the command: nats, ``auto`` or ``none``; None is ``auto``.

    Raises
    ------
    UsageError
        When it is neither.
    """
    if text is None or text == "auto":
        return "auto"
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"--guidance-limit {text!r} is not a number, auto or none") from error
