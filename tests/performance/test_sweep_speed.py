"""What a sweep costs beside its runs: 50 runs of the built-in model by two workers.

Two limits. The whole sweep is held against its runs by hand: the time that the record of one has,
which is mostly loading, for each of them, over two workers. What each run costs beside what it
computes, a fork, three small files and the reading of its record, is held against the runs' own
times in the sweep, where loading is behind them. The start, of the command and of workers that load
their libraries once, stands apart: it is the same for any number of runs.
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
CELL = "phantom.signal.syllogistic-ridge"


def test_overhead_of_a_sweep(benchmark, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        f"models: [nano]\nbenchmarks: [{CELL}]\nseeds: {[*range(RUNS)]}\n"
        "defaults: {protocol: published}\n"
    )
    command = [sys.executable, "-m", "brainbench.cli.main"]
    own = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}

    def run(*words: str) -> str:
        return subprocess.run(
            [*command, *words], cwd=tmp_path, check=True, capture_output=True, text=True, env=own
        ).stdout

    options = ("--benchmarks", CELL, "--protocol", "published", "--seed", str(RUNS), "--json")
    by_hand = json.loads(run("evaluate", *options))["timing"]["seconds"]

    def sweep() -> float:
        start = time.perf_counter()
        run("sweep", "s.yaml", "--workers", str(WORKERS), "--quiet")
        return time.perf_counter() - start

    wall = benchmark.pedantic(sweep, rounds=1)
    found = json.loads(run("sweep", "status", "--json"))["steps"]
    runs = [step for step in found if step["kind"] == "run"]
    assert [step["state"] for step in runs] == ["done"] * RUNS
    records = [json.loads((tmp_path / step["run"] / "results.json").read_text()) for step in runs]
    summed = sum(record["timing"]["seconds"] for record in records)
    benchmark.extra_info["against by hand"] = whole = wall * WORKERS / (RUNS * by_hand)
    benchmark.extra_info["each run"] = each = sum(step["seconds"] for step in runs) / summed
    assert whole < TARGET
    assert each < TARGET
