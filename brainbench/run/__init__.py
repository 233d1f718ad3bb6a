"""A run: what to compute, in which order, resume, progress."""

from brainbench.run.evaluate import choose_benchmarks, evaluate
from brainbench.run.settings import Settings

__all__ = ["Settings", "choose_benchmarks", "evaluate"]
