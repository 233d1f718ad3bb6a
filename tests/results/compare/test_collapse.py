"""A model that gives one answer to nearly everything."""

from __future__ import annotations

import pytest

from brainbench.results.compare.collapse import find_collapses
from brainbench.results.compare.items import Item, PairedTask


def task(name: str, labels: str, before: str, after: str) -> PairedTask:
    """T, F: True and False; a dot: no valid answer."""
    words = {"T": "True", "F": "False", ".": None}

    def one(place: int, label: str, said: str) -> Item:
        return Item(
            cluster=f"{name}-{place}", shared=True, label=words[label], said=words[said],
            metric=None, right=float(label == said), odds=None, row={},
        )  # fmt: skip

    rows = enumerate(zip(labels, before, after, strict=True))
    pairs = [(one(i, label, a), one(i, label, b)) for i, (label, a, b) in rows]
    return PairedTask(name, "True", pairs)


def test_a_constant_answer_is_found_though_accuracy_is_as_it_was() -> None:
    found = find_collapses([task(n, "TF" * 16, "TTFF" * 8, "F" * 32) for n in "ab"])
    # of all tasks, and then not of each again
    (one,) = found
    assert (one.name, one.answer, one.n) == ("all 2 tasks (True, False)", "False", 64)
    assert (one.baseline, one.other, one.right) == (0.5, 1.0, 0.5)
    assert one.p < 1e-6


def test_nearly_always_is_enough_and_no_valid_answer_is_one() -> None:
    (one,) = find_collapses([task("a", "TF" * 20, "TTFF" * 10, "F" * 38 + "TT")])
    assert (one.answer, one.other) == ("False", 0.95)
    (one,) = find_collapses([task("a", "TF" * 20, "TTFF" * 10, "." * 40)])
    assert (one.answer, one.right, one.baseline) == (None, 0.0, 0.0)


def test_one_task_of_several_is_found_by_name() -> None:
    found = find_collapses([task("a", "TF" * 16, "TTFF" * 8, "F" * 32),
                            task("b", "TF" * 16, "TTFF" * 8, "FTTF" * 8)])  # fmt: skip
    assert [(one.name, one.answer) for one in found] == [("a", "False")]


@pytest.mark.parametrize(
    ("labels", "before", "after"),
    [
        # the same as before
        ("TF" * 20, "F" * 40, "F" * 40),
        # constant before, constant otherwise: no worse
        ("TF" * 20, "T" * 40, "F" * 40),
        # right to say it
        ("F" * 38 + "TT", "TF" * 20, "F" * 40),
        # not nearly always
        ("TF" * 20, "TTFF" * 10, "F" * 36 + "TTTT"),
        # a little more than before
        ("TF" * 20, "F" * 37 + "TTT", "F" * 38 + "TT"),
        # a handful
        ("TF" * 4, "TTFF" * 2, "F" * 8),
    ],
)
def test_what_is_no_collapse(labels: str, before: str, after: str) -> None:
    assert find_collapses([task("a", labels, before, after)]) == []


def test_without_labels_or_tasks_nothing_is_found() -> None:
    assert find_collapses([]) == []
    bare = Item("c", True, None, None, "f1", 0.5, None, {})
    assert find_collapses([PairedTask("a", None, [(bare, bare)] * 40)]) == []
