"""Two plugin folders inside Brain-Score's package, where it looks for plugins, and nowhere else.

What is written is a list of identifiers, one line each; the code stays in brainbench. Each file
begins with the hash of the rest, so that a file of somebody else, or one that was changed by hand,
is neither replaced nor removed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from brainbench.atomic import whole_file
from brainbench.errors import UsageError
from brainbench.exchange.brainscore.registered import registered, registered_data
from brainbench.models.brainscore import HOW_TO_INSTALL, LIBRARY

State = Literal["missing", "current", "outdated", "changed", "foreign"]
NAME = "brainbench"
# what is tested; another minor release may look for plugins elsewhere
VERSIONS = {"brainscore-core": "2.5", "brainscore-language": "2.3"}
# pinned below 5 by brainscore-language and above by brainbench; both work with the newer one
_FORCED = frozenset({"transformers"})
_HEADER = re.compile(r"# Written by brainbench; sha256 of the rest: ([0-9a-f]{64})\n")
_CACHE = "__pycache__"


@dataclass(frozen=True)
class Folder:
    """A plugin folder, as it is and as it should be.

    Attributes
    ----------
    path : of the folder.
    registry : name of Brain-Score's registry.
    names : identifiers that it registers.
    text : what its ``__init__.py`` should hold.
    """

    path: Path
    registry: str
    names: tuple[str, ...]
    text: str

    @property
    def file(self) -> Path:
        """The only file in it."""
        return self.path / "__init__.py"

    @property
    def state(self) -> State:
        """``missing``; ``current``; ``outdated``, written by another version; ``changed`` by hand;
        or ``foreign``, not brainbench's.
        """
        if not self.path.exists() and not self.path.is_symlink():
            return "missing"
        if self.path.is_symlink() or not self.file.is_file() or self.others:
            return "foreign"
        found = self.file.read_bytes().decode("utf-8", errors="replace")
        header = _HEADER.match(found)
        if header is None:
            return "foreign"
        if _sha256(found[header.end() :]) != header[1]:
            return "changed"
        return "current" if found == self.text else "outdated"

    @property
    def others(self) -> list[str]:
        """Files in the folder that brainbench did not write."""
        own = (self.file.name, _CACHE)
        return sorted(path.name for path in self.path.iterdir() if path.name not in own)

    def refuse_others(self) -> None:
        """Raise ``UsageError`` when the folder is not brainbench's to replace or remove."""
        if self.state == "foreign":
            other = [] if self.path.is_symlink() or not self.path.is_dir() else self.others
            what = f"holds {', '.join(other[:5])}" if other else "was not written by brainbench"
            raise UsageError(f"{self.path} {what}: move it away, then run this again")
        if self.state == "changed":
            raise UsageError(
                f"{self.file} was changed after brainbench wrote it: move it away to keep it, or "
                "delete it, then run this again"
            )


def find_library() -> Path:
    """Folder of the installed brainscore-language, whose versions must fit; nothing is imported.

    Raises
    ------
    UsageError
        When it is not installed, or a package is not of the versions that are needed.
    """
    spec = find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        raise UsageError(f"brainscore-language is not installed: {HOW_TO_INSTALL}")
    faults = unfit(metadata.version, metadata.requires)
    if faults:
        raise UsageError(f"{'; '.join(faults)}. Install brainscore-language {HOW_TO_INSTALL}")
    return Path(spec.origin).parent


def unfit(
    version: Callable[[str], str], requires: Callable[[str], Iterable[str] | None]
) -> list[str]:
    """What is wrong with the installed packages; empty where they fit.

    Parameters
    ----------
    version, requires : of an installed package, as in ``importlib.metadata``.
    """
    faults: list[str] = []
    for name, wanted in VERSIONS.items():
        found = _version(version, name)
        if found is None:
            faults.append(f"{name} is not installed")
            continue
        if found != wanted and not found.startswith(f"{wanted}."):
            faults.append(f"{name} is {found}; {wanted}.* is needed")
        for text in requires(name) or ():
            wants = Requirement(text)
            if wants.name in (*VERSIONS, *_FORCED):
                continue
            if wants.marker is not None and not wants.marker.evaluate({"extra": ""}):
                continue
            there = _version(version, wants.name)
            if there is None:
                faults.append(f"{name} requires {wants.name}, which is not installed")
            elif not wants.specifier.contains(there, prereleases=True):
                faults.append(f"{wants.name} is {there}; {name} requires {wants.specifier}")
    return faults


