"""Draw README's picture from the record of a run under the published protocol.

    python scripts/plot_readme.py results/MODEL/RUN/results.json

Needs matplotlib (the ``dev`` extra). One panel for each reasoning type: the model and
everything it is held against, in one ROI.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from brainbench.results import Record, load_record

OUTPUT = Path(__file__).parent.parent / "docs" / "images" / "first-result.png"
INK, MODEL, CONTROL, RANGE = "#222222", "#1f6f8b", "#c9a45c", "#8a8a8a"
TITLES = {
    "all": "all items pooled",
    "syllogistic": "syllogisms only",
    "transitive": "transitive only",
}


def panel(axes: Axes, record: Record, benchmark: str, title: str) -> None:
    row = next(score for score in record.published if score.benchmark == benchmark)
    controls = row.controls
    names = ["model, best layer", *(c.control for c in controls)]
    places = range(len(names), 0, -1)
    for place, control in zip(places, [None, *controls], strict=True):
        value = control.raw if control else row.raw
        if value is None:
            axes.text(0.004, place, "n/a", va="center", fontsize=8, color=RANGE)
            continue
        axes.barh(place, value, height=0.68, color=CONTROL if control else MODEL)
        end = max(value, 0.0)
        if control and control.raw_range:
            end = control.raw_range[1]
            axes.plot(control.raw_range, [place] * 2, color=RANGE, lw=2, solid_capstyle="butt")
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(
            end + 0.005, place, f"{value:.2f}", va="center", fontsize=8, color=INK, bbox=paper
        )
    if row.reference is not None:
        axes.axvline(row.reference, color=INK, lw=1, ls=(0, (4, 3)))
    axes.set_title(f"{title} ({row.n_items} items)", fontsize=10, color=INK, loc="left")
    axes.set_yticks(list(places), names, fontsize=9)
    axes.set_xlim(-0.02, 0.26)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("--roi", default="deductive_reasoning")
    arguments = parser.parse_args()
    record = load_record(arguments.record)
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True, layout="constrained")
    for place, (kind, title) in zip(axes, TITLES.items(), strict=True):
        panel(place, record, f"xiao2026.{arguments.roi}.{kind}-ridge", title)
    model = record.model.description or record.model.identifier
    figure.suptitle(f"{model}, {arguments.roi.replace('_', ' ')} ROI of xiao2026", fontsize=10)
    figure.supxlabel(
        "Pearson r, median over voxels, then people (published protocol).  "
        "Dashed: nine other people predict the tenth.",
        fontsize=9,
    )
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(OUTPUT, dpi=140)
    print(OUTPUT.name)


if __name__ == "__main__":
    main()
