"""Where text goes: results to standard output, everything else to standard error."""

from __future__ import annotations

from rich.console import Console

# Tables keep their columns where there is no terminal to measure, as in a log file.
_WIDTH = 110

stdout = Console()
stderr = Console(stderr=True)
if not stdout.is_terminal:
    stdout = Console(width=_WIDTH)
if not stderr.is_terminal:
    stderr = Console(stderr=True, width=_WIDTH)
