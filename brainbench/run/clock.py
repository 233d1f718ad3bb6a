"""Time by step of a run: every second from its start counts for one step."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from brainbench.progress import Progress, Step

OTHER = "other"
# of many draws or prompts, which one it is
_NUMBER = re.compile(r"\s*\d+/\d+$")


class Clock:
    """Counts seconds from its creation on.

    Parameters
    ----------
    now : seconds since some moment.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._started = self._since = now()
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self._step = OTHER
        self._steps: dict[str, float] = {}

    @contextlib.contextmanager
    def on(self, step: str) -> Iterator[None]:
        """Count the time of the block for a step, except that of steps within it."""
        outer = self._step
        self._turn(step)
        try:
            yield
        finally:
            self._turn(outer)

    def watch(self, report: Progress) -> Progress:
        """A report that counts time for the step reported last, until the block ends.

        Draws of one kind, as ``random features 3/20``, are one step.
        """

        def counted(step: Step) -> None:
            self._turn(_NUMBER.sub("", step.label))
            report(step)

        return counted

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        self._turn(self._step)
        return self._since - self._started

    @property
    def steps(self) -> dict[str, float]:
        """Step → seconds, in the order they began; their sum is ``seconds``."""
        self._turn(self._step)
        return {step: seconds for step, seconds in self._steps.items() if seconds}

    def _turn(self, step: str) -> None:
        now = self._now()
        self._steps[self._step] = self._steps.get(self._step, 0.0) + now - self._since
        self._since, self._step = now, step
        self._steps.setdefault(step, 0.0)
