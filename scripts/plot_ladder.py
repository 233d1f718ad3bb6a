"""Draw the ladders of several models, and print them as a table of docs/ladder.md.

    python scripts/plot_ladder.py NAME=RUN [NAME=RUN …]

Each RUN is a folder, or a results.json, with a ladder; NAME heads its panel. Needs matplotlib (the
``dev`` extra). Rungs run down, models across; a dot is the model's z, strokes are untrained
networks of its shape.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

from brainbench.benchmarks import LadderScore
from brainbench.benchmarks.ladder.names import IN_WORDS, UNTRAINED
from brainbench.benchmarks.ladder.score import LEVEL, together
from brainbench.results import load_record
from brainbench.results.sections.ladder import read_ladder

OUTPUT = Path(__file__).parent.parent / "docs" / "images" / "ladder.png"
INK, MODEL, TWIN = "#222222", "#1f6f8b", "#c9a45c"


def draw(scores: dict[str, LadderScore]) -> None:
    """One panel for each model."""
    rungs = list(together(next(iter(scores.values())).rows))
    figure, every = plt.subplots(
        1, len(scores), figsize=(1.2 + 1.7 * len(scores), 3.1), sharey=True, layout="constrained"
    )
    for axes, (name, score) in zip(every, scores.items(), strict=True):
        rows = together(score.rows)
        for place, rung in enumerate(rungs):
            twins = [
                row.z
                for row in score.context.baselines
                if row.baseline == UNTRAINED and row.term == "larger" and row.rung == rung
            ]
            axes.plot(twins, [place] * len(twins), "|", color=TWIN, ms=11, mew=2)
            if rung in rows:
                found = rows[rung].p <= LEVEL
                axes.plot(
                    rows[rung].z,
                    place,
                    "o",
                    ms=8,
                    color=MODEL,
                    mfc=MODEL if found else "white",
                    mew=1.6,
                )
        axes.axvline(0, color="#bbbbbb", lw=0.8, zorder=0)
        axes.set_title(name, fontsize=9, color=INK)
        axes.set_xlim(-3, 8)
        axes.tick_params(labelsize=8, length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    every[0].set_yticks(range(len(rungs)), [f"beyond {IN_WORDS[rung]}" for rung in rungs])
    every[0].set_ylim(len(rungs) - 0.5, -0.5)
    figure.supxlabel(
        "z, larger of own, between and both (filled: p ≤ 0.05; strokes: untrained)", fontsize=8
    )
    OUTPUT.parent.mkdir(exist_ok=True)
    figure.savefig(OUTPUT, dpi=150)


def table(scores: dict[str, LadderScore]) -> str:
    """Markdown: own, between and p of every rung, and the outcome."""
    rungs = list(together(next(iter(scores.values())).rows))
    lines = ["| model | " + " | ".join(IN_WORDS[rung] for rung in rungs) + " |"]
    lines.append("|---|" + "---:|" * len(rungs))
    for name, score in scores.items():
        cells = []
        for rung in rungs:
            z = {row.term: row.z for row in score.rows if (row.rung, row.roi) == (rung, "all")}
            p = together(score.rows)[rung].p
            cells.append(f"{z['own']:.1f}, {z['between']:.1f} (p {p:.4f})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
        twins = [
            max(
                (
                    row.z
                    for row in score.context.baselines
                    if row.baseline == UNTRAINED and row.term == "larger" and row.rung == rung
                ),
                default=float("nan"),
            )
            for rung in rungs
        ]
        lines.append(
            f"| {name}, untrained, largest z | " + " | ".join(f"{z:.1f}" for z in twins) + " |"
        )
    return "\n".join(lines)


def main() -> None:
    """Read, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    named = [run.partition("=") for run in parser.parse_args().runs]
    scores = {name: LadderScore.read_from(load_record(run))[0] for name, _, run in named}
    print(table(scores))
    for name, score in scores.items():
        print(f"\n{name}: {read_ladder(score)}")
    draw(scores)


if __name__ == "__main__":
    main()
