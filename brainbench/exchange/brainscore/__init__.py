"""Brain-Score: brainbench's benchmarks and data as its plugins, scores as its ``Score``.

Its artificial subjects as models are in :mod:`brainbench.models.brainscore`, below the benchmarks.
"""

from brainbench.exchange.brainscore.folders import (
    Folder,
    State,
    find_library,
    install,
    plan_folders,
    uninstall,
)
from brainbench.exchange.brainscore.registered import Registered, not_registered, registered
from brainbench.exchange.brainscore.score import to_brainscore

__all__ = [
    "Folder",
    "Registered",
    "State",
    "find_library",
    "install",
    "not_registered",
    "plan_folders",
    "registered",
    "to_brainscore",
    "uninstall",
]
