"""The registry of arms."""

from __future__ import annotations

import pytest

from brainbench.errors import UnknownNameError
from brainbench.guidance.arms import (
    ARMS,
    GUIDED,
    LABEL_ONLY,
    PERMUTED,
    RANDOM,
    UNGUIDED,
    arms_of,
    find_arm,
)

# rule 14 of the protocol, and the paper's noise without a mean
STEERING = {
    UNGUIDED, LABEL_ONLY, "label as fMRI", "random fMRI", "random fMRI, no mean",
    PERMUTED, RANDOM, GUIDED,
}  # fmt: skip


def test_the_registry_holds_every_arm_of_the_protocol() -> None:
    assert {arm.name for arm in arms_of("steering")} == STEERING
    assert {arm.name for arm in arms_of("finetuning")} == STEERING | {"stimulus only"}
    assert all(name == arm.name for name, arm in ARMS.items())
    assert {arm.name for arm in ARMS.values() if arm.knows_labels} == {LABEL_ONLY, "label as fMRI"}
    with pytest.raises(UnknownNameError, match="unknown arm 'guidde'; did you mean 'guided'"):
        find_arm("guidde")
