"""What every timing needs: the real data, and how fast this machine multiplies."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from brainbench.benchmarks.cell import Cell, prepare_cell
from brainbench.datasets import load_recording

ROI = "deductive_reasoning"


@pytest.fixture
def cells(mirror: Path) -> list[Cell]:
    """Ten people, one ROI: all 70 items, syllogisms only, transitive problems only."""
    recording = load_recording("xiao2026", ROI)
    return [prepare_cell(recording, kind, (ROI,)) for kind in ("all", "syllogistic", "transitive")]


@pytest.fixture
def matmul_rate() -> float:
    """FLOP/s of large float64 products on all cores: the arithmetic limit here and now."""
    square = np.random.default_rng(0).standard_normal((1500, 1500))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        square @ square
        seconds.append(time.perf_counter() - start)
    return 2.0 * len(square) ** 3 / min(seconds)


@pytest.fixture
def torch_rate() -> float:
    """FLOP/s of large float32 products in torch: the arithmetic limit here and now."""
    import torch

    square = torch.randn(2048, 2048)
    seconds = []
    for _ in range(8):
        start = time.perf_counter()
        square @ square
        seconds.append(time.perf_counter() - start)
    return 2.0 * len(square) ** 3 / min(seconds)
