"""An engine whose process is ended from outside, as systems do when memory runs out, is noticed.

vLLM 0.32 waits for ever for the answer of an engine that was killed: its own monitor ends the
thread that would have brought the answer.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

# seconds between two looks
EVERY = 1.0


@contextlib.contextmanager
def noticing_death(llm: Any) -> Iterator[None]:
    """Raise in the block, where it waits for an engine, once the engine's process is gone.

    Parameters
    ----------
    llm : an ``LLM`` of vLLM; where its engine is in this process there is nothing to notice.
    """
    core = getattr(getattr(llm, "llm_engine", None), "engine_core", None)
    held: Any = getattr(core, "resources", None)
    if not hasattr(held, "engine_dead"):
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(EVERY):
            if held.engine_dead:
                _release(core)
                return

    watcher = threading.Thread(target=watch, name="brainbench-engine", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _release(core: Any) -> None:
    """End whatever waits for an answer, with an error."""
    error = RuntimeError("EngineCore is gone")
    queue = getattr(core, "outputs_queue", None)
    if queue is not None:
        queue.put_nowait(error)
    for future in list(getattr(core, "utility_results", {}).values()):
        if not future.done():
            future.set_exception(error)
