"""Short cards of assembly files."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_data import make_assembly

from brainbench.datasets import AssemblyCard, load_assembly
from brainbench.datasets.own.options import load_assembly_card
from brainbench.errors import DataError, UnknownNameError, UsageError


def write(folder: Path, text: str) -> Path:
    path = folder / "card.yaml"
    path.write_text(text)
    return path


def test_a_card_says_which_coordinate_is_what(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "name: mine\nstimulus: sentence\nroi: atlas\ngroup: passage\nlicence: CC0-1.0\n"
        "nuisance: [surprisal]\nselect: {passage: [p1, p2]}\nselection_leak: [md]\n",
    )
    assembly = make_assembly().rename(stimulus="sentence", roi="atlas")
    found = load_assembly(assembly, card=path)
    assert (found.card.name, found.card.licence) == ("mine", "CC0-1.0")
    assert (found.card.items, found.card.selection_leak) == (16, ("md",))
    assert found.card.nuisance == ("surprisal",)


def test_options_come_before_the_card() -> None:
    found = load_assembly(make_assembly(), card=AssemblyCard(group="tense"), group="passage")
    assert found.card.held_out == "passage"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("grop: run\n", "unknown field 'grop'; did you mean 'group' or"),
        ("- group\n", "is not a card"),
        ("group: [1]\n", r"card\.yaml: group: "),
        ("group: &a run\ntype: *a\n", "alias"),
        ("name: ../up\n", r"card\.yaml: name: "),
        ("selection_leak: [md\n", "is not YAML"),
    ],
)
def test_what_is_wrong_is_named(text: str, match: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=match):
        load_assembly_card(write(tmp_path, text))


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no card at"):
        load_assembly_card(tmp_path / "card.yaml")


def test_a_leak_of_no_roi_is_named() -> None:
    with pytest.raises(DataError, match="selection_leak names 'mdd'; ROIs are language, md"):
        load_assembly(make_assembly(), card=AssemblyCard(selection_leak=("mdd",)))


def test_fields_that_there_are_not() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'group'"):
        AssemblyCard().with_options(grup="run")
