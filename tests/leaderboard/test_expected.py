"""What the check holds records against is what the code itself does."""

from __future__ import annotations

import pytest

from brainbench.benchmarks.behavior.scoring import control_responders
from brainbench.benchmarks.cell import prepare_cell
from brainbench.benchmarks.controlled.nuisance import nuisance_kernels
from brainbench.benchmarks.feature_spaces import RANDOM, nuisance_spaces
from brainbench.datasets import load_recording
from brainbench.leaderboard.checks import alignment, behavior, published
from brainbench.leaderboard.expected import expected_data, own_problems, own_versions


def test_names_of_nuisance_rows_are_those_of_the_protocols() -> None:
    recording = load_recording("phantom")
    cell = prepare_cell(recording, "syllogistic", ["signal"])
    assert tuple(nuisance_kernels(cell)) == alignment.NUISANCE
    assert (*(space.name for space in nuisance_spaces(cell)), RANDOM) == published.ROWS


def test_names_of_behaviour_controls_are_those_of_the_benchmark(mirror: object) -> None:
    from brainbench.benchmarks.behavior.people import gather
    from brainbench.datasets import load_behavior

    group = gather(load_behavior("ds003076"), "syllogistic")
    names = tuple(control.name for control in control_responders(group))
    assert names == (*behavior.CONTROLS, *behavior.FEATURES)


def test_hash_of_simulated_people() -> None:
    assert expected_data("phantom") == load_recording("phantom").data_sha256


def test_hash_of_measured_people(mirror: object) -> None:
    from brainbench.datasets import load_behavior

    assert expected_data("xiao2026") == load_recording("xiao2026", "language").data_sha256
    assert expected_data("ds003076") == load_behavior("ds003076").data_sha256


def test_tasks_and_their_problems() -> None:
    assert own_versions()["brainbench_quick_belief"] == "1"
    assert own_versions()["brainbench_folio"] == "1"
    assert own_problems("brainbench_folio") is None
    assert own_problems("no_such_task") is None
    found = {name: own_problems(name) for name in own_versions()}
    held = {problem for problems in found.values() for problem in problems or ()}
    assert len(held) > 7000
    assert {problem.label for problem in held} == {"True", "False"}
    quick = [len(problems or ()) for name, problems in found.items() if "_quick_" in name]
    assert sum(quick) == 208


def test_problems_are_those_that_a_task_asks() -> None:
    pytest.importorskip("lm_eval")
    from brainbench.reasoning.tasks import load_tasks

    names = ("quick_belief", "belief_conflict", "modus_ponens", "validation_propositional_3")
    for name, task in load_tasks([f"brainbench_{name}" for name in names]).tasks.items():
        asked = [(doc["id"], doc["base_id"], doc["label"]) for doc in task.eval_docs]
        assert asked == list(own_problems(name) or ()), name
