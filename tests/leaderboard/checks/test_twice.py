"""What stands twice is told, whatever it stands in: it would be counted, or escape a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from synthetic_runs import make_run

from brainbench.leaderboard.checks.behavior import behavior_faults
from brainbench.leaderboard.checks.published import published_faults
from brainbench.results import Record

Content = dict[str, Any]


def faults_of(content: Content) -> list[str]:
    scores = Record.model_validate(content).published
    return [f"{told.field}: {told.problem}" for told in published_faults(scores)]


@pytest.mark.parametrize(
    ("part", "which", "reason"),
    [
        ("subjects", lambda row: row["subject"] == "sub-1004", "subjects: holds 'sub-1004' twice"),
        ("controls", lambda row: row["control"] == "length", "controls: holds 'length' twice"),
        ("layers", lambda row: row["layer"][1] == 1, "hidden 1 stands 2 times among the layers"),
    ],
)
def test_rows_of_the_published_protocol(
    part: str, which: Callable[[Content], bool], reason: str
) -> None:
    content = make_run(5, kinds=("published",))[0].model_dump(mode="json")
    for score in content["published"]:
        score[part] += [dict(row) for row in score[part] if which(row)]
    assert sum(reason in fault for fault in faults_of(content)) == 6


def test_scores_of_the_published_protocol() -> None:
    content = make_run(5, kinds=("published",))[0].model_dump(mode="json")
    content["published"] += content["published"][:1]
    (told,) = faults_of(content)
    assert told == f"published ({content['published'][0]['benchmark']}): stands twice"


def test_scores_and_answers_of_behaviour() -> None:
    record, samples = make_run(1, kinds=("behavior",))
    assert list(behavior_faults(record.behavior, samples, 0)) == []
    found = list(behavior_faults([*record.behavior, record.behavior[0]], samples, 0))
    assert [told.problem for told in found] == ["stands twice"]
    rows = samples["ds003076"]
    again = [*rows[:1], *rows[:1], *rows[2:]]
    told = [one.problem for one in behavior_faults(record.behavior, {"ds003076": again}, 0)]
    assert "hold an item twice" in told


def test_a_ratio_to_a_reference_of_0() -> None:
    content = make_run(1, kinds=("behavior",))[0].model_dump(mode="json")
    content["behavior"][0]["error_consistency"].update(
        reference=0.0, reference_interval=[0.1, 0.2], ratio=1.0
    )
    scores = Record.model_validate(content).behavior
    (told,) = behavior_faults(scores, {}, 0)
    assert told.problem == "is there, though the reference and its interval are not above 0"


def test_voxels_of_every_person() -> None:
    content = make_run(5, kinds=("published",))[0].model_dump(mode="json")
    people = content["published"][0]["subjects"]
    next(row for row in people if row["subject"] == "sub-1008")["n_voxels"] = 9
    (told,) = faults_of(content)
    assert told.endswith(".subjects (sub-1008).n_voxels: is 9, the data card says 313")
