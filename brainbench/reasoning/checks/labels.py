"""Checks of item labels against their choices as lm-eval reads them.

lm-eval takes a label that is a number for the index of a choice, and one that is text for the
choice itself. A boolean is a number in Python: ``true`` is index 1. What is not a choice counts as
answered wrong, whatever the model says.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

# a choice in these words says what a boolean says
_YES = frozenset({"true", "yes", "valid", "correct", "right", "1"})
_NO = frozenset({"false", "no", "invalid", "incorrect", "wrong", "0"})
_SOME = 3  # rows named of one kind
_LONGEST = 60  # characters of a label or a choice in a message

Kind = Literal["boolean", "choices", "outside"]
# what answers are compared with: choices by likelihood, choices by the text generated, or, of an
# example before the question, nothing
Use = Literal["compared", "generated", "example"]


@dataclass(frozen=True)
class LabelFault:
    """What is wrong with a label.

    Attributes
    ----------
    kind : faults of one kind are reported together.
    problem, remedy : in words.
    """

    kind: Kind
    problem: str
    remedy: str


@dataclass(frozen=True)
class LabelFaults:
    """Faults of one kind among the items of a task.

    Attributes
    ----------
    first : of the first such row.
    rows : all of them, counted from 1.
    total : rows there are.
    """

    first: LabelFault
    rows: tuple[int, ...]
    total: int

    @property
    def problem(self) -> str:
        """The fault of the first row, and the other rows that have it."""
        if len(self.rows) == 1:
            return self.first.problem
        others = ", ".join(map(str, self.rows[1 : 1 + _SOME]))
        more = len(self.rows) - 1 - _SOME
        others += f" and {more} more" if more > 0 else ""
        return f"{self.first.problem} (as in rows {others}; {len(self.rows)} of {self.total} rows)"


def find_label_faults(
    items: Iterable[tuple[Any, Any]], use: Use = "compared", several: bool | None = None
) -> list[LabelFaults]:
    """Faults of all items, one for each kind.

    Parameters
    ----------
    items : label and choices of each, as lm-eval's ``doc_to_target`` and ``doc_to_choice`` give
        them.
    use : what the labels are for.
    several : whether an item may have several right choices; by default whether the first has,
        as lm-eval has it.
    """
    held = list(items)
    if several is None:
        several = bool(held) and isinstance(held[0][0], list)
    found: dict[Kind, list[tuple[int, LabelFault]]] = {}
    for row, (label, choices) in enumerate(held, start=1):
        fault = _fault(label, choices, use, several)
        if fault is not None:
            found.setdefault(fault.kind, []).append((row, fault))
    if not found and use == "compared":
        named = _named_not_counted(held)
        found |= {"outside": [(row, named) for row in range(1, len(held) + 1)]} if named else {}
    return [
        LabelFaults(faults[0][1], tuple(row for row, _ in faults), len(held))
        for faults in found.values()
    ]


def choices_fault(choices: Any) -> LabelFault | None:
    """A fault in the choices of an item; None where there is none."""
    if isinstance(choices, str) or not isinstance(choices, Sequence | np.ndarray):
        return LabelFault(
            "choices", f"the choices are {shown(choices)}, not a list", "give a list of texts"
        )
    if not len(choices):
        return LabelFault("choices", "there are no choices", "give a list of texts")
    for choice in choices:
        if not isinstance(choice, str):
            problem = f"the choice {shown(choice)} is not text"
            remedy = 'put quotes round each choice, ["True", "False"]: YAML reads true, yes, no '
            return LabelFault("choices", problem, f"{remedy}and numbers as other things than text")
        if not choice.strip():
            return LabelFault("choices", f"the choice {shown(choice)} is empty", "remove it")
    return None


def shown(value: Any) -> str:
    """A label or choice as a message shows it: booleans as JSON spells them, long texts cut."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    text = "null" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _fault(label: Any, choices: Any, use: Use, several: bool) -> LabelFault | None:
    wrong = choices_fault(choices)
    if wrong is not None:
        return wrong
    if isinstance(label, list) and use != "example":
        return _fault_of_several(label, choices, several)
    if isinstance(label, list):
        return None if label and isinstance(label[0], str) else _none_of(label, choices)
    if isinstance(label, bool | np.bool_):
        return _boolean(bool(label), choices)
    if isinstance(label, numbers.Integral):
        return _index(int(label), choices)
    if not isinstance(label, str):
        return _none_of(label, choices)
    if use == "generated":
        remedy = "give the number of its choice, counting from 0"
        return LabelFault("outside", f"the label {shown(label)} is not a number", remedy)
    if label not in choices:
        return _none_of(label, choices)
    if list(choices).count(label) > 1:
        return _twice(label)
    return None


