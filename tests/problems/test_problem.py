"""Conditions and problems."""

from __future__ import annotations

import dataclasses

import pytest

from brainbench.errors import DataError
from brainbench.problems import CONDITIONS, REASONING_TYPES, Condition, Problem

NAMES = {
    "2_true_affirm": Condition(2, True, False),
    "2_true_negate": Condition(2, True, True),
    "2_false_affirm": Condition(2, False, False),
    "2_false_negate": Condition(2, False, True),
    "3_true_affirm": Condition(3, True, False),
    "3_true_negate": Condition(3, True, True),
    "3_false_affirm": Condition(3, False, False),
    "3_false_negate": Condition(3, False, True),
}


def test_the_conditions_are_the_eight_of_the_design() -> None:
    assert len(CONDITIONS) == 8
    assert set(CONDITIONS) == set(NAMES.values())


@pytest.mark.parametrize(("name", "condition"), NAMES.items())
def test_a_condition_and_its_name_belong_together(name: str, condition: Condition) -> None:
    assert condition.name == name
    assert Condition.from_name(name) == condition


@pytest.mark.parametrize(
    ("stim_file", "condition"),
    [
        ("TRAB_2_true_affirm.wav", "2_true_affirm"),
        ("Nat_3_false_negate.wav", "3_false_negate"),
        ("Val_2_true_affirm2.wav", "2_true_affirm"),  # so spelt in ds003076
        ("made_12_false_affirm", "12_false_affirm"),  # more premises than the scanner's
    ],
)
def test_a_condition_is_read_from_a_stimulus_file(stim_file: str, condition: str) -> None:
    assert Condition.from_name(stim_file).name == condition


@pytest.mark.parametrize(
    "name", ["", "control", "true_affirm", "x_true_affirm", "2_maybe_affirm", "2_true_deny"]
)
def test_a_name_without_a_condition_is_refused_and_named(name: str) -> None:
    with pytest.raises(DataError, match="names no condition") as caught:
        Condition.from_name(name)
    assert repr(name) in str(caught.value)


def test_sentences_are_premises_then_conclusion() -> None:
    problem = Problem("x-00", REASONING_TYPES[0], ("one", "two", "three"), "four", CONDITIONS[0])
    assert problem.sentences == ("one", "two", "three", "four")


def test_a_problem_cannot_be_changed() -> None:
    problem = Problem("x-00", REASONING_TYPES[0], ("one",), "two", CONDITIONS[0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.conclusion = "three"  # type: ignore[misc]
