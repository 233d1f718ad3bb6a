"""A calibration as a picture. matplotlib is imported when it is drawn."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import TYPE_CHECKING

from brainbench.calibration.record import LEVEL, LIMIT, Calibration
from brainbench.calibration.scenarios import Kind
from brainbench.calibration.table import IN_WORDS, in_short, type_in_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS: dict[Kind, str] = {
    "nothing": "#0072b2",
    "in span": "#0072b2",
    "narrow": "#0072b2",
    "planted": "#009e73",
    "layer": "#009e73",
    "mis-specified": "#d55e00",
}
_PUBLISHED = "#666666"


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw_calibration(found: Calibration) -> bytes:
    """A PNG: rates with their exact intervals, scenario by scenario, `published` beside them."""
    from matplotlib.figure import Figure

    lines = len(found.rows) + len({row.kind for row in found.rows})
    figure = Figure(figsize=(9, 0.25 * lines + 1.5), layout="constrained")
    axes = figure.subplots()
    names = _draw_rows(found, axes)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    for label in axes.get_yticklabels():
        if label.get_text() in IN_WORDS.values():
            label.set_fontweight("bold")
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.axvline(LEVEL, color="black", linewidth=0.8, zorder=1.5)
    axes.axvline(LIMIT, color="black", linewidth=0.8, linestyle=":", zorder=1.5)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0.0, LEVEL, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"simulated data sets; dotted: {LIMIT:.0%}, the limit where nothing is to find")
    axes.plot([], [], "o-", color="black", label="found: p ≤ 0.05 for unique R², 95 % interval")
    axes.plot([], [], "x", color=_PUBLISHED, linestyle="none", label="published r above 0")
    figure.legend(loc="outside upper right", fontsize=9, frameon=False, ncols=2)
    content = io.BytesIO()
    figure.savefig(content, dpi=130)
    return content.getvalue()


def _draw_rows(found: Calibration, axes: Axes) -> list[str]:
    """Draw one row below the other, with its label, and kinds as headings."""
    names: list[str] = []
    for kind, words in IN_WORDS.items():
        rows = [row for row in found.rows if row.kind == kind]
        names += [words] if rows else []
        for row in rows:
            place, colour = len(names), _COLOURS[kind]
            axes.plot(row.interval, [place, place], color=colour, linewidth=2)
            axes.plot(row.rate, place, "o", color=colour, markersize=5)
            if row.published is not None:
                axes.plot(row.published.above_zero, place, "x", color=_PUBLISHED, markersize=6)
            names.append(f"{in_short(row)}, {type_in_short(row)}")
    return names
