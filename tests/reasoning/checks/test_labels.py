"""Labels as lm-eval reads them: numbers are indices, text is a choice, a boolean is a number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from brainbench.reasoning.checks.labels import Use, choices_fault, find_label_faults

TWO = ["True", "False"]


@pytest.mark.parametrize(
    ("labels", "choices"),
    [
        (["True", "False"], TWO),
        ([0, 1, 1], TWO),
        ([np.int64(1)], TWO),
        # in this order a boolean is the index of its own word
        ([True, False], ["False", "True"]),
        ([True, False], ["no", "yes"]),
        ([np.True_, False], ["Invalid", "Valid."]),
        ([[0], [0, 1]], TWO),
        # counted from 0, though choices are numbers
        ([0, 1], ["1", "2"]),
        ([0, 1], ["0", "1"]),
        (["1", "2"], ["1", "2"]),
        ([2], ["same", "same", "other"]),
    ],
)
def test_good_ones(labels: list[Any], choices: list[str]) -> None:
    assert find_label_faults([(label, choices) for label in labels]) == []


@pytest.mark.parametrize(
    ("label", "choices", "problem", "remedy"),
    [
        (True, TWO, "the label true is a boolean: lm-eval takes it for index 1, the choice 'False'",
         "doc_to_target"),
        (False, TWO, "takes it for index 0, the choice 'True' of 'True', 'False'", "as text"),
        (np.True_, ["yes", "no"], "the label true is a boolean", "as text"),
        (True, ["entailed", "not"], "index 1, the choice 'not'", "as text"),
        (True, ["only"], "index 1, no choice", "as text"),
        ([True], TWO, "the label true is a boolean", "as text"),
        ("true", TWO, "the label 'true' is none of the choices 'True', 'False'",
         "write it 'True': capitals"),
        (" True", TWO, "' True' is none", "write it 'True'"),
        ("TRUE\n", TWO, "is none", "write it 'True'"),
        ("1", TWO, "the label '1' is none", "or its number"),
        ("", TWO, "the label '' is none", "write a choice"),
        (2, TWO, "the label 2 is not the index", "count from 0 to 1"),
        (-1, TWO, "the label -1 is not the index", "count from 0 to 1"),
        (1.0, TWO, "the label 1.0 is none", "write a choice"),
        (float("nan"), TWO, "the label nan is none", "write a choice"),
        (None, TWO, "the label null is none", "give every row a label"),
        ({"answer": "True"}, TWO, "is none of the choices", "write a choice"),
        ([], TWO, "an empty list", "name a right choice"),
        (["True"], TWO, "'True' in ['True'] is not a number", "counting from 0"),
        ([0, 5], TWO, "the label 5 is not the index", "count from 0"),
        (0, ["yes", "yes", "no"], "'yes', which is twice", "differ"),
        ("yes", ["yes", "yes", "no"], "'yes', which is twice", "differ"),
        (0, [True, False], "the choice true is not text", "put quotes"),
        (0, [1, 2], "the choice 1 is not text", "put quotes"),
        (0, ["", "a"], "the choice '' is empty", "remove it"),
        (0, [], "there are no choices", "give a list"),
        (0, "True,False", "are 'True,False', not a list", "give a list"),
        (0, None, "are null, not a list", "give a list"),
        (1, ["1", "2"], "the label 1 is taken for index 1, the choice '2'", "count choices from 0"),
    ],
)  # fmt: skip
def test_bad_ones(label: Any, choices: Any, problem: str, remedy: str) -> None:
    (found,) = find_label_faults([(label, choices)])
    assert problem in found.problem
    assert remedy in found.first.remedy
    assert found.rows == (1,)


def test_a_list_after_a_row_without_one() -> None:
    (found,) = find_label_faults([(0, TWO), ([1], TWO)])
    assert found.rows == (2,)
    assert "that of the first row is not" in found.problem


@pytest.mark.parametrize(
    ("label", "use", "bad"),
    [
        ("True", "generated", True), (1, "generated", False), (True, "generated", True),
        (-1, "generated", True), ("True", "example", False), ("true", "example", True),
        (["True"], "example", False), ([], "example", True), (True, "example", True),
        (1, "example", False),
    ],
)  # fmt: skip
def test_what_they_are_for(label: Any, use: Use, bad: bool) -> None:
    assert bool(find_label_faults([(label, TWO)], use)) == bad


def test_rows_of_one_kind_are_told_together() -> None:
    labels = ["True", "true", None, "x", "y", "False", "z", True]
    found = find_label_faults([(label, TWO) for label in labels])
    assert [fault.first.kind for fault in found] == ["outside", "boolean"]
    assert found[0].rows == (2, 3, 4, 5, 7)
    assert "(as in rows 3, 4, 5 and 1 more; 5 of 8 rows)" in found[0].problem
    assert found[1].rows == (8,)


def test_long_texts_are_cut() -> None:
    (found,) = find_label_faults([("x" * 5000, ["y" * 5000] * 3 + ["z"] * 30)])
    assert len(found.problem) < 500


def test_choices() -> None:
    assert choices_fault(("a", "b")) is None
    assert choices_fault(np.array(["a", "b"], object)) is None