def plan_folders(library: Path) -> list[Folder]:
    """The folders inside Brain-Score's package.

    Parameters
    ----------
    library : folder of ``brainscore_language``.
    """
    benchmarks = {
        each.name: f"make_benchmark, {each.name!r}, {each.identifier!r}, {each.protocol!r}"
        for each in registered()
    }
    data = {name: f"make_data, {name!r}" for name in registered_data()}
    return [
        _folder(library, "benchmarks", "benchmark_registry", benchmarks),
        _folder(library, "data", "data_registry", data),
    ]


def install(library: Path) -> list[Folder]:
    """Write the folders that are missing or outdated, all or none where one is not ours.

    Parameters
    ----------
    library : folder of ``brainscore_language``.

    Returns
    -------
    Those that were written.

    Raises
    ------
    UsageError
        When a folder of that name is not brainbench's, another plugin registers one of its
        identifiers, or the package cannot be written to.
    """
    folders = plan_folders(library)
    for folder in folders:
        if not folder.path.parent.is_dir():
            raise UsageError(f"{folder.path.parent} is missing: that is not brainscore-language")
        folder.refuse_others()
        _refuse_twice(folder)
    written = [folder for folder in folders if folder.state != "current"]
    for folder in written:
        try:
            with whole_file(folder.file) as partial:
                partial.write_text(folder.text, "utf-8")
        except OSError as error:
            raise UsageError(
                f"cannot write {folder.file}: {error.strerror or error}. Brain-Score finds plugins "
                "in its own package only: install it where you may write"
            ) from error
    return written


def uninstall(library: Path) -> list[Folder]:
    """Remove the folders, all or none where one is not ours.

    Parameters
    ----------
    library : folder of ``brainscore_language``.

    Returns
    -------
    Those that were there.

    Raises
    ------
    UsageError
        When a folder of that name is not brainbench's, or cannot be removed.
    """
    there = [folder for folder in plan_folders(library) if folder.state != "missing"]
    for folder in there:
        folder.refuse_others()
    for folder in there:
        try:
            folder.file.unlink()
            shutil.rmtree(folder.path / _CACHE, ignore_errors=True)
            folder.path.rmdir()
        except OSError as error:
            raise UsageError(f"cannot remove {folder.path}: {error.strerror or error}") from error
    return there


def _folder(library: Path, kind: str, registry: str, calls: dict[str, str]) -> Folder:
    templates = resources.files("brainbench.exchange.brainscore") / "templates"
    template = (templates / f"{kind}.py.txt").read_text("utf-8")
    entries = "\n".join(f"{registry}['{name}'] = partial({call})" for name, call in calls.items())
    body = template.replace("ENTRIES", entries)
    text = f"# Written by brainbench; sha256 of the rest: {_sha256(body)}\n{body}"
    return Folder(library / kind / NAME, registry, tuple(calls), text)


def _refuse_twice(folder: Folder) -> None:
    """Brain-Score loads no identifier that two folders register."""
    lines = {f"{folder.registry}['{name}']": name for name in folder.names}
    for file in sorted(folder.path.parent.glob("*/__init__.py")):
        if file == folder.file:
            continue
        text = file.read_bytes().decode("utf-8", errors="replace").replace('"', "'")
        for line, name in lines.items():
            if line in text:
                raise UsageError(
                    f"{file} registers {name} too, and Brain-Score loads no identifier that two "
                    "folders register: move that folder away, then run this again"
                )


def _version(version: Callable[[str], str], name: str) -> str | None:
    try:
        return version(name)
    except metadata.PackageNotFoundError:
        return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
