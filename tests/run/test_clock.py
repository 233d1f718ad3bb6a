"""Where the time of a run goes: it is counted once, and nothing is left out."""

from __future__ import annotations

import pytest

from brainbench.progress import Step, no_progress
from brainbench.run.clock import OTHER, Clock


class Time:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_every_second_belongs_to_one_step() -> None:
    time = Time()
    clock = Clock(time)
    time.seconds += 1
    with clock.on("outer"):
        time.seconds += 2
        with clock.on("inner"):
            time.seconds += 4
        time.seconds += 8
    time.seconds += 16
    assert clock.steps == {OTHER: 17.0, "outer": 10.0, "inner": 4.0}
    assert clock.seconds == sum(clock.steps.values()) == 31.0


def test_steps_that_are_told_of_take_the_time_until_the_next() -> None:
    time, seen = Time(), list[Step]()
    clock = Clock(time)
    report = clock.watch(seen.append)
    with clock.on("scoring"):
        time.seconds += 1
        for label in ("ceilings", "random features 1/20", "random features 2/20", "length"):
            report(Step(label, 0, 4))
            time.seconds += 2
    time.seconds += 32
    assert clock.steps == {
        "scoring": 1.0, "ceilings": 2.0, "random features": 4.0, "length": 2.0, OTHER: 32.0
    }  # fmt: skip
    assert [step.label for step in seen][1:3] == ["random features 1/20", "random features 2/20"]
    # nobody need listen
    clock.watch(no_progress)(Step("more", 0, 1))


def test_what_ends_in_an_error_is_counted_too() -> None:
    time = Time()
    clock = Clock(time)

    def ask() -> None:
        with clock.on("asking"):
            time.seconds += 3
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask()
    time.seconds += 1
    assert clock.steps == {OTHER: 1.0, "asking": 3.0}
