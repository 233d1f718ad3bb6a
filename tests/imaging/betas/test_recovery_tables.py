"""The tables of docs/imaging.md are those of the script, and say what the text beside them says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import load_script

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def script() -> Any:
    pytest.importorskip("nilearn", reason="the script needs it; install the imaging extra")
    return load_script("simulate_betas")


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    held: dict[str, Any] = json.loads(
        (ROOT / "docs" / "data" / "betas_simulation.json").read_text("utf-8")
    )
    return held


def test_docs_quote_the_tables_as_they_are(script: Any, tables: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "imaging.md").read_text("utf-8")
    for table in script.markdown(tables).values():
        assert table in text


def test_what_the_text_says_of_the_tables(tables: dict[str, Any]) -> None:
    for row in tables["recovery"]:
        assert row["lss"] > row["lsa"]
    for row in tables["misfit"]:
        if row["stretch"] in (0.9, 1.0, 1.1):
            assert row["wrong"] <= 0.05
    selection = {row["contrast"]: row for row in tables["selection"]}
    leak = selection["hard > easy"]
    assert leak["all runs"] > 0.15
    for row in selection.values():
        for honest in ("other runs", "runs not scored"):
            assert abs(row[honest]) < 3 * row[f"{honest} se"]


def test_one_person_of_the_script_is_made_anew(script: Any) -> None:
    found = script.misfit((0, 0, 1.6, 1.0))
    assert found["wrong"]
    rows = [found, {**found, "missed": found["missed"] + 0.2}]
    (one,) = script.summary(rows, ("stretch", "noise"))
    assert one["people"] == 2
    assert one["missed"] == pytest.approx(found["missed"] + 0.1, abs=1e-4)
    assert one["missed se"] == pytest.approx(0.1, abs=1e-4)
