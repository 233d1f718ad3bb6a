"""What docs/behavior.md says of adults and children is what the records of five runs hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts import load_script

SCRIPT = load_script("behavior_tables")
KEPT: dict[str, Any] = json.loads(SCRIPT.DATA.read_text("utf-8"))
PAGE = SCRIPT.PAGE.read_text("utf-8")
WORDS = " ".join(PAGE.split())


@pytest.mark.parametrize("name", SCRIPT.TABLES)
def test_a_table_is_that_of_the_records(name: str) -> None:
    assert SCRIPT.put(PAGE, name, SCRIPT.TABLES[name](KEPT)) == PAGE


def test_a_page_without_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks <!-- nowhere -->"):
        SCRIPT.put(PAGE, "nowhere", "| |")


def test_who_is_above_every_control() -> None:
    above = {
        (kind, model["model"])
        for model in KEPT["models"]
        for kind, own in model["types"].items()
        if not own["reached_by"]
    }
    assert above == {
        ("all", "Qwen2.5-Coder-1.5B-Instruct"),
        ("syllogistic", "Qwen2.5-Coder-1.5B-Instruct"),
        ("transitive", "SmolLM2-135M-Instruct"),
    }
    assert "Qwen2.5-Coder-1.5B on syllogisms, and over all, and SmolLM2 on transitive" in WORDS


def test_nothing_is_clear_beyond_condition() -> None:
    for model in KEPT["models"]:
        for own in model["types"].values():
            _, _, (low, high) = own["profiles"]["joint, beyond condition"]
            assert low < 0.0 < high
    held = [own["reliability"]["joint, beyond condition"] for own in KEPT["people"].values()]
    assert f"√reliability there too, {min(held) ** 0.5:.2f} to {max(held) ** 0.5:.2f}" in WORDS


def test_who_is_above_always_true_by_kappa() -> None:
    above, clearly = set(), []
    for model in KEPT["models"]:
        for kind in ("syllogistic", "transitive"):
            for group, (value, interval) in model["types"][kind]["kappa"].items():
                guess = KEPT["people"][kind]["kappa"][group][3]
                # Qwen2.5-Coder-1.5B says True to every transitive problem
                if value > guess + 1e-9:
                    above.add((model["model"], kind, group))
                    clearly.append(interval[0] > guess)
    assert above == {
        ("Qwen2.5-Coder-1.5B-Instruct", "syllogistic", "adults"),
        ("SmolLM2-135M-Instruct", "transitive", "adults"),
        ("SmolLM2-135M-Instruct", "transitive", "children"),
    }
    assert not any(clearly)


def test_each_clear_slope_of_everybody_is_reached_by_a_control() -> None:
    found = {
        (model["model"], kind, name): cell[3]
        for model in KEPT["models"]
        for kind in ("syllogistic", "transitive")
        for name, cell in model["types"][kind]["slopes"].items()
        if name.endswith("everybody") and not cell[3].startswith("neither")
    }
    assert found == {
        ("SmolLM2-135M-Instruct", "syllogistic", "errors, everybody"): "younger*",
        ("Qwen2.5-Coder-0.5B-Instruct", "syllogistic", "errors, everybody"): "older*",
        ("Gemma 3 270M (base)", "transitive", "confidence, everybody"): "younger*",
    }
