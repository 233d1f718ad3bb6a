"""Small sweeps, and a command that stands in for a run: quick, and without a model."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from brainbench.cli.sweep import _given_options, evaluate_options
from brainbench.sweep import Plan, SweepFolder, plan_sweep, read_sweep

SMALL = """\
models: [nano]
suites: [behavior]
seeds: [0, 1]
defaults: {limit: 12}
"""


def small_plan(folder: Path, text: str = SMALL) -> Plan:
    """The plan of a sweep's file, written to a folder."""
    file = folder / "small.yaml"
    file.write_text(text, "utf-8")
    sweep, source = read_sweep(file, _given_options())
    return plan_sweep(sweep, source, evaluate_options(), folder)


def small_sweep(folder: Path, text: str = SMALL) -> tuple[SweepFolder, Plan]:
    """A sweep that is ready to be worked on."""
    plan = small_plan(folder, text)
    made = SweepFolder(folder / "sweeps" / plan.name)
    made.save_plan(plan)
    made.prepare()
    return made, plan


def stand_in(words: Sequence[str]) -> None:
    """What a run leaves behind, from its options alone; some seeds do not end well.

    Seed 7 is an error, seed 8 a crash, seed 9 takes until it is stopped.
    """
    print(f"[1/2] {' '.join(words)}", file=sys.stderr)
    if "--states-only" in words:
        return
    given = dict(pairwise(words))
    seed = given.get("--seed", "0")
    if seed == "7":
        print("error: this seed is not lucky", file=sys.stderr)
        raise SystemExit(1)
    if seed == "8":
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == "9":
        time.sleep(60)
    run_id = f"{int(seed):012x}"
    folder = Path(given["--output-path"]) / given["--model"] / run_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text("{}", "utf-8")
    with (folder / "times").open("a") as file:
        file.write("1")
    print(json.dumps({"run_id": run_id, "model": {"identifier": given["--model"]}}))
