"""The quality page of a prepared dataset: motion, noise, responses, and what was left out."""

from brainbench.results.quality.page import QUALITY, render_quality

__all__ = ["QUALITY", "render_quality"]
