"""Many runs from one file: what to run, where, what became of it, and one table of all."""

from brainbench.sweep.folder import SweepFolder, find_sweep
from brainbench.sweep.options import Option
from brainbench.sweep.plan import Plan, Step, plan_sweep
from brainbench.sweep.reading import read_sweep
from brainbench.sweep.schema import SweepFile, json_schema

__all__ = [
    "Option",
    "Plan",
    "Step",
    "SweepFile",
    "SweepFolder",
    "find_sweep",
    "json_schema",
    "plan_sweep",
    "read_sweep",
]
