"""Faults in the local data of task files: files, splits, columns, labels.

Nothing of the task is run: templates are filled in a sandbox, and what a Python function of the
task makes is left to :mod:`brainbench.reasoning.item_check`, which asks the loaded task.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from brainbench.errors import DataError
from brainbench.problems.files import FileFault
from brainbench.reasoning.checks.labels import Use, find_label_faults
from brainbench.reasoning.checks.local_data import Rows, data_files, file_faults, read_data

_FUNCTION = "!function "
_SPLITS = ("test_split", "validation_split", "training_split", "fewshot_split")

Config = Mapping[str, Any]


def local_data_faults(file: str, config: Config) -> list[FileFault]:
    """Faults of the data that a task file takes from local files; none where it takes others.

    Parameters
    ----------
    file : the task file.
    config : its fields, those of included files too; a function is the text ``!function name``.
    """
    if data_files(config) is None:
        return []
    try:
        splits = read_data(config)
    except DataError as error:
        known = list(file_faults(config))
        remedy = "correct the file, or the fields that say how it is read"
        named = ", ".join(path for paths in (data_files(config) or {}).values() for path in paths)
        return known or [FileFault(named, "file", f"cannot be read: {error}", remedy)]
    faults = list(_split_faults(file, config, splits))
    if faults:
        return faults
    return list(_Task(file, config, splits).faults())


def place_of(config: Config, split: str) -> str | None:
    """The local files that a split is read from, as a message names them.

    Parameters
    ----------
    config : fields of the task file, those of included files too.
    split : name of a split of its data.

    Returns
    -------
    Paths joined by commas; None where the split is not read from local files.
    """
    files = (data_files(config) or {}).get(split)
    return None if files is None else ", ".join(files)


def _split_faults(file: str, config: Config, splits: Mapping[str, Rows]) -> Iterator[FileFault]:
    for field in _SPLITS:
        split = config.get(field)
        if split and split not in splits and "[" not in str(split):
            close = difflib.get_close_matches(str(split), splits, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "name one of them"
            there = ", ".join(splits)
            yield FileFault(
                file, field, f"{split!r} is not a split of the data: there are {there}", remedy
            )
    for split, rows in splits.items():
        if not rows:
            place = place_of(config, split) or file
            yield FileFault(place, "file", f"{split} has no rows", "put the data there")


class _Task:
    """A task file with its rows, read as lm-eval reads them."""

    def __init__(self, file: str, config: Config, splits: Mapping[str, Rows]) -> None:
        self._file, self._config, self._splits = file, config, splits
        self._environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, keep_trailing_newline=True
        )
        self._environment.filters["regex_replace"] = _regex_replace
        self._templates: dict[str, Template] = {}
        self._choosing = config.get("doc_to_choice") is not None
        split = config.get("test_split") or config.get("validation_split")
        self._split = str(split)
        self._rows: Rows = splits.get(self._split, [])
        self._columns = list(self._rows[0]) if self._rows else []

    def faults(self) -> Iterator[FileFault]:
        if not self._rows or self._config.get("process_docs"):
            return
        faults = list(self._field_faults())
        yield from faults
        if not faults:
            yield from self._label_faults()

    # ------------------------------------------------------------ fields

    def _field_faults(self) -> Iterator[FileFault]:
        """Templates that fail, and texts that a row lacks."""
        for field in ("doc_to_text", "doc_to_target", "doc_to_choice"):
            spec = self._config.get(field)
            if not isinstance(spec, str) or spec.startswith(_FUNCTION) or spec in self._columns:
                continue
            for number, row in enumerate(self._rows, start=1):
                fault = self._template_fault(field, spec, number, row)
                if fault is not None:
                    yield fault
                    break
        spec = self._config.get("doc_to_text")
        if isinstance(spec, str) and spec in self._columns:
            without = [i for i, row in enumerate(self._rows, 1) if row[spec] is None]
            if without:
                yield self._at(without[0], f"there is no {spec!r}, which is the question")

    def _template_fault(self, field: str, spec: str, number: int, row: Any) -> FileFault | None:
        try:
            text = self._filled(spec, row)
        except UndefinedError as error:
            named = meta.find_undeclared_variables(self._environment.parse(spec))
            missing = sorted(named - set(row))
            if not missing:
                return self._at(number, f"{field} fails there: {error}")
            close = difflib.get_close_matches(missing[0], self._columns, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "name a column"
            there = ", ".join(self._columns)
            problem = f"{missing[0]!r} is not a column of the data: there are {there}"
            return FileFault(self._file, field, problem, remedy)
        except TemplateError as error:
            return FileFault(self._file, field, f"is not a template: {error}", "correct it")
        # a template of other people may fail in any way
        except Exception as error:
            return self._at(number, f"{field} fails there: {error}")
        if field != "doc_to_text" or "None" not in text:
            return None
        named = meta.find_undeclared_variables(self._environment.parse(spec))
        for name in sorted(name for name in named if name in row and row[name] is None):
            if self._filled(spec, {**row, name: "None here"}) == text.replace("None", "None here"):
                return self._at(number, f"there is no {name!r}: the prompt would say None")
        return None

    # ------------------------------------------------------------ labels

    def _label_faults(self) -> Iterator[FileFault]:
        config, choices, target = self._config, self._config.get("doc_to_choice"), self._target()
        kind = config.get("output_type", "generate_until")
        functions = [v for v in (choices, target) if _is_function(v)]
        if choices is None or target is None or functions or config.get("process_results"):
            return
        if kind not in ("multiple_choice", "generate_until"):
            return
        use: Use = "compared" if kind == "multiple_choice" else "generated"
        try:
            items = [(self._value(target, row), self._choices(choices, row)) for row in self._rows]
        # what a template makes may not be a list; lm-eval fails there too
        except Exception as error:
            yield FileFault(self._file, "doc_to_choice", f"gives no list: {error}", "correct it")
            return
        for found in find_label_faults(items, use):
            constant = isinstance(target, str) and target not in self._columns and "{" not in target
            if constant and found.first.kind == "outside" and len(found.rows) == len(items):
                yield self._constant(target)
            elif found.first.kind == "choices" and not isinstance(choices, str):
                yield FileFault(self._file, "doc_to_choice", found.problem, found.first.remedy)
            else:
                yield self._at(found.rows[0], found.problem, found.first.remedy)

    def _target(self) -> Any:
        """The field that has the label: of tasks whose question is chosen, that of the question."""
        text = self._config.get("doc_to_text")
        chosen = not _is_function(text) and isinstance(self._value(text, self._rows[0]), int)
        return text if chosen and self._choosing else self._config.get("doc_to_target")

    def _constant(self, target: str) -> FileFault:
        close = difflib.get_close_matches(target, self._columns, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else "name the column of the label"
        there = ", ".join(self._columns)
        problem = f"{target!r} is neither a column ({there}) nor one of the choices"
        return FileFault(self._file, "doc_to_target", problem, remedy)

    def _value(self, spec: Any, row: Any) -> Any:
        """As lm-eval's ``doc_to_target``."""
        if not isinstance(spec, str):
            return spec
        if spec in self._columns:
            return row[spec]
        text = self._filled(spec, row)
        if text.isdigit() and self._choosing:
            return int(text)
        if len(text) >= 2 and text[0] == "[" and text[-1] == "]":
            try:
                return ast.literal_eval(text)
            except (SyntaxError, ValueError):
                return text
        return text

    def _choices(self, spec: Any, row: Any) -> Any:
        """As lm-eval's ``doc_to_choice``."""
        if isinstance(spec, dict):
            return list(spec.values())
        if not isinstance(spec, str):
            return spec
        return row[spec] if spec in self._columns else ast.literal_eval(self._filled(spec, row))

    # ------------------------------------------------------------ parts

    def _filled(self, template: str, row: Mapping[str, Any]) -> str:
        made = self._templates.get(template)
        if made is None:
            made = self._templates[template] = self._environment.from_string(template)
        return made.render(**row)

    def _at(self, number: int, problem: str, remedy: str = "correct the row") -> FileFault:
        place = place_of(self._config, self._split) or self._file
        return FileFault(place, f"row {number}", problem, remedy)


def _is_function(spec: Any) -> bool:
    return isinstance(spec, str) and spec.startswith(_FUNCTION)


def _regex_replace(string: str, pattern: str, repl: str, count: int = 0) -> str:
    """lm-eval's own filter of templates."""
    return re.sub(pattern, repl, string, count=count)
