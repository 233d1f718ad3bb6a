"""One run of the guidance suite by the built-in model, for every test that reads one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from golden_files import alone

from brainbench.guidance.gains import scoring
from brainbench.guidance.options import GuidanceOptions
from brainbench.guidance.score import GuidanceScore
from brainbench.results import Record
from brainbench.run import Settings, evaluate

TEST = "three premises, syllogistic"
SMALL = Settings(
    guidance=GuidanceOptions(rois=("validity",), tier="reduced", tests=(TEST,), epochs=1),
    limit=10,
)


def guide(folder: Path, **more: Any) -> Record:
    """The suite in the reduced tier, one test of few problems, one epoch."""
    with alone(folder / "cache"):
        return evaluate("nano", suite="guidance", settings=SMALL, output_path=folder, **more)


@dataclass(frozen=True)
class GuidedRun:
    """The record, and what its scores were made of."""

    record: Record
    asked: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...]

    def scored_again(self) -> list[GuidanceScore]:
        """The same answers, scored by the code as it is now."""
        return [scoring.score_test(*given, **more) for given, more in self.asked]


@pytest.fixture(scope="session")
def guided(tmp_path_factory: pytest.TempPathFactory) -> GuidedRun:
    """Half a minute, once."""
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    score_test = scoring.score_test

    def kept(*given: Any, **more: Any) -> GuidanceScore:
        asked.append((given, more))
        return score_test(*given, **more)

    folder = tmp_path_factory.mktemp("guidance")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "score_test", kept)
        record = guide(folder)
    return GuidedRun(record, tuple(asked))
