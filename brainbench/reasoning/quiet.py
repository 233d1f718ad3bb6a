"""lm-eval without its bars and hints among our own lines; what task files say is passed on."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from brainbench.models.cache import Say


class _Passing(logging.Handler):
    """Passes on, each once, what is logged from files in some folders; nothing else."""

    def __init__(self, folders: Sequence[Path], say: Say) -> None:
        super().__init__(logging.WARNING)
        self._folders = [folder.resolve() for folder in folders]
        self._say = say
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        origin, text = Path(record.pathname).resolve(), record.getMessage()
        if text in self._said or not any(origin.is_relative_to(f) for f in self._folders):
            return
        self._said.add(text)
        self._say(text)


@contextlib.contextmanager
def quiet(folders: Sequence[Path] = (), say: Say = lambda text: None) -> Iterator[None]:
    """Hear warnings of task files in these folders, and nothing else of lm-eval and datasets."""
    import datasets
    import lm_eval.api.task
    import lm_eval.evaluator

    passing = _Passing(folders, say)
    root = logging.getLogger()
    noisy = [logging.getLogger(name) for name in ("lm_eval", "datasets", "huggingface_hub")]
    levels = [logger.level for logger in noisy]
    bars: Any = lm_eval.api.task.tqdm
    shown = datasets.utils.logging.is_progress_bar_enabled()
    # a handler of its own keeps Python from printing what nobody else handles
    root.addHandler(passing)
    lm_eval.api.task.tqdm = functools.partial(bars, disable=True)
    # seconds for each task, to list packages and look for a commit of the working folder: the
    # record has the versions that count
    described: Any = lm_eval.evaluator.add_env_info
    committed: Any = lm_eval.evaluator.get_git_commit_hash
    lm_eval.evaluator.add_env_info = lambda results: None
    lm_eval.evaluator.get_git_commit_hash = lambda: None
    datasets.disable_progress_bars()
    for logger in noisy:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.removeHandler(passing)
        lm_eval.api.task.tqdm = bars
        lm_eval.evaluator.add_env_info = described
        lm_eval.evaluator.get_git_commit_hash = committed
        if shown:
            datasets.enable_progress_bars()
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)
