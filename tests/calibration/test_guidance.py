"""How often the verdict on guidance is reached where the truth is known, and what docs say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import brainbench
from brainbench.calibration.guidance import (
    ALL,
    DESIGNS,
    GAINS,
    RULES,
    GuidanceCalibration,
    GuidanceDesign,
    GuidanceRate,
    calibrate_guidance,
    judge,
    simulate_answers,
)
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.verdict import AGAINST, CLAIM
from brainbench.statistics.answers import auc

DOCS = Path(brainbench.__file__).parent.parent / "docs"
DOCS = Path(brainbench.__file__).parent.parent / "docs"
BEFORE, NOW = RULES
# few problems in one order: quick, and each draw of signals differs much from the next
SMALL = GuidanceDesign(
    "small", "steering", 64, 1, 16, auc=0.55, common=0.9, of_problem=1.0, spread=0.09
)


def outcomes(
    gain: float, count: int, design: GuidanceDesign = SMALL
) -> Sequence[tuple[bool, dict[tuple[str, str, str], bool]]]:
    found = []
    for seed in range(count):
        arms = simulate_answers(design, gain, np.random.default_rng([7, seed]))
        arms = {name: arms[name] for name in (UNGUIDED, GUIDED, *AGAINST)}
        outcome = judge(arms, design.items, 200, seed)
        found.append((outcome.helps[NOW], dict(outcome.found)))
    return found


class TestRates:
    COUNT = 40

    def test_nothing_is_claimed_where_nothing_is_gained(self) -> None:
        found = outcomes(0.0, self.COUNT)
        assert np.mean([helps for helps, _ in found]) <= 0.05

        def rate(arm: str, metric: str, rule: str) -> float:
            return float(np.mean([singles[arm, metric, rule] for _, singles in found]))

        for arm in AGAINST:
            for metric in CLAIM:
                most = binom.ppf(0.999, self.COUNT, 0.05) / self.COUNT
                assert rate(arm, metric, NOW) <= most
        # with what other signals vary by left out
        assert rate(LABEL_ONLY, "auc", BEFORE) > 0.25

    def test_a_large_gain_is_found(self) -> None:
        found = outcomes(0.4, 12, replace(SMALL, spread=0.02))
        assert np.mean([helps for helps, _ in found]) > 0.8


def test_arms_have_the_area_that_was_planted() -> None:
    design = replace(SMALL, n_base=4000, spread=0.0)
    arms = simulate_answers(design, 0.2, np.random.default_rng(0))
    areas = {name: auc(arm.log_odds[0], design.items.labels == 0) for name, arm in arms.items()}
    assert areas.pop(GUIDED) == pytest.approx(0.75, abs=0.02)
    assert list(areas.values()) == pytest.approx([0.55] * len(areas), abs=0.03)
    # without drawn signals a steered model answers the same with every seed
    assert np.ptp(arms[LABEL_ONLY].log_odds, axis=0).max() == 0.0
    assert np.ptp(arms[PERMUTED].log_odds, axis=0).min() > 0.0


def test_every_design_and_gain_is_counted_by_both_rules() -> None:
    found = calibrate_guidance([SMALL], 2, 1, n_draws=50)
    assert [row.gain for row in found.rows if row.what == "verdict"] == [
        gain for gain in GAINS for _ in RULES
    ]
    assert {row.n for row in found.rows if row.gain == 0.0} == {2}
    one = found.one("small", 0.0, NOW, "auc", LABEL_ONLY)
    assert one.interval[0] <= one.rate <= one.interval[1]
    with pytest.raises(KeyError):
        found.one("small", 0.0, NOW, "mcnemar", LABEL_ONLY)
    assert GuidanceCalibration.model_validate_json(found.model_dump_json()) == found


# ---------------------------------------------------------------- docs


@pytest.fixture(scope="module")
def full() -> GuidanceCalibration:
    path = DOCS / "data" / "guidance_calibration.json"
    return GuidanceCalibration.model_validate_json(path.read_text("utf-8"))


def table(first: str) -> list[list[str]]:
    """Rows of the table of docs/guidance.md whose first heading this is."""
    lines = (DOCS / "guidance.md").read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def of_100(row: GuidanceRate) -> str:
    return f"{100 * row.rate:.1f}"


def test_docs_quote_the_verdicts(full: GuidanceCalibration) -> None:
    expected = [
        [design.name, rule, *(of_100(full.one(design.name, gain, rule, "verdict", ALL))
                              for gain in GAINS)]
        for design in DESIGNS for rule in RULES
    ]  # fmt: skip
    assert table("test, simulated") == expected


def test_docs_quote_the_single_comparisons(full: GuidanceCalibration) -> None:
    def both(design: str, arm: str, metric: str) -> str:
        rates = [of_100(full.one(design, 0.0, rule, metric, arm)) for rule in RULES]
        return " → ".join(rates)

    expected = [
        [design.name, *(both(design.name, arm, metric) for arm in AGAINST for metric in CLAIM),
         of_100(full.one(design.name, 0.0, BEFORE, "mcnemar", LABEL_ONLY))]
        for design in DESIGNS
    ]  # fmt: skip
    assert table("no gain, simulated") == expected


def test_nothing_rejects_too_often_and_more_is_found(full: GuidanceCalibration) -> None:
    for design in DESIGNS:
        for arm in AGAINST:
            for metric in CLAIM:
                # in either direction; a claim needs the upper half
                rate = full.one(design.name, 0.0, NOW, metric, arm).rate
                assert rate <= (0.05 if design.spread <= 0.03 else 0.07)
        assert full.one(design.name, 0.0, NOW, "verdict", ALL).interval[1] <= 0.025
        for gain in GAINS[1:]:
            rates = [full.one(design.name, gain, rule, "verdict", ALL).rate for rule in RULES]
            assert rates[1] >= rates[0]


def test_what_the_text_says_of_the_tables(full: GuidanceCalibration) -> None:
    text = " ".join((DOCS / "guidance.md").read_text("utf-8").split())
    held, steered, trained, apart = (design.name for design in DESIGNS)
    low, high = sorted(100 * full.one(name, 0.13, NOW, "verdict", ALL).rate
                       for name in (steered, trained))  # fmt: skip
    assert f"find one of 0.13 in {low:.0f} to {high:.0f} of 100" in text
    assert full.one(held, 0.23, NOW, "verdict", ALL).rate < 0.05
    rate = full.one(apart, 0.0, BEFORE, "mcnemar", LABEL_ONLY).rate
    assert f"in the last row it rejects in {100 * rate:.0f} of 100" in text
    row = full.one(held, 0.0, NOW, "verdict", ALL)
    assert (row.n, full.one(held, 0.13, NOW, "verdict", ALL).n) == (1000, 300)
