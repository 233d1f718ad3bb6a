"""What a sweep costs beside its runs: 50 runs of the built-in model by two workers.

The limit is the sum of the runs' own times, as their records have them, over two. Above it stand
the start of the command and of two workers, each of which loads its libraries once, then for each
run a fork, three small files and the reading of its record.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

RUNS, WORKERS = 50, 2
TARGET = 1.3


def test_overhead_of_a_sweep(benchmark, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "models: [nano]\nbenchmarks: [phantom.signal.syllogistic-ridge]\n"
        f"seeds: {[*range(RUNS)]}\ndefaults: {{protocol: published}}\n"
    )
    command = [sys.executable, "-m", "brainbench.cli.main", "sweep", "s.yaml"]
    own = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}

    def run() -> float:
        start = time.perf_counter()
        words = [*command, "--workers", str(WORKERS), "--quiet"]
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, env=own)
        return time.perf_counter() - start

    wall = benchmark.pedantic(run, rounds=1)
    records = [json.loads(path.read_text()) for path in tmp_path.glob("results/*/*/results.json")]
    assert len(records) == RUNS
    summed = sum(record["timing"]["seconds"] for record in records)
    benchmark.extra_info["summed"] = summed
    benchmark.extra_info["ratio"] = ratio = wall * WORKERS / summed
    assert ratio < TARGET
