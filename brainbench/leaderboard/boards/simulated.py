"""How often simulated boards of equal models are right: ``leaderboards/simulated.json``.

``scripts/simulate_boards.py`` writes it, docs and the pages of the boards quote it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from brainbench.errors import DataError
from brainbench.leaderboard.boards.board import Board, boards_folder, load_boards

FILE = "simulated.json"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Share(_Row):
    """How often something came out."""

    rate: float
    interval: tuple[float, float]
    """95 %, Clopper & Pearson with the number of independent boards (Korn & Graubard 1998):
    boards of the same models and items are alike."""


class SimulatedRow(_Row):
    """Boards of one kind, in one scenario."""

    board: str
    """Name of the board whose rule ranked them."""
    scenario: str
    models: int
    """On each board, equal."""
    worlds: int
    """Sets of models and items."""
    boards: int
    """Of all worlds together."""
    covers_same: Share | None
    """Intervals of a score that hold what new people would give on the same items; None where
    items are drawn anew, or where that score is not known."""
    covers_new: Share
    """Intervals that hold what new people would give on new items: the same for all models."""
    apart: Share
    """Boards on which some model is ranked above another."""
    wrong_same: Share | None
    """Boards with a rank interval that does not hold the true rank on the same items."""


class Simulated(_Row):
    """What was simulated, and how often it was right."""

    schema_version: int = 1
    seed: int
    dataset: str
    """Whose people the noise of boards of the ladder is of."""
    versions: dict[str, str]
    rows: tuple[SimulatedRow, ...]

    def of(self, board: str) -> list[SimulatedRow]:
        """Rows of one board."""
        return [row for row in self.rows if row.board == board]


@cache
def load_simulated(folder: Path | None = None) -> Simulated | None:
    """What comes with the boards of a folder; None where nothing was simulated.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    path = (boards_folder() if folder is None else folder) / FILE
    if not path.is_file():
        return None
    try:
        return Simulated.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{path} cannot be read: {error}; scripts/simulate_boards.py writes it"
        ) from error


def simulated_words(board: Board, found: Simulated | None) -> str:
    """What a reader of a board must know of its intervals and ranks, in plain words.

    Parameters
    ----------
    found : of the boards that ship; it says nothing of another board of the same name.
    """
    rows = [] if found is None or board not in _shipped() else found.of(board.name)
    if not rows:
        return (
            "How often these intervals hold the true score, and how often equal models get "
            "different ranks, has not been simulated: the intervals aim at 95 %, the ranks at 5 %."
        )
    same = [row.covers_same.rate for row in rows if row.covers_same is not None]
    new = [row.covers_new.rate for row in rows]
    held = [f"{_range(same)} of 100 for new people on the same problems"] if same else []
    held += [f"{_range(new)} of 100 for new people on new problems" if same
             else f"{_range(new)} of 100"]  # fmt: skip
    counts = sorted({row.models for row in rows})
    models = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return (
        f"On simulated boards of {models} equal models, intervals that aim at 95 % held "
        f"the true score in {' and '.join(held)}; {_range([row.apart.rate for row in rows])} of "
        "100 boards ranked some model above another."
    )


@cache
def _shipped() -> tuple[Board, ...]:
    """The boards that ship, read once: every page of a board asks for them."""
    return tuple(load_boards())


def _range(rates: list[float]) -> str:
    low, high = (_percent(rate) for rate in (min(rates), max(rates)))
    return low if low == high else f"{low} to {high}"


def _percent(rate: float) -> str:
    """Whole per cent; 0 and 100 only where it is none or all."""
    whole = f"{100 * rate:.0f}"
    return f"{100 * rate:.1f}" if whole in ("0", "100") and 0.0 < rate < 1.0 else whole
