"""Boards of what brain signals bring to a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, geometric_mean
from typing import ClassVar

import numpy as np

from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.verdict import least_changes
from brainbench.leaderboard.kinds.base import (
    NOT_READ,
    Baseline,
    BoardColumn,
    BoardKind,
    BoardStatistic,
    RankedBoard,
    Shown,
    mean_of,
    share_of,
)
from brainbench.leaderboard.kinds.cells import EntryCell, error_of
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.quantities import Interval
from brainbench.results import Record
from brainbench.results.scorecard.guidance import gain_interval


class GuidanceBoards(BoardKind):
    """What a guided model gains over the arm it is least above, test by test."""

    name: ClassVar = "guidance"
    statistics: ClassVar = {
        "least_gain_of_auc": BoardStatistic(
            "least Δ AUC",
            "AUC of the guided model less that of the arm it is least above: guided by signals of "
            "other items, or by the labels alone; mean over tests",
            "mean over tests of min over arms of (AUC guided − AUC of the arm)",
            3,
            "nothing: normal, of the width of the interval in the record",
        ),
    }
    columns: ClassVar = (
        BoardColumn("Δ AUC, permuted", "against signals of other items; mean over tests"),
        BoardColumn("Δ AUC, labels", "against the labels alone; mean over tests"),
        BoardColumn(
            "Δ at threshold",
            "accuracy at the validation threshold, the lesser of both; mean over tests",
        ),
        BoardColumn(
            "shift",
            "of neutral text by the guided model, nats; and how many times that of the arm that "
            "differs most, of both; mean over tests",
        ),
        BoardColumn("helps", "tests with the verdict that brain signals help"),
    )

    def lacking(self, board: RankedBoard, submission: Submission) -> dict[str, str] | None:
        record = submission.record
        tiers: dict[str, str] = {gain.identifier: gain.tier for gain in record.gains}
        if board.tier not in [tiers.get(name) for name in board.gains]:
            return None
        gains = {gain.identifier: gain for gain in record.gains if gain.tier == board.tier}
        found: dict[str, str] = {}
        for name in board.gains:
            gain = gains.get(name)
            changes = least_changes(gain.differences) if gain is not None else {}
            lost = [arm for arm, change in changes.items() if change is None]
            if gain is None:
                found[name] = NOT_READ
            elif lost:
                against = " and ".join(lost)
                found[name] = (
                    f"no difference of AUC with an interval of any width against {against}"
                )
        return found

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        """Δ AUC against the needed arm that it is least above."""
        found = {}
        for gain in submission.record.gains:
            changes = [
                change for change in least_changes(gain.differences).values() if change is not None
            ]
            if gain.identifier not in board.gains or not changes:
                continue
            least = min(changes, key=lambda change: change.value)
            value, interval = least.value, least.interval
            assert interval is not None
            error = error_of(interval)
            found[gain.identifier] = EntryCell(value, (gain.test,), np.array([error]), "normal")
        return found

    def interval(self, board: RankedBoard, record: Record) -> Interval | None:
        return gain_interval([gain for gain in record.gains if gain.identifier in board.gains])

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        own = [gain for gain in record.gains if gain.identifier in board.gains]

        def changes(metric: str, against: str) -> list[float]:
            return [
                change.value
                for gain in own
                for difference in gain.differences
                if difference.against == against
                for change in difference.changes
                if change.metric == metric
            ]

        lesser = [changes("accuracy_at_threshold", arm) for arm in (PERMUTED, LABEL_ONLY)]
        known = [mean_of(values) for values in lesser]
        helps = [gain.verdict == "brain signals help" for gain in own]
        return [
            mean_of(changes("auc", PERMUTED)),
            mean_of(changes("auc", LABEL_ONLY)),
            None if None in known else min(value for value in known if value is not None),
            _shift(own),
            share_of(helps),
        ]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        note = "guided as well as the arm it is least above"
        return [Baseline("no gain", "guess", 0.0, note=note)]


def _shift(gains: Sequence[GuidanceScore]) -> str | None:
    """``0.084 (× 1.2)``; None where shifts were not measured."""
    guided, ratios = [], []
    for gain in gains:
        arms = {arm.arm: arm.shift.kl for arm in gain.arms if arm.shift is not None}
        own = arms.get(GUIDED)
        others = [arms[name] for name in (PERMUTED, LABEL_ONLY) if name in arms]
        if own and others and min(others) > 0.0:
            guided.append(own)
            ratios.append(max((own / other for other in others), key=lambda r: max(r, 1.0 / r)))
    if not guided:
        return None
    return f"{fmean(guided):.2g} (× {geometric_mean(ratios):.2g})"
