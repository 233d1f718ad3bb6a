"""A record as a picture of matplotlib, which is imported when it is drawn."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from brainbench.benchmarks import LadderScore
from brainbench.benchmarks.ladder.names import IN_WORDS, UNTRAINED
from brainbench.benchmarks.ladder.score import together
from brainbench.errors import UsageError
from brainbench.results.blocks import ScoreLine
from brainbench.results.record import Record
from brainbench.results.scorecard.card import scorecard

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# distinguishable to people who see colours otherwise
_MODEL, _BESIDE = "#0072b2", "#666666"


def plot(record: Record) -> Figure:
    """See :meth:`.Record.plot`."""
    if find_spec("matplotlib") is None:
        raise UsageError(
            "a picture needs matplotlib: pip install 'brainbench[plot]'; the numbers are in "
            "record.to_dataframe()"
        )
    ladders = [score for score in LadderScore.read_from(record) if together(score.rows)]
    lines = scorecard(record).lines
    if not lines:
        raise UsageError("this record holds no score to draw")
    count = len(ladders) or len(lines)
    figure = _figure_class()(figsize=(7, 2.8 * count if ladders else 1.1 * count + 0.4),
                    layout="constrained")  # fmt: skip
    axes: list[Axes] = list(figure.subplots(count, 1, squeeze=False)[:, 0])
    figure.suptitle(record.model.shown)
    if ladders:
        for score, place in zip(ladders, axes, strict=True):
            _draw_ladder(score, place)
    else:
        _draw_lines(lines, axes)
    return figure


def _figure_class() -> type[Figure]:
    """A figure that a notebook shows though pyplot, which would register it, is not imported."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            held = io.BytesIO()
            self.savefig(held, format="png")
            return held.getvalue()

    return Picture


def _draw_ladder(score: LadderScore, axes: Axes) -> None:
    """Z on every rung, the first rung on top, beside untrained networks."""
    rungs = together(score.rows)
    for place, (rung, row) in enumerate(rungs.items()):
        beside = [
            base.z
            for base in score.context.baselines
            if base.baseline == UNTRAINED and base.rung == rung and base.term == "larger"
        ]
        label = "untrained networks" if place == 0 else None
        axes.plot(beside, [place] * len(beside), "|", color=_BESIDE, markersize=10, label=label)
        axes.plot([row.z], [place], "o", color=_MODEL, label="model" if place == 0 else None)
        axes.annotate(f"p {row.p:.4f}", (1.0, place), xycoords=("axes fraction", "data"),
                      xytext=(4, 0), textcoords="offset points", va="center")  # fmt: skip
    axes.set_yticks(range(len(rungs)), [f"beyond {IN_WORDS[rung]}" for rung in rungs])
    axes.invert_yaxis()
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel("z of the larger term")
    axes.set_title(score.dataset, loc="left")
    # above the axes, where it hides no mark
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)


def _draw_lines(lines: Sequence[ScoreLine], axes: Sequence[Axes]) -> None:
    """Each score on an axis of its own, with its interval and what it is held against."""
    for line, place in zip(lines, axes, strict=True):
        if line.interval is not None:
            place.plot(line.interval, [0, 0], color=_MODEL, linewidth=3)
        place.plot([line.value], [0], "o", color=_MODEL)
        if line.held is not None:
            place.axvline(line.held, color=_BESIDE, linewidth=1.5)
            place.annotate(line.against, (line.held, 1.0), xycoords=("data", "axes fraction"),
                           ha="center", va="bottom", fontsize="small", color=_BESIDE)  # fmt: skip
        place.set_yticks([0], [f"{line.name}\n{line.statistic}"])
        place.set_xlabel(line.verdict, loc="left")
