"""Silence lm-eval's progress bars and hints; pass its warnings on."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from brainbench.models.bars import no_library_bars

_LM_EVAL = "lm_eval"
# what these warn of is of their own command line and models, which are not used here
_UNUSED = ("lm_eval.evaluator", "lm_eval.models", "lm_eval.api.model", "lm_eval.config.evaluate")
# defaults that lm-eval takes where a task file is silent, logged for every such task
_HINTS = (
    "is defined, but aggregation is not",
    "is defined, but higher_is_better is not",
    "Custom kwargs can be passed",
    "in `generation_kwargs`! Defaulting",
    "`generation_kwargs` specified in task config",
    "num_fewshot > 0 but fewshot_split is None",
    "using test_docs as fewshot_docs",
    "searching in HF Evaluate library",
)
_LONGEST = 300  # characters of a warning
_FOLDERS = re.compile(r"(?<![\w.~])~?/(?:[^\s/'\":]+/)+")
_PRINTED = "bootstrapping for stddev"


class _Listening(logging.Handler):
    """Counts warnings of lm-eval and of files in some folders; the others are dropped."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(logging.WARNING)
        self._folders = [folder.resolve() for folder in folders]
        self.heard: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        # never raised: a warning that cannot be formatted must not stop a run
        try:
            text = _first_line(record.getMessage())
        except Exception:
            text = str(record.msg)[:_LONGEST]
        if self._is_passed_on(record, text):
            self.heard[text] += 1

    def _is_passed_on(self, record: logging.LogRecord, text: str) -> bool:
        if record.name.partition(".")[0] == _LM_EVAL:
            unused = any(record.name == n or record.name.startswith(f"{n}.") for n in _UNUSED)
            return not unused and not any(hint in text for hint in _HINTS)
        origin = Path(record.pathname).resolve()
        return any(origin.is_relative_to(folder) for folder in self._folders)

    def lines(self) -> list[str]:
        """Each warning once, with how often it came."""
        return [text if n == 1 else f"{text} ({n} times)" for text, n in self.heard.items()]


class _Printed(io.TextIOBase):
    """Passes what is printed to standard error, in lines: standard output is for results."""

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        sys.stderr.write("".join(f"{line}\n" for line in lines if _PRINTED not in line))
        return len(text)


@contextlib.contextmanager
def quiet(
    folders: Sequence[Path] = (), heard: Callable[[str], None] = lambda text: None
) -> Iterator[None]:
    """Silence lm-eval while the context is open; pass its warnings on once at the end.

    Parameters
    ----------
    folders : of task files, whose Python may warn too.
    heard : called with each warning and how often it came.
    """
    import lm_eval.evaluator
    import lm_eval.tasks

    listening = _Listening([*folders, Path(lm_eval.tasks.__file__).parent])
    root = logging.getLogger()
    # seconds for each task, to list packages and look for a commit of the working folder: the
    # record has the versions that count
    described: Any = lm_eval.evaluator.add_env_info
    committed: Any = lm_eval.evaluator.get_git_commit_hash
    lm_eval.evaluator.add_env_info = lambda results: None
    lm_eval.evaluator.get_git_commit_hash = lambda: None
    # a handler of its own keeps Python from printing what nobody else handles
    root.addHandler(listening)
    printed: Any = _Printed()
    try:
        with _heard_by(listening), no_library_bars(), contextlib.redirect_stdout(printed):
            yield
    finally:
        root.removeHandler(listening)
        lm_eval.evaluator.add_env_info = described
        lm_eval.evaluator.get_git_commit_hash = committed
        for text in listening.lines():
            heard(text)


@contextlib.contextmanager
def _heard_by(listening: logging.Handler) -> Iterator[None]:
    """lm-eval's warnings go to one handler and nowhere else; those of the hub nowhere."""
    own = logging.getLogger(_LM_EVAL)
    noisy = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in (own, *noisy)]
    handlers, propagate = own.handlers[:], own.propagate
    own.setLevel(logging.WARNING)
    own.handlers[:], own.propagate = [listening], False
    for logger in noisy:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        own.handlers[:], own.propagate = handlers, propagate
        for logger, level in zip((own, *noisy), levels, strict=True):
            logger.setLevel(level)


def _first_line(text: str) -> str:
    """A warning without the item and the folders of this machine that it may go on to tell."""
    text = text.strip().partition("\n")[0].partition("Sample:")[0]
    return _FOLDERS.sub("", text).strip().rstrip(",")[:_LONGEST]
