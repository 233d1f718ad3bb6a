"""Errors as a user meets them: one message, no traceback, an exit code by kind."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterator

from rich.markup import escape

from brainbench.cli.console import stderr
from brainbench.errors import BrainbenchError, UsageError

FAILED = 1
USAGE = 2
INTERRUPTED = 130

_LONGEST = 600  # characters of an error that nobody foresaw


class CarriedError(Exception):
    """Takes Ctrl-C or an error of a verb, its cause, past typer, which would keep it silent.

    Parameters
    ----------
    kept : which of the verb's work is kept, as text for the user.
    """

    def __init__(self, kept: str) -> None:
        super().__init__(kept)
        self.kept = kept


@contextlib.contextmanager
def reporting(debug: bool = False) -> Iterator[None]:
    """End any error as a message and an exit code.

    Parameters
    ----------
    debug : whether the traceback is shown too.
    """
    kept = ""
    try:
        try:
            yield
        except CarriedError as carried:
            kept = carried.kept
            raise carried.__cause__ or carried from None
    except BrainbenchError as error:
        _trace(debug)
        _say("error", str(error))
        sys.exit(USAGE if isinstance(error, UsageError) else FAILED)
    except KeyboardInterrupt:
        _trace(debug)
        stderr.print(f"stopped{kept and f'; {kept}'}", soft_wrap=True, highlight=False)
        sys.exit(INTERRUPTED)
    except BaseException as error:
        # a panic of a library written in Rust is not an Exception in Python
        if isinstance(error, SystemExit | GeneratorExit):
            raise
        _trace(debug)
        _say("error", _unforeseen(error, kept, debug))
        sys.exit(FAILED)


def _unforeseen(error: BaseException, kept: str, debug: bool) -> str:
    """One line for an error that no code expected: what, what is kept, what to do."""
    text = " ".join(str(error).split())
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} …"
    name = type(error).__name__
    parts = [f"{name}: {text}" if text else name]
    if isinstance(error, OSError) and error.filename is not None:
        # not ours to foresee, and nothing to report: a folder or file of this machine
        again = "" if debug else "--debug shows where"
        parts = [f"{error.filename}: {error.strerror}", *filter(None, (kept, again))]
        return "; ".join(parts)
    if isinstance(error, MemoryError) or name == "OutOfMemoryError" or "out of memory" in text:
        parts = ["there is not enough memory; a smaller --batch-size or model takes less"]
    if kept:
        parts.append(kept)
    again = (
        "the traceback is above" if debug else "--debug shows where: run the command again with it"
    )
    parts.append(f"this was not foreseen; {again}, and please report it")
    return ". ".join(
        part if i == 0 else part[:1].upper() + part[1:] for i, part in enumerate(parts)
    )


def _trace(debug: bool) -> None:
    if debug:
        traceback.print_exc()


def _say(word: str, text: str) -> None:
    stderr.print(f"[bold red]{word}:[/bold red] {escape(text)}", soft_wrap=True)
