"""Scores of the ladder: parts with nothing that a test does not ask for, and whole ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from brainbench.benchmarks import LadderBenchmark, LadderContext, LadderRow, LadderScore
from brainbench.benchmarks.ladder.names import RUNGS, UNTRAINED, Rung
from brainbench.benchmarks.ladder.score import BaselineRow, Compared, EffectRow
from brainbench.datasets import load_card

ORDERS, PERMUTATIONS = 500, 10_000
# what exchanged items do to all models alike; it cancels where two of them are compared
_COMMON = np.random.default_rng(11).standard_normal(ORDERS)
# variance of z over orders that is a model's own, and over people
_OWN, _PEOPLE = 0.5, 0.3


def compared(z: float = 2.0, **more: Any) -> Compared:
    """A model of this z in ten people, who differ a little."""
    rng = np.random.default_rng(0)
    made: dict[str, Any] = {
        "rung": "run",
        "orders": "0" * 64,
        "subjects": tuple(f"{number:02d}" for number in range(10)),
        "z": z,
        "without_person": tuple(z + 0.1 * rng.standard_normal(10)),
        "null": tuple(rng.standard_normal(200)),
    }
    return Compared(**made | more)


def context(**more: Any) -> LadderContext:
    """Of a toy dataset with ten people; no rows beside those of the model."""
    made: dict[str, Any] = {
        "benchmark": f"{more.get('dataset', 'toy')}.brain.all-ladder",
        "version": 1,
        "dataset": "toy",
        "forms": (),
        "baselines": (),
        "shared": (),
        "rungs": (),
        "detectable": None,
        "effects": (),
        "compared": compared(),
        "n_subjects": 10,
        "n_items": 70,
    }
    return LadderContext(**made | more)


def xiao2026_score(rng: np.random.Generator, z: float = 0.0) -> LadderScore:
    """A whole score of xiao2026, as a run holds it: what is beyond position is text length.

    Parameters
    ----------
    rng : source of everything that is drawn: two models of one z differ by chance, as by people
        and by orders of their items.
    z : that is expected beyond position.
    """
    card = load_card("xiao2026")
    benchmark = LadderBenchmark(card.name)
    count = len(card.subjects)
    people = np.sqrt(_PEOPLE * count) * rng.standard_normal(count)
    null = np.sqrt(1.0 - _OWN) * _COMMON + np.sqrt(_OWN) * rng.standard_normal(ORDERS)
    got = round(float(z + np.sqrt(_OWN) * rng.standard_normal() + people.mean()), 3)
    without = got - (people - people.mean()) / (count - 1)
    beyond: dict[Rung, float] = dict(zip(RUNGS, 0.3 * rng.standard_normal(len(RUNGS)), strict=True))
    beyond |= {"run": got + 0.5, "position": got}
    cells = [("all", "all"), *((roi, kind) for roi in card.rois for kind in card.reasoning_types)]
    terms = ("own", "between", "larger")
    rows = tuple(
        LadderRow(**_tested(rung, value * (1.0 if roi == "all" else 0.5)), term=term, roi=roi,
                  reasoning_type=kind)
        for rung, value in beyond.items() for roi, kind in cells for term in terms
    )  # fmt: skip
    alone = [(UNTRAINED, draw, 0.2 * draw) for draw in range(3)] + [("length alone", 0, 4.8)]
    baselines = tuple(
        BaselineRow(**_tested("position", value), term=term, roi="all", reasoning_type="all",
                    baseline=name, draw=draw)
        for name, draw, value in alone for term in terms
    )  # fmt: skip
    share = 0.005 * got
    named: dict[str, Any] = {
        "benchmark": benchmark.identifier,
        "version": benchmark.version,
        "dataset": card.name,
    }
    return LadderScore(
        **named,
        rows=rows,
        context=context(
            **named,
            baselines=baselines,
            detectable=0.12,
            effects=(
                EffectRow(rung="position", term="own", share=share,
                          interval=(share - 0.01, share + 0.01), n_cells=len(cells) - 1),
            ),
            compared=compared(
                got, rung="position", subjects=tuple(card.subjects),
                without_person=tuple(without), null=tuple(null),
            ),
            n_subjects=count,
            selection_leak=tuple(roi for roi in card.rois if roi in card.selection_leak),
        ),
    )  # fmt: skip


def _tested(rung: Rung, z: float) -> dict[str, Any]:
    """One test by permutation: p is a whole number of them."""
    reached = round(PERMUTATIONS * float(stats.norm.sf(z)))
    return {
        "dataset": "xiao2026",
        "rung": rung,
        "z": float(z),
        "p": (1 + reached) / (1 + PERMUTATIONS),
        "n_permutations": PERMUTATIONS,
    }
