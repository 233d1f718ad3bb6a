"""What a job of a sweep calls: an object of plain texts, which submitit pickles by this name."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from brainbench.errors import BrainbenchError
from brainbench.sweep.child import COMMAND

ERROR = "error:"


@dataclass
class SweepJob:
    """Does steps of a sweep in a process that submitit has started.

    Attributes
    ----------
    folder : of the sweep.
    wanted : ids of the steps.
    gpus : that the job has; None for none.
    environment : variables that are set before anything is loaded.
    """

    folder: str
    wanted: Sequence[str]
    gpus: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    _worker: Any = field(default=None, init=False, repr=False)

    def __call__(self) -> None:
        """Do the steps that are left."""
        os.environ.update(self.environment)
        # CUDA is asked how many GPUs there are without being started, which a fork would not bear
        os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
        from brainbench.sweep.worker import work

        job = os.environ.get("SLURM_JOB_ID")
        self._worker = work(self.folder, self.wanted, run_words, job, self.gpus)
        try:
            self._worker.work()
        except KeyboardInterrupt:
            self._worker.interrupt(preempted=False)
        except BrainbenchError as error:
            # the end of the job's log, which who started it reads
            sys.stderr.write(f"{ERROR} {error}\n")
            raise SystemExit(1) from error

    def checkpoint(self) -> Any:
        """Pre-empted: keep what was done, and do the rest when the job runs again."""
        from submitit.helpers import DelayedSubmission

        if self._worker is not None:
            self._worker.interrupt()
        return DelayedSubmission(
            SweepJob(self.folder, self.wanted, self.gpus, dict(self.environment))
        )


def run_words(words: Sequence[str]) -> None:
    """Carry out a command of ``brainbench`` in this process; it ends in ``SystemExit``."""
    sys.argv = ["brainbench", *words]
    runpy.run_module(COMMAND, run_name="__main__")
