"""The kinds of boards: a new one is a file beside this one, and a line."""

from __future__ import annotations

from brainbench.leaderboard.kinds.accuracy import AccuracyBoards
from brainbench.leaderboard.kinds.base import BoardKind, BoardStatistic
from brainbench.leaderboard.kinds.behavior import BehaviorBoards
from brainbench.leaderboard.kinds.controlled import ControlledBoards
from brainbench.leaderboard.kinds.guidance import GuidanceBoards
from brainbench.leaderboard.kinds.ladder import LadderBoards
from brainbench.leaderboard.kinds.overall import OverallBoards
from brainbench.leaderboard.kinds.published import PublishedBoards

# in the order of their tables on the page of a benchmark
_KINDS: tuple[BoardKind, ...] = (
    LadderBoards(),
    ControlledBoards(),
    PublishedBoards(),
    BehaviorBoards(),
    AccuracyBoards(),
    GuidanceBoards(),
    OverallBoards(),
)
KINDS: dict[str, BoardKind] = {kind.name: kind for kind in _KINDS}
STATISTICS: dict[str, BoardStatistic] = {
    name: statistic for kind in _KINDS for name, statistic in kind.statistics.items()
}
