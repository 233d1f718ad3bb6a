"""Methods of steering: how signals become what is added to a model's states.

A method is a file of this folder, with two functions, and a line here. This module holds names
and facts alone, so that they can be listed and checked without torch; :mod:`.guiding` calls the
functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from brainbench.errors import DataError, UnknownNameError
from brainbench.plugins import MethodPlugin, plugged
from brainbench.source import code_sha256


@dataclass(frozen=True)
class Method:
    """One method of steering.

    Attributes
    ----------
    name : as in the record.
    what : description in plain words.
    file : module of this folder that holds its functions; empty for those of plugins.
    tokens : it is added at so many last tokens of the prompt.
    by_item : whether what is added at a new problem depends on the model's states there.
    reads_item : whether what is added at a held-out item is made from people's responses to it.
    weighs : whether items count by how many people had them right, at new problems.
    """

    name: str
    what: str
    file: str = ""
    tokens: int = 1
    by_item: bool = False
    reads_item: bool = True
    weighs: bool = True


ONE_STEP = "one step"
METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(ONE_STEP, "towards the measured response, at the last token", "one_step"),
        Method("several tokens", "the same at the last four tokens", "one_step", tokens=4),
        Method("subspace", "within three directions that steps share", "subspace", by_item=True),
        Method(
            "own map",
            "what the map makes of the problem's own state, amplified",
            "own_map",
            by_item=True,
            reads_item=False,
            weighs=False,
        ),
        Method(
            "right minus wrong",
            "from responses of people who erred to those of people who did not",
            "right_minus_wrong",
            reads_item=False,
            weighs=False,
        ),
    )
}


def find_method(name: str) -> Method:
    """A method by name, of brainbench or of a plugin, or ``UnknownNameError``."""
    if name in METHODS:
        return METHODS[name]
    others = plugged_methods()
    if name not in others:
        raise UnknownNameError("method of steering", name, [*METHODS, *others])
    return others[name]


def key_of(method: str) -> str:
    """What stands before the region in names of files; nothing for the method that is usual."""
    return "" if method == ONE_STEP else f"{method.replace(' ', '-')}-"


def plugged_methods() -> dict[str, Method]:
    """Methods of other packages, by name.

    Raises
    ------
    DataError
        When a plugin gives something other than a ``MethodPlugin``, or steers no token.
    """
    found = {}
    for name, given in method_plugins().items():
        if not isinstance(given, MethodPlugin):
            raise DataError(f"the method {name!r} is {type(given).__name__}, not a MethodPlugin")
        if given.tokens < 1:
            raise DataError(f"the method {name!r} steers {given.tokens} tokens: at least 1")
        found[name] = Method(
            name, given.what, "", given.tokens, given.by_item, given.reads_item, weighs=False
        )
    return found


def method_plugins() -> dict[str, Any]:
    """What plugins register as methods, by name, unchecked."""
    return plugged("methods", tuple(METHODS))


def code_of_methods(names: Sequence[str]) -> dict[str, str | None]:
    """Method of a plugin → hash of its code; None where that cannot be read."""
    given = method_plugins()
    own = sorted(set(names) & given.keys())
    problems = {name: code_sha256(given[name].problems) for name in own}
    return problems | {f"{name}, held out": code_sha256(given[name].held_out) for name in own}


def functions_of_plugins(names: Sequence[str]) -> list[Callable[..., Any]]:
    """The functions by which plugins make the directions of those methods that they add."""
    given = method_plugins()
    own = [given[name] for name in sorted(set(names) & given.keys())]
    return [function for each in own for function in (each.held_out, each.problems)]


def modules_of(names: Sequence[str]) -> list[str]:
    """Dotted names of the modules that hold the functions of brainbench's own methods."""
    own = [METHODS[name].file for name in names if name in METHODS]
    return [f"{__package__}.{file}" for file in dict.fromkeys(own)]
