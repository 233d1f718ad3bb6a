"""How scores and records show themselves: as words, a notebook's page, a table, a picture, arrays.

What shows them is found far above the numbers that they hold, and no run's id depends on it: it is
registered here, and loaded by name when it is asked for first.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import xarray as xr

Way = Literal["text", "html", "table", "picture", "array"]
# what registers the ways of everything that a record holds
_REGISTERS = "brainbench.results.views"
_WAYS: dict[tuple[Way, type], Callable[[Any], Any]] = {}


def show_with(way: Way, kind: type, function: Callable[[Any], Any]) -> None:
    """From now on, show what is of a kind by a function.

    Parameters
    ----------
    kind : a class; its subclasses are shown so too.
    function : from one of these to what is shown.
    """
    _WAYS[way, kind] = function


def show(way: Way, thing: Any) -> Any:
    """What something shows as.

    Returns
    -------
    What the function of its class gives; None where there is none.
    """
    import_module(_REGISTERS)
    found = (_WAYS.get((way, base)) for base in type(thing).__mro__)
    function = next((each for each in found if each is not None), None)
    return None if function is None else function(thing)


class Shown:
    """Prints as the words of its class; as any other object where there are none."""

    def __repr__(self) -> str:
        text: str | None = show("text", self)
        return super().__repr__() if text is None else text

    def __str__(self) -> str:
        return repr(self)


class ShownScore(Shown):
    """A score that shows itself by itself, too: in a notebook, and as labelled arrays."""

    def _repr_html_(self) -> str | None:
        """Its line of a scorecard, as a notebook shows it."""
        text: str | None = show("html", self)
        return text

    def to_xarray(self) -> xr.Dataset:
        """Its numbers as arrays with named dimensions, as far as it has them.

        Returns
        -------
        A dataset whose dimensions are among ``roi``, ``reasoning_type``, ``subject``, ``layer``,
        ``rung``, ``term``, ``measure``, ``profile``, ``control``, ``arm``, ``against``, ``metric``
        and ``choice``; NaN where a number is undefined. Scores of several regions or reasoning
        types are put together by ``xarray.combine_by_coords``.
        """
        found: xr.Dataset = show("array", self)
        return found
