"""What the docs say of error rates, power and coverage is what the records beside them hold."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from scipy.stats import binomtest

import brainbench
from brainbench.calibration import Calibration, CalibrationRow, LadderCalibration
from scripts import load_script

ROOT = Path(brainbench.__file__).parent.parent


SCRIPT = load_script("calibration_tables")
ENCODING: Calibration = SCRIPT.read_encoding()
KINDS = ("syllogistic", "transitive")


@cache
def ladder() -> LadderCalibration:
    found: LadderCalibration = SCRIPT.read_ladder()
    return found


def page(name: str) -> str:
    return " ".join((ROOT / name).read_text("utf-8").split())


def of_kind(*kinds: str) -> list[CalibrationRow]:
    return [row for row in ENCODING.rows if row.kind in kinds]


def both(scenario: str, **named: float) -> list[CalibrationRow]:
    """The rows of a scenario: syllogistic, transitive."""
    return [
        row
        for kind in KINDS
        for row in ENCODING.rows
        if row.scenario == scenario and row.reasoning_type == kind
        and all(getattr(row, name) == value for name, value in named.items())
    ]  # fmt: skip


def span(rates: list[float | None], digits: int = 1, between: str = " to ") -> str:
    """Least and largest of some shares, of 100."""
    known = [100 * rate for rate in rates if rate is not None]
    return f"{min(known):.{digits}f}{between}{max(known):.{digits}f}"


@pytest.mark.parametrize("row", ENCODING.rows, ids=lambda row: "/".join(map(str, row.key)))
def test_intervals_are_exact_ones_of_the_rate(row: CalibrationRow) -> None:
    exact = binomtest(round(row.rate * row.n), row.n).proportion_ci(0.95, "exact")
    assert row.interval == pytest.approx((exact.low, exact.high))


def test_what_is_said_of_the_encoding_scores_is_made_of_the_record() -> None:
    assert ENCODING.complete
    text = (ROOT / "docs" / "calibration.md").read_text("utf-8")
    for made in (SCRIPT.encoding_table(ENCODING), SCRIPT.encoding_words(ENCODING)):
        assert f"\n\n{made}\n\n" in text
    # every scenario is shown
    planted = {row.scenario for row in ENCODING.rows if row.kind != "layer"}
    assert all(re.search(rf"^\| (outside: )?{re.escape(name)}", text, re.M) for name in planted)


def test_what_is_said_of_the_ladder_is_made_of_the_record() -> None:
    assert ladder().complete
    text = (ROOT / "docs" / "calibration.md").read_text("utf-8")
    for made in (SCRIPT.ladder_table(ladder()), SCRIPT.ladder_words(ladder())):
        assert f"\n\n{made}\n\n" in text
    assert SCRIPT.remade(text, ladder(), ENCODING) == text


def test_the_readme_says_how_often_the_ladder_finds_nothing() -> None:
    rates = [row.rate for row in ladder().rows if row.kind == "nothing" and row.term == "larger"]
    assert f"without any effect {span(list(rates), 0)} of 100 are found" in page("README.md")


def test_what_pages_say_without_a_number() -> None:
    """how-to-read-a-score.md: length is no model, and the published score is above 0 for it.
    people_bootstrap.py and controlled-protocol.md: Student's t holds far less.
    """
    for row in both("length"):
        assert row.interval[0] <= 0.05
        assert row.published is not None
        assert row.published.above_zero == 1.0
    for row in of_kind("planted"):
        assert row.coverage is not None
        assert row.coverage_student is not None
        assert row.coverage_student < row.coverage - 0.1


def test_sizes_of_a_new_study_are_those_of_the_record() -> None:
    found = SCRIPT.read_designs()
    assert found.complete
    text = (ROOT / "docs" / "study-design.md").read_text("utf-8")
    assert f"\n\n{SCRIPT.study_table(found)}\n\n" in text
    assert f"{found.plan.n} studies of each size" in text
