"""A sweep's file: YAML → checked settings, every fault named by its line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.foreign import Unreadable, parse_yaml, read_text, yaml_lines
from brainbench.paths import user_path
from brainbench.sweep.options import Option
from brainbench.sweep.schema import SCORES, ModelEntry, Resources, SweepFile

_LARGEST = 10_000_000  # bytes
Place = tuple[str | int, ...]


class Source:
    """The text of a sweep's file, for naming where in it a fault lies.

    Parameters
    ----------
    name : of the file, as in errors.
    lines : place of each value in it → its line.
    """

    def __init__(self, name: str, lines: Mapping[Place, int]) -> None:
        self.name, self.lines = name, lines

    def at(self, *place: str | int) -> str:
        """``sweep.yaml, line 7``: of a value, or of the innermost map or list that holds it."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.name}, line {self.lines[known]}" if known else self.name

    def fault(self, place: Place, text: object) -> UsageError:
        """An error that names the line."""
        return UsageError(f"{self.at(*place)}: {text}")


def read_sweep(path: str | Path, options: Mapping[str, Option]) -> tuple[SweepFile, Source]:
    """Read and check a sweep's file.

    Parameters
    ----------
    path : of the YAML.
    options : of ``brainbench evaluate``, by name.

    Returns
    -------
    The settings, and where in the text each lies.

    Raises
    ------
    UsageError
        When a key is unknown or a value is not what it must be, with its line.
    """
    file = user_path(path)
    if not file.exists():
        raise UsageError(f"there is no file {path}: `brainbench sweep --help` shows what it holds")
    source = Source(file.name, {})
    try:
        text = read_text(file, _LARGEST)
        content = parse_yaml(text)
        source = Source(file.name, yaml_lines(text))
    except (DataError, Unreadable) as error:
        raise UsageError(f"{file}: {error}") from error
    if not isinstance(content, dict):
        raise source.fault((), "a sweep is a map; it begins with models:")
    if not isinstance(content.get("models"), list) or not content["models"]:
        raise source.fault(("models",), "models must be a list of at least one model")
    _known(content, set(SweepFile.model_fields), (), source)
    shaped = {"name": _file_name(file), **content}
    shaped["models"] = [
        _model(entry, ("models", place), source, options)
        for place, entry in enumerate(content["models"])
    ]
    for name, option in SCORES.items():
        entries = content.get(name, [])
        entries = entries if isinstance(entries, list) else [entries]
        shaped[name] = [
            _score(entry, option, (name, place), source, options)
            for place, entry in enumerate(entries)
        ]
    _options(content.get("defaults", {}), ("defaults",), source, options)
    for place, entry in enumerate(content.get("exclude") or ()):
        _names(entry, ("exclude", place), source, {*options, "model"})
    _resources(content, (), source)
    for number in range(len(content["models"])):
        _resources(content, ("models", number), source)
    return _validated(shaped, source), source


def _validated(content: dict[str, Any], source: Source) -> SweepFile:
    try:
        return SweepFile.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = tuple(part for part in fault["loc"] if part != "options")
        said = fault["msg"].removeprefix("Value error, ")
        name = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
        value = fault["input"]
        shown = "" if isinstance(value, dict | list) else f", not {value!r}"
        raise source.fault(place, f"{name}: {said[:1].lower()}{said[1:]}{shown}") from error


def _model(
    entry: Any, place: Place, source: Source, options: Mapping[str, Option]
) -> dict[str, Any]:
    """A model's map with its options apart."""
    if isinstance(entry, str):
        return {"model": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str):
        raise source.fault(place, "a model is a name, or a map that has model: NAME")
    own = set(ModelEntry.model_fields) - {"options"}
    _known(entry, {*own, *options}, place, source)
    given = {name: value for name, value in entry.items() if name not in own}
    _options(given, place, source, options)
    return {**{name: entry[name] for name in entry if name in own}, "options": given}


def _score(
    entry: Any, option: str, place: Place, source: Source, options: Mapping[str, Option]
) -> dict[str, Any]:
    """What a run scores, as options."""
    given = entry if isinstance(entry, dict) else {option: entry}
    _options(given, place, source, options)
    if given.get(option) is None:
        raise source.fault(place, f"write {option}: NAME, or the name alone")
    others = [name for name in SCORES.values() if name != option and name in given]
    if others:
        raise source.fault(place, f"{option} and {others[0]}: write them as two entries")
    return {"options": given}


def _options(given: Any, place: Place, source: Source, options: Mapping[str, Option]) -> None:
    """Refuse options that are unknown, or whose values are of another kind."""
    _names(given, place, source, options)
    for name, value in given.items():
        try:
            options[name].words(value)
        except UsageError as error:
            raise source.fault((*place, name), error) from error


def _names(given: Any, place: Place, source: Source, known: Collection[str]) -> None:
    if not isinstance(given, dict):
        raise source.fault(place, "write options as a map, as in {limit: 10}")
    _known(given, known, place, source)


def _resources(content: Mapping[str, Any], place: Place, source: Source) -> None:
    held: Any = content
    for part in place:
        held = held[part]
    given = held.get("resources", {}) if isinstance(held, dict) else {}
    if isinstance(given, dict):
        _known(given, set(Resources.model_fields), (*place, "resources"), source)


def _known(given: Mapping[Any, Any], known: Collection[str], place: Place, source: Source) -> None:
    """Refuse a key that is not known, with the nearest ones."""
    for name in given:
        if name in known:
            continue
        text = str(name)
        if (spelled := text.replace("-", "_")) in known:
            error: UsageError = UsageError(f"unknown key {text!r}; did you mean {spelled!r}?")
        else:
            error = UnknownNameError("key", text, known)
        raise source.fault((*place, name), error) from None


def _file_name(file: Path) -> str:
    """A sweep is called as its file."""
    stem = "".join(c if c.isalnum() or c in "._-" else "-" for c in file.stem).lstrip("._-")
    return stem if stem.isascii() and stem else "sweep"
