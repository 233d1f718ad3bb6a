"""One command of ``brainbench``, in a process of its own that leaves nothing behind.

On Linux the process is forked from one that has loaded everything already, which saves the seconds
that loading takes; elsewhere, and for jobs with GPUs, whose drivers do not survive a fork, it is a
new Python.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# the command, as `python -m` runs it
COMMAND = "brainbench.cli.main"
Run = Callable[[Sequence[str]], None]
_OFTEN, _SELDOM = 0.01, 0.5  # seconds between looks at a child, when young and when old
_GRACE = 20.0  # seconds that a child has to keep what it did
# signals that tell a job to end: who started the child decides what they mean for it
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCONT")
    if hasattr(signal, name)
]


class Child:
    """A command under way.

    Parameters
    ----------
    words : after ``brainbench``.
    log : file that standard error goes to, at its end.
    output : file that standard output goes to.
    run : carries out words in this process; None starts a new Python.
    modules : file that the names of what was imported are written to; None for none.
    """

    def __init__(
        self,
        words: Sequence[str],
        log: Path,
        output: Path,
        run: Run | None,
        modules: Path | None = None,
    ) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._code: int | None = None
        with log.open("ab") as error, output.open("wb") as out:
            if run is None:
                command = [sys.executable, "-m", COMMAND, *words]
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=error,
                    start_new_session=True,
                )  # fmt: skip
                self.pid = self._process.pid
                return
            alive, held = os.pipe()
            sys.stdout.flush()
            sys.stderr.flush()
            # until the child ignores them, it would answer a job's signals in the parent's place
            before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            try:
                self.pid = os.fork()
                if self.pid == 0:
                    os.close(held)
                    _become(words, out.fileno(), error.fileno(), run, alive, modules)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(alive)
            self._held = held

    def wait(self, beat: Callable[[], Any], every: float) -> int:
        """Exit code; negative, the number of the signal that ended it.

        Parameters
        ----------
        beat : called again and again meanwhile.
        every : seconds between two calls.
        """
        started = last = time.monotonic()
        while (code := self.poll()) is None:
            now = time.monotonic()
            if now - last >= every:
                beat()
                last = now
            time.sleep(min(_SELDOM, max(_OFTEN, (now - started) / 50)))
        return code

    def poll(self) -> int | None:
        """Exit code; None while it runs."""
        if self._code is None:
            if self._process is not None:
                self._code = self._process.poll()
            else:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self._code = os.waitstatus_to_exitcode(status)
                    os.close(self._held)
        return self._code

    def stop(self) -> None:
        """Tell it to keep what it did and end; after a while end it."""
        for number in (signal.SIGINT, signal.SIGKILL):
            if self.poll() is not None:
                return
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)
            until = time.monotonic() + _GRACE
            while self.poll() is None and time.monotonic() < until:
                time.sleep(0.05)


def _become(
    words: Sequence[str], out: int, error: int, run: Run, alive: int, modules: Path | None
) -> None:
    """Carry out the command as a process of its own would; never returns."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (out, 1), (error, 2)):
            os.dup2(source, target)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, closefd=False)
        threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
        run(words)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException as unforeseen:
        with contextlib.suppress(Exception):
            sys.stderr.write(f"error: {type(unforeseen).__name__}: {unforeseen}\n")
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        if modules is not None:
            with contextlib.suppress(Exception):
                modules.write_text("\n".join(sorted(sys.modules)), "utf-8")
        os._exit(code)


def _end_with_parent(alive: int) -> None:
    """End when the other end of a pipe is closed: whoever waits for this process has died."""
    with contextlib.suppress(OSError):
        os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_GRACE)
    os._exit(1)


def import_as(modules: Path) -> None:
    """Import what a child has imported, so that the next one has it from its birth.

    Parameters
    ----------
    modules : file of the names; taken away afterwards.
    """
    try:
        names = modules.read_text("utf-8").split()
        modules.unlink()
    except OSError:
        return
    for name in names:
        if name in sys.modules or name.partition(".")[0] in ("__main__", "__mp_main__"):
            continue
        # some can be imported only in the way that their package does it
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def can_fork(gpus: int | None) -> bool:
    """Whether a forked process can do what a run does."""
    return sys.platform == "linux" and not gpus and not list(Path("/dev").glob("nvidia[0-9]*"))
