"""What is read of a recording: whose responses, to which items, and who was right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from simulated_behavior import people
from simulated_signals import make_signals

import brainbench.guidance.signals as signals_module
from brainbench.datasets import Behavior, Recording, block_of, load_recording
from brainbench.datasets.cards import load_card
from brainbench.datasets.phantom import load_problems, parse_design, simulate
from brainbench.errors import DataError, UnknownNameError
from brainbench.guidance.signals import load_more_answers, read_signals
from brainbench.problems import Problem


@pytest.fixture(scope="module")
def recording() -> Recording:
    return load_recording("phantom_guidance")


def with_answers(recording: Recording, accuracy: np.ndarray, people: list[str]) -> Recording:
    """``accuracy`` (presentations, people) in the order of ``people``."""
    held = xr.Dataset(
        {"accuracy": (("presentation", "subject"), accuracy)}, coords={"subject": people}
    )
    return replace(recording, behavior=held)


def test_responses_are_as_measured(recording: Recording) -> None:
    signals = read_signals(recording, "words", "syllogistic")
    assert signals.source == "phantom_guidance.words.syllogistic"
    assert signals.problems == recording.problems
    assert signals.n_people == 6
    for person, block in zip(recording.card.subjects, signals.responses, strict=True):
        np.testing.assert_array_equal(block, block_of(recording.assembly, person, "words"))
    assert [str(run) for run in signals.runs] == [p.identifier[:14] for p in recording.problems]
    assert set(signals.types) == {"syllogistic"}
    assert signals.labels.tolist() == [p.condition.valid for p in recording.problems]
    # nobody's answers are known
    assert signals.right.shape == (6, 72)
    assert signals.right.all()


def test_a_mean_that_all_items_share_stays(recording: Recording) -> None:
    shifted = replace(recording, assembly=recording.assembly + 5.0)
    signals, moved = (read_signals(each, "words", "all") for each in (recording, shifted))
    for one, other in zip(signals.responses, moved.responses, strict=True):
        np.testing.assert_allclose(other, one + 5.0)


def test_people_were_right_by_their_own_answers_and_silence_is_neither_right_nor_wrong(
    recording: Recording,
) -> None:
    names = list(recording.card.subjects)
    accuracy = np.zeros((72, 6))
    accuracy[3, names.index("phantom-02")] = 1.0
    accuracy[5, :] = 1.0
    accuracy[5, names.index("phantom-04")] = np.nan
    # the answers stand in another order than the voxels
    order = [4, 0, 5, 2, 1, 3]
    known = with_answers(recording, accuracy[:, order], [names[i] for i in order])
    signals = read_signals(known, "words", "syllogistic")
    np.testing.assert_array_equal(signals.right, accuracy.T)
    np.testing.assert_array_equal(signals.missing, np.isnan(accuracy).T)
    # of those who answered: the silent one counts neither way
    assert signals.share_right[[3, 4, 5]].tolist() == [1 / 6, 0.0, 1.0]
    # and where nobody answered, nobody was right
    silent = np.ones((72, 6))
    silent[7] = np.nan
    nobody = with_answers(recording, silent, names)
    assert np.flatnonzero(read_signals(nobody, "words", "syllogistic").share_right == 0) == [7]


def test_repeats_are_averaged_and_half_right_is_not_right() -> None:
    design = parse_design({"repeats": 2, "subjects": 2, "rois": {"one": {"voxels": 3}}})
    problems = load_problems()
    features = np.random.default_rng(0).standard_normal((len(problems), 4))
    recording = simulate(design, features, problems, load_card("phantom"))
    n = len(problems)
    accuracy = np.ones((2 * n, 2))
    accuracy[4, 0] = 0.0
    accuracy[[6, 6 + n], 0] = 0.0
    known = with_answers(recording, accuracy, ["phantom-01", "phantom-02"])
    signals = read_signals(known, "one", "all")
    block = block_of(recording.assembly, "phantom-01", "one")
    np.testing.assert_allclose(signals.responses[0], (block[:n] + block[n:]) / 2)
    assert np.flatnonzero(signals.right[0] == 0).tolist() == [4, 6]
    assert signals.right[1].all()


def test_one_type_alone() -> None:
    recording = load_recording("phantom")
    whole = read_signals(recording, "noise", "all")
    part = read_signals(recording, "noise", "transitive")
    rows = np.flatnonzero(whole.types == "transitive")
    assert 0 < len(rows) < len(whole.problems)
    assert part.problems == tuple(whole.problems[i] for i in rows)
    np.testing.assert_array_equal(part.responses[1], whole.responses[1][rows])
    assert set(part.types) == {"transitive"}
    assert len(read_signals(recording, "noise", "all", limit=9).problems) == 18


def test_runs_are_what_the_card_holds_out(recording: Recording) -> None:
    card = recording.card.model_copy(update={"held_out": "condition"})
    signals = read_signals(replace(recording, card=card), "words", "syllogistic")
    assert signals.runs.tolist() == [p.condition.name for p in recording.problems]
    # what is shown under two of its labels would train and test
    design = parse_design({"repeats": 2, "subjects": 1, "rois": {"one": {"voxels": 3}}})
    problems = load_problems()
    twice = simulate(design, np.eye(len(problems)), problems, load_card("phantom"))
    repeated = twice.card.model_copy(update={"held_out": "repeat"})
    with pytest.raises(DataError, match="it would train and test"):
        read_signals(replace(twice, card=repeated), "one", "all")


def test_some_items_of_everything() -> None:
    signals = make_signals()
    items = np.array([7, 0, 11])
    part = signals.at(items)
    assert part.problems == tuple(signals.problems[i] for i in items)
    for name in ("runs", "types", "labels"):
        np.testing.assert_array_equal(getattr(part, name), getattr(signals, name)[items])
    np.testing.assert_array_equal(part.right, signals.right[:, items])
    for one, other in zip(part.responses, signals.responses, strict=True):
        np.testing.assert_array_equal(one, other[items])
    other = tuple(np.ones((3, 2)) for _ in range(3))
    assert part.with_responses(other).responses is other
    assert part.with_responses(other).right is part.right


@pytest.mark.parametrize(("label", "all_of_them"), [(True, "follow"), (False, "fail")])
def test_guidance_needs_both_labels(recording: Recording, label: bool, all_of_them: str) -> None:
    problems = tuple(p for p in recording.problems if p.condition.valid == label)
    ids = [problem.identifier for problem in problems]
    kept = np.flatnonzero(np.isin(recording.assembly["stimulus_id"], ids))
    alike = replace(
        recording, assembly=recording.assembly.isel(presentation=kept), problems=problems
    )
    with pytest.raises(DataError, match=f"all conclusions {all_of_them}; guidance needs both"):
        read_signals(alike, "words", "syllogistic")


def test_a_type_that_nobody_saw(recording: Recording) -> None:
    with pytest.raises(DataError, match="no items of reasoning type 'transitive'"):
        read_signals(recording, "words", "transitive")


def answers(problems: Sequence[Problem], right: np.ndarray) -> Behavior:
    """Two children, then three adults, and who of them had which problem right."""
    made = people(right, problems=problems)
    groups = np.array(["children"] * 2 + ["adults"] * 3)
    return replace(made, responses=made.responses.assign_coords(group=("subject", groups)))


def test_items_are_weighed_by_the_answers_of_more_people(recording: Recording) -> None:
    right = np.ones((72, 5))
    right[4] = [1.0, 0.0, 0.0, 0.0, 1.0]
    right[5] = [np.nan, 1.0, 0.0, np.nan, 1.0]
    right[6, :2] = np.nan
    # in an order of its own
    order = np.random.default_rng(0).permutation(72)
    more = answers([recording.asked[i] for i in order], right[order])
    signals = read_signals(recording, "words", "syllogistic", more=more)
    assert signals.more is not None
    assert (signals.more.dataset, signals.more.n_people) == ("simulated", 5)
    # a mean over groups, of those who answered; of item 6 no child did
    expected = np.ones(72)
    expected[[4, 5, 6]] = (1 / 2 + 1 / 3) / 2, (1 + 1 / 2) / 2, 0.0
    np.testing.assert_allclose(signals.share_right, expected)
    some = np.array([9, 4])
    np.testing.assert_allclose(signals.at(some).share_right, expected[some])
    # who was scanned is right or wrong as before
    own = read_signals(recording, "words", "syllogistic")
    np.testing.assert_array_equal(signals.right, own.right)
    assert own.more is None
    # an item counts as one that people have right by the same answers
    wrong = np.where(np.arange(72) == 6, signals.labels, ~signals.labels).astype(np.int64)
    assert own.humans_beat_model(wrong)
    assert not signals.humans_beat_model(wrong)


def test_answers_to_other_problems_weigh_nothing(recording: Recording) -> None:
    asked = list(recording.asked)
    renamed = [*asked[:3], replace(asked[3], identifier="other"), *asked[4:]]
    mended = [*asked[:3], replace(asked[3], conclusion=asked[4].conclusion), *asked[4:]]
    for problems, what in ((renamed, "lacks"), (mended, "has another")):
        says = f"simulated {what} problem {asked[3].identifier}.*of those who were scanned"
        with pytest.raises(DataError, match=says):
            read_signals(
                recording, "words", "syllogistic", more=answers(problems, np.ones((72, 5)))
            )


def test_where_more_answers_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(name: str) -> Behavior:
        raise DataError(f"{name} is not here")

    monkeypatch.setattr(signals_module, "load_behavior", offline)
    card = load_card("xiao2026")
    assert load_more_answers(load_card("phantom_guidance")) is None
    assert load_more_answers(card, "scanned") is None
    with pytest.raises(DataError, match=r"deduction73 is not here.*--guidance-answers scanned"):
        load_more_answers(card)
    with pytest.raises(UnknownNameError, match="people whose answers weigh items 'scaned'"):
        load_more_answers(card, "scaned")


def test_seventy_three_people_and_the_ten_of_the_paper(mirror: Path) -> None:
    recording = load_recording("xiao2026", ("deductive_reasoning",))
    more = load_more_answers(recording.card)
    own = read_signals(recording, "deductive_reasoning", "all")
    signals = read_signals(recording, "deductive_reasoning", "all", more=more)
    assert signals.more is not None
    assert (signals.more.dataset, signals.more.n_people, own.n_people) == ("deduction73", 73, 10)
    assert own.missing.sum() == 12
    r = np.corrcoef(signals.share_right, own.share_right)[0, 1]
    assert r == pytest.approx(0.931, abs=5e-4)
    # the ten tell apart 25 of 70 items, everybody all but a few
    assert (own.share_right == 1).sum() == 45
    assert (signals.share_right == 1).sum() == 0


def test_people_of_the_paper(mirror: Path) -> None:
    signals = read_signals(load_recording("xiao2026", ("language",)), "language", "syllogistic")
    assert (signals.n_people, len(signals.problems)) == (10, 36)
    assert {len(block) for block in signals.responses} == {36}
    assert len(set(signals.runs.tolist())) == 2
    assert set(np.unique(signals.right[~signals.missing])) == {0.0, 1.0}
    assert 0.5 < np.nanmean(signals.right) < 1.0
