"""Switch off the progress bars of libraries, which would mix with our own output."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def no_library_bars() -> Iterator[None]:
    """Disable ``tqdm`` while the block runs: lm-eval, datasets, transformers and the hub use it.

    Their own switches differ, and some bars have none.
    """
    bar: Any = importlib.import_module("tqdm.std").tqdm
    drawn: Any = bar.__init__

    def hidden(self: Any, *args: Any, **given: Any) -> None:
        drawn(self, *args, **{**given, "disable": True})

    bar.__init__ = hidden
    try:
        yield
    finally:
        bar.__init__ = drawn
