"""How scores and records show themselves: as words, a notebook's page, a table, a picture.

What shows them is found far above the numbers that they hold, and no run's id depends on it: it is
registered here, and loaded by name when it is asked for first.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

Way = Literal["text", "html", "table", "picture"]
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
