"""Which code computed a number: of this package, of those it uses, and of plugins.

A plugin's numbers are other people's code: a version that its author forgot to raise would give
the scores of the old code back for the new.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from brainbench.closure import every_module, modules_used, reached_sha256

# what reads, unpacks, merges and runs weights
_COMPUTING = ("torch", "transformers", "accelerate", "peft", "gguf")


@cache
def computing_versions(*modules: str) -> tuple[str, ...]:
    """What a model's numbers come from, as caches are keyed by.

    Parameters
    ----------
    modules : those that compute them; what they can reach counts, and nothing else of the package.
    """
    return (*(metadata.version(name) for name in _COMPUTING), reached_sha256(modules))


def code_sha256(*things: Any) -> str | None:
    """Hash of the source of what some functions, classes and objects are made by.

    It is of their own modules, of all that is installed with them, and of the modules that those
    use which belong to no installed package; other packages count by their versions.

    Returns
    -------
    None where a module has no source that can be read.
    """
    digest, none = hashlib.sha256(), True
    for name, what in _sources(things):
        none = False
        if isinstance(what, str):
            digest.update(f"{name}=={what}\n".encode())
            continue
        if not what:
            return None
        for path in what:
            digest.update(f"{name}/{path.name}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return None if none else digest.hexdigest()


def modules_behind(*things: Any) -> tuple[str, ...]:
    """Modules of this package that other people's functions, classes and objects may use.

    Returns
    -------
    Those that their source imports; all there are where it cannot be read.
    """
    found: set[str] = set()
    none = True
    for _, what in _sources(things):
        none = False
        if isinstance(what, str):
            continue
        try:
            used = [modules_used(path.read_bytes()) for path in what]
        except (OSError, SyntaxError, ValueError):
            used = []
        if not used:
            return every_module()
        found = found.union(*used)
    return every_module() if none else tuple(sorted(found))


def _sources(things: Iterable[Any]) -> Iterator[tuple[str, str | list[Path]]]:
    """Modules that things are made by → their files, or the version of a package of others."""
    home = {name for name in map(_top, things) if name is not None}
    # all that is installed with them
    owners = {owner for name in home for owner in _distributions().get(name, ())}
    home |= {name for name, given in _distributions().items() if owners & set(given)}
    seen: dict[str, None] = dict.fromkeys(sorted(home))
    waiting = list(seen)
    while waiting:
        name = waiting.pop(0)
        if name not in home and (version := _version(name)) is not None:
            yield name, version
            continue
        yield name, _files(name)
        used = sorted(set(_used(name)) - seen.keys())
        seen.update(dict.fromkeys(used))
        waiting += used


def _top(thing: Any) -> str | None:
    """First part of the name of the module that a thing was written in."""
    for each in (thing, type(thing)):
        module = getattr(inspect.unwrap(each) if callable(each) else each, "__module__", None)
        if isinstance(module, str) and module.partition(".")[0] not in ("builtins", "functools"):
            return module.partition(".")[0]
    return None


def _modules(name: str) -> list[ModuleType]:
    """A module or package of this name and what of it is loaded."""
    return [
        module
        for key, module in list(sys.modules.items())
        if isinstance(module, ModuleType) and (key == name or key.startswith(f"{name}."))
    ]


def _files(name: str) -> list[Path]:
    """Python files of a module, or of the whole of a package; none where one cannot be read."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):  # a module that was made by hand has none
        return []
    if spec is None:
        return []
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    if places:
        return sorted(path for place in places for path in place.rglob("*.py"))
    path = Path(spec.origin or "")
    return [path] if path.suffix == ".py" and path.is_file() else []


def _used(name: str) -> Iterator[str]:
    """Top-level names of the modules that a module's globals come from."""
    for module in _modules(name):
        for value in list(vars(module).values()):
            found = value.__name__ if isinstance(value, ModuleType) else _home(value)
            top = str(found or "").partition(".")[0]
            if (
                top
                and top != __package__
                and top not in sys.stdlib_module_names
                and top in sys.modules
            ):
                yield top


def _home(value: Any) -> str | None:
    if not isinstance(value, type) and not callable(value):
        return None
    found = getattr(value, "__module__", None)
    return found if isinstance(found, str) else None


@cache
def _distributions() -> dict[str, Iterable[str]]:
    return dict(metadata.packages_distributions())


def _version(name: str) -> str | None:
    """Of the distribution that a top-level name comes from; None of a file that lies about."""
    for distribution in _distributions().get(name, ()):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return None
