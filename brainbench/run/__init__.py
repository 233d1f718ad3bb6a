"""A run: what to compute, in which order, resume, progress."""

from brainbench.run.evaluate import Settings, choose_benchmarks, evaluate

__all__ = ["Settings", "choose_benchmarks", "evaluate"]
