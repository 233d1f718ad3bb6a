"""Finished steps of a long computation: where they are kept."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from brainbench.errors import UsageError


class StepStore(Protocol):
    """Where finished steps are kept, so that a run that was killed goes on after them."""

    def get(self, key: str) -> dict[str, Any] | None:
        """What :meth:`put` stored, or None."""
        ...

    def put(self, key: str, value: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Store a finished step: plain values, and arrays that later steps do not need.

        Parameters
        ----------
        key : name of the step.
        value : what later steps need, as plain values.
        arrays : by name; :meth:`get` does not give them back.
        """
        ...


class Memory:
    """A step store that lives as long as the call."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Any]] = {}

    def get(self, key: str) -> dict[str, Any] | None:
        return self._held.get(key)

    def put(self, key: str, value: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        self._held[key] = value


def check_numbers(seed: int, limit: int | None) -> None:
    """Check that a seed and a limit are whole numbers that make sense.

    Parameters
    ----------
    seed : of everything that is drawn, from 0.
    limit : items of each reasoning type, from 1; None for all.

    Raises
    ------
    UsageError
        When one of them is anything else.
    """
    if type(seed) is not int or seed < 0:
        raise UsageError(f"seed must be a whole number from 0, not {seed!r}")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise UsageError(f"limit must be a whole number from 1, not {limit!r}")
