"""Which code of the package a step can reach: the modules that its own imports, and theirs.

The code is read, not run. A name that a package only hands on is followed to the module that
defines it, so that a module is not tied to all its neighbours. Docstrings, comments and how lines
are broken do not count, nor do imports for type checkers alone.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "brainbench"
# cards, wordings, simulated problems, shipped ceilings and templates are part of the code that
# reads them
_DATA = (".css", ".html", ".jinja", ".js", ".json", ".jsonl", ".safetensors", ".yaml")
# a module, and the name that is taken from it; None for all of it
Edge = tuple[str, str | None]
# a package, and a folder in it
Folder = tuple[str, str]
# one file a dataset: a key holds the cards of its own datasets only
CARDS: Folder = ("brainbench.datasets", "cards")


def reached_sha256(
    modules: Sequence[str], alone: Sequence[str] = (), without: Sequence[Folder] = ()
) -> str:
    """Hash of the code that some modules of this package can reach, and of the data it reads.

    Parameters
    ----------
    modules : dotted names, such as ``brainbench.encoding.published.ridge``.
    alone : modules whose own code counts, and not what they import.
    without : folders of data left out, because the caller's key holds what it uses of them.

    Raises
    ------
    ValueError
        When there is no such module.
    """
    return _TREE.sha256(modules, alone, without)


def every_module() -> tuple[str, ...]:
    """All modules of the package, for code that may use any."""
    return _TREE.every_module()


def modules_used(text: str | bytes) -> set[str]:
    """Modules of the package that other people's code imports.

    Raises
    ------
    SyntaxError, ValueError
        When it is not Python.
    """
    return _TREE.modules_of(_edges_in(text))


@dataclass(frozen=True)
class _Module:
    """What is known of a module from its text.

    Attributes
    ----------
    sha256 : of its code.
    edges : what it imports of the package.
    handed_on : its names that others define → where; those that are given lazily too.
    data : packages, and folders in them, whose files it reads.
    """

    sha256: str
    edges: frozenset[Edge]
    handed_on: dict[str, Edge]
    data: frozenset[Folder]


class SourceTree:
    """The files of the package, each read once.

    Parameters
    ----------
    root : folder of the package.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: dict[str, Path | None] = {}
        self._modules: dict[str, _Module] = {}
        self._files: dict[Path, str] = {}
        self._keys: dict[tuple[frozenset[str], frozenset[str], frozenset[Folder]], str] = {}

    def sha256(
        self, modules: Sequence[str], alone: Sequence[str] = (), without: Sequence[Folder] = ()
    ) -> str:
        """See :func:`reached_sha256`."""
        key = frozenset(modules), frozenset(alone), frozenset(without)
        if key not in self._keys:
            digest = hashlib.sha256()
            names = sorted({*self.reached(modules), *alone})
            for name in names:
                digest.update(f"{name} {self._module(name).sha256}\n".encode())
            for path in sorted({path for name in names for path in self._data_of(name, without)}):
                place = path.relative_to(self._root).as_posix()
                digest.update(f"{place} {self._file_sha256(path)}\n".encode())
            self._keys[key] = digest.hexdigest()
        return self._keys[key]

    def reached(self, modules: Iterable[str]) -> set[str]:
        """Modules that some can run, themselves among them."""
        found: set[str] = set()
        waiting = list(modules)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.modules_of(self._module(name).edges)
        return found

    def modules_of(self, edges: Iterable[Edge]) -> set[str]:
        """The modules that define what is imported."""
        found: set[str] = set()
        seen: set[Edge] = set()
        waiting = list(edges)
        while waiting:
            edge = waiting.pop()
            if edge in seen:
                continue
            seen.add(edge)
            module, name = edge
            path = self._path(module)
            if path is None:
                continue
            if path.name != "__init__.py" or name is None:
                found.add(module)
            elif self._path(f"{module}.{name}") is not None:
                found.add(f"{module}.{name}")
            elif (origin := self._module(module).handed_on.get(name)) is not None:
                waiting.append(origin)
            else:
                found.add(module)
        return found

    def every_module(self) -> tuple[str, ...]:
        """See :func:`every_module`."""
        found = []
        for path in self._root.rglob("*.py"):
            parts = path.relative_to(self._root.parent).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        return tuple(sorted(found))

    def _path(self, name: str) -> Path | None:
        """File of a module; of a package its ``__init__``."""
        if name not in self._paths:
            first, *parts = name.split(".")
            place = self._root.joinpath(*parts)
            files = (place / "__init__.py", place.with_name(f"{place.name}.py"))
            there = (path for path in files if first == PACKAGE and path.is_file())
            self._paths[name] = next(there, None)
        return self._paths[name]

    def _module(self, name: str) -> _Module:
        if name not in self._modules:
            path = self._path(name)
            if path is None:
                raise ValueError(f"there is no module {name}")
            self._modules[name] = _parsed(path.read_bytes())
        return self._modules[name]

    def _data_of(self, name: str, without: Sequence[Folder]) -> set[Path]:
        """Files of the package that a module names."""
        found: set[Path] = set()
        for package, below in self._module(name).data - set(without):
            path = self._path(package)
            if path is not None:
                found |= {p for p in (path.parent / below).rglob("*") if p.suffix in _DATA}
        return found

    def _file_sha256(self, path: Path) -> str:
        if path not in self._files:
            self._files[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._files[path]


_TREE = SourceTree(Path(__file__).parent)


@cache
def _edges_in(text: str | bytes) -> frozenset[Edge]:
    # a run asks it of every file beside a plugin, and so does the next
    return frozenset(edges_of(ast.parse(text)))


@cache
def _parsed(text: bytes) -> _Module:
    tree = ast.parse(text)
    return _Module(
        hashlib.sha256(repr(_plain(tree)).encode()).hexdigest(),
        frozenset(edges_of(tree)),
        {
            alias.asname or alias.name: (str(node.module), alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and _is_ours(str(node.module))
            for alias in node.names
        },
        frozenset(_data_read(tree)),
    )


def _data_read(tree: ast.AST) -> Iterator[Folder]:
    """``resources.files("package") / "folder"``, and the templates of a package."""
    for node in ast.walk(tree):
        package, below = None, ""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            package, below = _package_read(node.left), _text(node.right) or ""
        elif isinstance(node, ast.Call) and _called(node) == "PackageLoader" and node.args:
            package, below = _text(node.args[0]), "templates"
        if package is not None:
            yield package, below


def edges_of(tree: ast.AST) -> Iterator[Edge]:
    """What code imports of the package, wherever in it the import stands."""
    nodes = list(_run_by(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == PACKAGE and alias.asname is None:
                    yield from _attributes(nodes)
                elif _is_ours(alias.name):
                    yield alias.name, None
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and _is_ours(str(node.module)):
            for alias in node.names:
                yield str(node.module), None if alias.name == "*" else alias.name
        elif isinstance(node, ast.Call) and _called(node) == "import_module" and node.args:
            name = _text(node.args[0])
            if name is not None and _is_ours(name):
                yield name, None


def _attributes(nodes: Sequence[ast.AST]) -> Iterator[Edge]:
    """What is taken from ``brainbench`` itself; its place and its version are not code."""
    for node in nodes:
        taken = isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == PACKAGE
        if taken and not node.attr.startswith("__"):  # type: ignore[attr-defined]
            yield PACKAGE, node.attr  # type: ignore[attr-defined]


def _run_by(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_for_checkers(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _plain(value: Any) -> Any:
    """Code as values that are equal where it does the same, in any version of Python.

    ``ast.dump`` differs between them.
    """
    if isinstance(value, ast.AST):
        parts = []
        for field in value._fields:
            held = getattr(value, field, None)
            if field in ("ctx", "kind", "type_comment") or held is None or held == []:
                continue
            parts.append((field, _plain(held)))
        return type(value).__name__, parts
    if isinstance(value, list):
        return [_plain(each) for part in value for each in _counting(part)]
    return value


def _counting(node: Any) -> Sequence[Any]:
    """What counts of one of several parts of code."""
    if isinstance(node, ast.If) and _is_for_checkers(node.test):
        return node.orelse
    return () if _is_docstring(node) else (node,)


def _is_docstring(node: Any) -> bool:
    """Of a module, a class, a function or a field: text that nothing takes."""
    return isinstance(node, ast.Expr) and _text(node.value) is not None


def _is_for_checkers(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", None)) == "TYPE_CHECKING"


def _package_read(node: ast.expr) -> str | None:
    """The package of ``resources.files("…")``."""
    if isinstance(node, ast.Call) and _called(node) == "files" and node.args:
        return _text(node.args[0])
    return None


def _called(node: ast.Call) -> str | None:
    """Last part of the name of what is called."""
    found = getattr(node.func, "attr", getattr(node.func, "id", None))
    return found if isinstance(found, str) else None


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None
