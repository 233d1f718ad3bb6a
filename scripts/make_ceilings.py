"""Make the ceilings of a dataset that ship with the package.

    BRAINBENCH_MIRROR=MIRROR python scripts/make_ceilings.py xiao2026

Every person is predicted from every set of the other people, in every ROI and reasoning
type; see ``brainbench.encoding.published.ceilings``. Written per voxel, in single precision, to
``brainbench/benchmarks/data/<dataset>.safetensors``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.progress import track

from brainbench.benchmarks.ceilings import ceiling_key, make_ceiling, save_ceilings
from brainbench.benchmarks.cell import POOLED, prepare_cell
from brainbench.datasets import load_recording
from brainbench.run.provenance import peak_memory_mb

OUTPUT = Path(__file__).parent.parent / "brainbench" / "benchmarks" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--output-path", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    started = time.perf_counter()
    recording = load_recording(arguments.dataset)
    card = recording.card
    ceilings = {}
    cells = [(roi, kind) for kind in (POOLED, *card.reasoning_types) for roi in card.rois]
    for roi, kind in track(cells, description="ceilings"):
        cell = prepare_cell(recording, kind, [roi])
        made = make_ceiling(cell, roi)
        ceilings[ceiling_key(cell, roi)] = made
        print(f"{roi}.{kind}: v0 {made.v0.mean():.4f}, reference {made.reference.mean():.4f}")
    arguments.output_path.mkdir(parents=True, exist_ok=True)
    path = arguments.output_path / f"{card.name}.safetensors"
    save_ceilings(path, ceilings)
    seconds = time.perf_counter() - started
    print(
        f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {seconds:.0f} s, {peak_memory_mb()} MB"
    )


if __name__ == "__main__":
    main()
