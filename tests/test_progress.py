"""Steps of long work, and of its parts."""

from __future__ import annotations

from brainbench.progress import Step, counting, no_progress, within


def test_work_that_only_counts_has_the_label_it_is_given() -> None:
    steps: list[Step] = []
    count = counting(steps.append, "reading the model out")
    count(0, 3)
    count(3, 3)
    assert steps == [Step("reading the model out", 0, 3), Step("reading the model out", 3, 3)]


def test_a_part_says_what_it_is_a_part_of() -> None:
    steps: list[Step] = []
    within(within(steps.append, "guided, "), "seed 2, ")(Step("epoch", 1, 9))
    assert steps == [Step("guided, seed 2, epoch", 1, 9)]


def test_without_a_listener_nothing_happens() -> None:
    counting(within(no_progress, "a "), "b")(1, 2)