def _fault_of_several(label: list[Any], choices: Sequence[str], several: bool) -> LabelFault | None:
    if not several:
        problem = f"the label {shown(label)} is a list, that of the first row is not"
        return LabelFault("outside", problem, "give every row a list, or none")
    if not label:
        return LabelFault("outside", "the label is an empty list", "name a right choice")
    for one in label:
        if isinstance(one, bool | np.bool_):
            return _boolean(bool(one), choices)
        if not isinstance(one, numbers.Integral):
            remedy = "give the numbers of the choices, counting from 0"
            return LabelFault("outside", f"{shown(one)} in {shown(label)} is not a number", remedy)
        if wrong := _index(int(one), choices):
            return wrong
    return None


def _boolean(label: bool, choices: Sequence[str]) -> LabelFault | None:
    """None where the choices stand in the order of false and true."""
    taken = choices[int(label)] if int(label) < len(choices) else None
    if taken is not None and _plain(taken) in (_YES if label else _NO):
        return None
    means = "no choice" if taken is None else f"the choice {shown(taken)}"
    return LabelFault(
        "boolean",
        f"the label {shown(label)} is a boolean: lm-eval takes it for index {int(label)}, "
        f"{means} of {_listed(choices)}",
        'write labels as text, as the choices are (doc_to_target: "{{column}}" makes text of '
        "booleans: True, False), or as the number of the choice, counting from 0",
    )


def _index(label: int, choices: Sequence[str]) -> LabelFault | None:
    if not 0 <= label < len(choices):
        return _none_of(label, choices)
    return _twice(choices[label]) if list(choices).count(choices[label]) > 1 else None


def _twice(choice: str) -> LabelFault:
    problem = f"the label stands for {shown(choice)}, which is twice among the choices"
    return LabelFault("choices", problem, "let the choices differ")


def _none_of(label: Any, choices: Sequence[str]) -> LabelFault:
    problem = f"the label {shown(label)} is none of the choices {_listed(choices)}"
    if label is None:
        return LabelFault("outside", problem, "give every row a label")
    if isinstance(label, numbers.Integral):
        problem = f"the label {shown(label)} is not the index of one of {_listed(choices)}"
        return LabelFault("outside", problem, f"count from 0 to {len(choices) - 1}")
    alike = [c for c in choices if isinstance(label, str) and _plain(c) == _plain(label)]
    if alike:
        remedy = f"write it {shown(alike[0])}: capitals and spaces count"
    else:
        remedy = "write a choice, or its number, counting from 0"
    return LabelFault("outside", problem, remedy)


def _named_not_counted(items: Sequence[tuple[Any, Any]]) -> LabelFault | None:
    """Labels that are all names of choices that are numbers: ``1`` of ``["1", "2"]``."""
    if not items or not all(_is_name(label, choices) for label, choices in items):
        return None
    label, choices = next(
        ((label, choices) for label, choices in items if choices[label] != str(label)), (None, ())
    )
    if label is None:
        return None
    return LabelFault(
        "outside",
        f"the label {label} is taken for index {label}, the choice {shown(choices[label])}; every "
        "label is also the name of a choice",
        "count choices from 0, or let the label be text: a column of text, no template",
    )


def _is_name(label: Any, choices: Any) -> bool:
    counted = isinstance(label, numbers.Integral) and not isinstance(label, bool)
    return counted and str(label) in choices


def _plain(text: str) -> str:
    return text.strip().strip(".'\"()").casefold()


def _listed(choices: Sequence[str]) -> str:
    some = ", ".join(map(shown, choices[:4]))
    return some if len(choices) <= 4 else f"{some}, … ({len(choices)})"
