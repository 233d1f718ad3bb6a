"""What the user chose, beyond model and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from brainbench.benchmarks import check_numbers
from brainbench.models import ModelOptions


@dataclass(frozen=True)
class Settings:
    """Kept in the record's ``config``.

    Parameters
    ----------
    protocol : ``published``.
    seed : of the random features and of the split halves.
    limit : score only the first items of each reasoning type.
    options : how a language model is loaded and asked.
    """

    protocol: str = "published"
    seed: int = 0
    limit: int | None = None
    options: ModelOptions = field(default_factory=ModelOptions)

    def __post_init__(self) -> None:
        check_numbers(self.seed, self.limit)

    def identity(self) -> dict[str, Any]:
        """What of it can change a number; what the options change, the model tells."""
        return {"protocol": self.protocol, "seed": self.seed, "limit": self.limit}
