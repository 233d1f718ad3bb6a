"""Hash of the code that a run can reach, for its id: no other code of the package counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from brainbench.benchmarks import PluggedBenchmark
from brainbench.closure import CARDS, PACKAGE, reached_sha256
from brainbench.source import modules_behind

# what puts a run together: of what it imports, a run takes only what its own steps need
_EVERY_RUN = (
    "brainbench.run.evaluate",
    "brainbench.run.inputs",
    "brainbench.run.record",
    "brainbench.run.settings",
)
_RECORD = ("brainbench.results.record",)
_DATA = ("brainbench.datasets.registry",)
_SAMPLES = ("brainbench.results.samples",)
_TASKS = ("brainbench.run.tasks",)
_GUIDANCE = ("brainbench.run.guidance",)


def run_sha256(
    models: Iterable[Any],
    benchmarks: Iterable[Any],
    *,
    data: bool = False,
    samples: bool = False,
    tasks: bool = False,
    guidance: bool = False,
    methods: Iterable[str] = (),
    plugins: Iterable[Any] = (),
) -> str:
    """Hash of the code of this package that a run can reach.

    Parameters
    ----------
    models : those that are read out.
    benchmarks : those that score them.
    data, samples, tasks, guidance : whether datasets are loaded, answers written item by item,
        tasks asked, and the model guided.
    methods : modules of the methods of steering, which are imported by name.
    plugins : what else other packages have made of it.
    """
    modules = {*_RECORD, *methods}
    for wanted, more in (
        (data, _DATA), (samples, _SAMPLES), (tasks, _TASKS), (guidance, _GUIDANCE)
    ):  # fmt: skip
        if wanted:
            modules.update(more)
    foreign = list(plugins)
    for thing in (*models, *benchmarks):
        module = type(thing).__module__
        if module.partition(".")[0] == PACKAGE:
            modules.add(module)
        else:
            foreign.append(thing)
        if isinstance(thing, PluggedBenchmark):
            foreign += thing.made_by
    if foreign:
        modules.update(modules_behind(*foreign))
    # the record's id holds the cards of its own datasets
    return reached_sha256(sorted(modules), _EVERY_RUN, [CARDS])
