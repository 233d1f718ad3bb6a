"""Settings of a run beyond its model and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from brainbench.benchmarks import DEFAULT_PROTOCOL, EVERY_PROTOCOL, check_numbers
from brainbench.errors import UsageError
from brainbench.guidance.options import GuidanceOptions
from brainbench.models import ModelOptions
from brainbench.reasoning import TaskOptions


@dataclass(frozen=True)
class Settings:
    """Kept in the record's ``config``.

    Parameters
    ----------
    protocol : ``controlled`` or ``published``; of somebody's own data ``all`` too.
    seed : of random features, permutations, simulations and split halves.
    limit : score only the first items of each reasoning type, and of each task.
    options : how a language model is loaded and asked.
    untrained_activations : file of an untrained network's, for a model that is a file itself.
    task_options : how lm-eval tasks are asked.
    guidance : what of a suite of guidance is run.
    """

    protocol: str = DEFAULT_PROTOCOL
    seed: int = 0
    limit: int | None = None
    options: ModelOptions = field(default_factory=ModelOptions)
    untrained_activations: str | None = None
    task_options: TaskOptions = field(default_factory=TaskOptions)
    guidance: GuidanceOptions = field(default_factory=GuidanceOptions)

    def __post_init__(self) -> None:
        check_numbers(self.seed, self.limit)
        controlled = self.protocol in ("controlled", EVERY_PROTOCOL)
        if self.untrained_activations is not None and not controlled:
            raise UsageError("--untrained-activations goes with --protocol controlled")
        if self.localised and self.protocol != "controlled":
            raise UsageError("--readout localised goes with --protocol controlled")

    @property
    def localised(self) -> bool:
        """Whether only units selected by the localiser contrast are scored."""
        return self.options.readout == "localised"

    def identity(self) -> dict[str, Any]:
        """The settings that can change a number; those of the model are in its own hash."""
        held = {"protocol": self.protocol, "seed": self.seed, "limit": self.limit}
        return held | {"localised": self.localised}
