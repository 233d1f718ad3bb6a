"""The calibration's table agrees with itself, and other pages with the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import binomtest

import brainbench

ROOT = Path(brainbench.__file__).parent.parent
Row = dict[str, str]


def rows() -> dict[tuple[str, str], Row]:
    """(Scenario, type) → the row, of every table of the full form."""
    found: dict[tuple[str, str], Row] = {}
    text = (ROOT / "docs" / "calibration.md").read_text("utf-8")
    headers: list[str] = []
    for line in text[text.index("## The full form") :].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            headers = []
        elif not headers:
            headers = ["scenario", *cells[1:]]
        elif not cells[1].startswith("--"):
            row = dict(zip(headers, cells, strict=True))
            found[row["scenario"], row["type"]] = row
    return found


ROWS = rows()


def percent(scenario: str, kind: str, column: str = "found") -> float:
    return float(ROWS[scenario, kind][column].rstrip("%"))


def whole(scenario: str, column: str = "found") -> list[str]:
    return [f"{percent(scenario, kind, column):.0f}" for kind in ("syll.", "trans.")]


@pytest.mark.parametrize("key", ROWS, ids=" ".join)
def test_intervals_are_exact_ones_of_the_rate(key: tuple[str, str]) -> None:
    row = ROWS[key]
    n, rate = int(row["n"].replace(",", "")), float(row["found"].rstrip("%"))
    said = set()
    for hits in range(n + 1):
        if abs(100 * hits / n - rate) <= 0.0501:  # every count that rounds to this rate
            exact = binomtest(hits, n).proportion_ci(0.95, "exact")
            upper = binomtest(hits, n, alternative="less").proportion_ci(0.95, "exact").high
            within = "yes" if upper <= 0.07 else "over" if exact.low > 0.07 else "not shown"
            ends = f"{100 * exact.low:.1f}-{100 * exact.high:.1f}"
            said.add((ends, within if "≤ 7 %" in row else None))
    assert (row["95 %"], row.get("≤ 7 %")) in said


def claims() -> dict[str, list[str]]:
    """Page → what it must say, made of the table."""
    signal = {share: whole(f"layer of the model, {share}%") for share in (5, 10, 20)}
    verdict = whole("layer of the model, 20%", "verdict")
    waves = whole("faster waves of position, 30%")
    condition = whole("condition with interactions, 30%")
    words = whole("mean word frequency, 30%")
    length = [ROWS["length, 30%", kind]["found"].rstrip("%") for kind in ("syll.", "trans.")]
    planted = [row for row in ROWS.values() if "covers" in row]
    covers = sorted(int(row["covers"].rstrip("%")) for row in planted)
    student = sorted(int(row["t covers"].rstrip("%")) for row in planted)
    nothing = sorted(percent("nothing", kind) for kind in ("syll.", "trans.", "pooled"))
    span = [
        float(row["found"].rstrip("%"))
        for (name, _), row in ROWS.items()
        if "≤ 7 %" in row and name.endswith("30%") and "unit" not in name
    ]
    narrow = [float(r["found"].rstrip("%")) for (name, _), r in ROWS.items() if "unit" in name]
    up_to = f"{min(span):.0f} to {max(span):.0f}"
    return {
        "docs/how-to-read-a-score.md": [
            f"{length[0]} (syllogisms) and {length[1]} (transitive) of 100",
            f"in {waves[0]} and {waves[1]} of 100 simulated data sets",
            f"condition with interactions in {condition[0]} and {condition[1]}",
            f"word frequency in {words[0]} and {words[1]}",
            f"in {signal[20][0]} (syllogisms) and {signal[20][1]} (transitive) of 100",
        ],
        "docs/controlled-protocol.md": [
            f"{signal[5][0]} (syllogistic) and {signal[5][1]} (transitive) of 100",
            f"10 % in {signal[10][0]} and {signal[10][1]}",
            f"in {waves[1]} to {waves[0]} of 100",
            f"condition with interactions in {condition[1]} to {condition[0]}",
            f"word frequency in {words[0]} to {words[1]}",
            f"confound in the columns' span {up_to}",
        ],
        "README.md": [
            f"passes for it in {up_to} of 100 data sets",
            f"is found in {signal[20][1]} to {signal[20][0]}",
            f"up to {max(narrow):.0f} of 100 data sets",
        ],
        "docs/calibration.md": [
            f"{nothing[0]} to {nothing[-1]} of 100 with nothing there",
            f"{min(span)} to {max(span)} with a confound that the columns hold",
            f"20 % of the variance in {verdict[0]} and {verdict[1]} of 100",
        ],
        "brainbench/encoding/controlled/people_bootstrap.py": [
            f"{covers[0]} to {covers[-1]} of 100 data sets",
            f"{student[0]} to {student[-1]} of 100 simulated data sets",
        ],
    }


@pytest.mark.parametrize(
    ("page", "said"), [(page, said) for page, all_ in claims().items() for said in all_]
)
def test_pages_say_what_the_table_says(page: str, said: str) -> None:
    text = " ".join((ROOT / page).read_text("utf-8").split())
    assert said in text
