"""Simulated people for guidance: one ROI knows whether conclusions follow, one does not."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.datasets import block_of, load_recording, subjects_of
from brainbench.datasets.phantom_guidance import count_words, make_problems


def test_validity_explains_the_share_that_was_planted_and_nothing_of_words() -> None:
    recording = load_recording("phantom_guidance")
    valid = np.array([problem.condition.valid for problem in recording.problems], float)
    shares = {}
    for roi in ("validity", "words"):
        blocks = [block_of(recording.assembly, s, roi) for s in subjects_of(recording.assembly)]
        columns = np.concatenate(blocks, axis=1)
        r = [np.corrcoef(valid, column)[0, 1] for column in columns.T]
        shares[roi] = np.mean(np.square(r))
    # words tell a little of validity: "not" is in some kinds of problems more often
    assert shares["validity"] == pytest.approx(0.3, abs=0.04)
    assert shares["words"] < 0.05


def test_four_runs_of_different_problems() -> None:
    problems = make_problems()
    assert len({problem.sentences for problem in problems}) == len(problems) == 72
    assert {problem.identifier[:14] for problem in problems} == {
        f"syllogistic-0{run}" for run in (1, 2, 3, 4)
    }
    assert {problem.reasoning_type for problem in problems} == {"syllogistic"}


def test_words_are_counted() -> None:
    problem = make_problems()[0]
    counts = count_words([problem])
    assert counts.sum() == sum(len(sentence.split()) for sentence in problem.sentences)


def test_asking_for_less_changes_nothing() -> None:
    whole = load_recording("phantom_guidance")
    part = load_recording("phantom_guidance", "words", "phantom-03")
    chosen = block_of(whole.assembly, "phantom-03", "words")
    assert np.array_equal(block_of(part.assembly, "phantom-03", "words"), chosen)
    assert part.data_sha256 == whole.data_sha256
