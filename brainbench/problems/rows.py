"""Problems as rows of a JSONL file, and whether a row says of itself what its text proves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from brainbench.errors import DataError
from brainbench.problems.belief import is_believable
from brainbench.problems.logic import classify, entails
from brainbench.problems.problem import Condition, Problem
from brainbench.problems.statements import read_statement, terms

SPLITS = ("train", "validation", "test")
# field → its type; the others are for single sets: believable, distractors, denials
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "base_id": str,
    "split": str,
    "reasoning_type": str,
    "form": (str, type(None)),
    "premises": list,
    "conclusion": str,
    "valid": bool,
    "negated": bool,
    "premises_needed": int,
    "order": int,
}


def to_row(problem: Problem, split: str, order: int = 0, **more: Any) -> dict[str, Any]:
    """A problem as a row; ``more`` are the fields of its set.

    Parameters
    ----------
    problem : what is written.
    split : name of the split that it belongs to.
    order : number of the order in which its premises are shown; 0 for the first.
    more : further fields, which replace those of the same name.
    """
    return {
        "id": problem.identifier,
        "base_id": problem.base_id or problem.identifier,
        "split": split,
        "reasoning_type": problem.reasoning_type,
        "form": problem.form,
        "premises": list(problem.premises),
        "conclusion": problem.conclusion,
        "valid": problem.condition.valid,
        "negated": problem.condition.negated,
        "premises_needed": problem.condition.premises_needed,
        "order": order,
        **more,
    }


def to_problem(row: Mapping[str, Any]) -> Problem:
    """The problem of a row, as it says of itself."""
    return Problem(
        row["id"],
        row["reasoning_type"],
        tuple(row["premises"]),
        row["conclusion"],
        Condition(row["premises_needed"], row["valid"], row["negated"]),
        row["form"],
        row["base_id"],
    )


def row_words(row: Mapping[str, Any]) -> set[str]:
    """Every word with content in a row, in lower case, as a term.

    Raises
    ------
    DataError
        When a sentence cannot be read.
    """
    sentences = (*row["premises"], row["conclusion"])
    return {word for sentence in sentences for word in terms(read_statement(sentence))}


def row_faults(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a row: field, and what its text proves instead.

    The label and the rest of the condition are proven by the model checker from the
    sentences; a distractor by what follows without it; belief by what is known of the terms.
    """
    for field, wanted in _FIELDS.items():
        held = row.get(field)
        if field not in row or not isinstance(held, wanted) or (wanted is int and held is True):
            yield field, f"is {held!r}" if field in row else "is missing"
            return
    if row["split"] not in SPLITS:
        yield "split", f"is {row['split']!r}; there are {', '.join(SPLITS)}"
    try:
        kind, condition = classify(row["premises"], row["conclusion"])
    except DataError as error:
        yield "premises", f"cannot be proven: {error}"
        return
    proven = {
        "reasoning_type": kind,
        "valid": condition.valid,
        "negated": condition.negated,
        "premises_needed": condition.premises_needed,
    }
    for field, value in proven.items():
        if row[field] != value:
            yield field, f"is {row[field]!r}; its text proves {value!r}"
    yield from _set_faults(row, condition)


def _set_faults(row: Mapping[str, Any], condition: Condition) -> Iterator[tuple[str, str]]:
    """Faults of the fields that single sets have."""
    premises, conclusion = row["premises"], row["conclusion"]
    if "believable" in row:
        try:
            true = is_believable(conclusion)
        except DataError as error:
            yield "believable", str(error)
        else:
            if row["believable"] != true:
                yield "believable", f"is {row['believable']!r}, but the conclusion is {true}"
    if "distractors" in row:
        places = set(row["distractors"])
        if not places <= set(range(len(premises))):
            yield "distractors", f"are {row['distractors']} of {len(premises)} premises"
            return
        kept = [premise for i, premise in enumerate(premises) if i not in places]
        valid = entails([read_statement(each) for each in kept], read_statement(conclusion))
        if valid != condition.valid:
            yield "distractors", "are needed: without them another label is right"
    if "denials" in row:
        held = sum("not the case" in sentence for sentence in (*premises, conclusion))
        if row["denials"] != held:
            yield "denials", f"are {row['denials']}; the text has {held}"
