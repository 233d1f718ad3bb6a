"""Sets of layers to steer or train."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.errors import UsageError

MIDDLE, ALL = "middle", "all"


def middle_layers(count: int) -> tuple[int, ...]:
    """ℓ in [L/4, 3L/4), as in Xiao, Du & Lin 2026."""
    return tuple(layer for layer in range(count) if count <= 4 * layer < 3 * count)


def layer_sets(count: int) -> dict[str, tuple[int, ...]]:
    """The sets that validation chooses from, by name; the paper's first."""
    return {MIDDLE: middle_layers(count), ALL: tuple(range(count))}


def parse_layers(text: str | None, count: int) -> tuple[int, ...]:
    """``middle``, ``all``, or numbers and ranges: ``3,5-8``.

    Parameters
    ----------
    text : what is asked for; None is ``middle``.
    count : layers of the model.

    Returns
    -------
    Numbers of the layers, ascending, each once.

    Raises
    ------
    UsageError
        When it is none of them, or there is no such layer.
    """
    named = layer_sets(count)
    if text is None or text in named:
        return named[text or MIDDLE]
    try:
        chosen = sorted({number for part in text.split(",") for number in _range(part)})
    except ValueError as error:
        raise UsageError(
            f"layers {text!r}: expected middle, all, or numbers as in 3,5-8"
        ) from error
    if not chosen or chosen[0] < 0 or chosen[-1] >= count:
        raise UsageError(f"layers {text!r}: this model has layers 0 to {count - 1}")
    return tuple(chosen)


def name_layers(layers: Sequence[int]) -> str:
    """``8 to 22``, ``3, 5 to 8``; ``none`` where there are none."""
    ranges: list[list[int]] = []
    for layer in sorted(set(layers)):
        if ranges and layer == ranges[-1][-1] + 1:
            ranges[-1].append(layer)
        else:
            ranges.append([layer])
    parts = [f"{own[0]} to {own[-1]}" if len(own) > 1 else f"{own[0]}" for own in ranges]
    return ", ".join(parts) or "none"


def as_mask(layers: Sequence[int], count: int) -> list[float]:
    """1 for each of L layers that is in the set, 0 for the others.

    Parameters
    ----------
    layers : numbers of the layers in the set.
    count : L, layers of the model.
    """
    return [1.0 if layer in layers else 0.0 for layer in range(count)]


def _range(part: str) -> range:
    first, dash, last = part.strip().partition("-")
    return range(int(first), int(last if dash else first) + 1)
