"""Failures of foreign files and libraries, raised as one error that says what to do.

The net is spread by place, where a foreign file is read or a foreign library is called: what
such code raises cannot be listed. The original error is always kept as the cause.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib import metadata
from types import TracebackType

from brainbench.errors import BrainbenchError, DataError

# their text is the thing that was not found, and says nothing without their name
_BARE = (KeyError, IndexError, StopIteration, AttributeError, TypeError)
# packages that are asked for a model, and its own code: what fails as they import is another
_READERS = frozenset({"brainbench", "transformers", "transformers_modules", "torch", "peft"})


@contextlib.contextmanager
def net(what: str, remedy: str = "") -> Iterator[None]:
    """Raise ``DataError`` for whatever the block fails with: what, why, and what to do.

    Errors of brainbench pass as they are, and so does what stops the program.

    Parameters
    ----------
    what : what cannot be done, with the name of the file or model: ``x.json cannot be read``.
    remedy : a sentence on what to do.
    """
    try:
        yield
    except BaseException as error:
        if passes(error):
            raise
        if out_of_memory(error):
            raise DataError(f"{what}: it does not fit the memory of this device") from error
        raise DataError(sentences(f"{what}: {one_line(error)}", remedy)) from error


def passes(error: BaseException) -> bool:
    """Whether an error goes through every net: one of brainbench's own, or the end of the program.

    A panic of a library written in Rust is not an ``Exception`` in Python, though it ends nothing.
    """
    if isinstance(error, BrainbenchError):
        return True
    return not isinstance(error, Exception) and type(error).__name__ != "PanicException"


def one_line(error: BaseException) -> str:
    """The text of an error in one line; with its type where the text alone is not informative."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # libraries wrap: a text may begin with empty lines, and go on for pages
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0].rstrip(". ") if lines else ""
    if len(text) > 400:
        text = text[:400] + " …"
    kind = type(error).__name__
    if not text:
        return kind
    return f"{kind}: {text}" if isinstance(error, _BARE) else text


def sentences(*texts: str) -> str:
    """Texts one after another, each ended by a full stop but the last."""
    parts = [text for text in texts if text]
    return " ".join([*(text.rstrip(".") + "." for text in parts[:-1]), *parts[-1:]])


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch means that memory ran out, on any device."""
    if isinstance(error, MemoryError):
        return True
    # the error cannot be torch's where torch was not imported
    torch = sys.modules.get("torch")
    return (torch is not None and isinstance(error, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError)
        and ("not enough memory" in str(error) or "out of memory" in str(error))
    )


def package_at_fault(error: BaseException) -> str | None:
    """An error message where a package is broken or missing; None for any other cause.

    A package is broken when it fails as it is imported: torchvision built for another torch
    raises ``RuntimeError: operator torchvision::nms does not exist`` in the middle of
    transformers, whatever model is asked for.
    """
    for one in _chain(error):
        broken = _broken_package(one)
        if broken is not None:
            return (
                f"the package {_with_version(broken)} does not work here with "
                f"{_with_version('torch')} ({one_line(one)}). Install {broken} again in a version "
                "that fits, or uninstall it where nothing else needs it"
            )
    # an attempt that failed on the way, before another was made, is not a cause
    missing = next((one for one in _causes(error) if isinstance(one, ImportError)), None)
    if missing is None:
        return None
    return (
        f"{one_line(missing)}. A package is missing here or does not fit: the model's files are "
        "not at fault"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from."""
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those that led to it, the first cause first."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return reversed(found)


def _broken_package(error: BaseException) -> str | None:
    """The package that was being imported by a reader of models as the error was raised."""
    if isinstance(error, ModuleNotFoundError):
        # what is missing is another one, and its text names it
        return None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        importing = frame.f_code.co_name == "<module>" and name not in ("", "__main__")
        if importing and name not in _READERS and name not in sys.stdlib_module_names:
            return name
        trace = trace.tb_next
    return None


def _with_version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return package
