"""The table says what was measured, and what was not shown."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console
from scipy.stats import beta

from brainbench.calibration import FULL, Calibration, CalibrationRow, new_calibration
from brainbench.calibration.picture import can_draw, draw_calibration
from brainbench.calibration.record import PublishedResult
from brainbench.calibration.table import render_calibration


def row(**changed: Any) -> CalibrationRow:
    values: dict[str, Any] = {
        "scenario": "length",
        "kind": "in span",
        "share": 0.3,
        "reasoning_type": "syllogistic",
        "n": 2000,
        "rate": 0.05,
        "interval": (0.041, 0.0605),
        "unique_r2": -0.0004,
        "published": PublishedResult(n=50, r=0.361, above_zero=1.0),
    }
    return CalibrationRow(**{**values, **changed})


@pytest.fixture
def record() -> Calibration:
    rows = (
        row(),
        row(scenario="condition", rate=0.1, interval=(0.08, 0.12)),
        row(scenario="nothing", kind="nothing", share=0.0, n=60, interval=(0.01, 0.14)),
        row(scenario="drift", kind="mis-specified", rate=0.4, interval=(0.35, 0.45)),
        row(scenario="layer of the model", kind="planted", coverage=0.61, layer_recovered=0.5,
            published=None),
        row(scenario="layer of the model", kind="planted", coverage=0.72, layer_recovered=0.5,
            alike=0.5, published=None),
        row(scenario="each layer in turn", kind="layer", unique_r2=None,
            layer_recovered=0.9, published=None, reasoning_type="all"),
    )  # fmt: skip
    return new_calibration(0, FULL).model_copy(
        update={
            "complete": True,
            "rows": rows,
            "people_r": {"syllogistic": 0.058},
            "dimensions": {"syllogistic": 9.24},
        }
    )


def rendered(record: Calibration) -> str:
    console = Console(width=110)
    with console.capture() as capture:
        console.print(render_calibration(record))
    return capture.get()


def test_limit_is_judged_only_where_nothing_is_to_find() -> None:
    assert row().within_limit == "yes"
    assert row(rate=0.06).within_limit == "yes"
    assert row(rate=0.065).within_limit == "not shown"
    assert row(rate=0.085, interval=(0.0701, 0.1)).within_limit == "over"
    assert row(kind="mis-specified", interval=(0.5, 0.6)).within_limit is None


def test_every_row_with_its_numbers(record: Calibration) -> None:
    text = rendered(record)
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert lines["length, 30%"][2:] == [
        "syll.", "2,000", "5.0%", "4.1-6.0", "yes", "-0.0004", "0.361", "100%"
    ]  # fmt: skip
    assert "over" in lines["condition, 30%"]
    assert lines["nothing"][-6:-3] == ["1.0-14.0", "not", "shown"]
    assert lines["layer of the model, 30%"][-2:] == ["61%", "50%"]
    assert lines["layer of the model, 30% alike"][-2:] == ["72%", "50%"]
    assert lines["drift, 30%"].count("over") == 0
    assert "0.058 (syllogistic)" in text
    assert "9.2 (syllogistic)" in " ".join(text.split())
    assert "alike: 50% of the mixing" in " ".join(text.split())
    assert "39 or 99 permutations" in text
    assert "Unfinished" not in text
    assert "…" not in text


def test_an_unfinished_record_says_so(record: Calibration) -> None:
    assert "Unfinished" in rendered(record.model_copy(update={"complete": False}))


def test_the_picture_is_a_png(record: Calibration) -> None:
    if not can_draw():
        pytest.skip("needs matplotlib: not installed")
    assert draw_calibration(record).startswith(b"\x89PNG")


def test_the_bound_is_the_one_sided_one() -> None:
    """Clopper & Pearson by the beta distribution; 252 of 4,000 lies between the two bounds."""
    found = row(n=4000, rate=252 / 4000, interval=(0.0557, 0.0710))
    assert found.upper_bound == pytest.approx(beta.ppf(0.95, 253, 3748))
    assert found.within_limit == "yes"
    assert found.model_copy(update={"rate": 262 / 4000}).within_limit == "not shown"
