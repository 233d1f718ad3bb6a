"""Errors as a user meets them: one message, no traceback, a telling exit code."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from rich.markup import escape

from brainbench.cli.console import stderr
from brainbench.errors import BrainbenchError, UsageError

FAILED = 1
USAGE = 2
INTERRUPTED = 130


@contextlib.contextmanager
def reporting() -> Iterator[None]:
    """Turn a known error into a message and an exit code."""
    try:
        yield
    except BrainbenchError as error:
        stderr.print(f"[bold red]error:[/bold red] {escape(str(error))}", soft_wrap=True)
        sys.exit(USAGE if isinstance(error, UsageError) else FAILED)
    except KeyboardInterrupt:
        stderr.print("stopped; finished steps are kept, the same command goes on after them")
        sys.exit(INTERRUPTED)
