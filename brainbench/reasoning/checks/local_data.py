"""Read the local data of a task file as lm-eval does, and explain failures.

lm-eval leaves reading to Hugging Face's ``datasets``, whose errors name neither file nor line.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from brainbench.errors import DataError
from brainbench.problems.files import FileFault

# formats of ``datasets`` that are data and nothing else; its "pandas" is pickled
_FORMATS = ("json", "csv", "parquet", "text")
_TEXT = ("json", "csv", "text")
_ONLY_SPLIT = "train"  # where files are not named by split

Config = Mapping[str, Any]
Rows = list[dict[str, Any]]


def data_files(config: Config) -> dict[str, list[str]] | None:
    """Split → paths of the local files that a task file names.

    None where the data are not in local files, or are made by a function.
    """
    kwargs = config.get("dataset_kwargs")
    named = kwargs.get("data_files") if isinstance(kwargs, Mapping) else None
    if config.get("custom_dataset") or config.get("dataset_path") not in _FORMATS or not named:
        return None
    by_split = named if isinstance(named, Mapping) else {_ONLY_SPLIT: named}
    folder = Path(str(kwargs.get("data_dir") or "")) if isinstance(kwargs, Mapping) else Path()
    found = {}
    for split, paths in by_split.items():
        every = [str(path) for path in ([paths] if isinstance(paths, str) else paths)]
        if any("://" in path for path in every):
            return None
        found[str(split)] = [str(folder / path) for path in every]
    return found


def read_data(config: Config) -> dict[str, Rows]:
    """Split → rows of the local files that a task file names, types as ``datasets`` finds them.

    Raises
    ------
    DataError
        When they cannot be read.
    """
    import datasets

    kwargs = {
        key: value
        for key, value in dict(config["dataset_kwargs"]).items()
        if key not in ("trust_remote_code", "cache_dir", "split", "streaming")
    }
    shown = datasets.utils.logging.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    level = datasets.utils.logging.get_verbosity()
    datasets.utils.logging.set_verbosity(datasets.utils.logging.CRITICAL)
    try:
        # a cache of its own: what lies in the user's may be of the files as they were
        with tempfile.TemporaryDirectory() as cache:
            found = datasets.load_dataset(config["dataset_path"], cache_dir=cache, **kwargs)
            return {str(split): rows.to_list() for split, rows in found.items()}
    # a foreign library on foreign files
    except Exception as error:
        raise DataError(root_cause(error)) from error
    finally:
        datasets.utils.logging.set_verbosity(level)
        if shown:
            datasets.enable_progress_bars()


def file_faults(config: Config) -> Iterator[FileFault]:
    """Faults of local files that cannot be read, with file and line."""
    for paths in (data_files(config) or {}).values():
        for pattern in paths:
            for file in _matching(pattern):
                yield from _faults_of(file, str(config["dataset_path"]))


def root_cause(error: BaseException) -> str:
    """First line of the innermost error, which is the most informative."""
    while (below := error.__cause__ or error.__context__) is not None:
        # datasets tries a second reader whose error is about another format
        if str(error) and not isinstance(error, RuntimeError) and "generating" not in str(error):
            break
        error = below
    text = str(error).strip().partition("\n")[0]
    return text or type(error).__name__


def _matching(pattern: str) -> list[Path]:
    """Files of a pattern; of one that matches none, the pattern itself."""
    path = Path(pattern)
    if not re.search(r"[*?\[]", pattern) or path.exists():
        return [path]
    fixed = Path(path.anchor) if path.is_absolute() else Path()
    return sorted(fixed.glob(str(path.relative_to(fixed)))) or [path]


def _faults_of(file: Path, kind: str) -> Iterator[FileFault]:
    def fault(field: str, problem: str, remedy: str) -> FileFault:
        return FileFault(str(file), field, problem, remedy)

    if not file.is_file():
        problem = "is a folder" if file.is_dir() else "there is no such file"
        yield fault("file", problem, "correct the path in data_files")
        return
    try:
        content = file.read_bytes()
    except OSError as error:
        yield fault("file", f"cannot be read: {error.strerror or error}", "make it readable")
        return
    if not content.strip():
        yield fault("file", "is empty: it has no rows", "put the data there")
        return
    if file.suffix in (".gz", ".bz2", ".xz", ".zst", ".zip"):
        return
    if kind in _TEXT:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            problem = f"is not UTF-8 (byte 0x{content[error.start]:02x})"
            yield fault(f"line {line}", problem, "save the file as UTF-8")
            return
        if kind == "json":
            yield from (fault(*found) for found in _json_faults(text))
        elif kind == "csv" and len(text.strip().splitlines()) < 2:
            yield fault("file", "has no rows below its header", "put the data there")


def _json_faults(text: str) -> Iterator[tuple[str, str, str]]:
    """The first line that is not an object; whole documents are read whole."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, list):
        wrong = next((i for i, row in enumerate(whole, 1) if not isinstance(row, dict)), None)
        if not whole or wrong is not None:
            problem = f"is {_kind(whole[wrong - 1])}, not an object" if wrong else "is missing"
            yield f"row {wrong or 1}", problem, 'write rows as {"column": value}'
        return
    if isinstance(whole, dict):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            problem = (
                f"is not JSON: {error if isinstance(error, ValueError) else 'nested too deep'}"
            )
            yield f"line {number}", problem, "correct the line: one object a line"
            return
        if not isinstance(row, dict):
            problem = f"is {_kind(row)}, not an object"
            yield f"line {number}", problem, 'write rows as {"column": value}'
            return


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", str: "text", list: "a list"}
    return names.get(type(value), "a number")
