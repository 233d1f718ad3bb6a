"""What guidance does to neutral text is shown wherever a gain is."""

from __future__ import annotations

from typing import Any

import pytest
from shown_tables import lines, table_named
from simulated_records import empty, gain

from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.rows import ArmRow, Change, Difference, Dose, NeutralMeasure, NeutralShift
from brainbench.guidance.score import GuidanceScore
from brainbench.leaderboard.checks.guidance import guidance_faults
from brainbench.leaderboard.kinds.guidance import GuidanceBoards, _shift
from brainbench.results import Record
from brainbench.results.compare.comparison import Refusal
from brainbench.results.compare.gains import compare_gains
from brainbench.results.scorecard.guidance import read_guidance
from brainbench.results.sections.guidance import gains_section
from brainbench.results.sections.guidance_shift import SHIFTED

KL = {UNGUIDED: 0.0, GUIDED: 0.02, PERMUTED: 0.08, LABEL_ONLY: 0.025}


def shift(kl: float, beyond: float = 0.0) -> NeutralShift:
    return NeutralShift(kl=kl, rise=0.5 * kl, beyond=beyond)


def arm(name: str, kl: float | None, beyond: float = 0.0) -> ArmRow:
    return ArmRow(
        arm=name, n_seeds=1, strength=1.0, threshold=0.1, auc=0.55, accuracy=0.5,
        accuracy_at_threshold=0.52, balanced_accuracy=0.5, dprime=0.1, criterion=-0.25,
        true_rate=0.6, valid=0.9, shift=None if kl is None else shift(kl, beyond),
    )  # fmt: skip


def score(limit: float | None = 0.1, **changed: Any) -> GuidanceScore:
    changes = [Change(metric="auc", value=0.0, interval=(-0.1, 0.1), p=None)]
    doses = [
        Dose(arm=name, layers="all", strength=s, auc=area, accuracy=0.5, true_rate=0.6,
             valid=1.0, shift=shift(factor * s * s))
        for name, factor, area in ((GUIDED, 0.02, 0.6), (PERMUTED, 0.01, 0.55))
        for s in (1.0, 2.0)
    ]  # fmt: skip
    held: dict[str, Any] = {
        "arms": [arm(name, kl) for name, kl in KL.items()],
        "differences": [
            Difference(against=name, n_seeds=1, changes=changes, mcnemar_p=None,
                       mcnemar_gained=None, mcnemar_lost=None)
            for name in KL
            if name != GUIDED
        ],
        "doses": tuple(doses),
        "neutral": NeutralMeasure(sha256="0" * 64, n_passages=60, limit=limit),
    }  # fmt: skip
    return gain(**{**held, **changed})


def record(*scores: GuidanceScore) -> Record:
    made = empty()
    for each in scores:
        made.add(each)
    return made


def old() -> GuidanceScore:
    """As a version before this one wrote it."""
    held = score().model_dump(mode="json")
    for part in (held, *held["arms"], *held["doses"]):
        for name in ("neutral", "shift", "criterion"):
            part.pop(name, None)
    return GuidanceScore.model_validate(held)


def test_tables_of_arms_differences_and_doses_have_it() -> None:
    shown = gains_section(record(score()))
    arms = table_named(shown, "Means over seeds")
    assert arms[GUIDED]["shift of neutral text, nats"] == "0.020"
    assert arms[GUIDED]["perplexity"] == "× 1.01"
    assert arms[GUIDED]["criterion c"] == "-0.25"
    against = table_named(shown, "Guided minus each arm")
    assert against[PERMUTED]["shift of neutral text: guided, it"] == "0.020, 0.080"
    doses = table_named(shown, "What strength and layers were chosen on")
    assert doses[PERMUTED]["shift"] in ("0.010", "0.040")


def test_arms_at_equal_shift_have_a_table() -> None:
    shown = table_named(gains_section(record(score())), "At guided's shift of 0.020 nats")
    assert shown[PERMUTED]["AUC"] == "0.550"
    assert shown[PERMUTED]["strength"] == "1.41"
    assert shown[PERMUTED]["guided minus it"] == "0.050"
    assert shown[PERMUTED]["guided minus it, mean of doses"] == "0.050 (1 dose)"


def test_a_terminal_says_it_too() -> None:
    printed = "\n".join(lines(record(score())))
    assert "0.020, 0.080" in printed


def test_arms_that_are_not_matched_and_choices_beyond_the_limit_are_warned_of() -> None:
    told = score().warnings
    assert "not matched: guided moves neutral text by 0.02 nats, permuted fMRI by 0.08" in told
    beyond = [arm(GUIDED, 0.3, 1.0), *(arm(name, 0.3) for name in (UNGUIDED, PERMUTED))]
    told = score(arms=beyond).warnings
    assert (
        "guided: all that could be chosen moves neutral text by more than 0.1 nats; the weakest "
        "was taken"
    ) in told
    assert not any("not matched" in text for text in told)


def test_a_scorecard_says_how_far_each_moves_it() -> None:
    (reading,) = read_guidance(record(score()))
    assert reading.found.endswith(
        "Neutral text moves by 0.02 nats with brain signals, with permuted signals 0.08, with "
        "labels alone 0.025."
    )


def test_a_board_has_guided_and_the_arm_that_differs_most() -> None:
    assert _shift([score()]) == "0.02 (× 0.25)"
    assert _shift([old()]) is None
    assert [column.title for column in GuidanceBoards.columns].count("shift") == 1


def test_runs_under_other_limits_are_not_compared() -> None:
    (row,) = [
        each
        for each in compare_gains(record(score()), record(score(limit=0.5)))
        if isinstance(each, Refusal)
    ]
    assert row.reason == "other limit on the shift of neutral text: 0.1 and 0.5"


def test_an_older_record_reads_and_shows_none_of_it() -> None:
    made = old()
    assert made.limit is None
    assert not any("matched" in text for text in made.warnings)
    section = gains_section(record(made))
    assert section is not None
    assert SHIFTED not in section.about
    assert not any("shift" in name for name in table_named(section, "Means over seeds")[GUIDED])
    (reading,) = read_guidance(record(made))
    assert "Neutral text" not in reading.found


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"neutral": None}, ["are not both there"]),
        ({"arms": [*(arm(name, kl) for name, kl in KL.items() if name != PERMUTED),
                   arm(PERMUTED, None)]}, ["lack the shift of permuted fMRI"]),
        ({"arms": [arm(name, kl or 0.01) for name, kl in KL.items()]}, ["nothing is moved there"]),
        ({"neutral": NeutralMeasure(sha256="0" * 64, n_passages=60, limit=0.05)},
         ["is 0.08, beyond the limit of 0.05 nats, and not marked as such"]),
    ],
)  # fmt: skip
def test_a_check_of_submissions_reads_it(changed: dict[str, Any], told: list[str]) -> None:
    found = [
        fault.problem
        for fault in guidance_faults([score(**changed)])
        if "shift" in f"{fault.field} {fault.problem}" or "neutral" in fault.field
    ]
    assert len(found) == len(told), found
    assert all(text in one for text, one in zip(told, found, strict=True))
