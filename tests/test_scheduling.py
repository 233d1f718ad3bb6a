"""With several processes, tests that share what is dear to make run in one of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scheduling import SharingScheduler, group_of, rank_of

FILES = {
    "tests/cli/test_cli.py": 3,
    "tests/models/test_cache.py": 4,
    "tests/regression/test_golden_suites.py": 1,
    "tests/run/test_evaluate_guidance.py": 2,
}


class Node:
    """A process that notes which tests it is sent."""

    def __init__(self) -> None:
        self.gateway = SimpleNamespace(id=str(id(self)))
        self.shutting_down = False
        self.sent: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_files_that_share_a_fixture_are_a_group() -> None:
    for file in ("test_golden_suites", "test_golden_phantom", "test_broken_metrics"):
        assert group_of(f"tests/regression/{file}.py") == "costly fixtures"
    assert group_of("tests/run/test_evaluate_guidance.py") == "costly fixtures"
    for file in ("test_accuracy", "test_language_models"):
        assert group_of(f"tests/real/{file}.py") == "a real language model"
    for file in ("tests/models/test_cache.py", "tests/guidance/gains/test_compare.py", "gone.py"):
        assert group_of(file) == file
    assert rank_of("costly fixtures") < rank_of("tests/run/test_x.py") < rank_of("tests/test_x.py")


def test_a_group_goes_to_one_process_and_long_ones_go_first(
    pytestconfig: pytest.Config,
) -> None:
    names = [f"{file}::test_{number}" for file, count in FILES.items() for number in range(count)]
    options: Any = SimpleNamespace(loadscopereorder=True, numprocesses=2)
    config: Any = SimpleNamespace(
        option=options, getvalue=lambda name: ["popen", "popen"], getoption=pytestconfig.getoption
    )
    scheduler = SharingScheduler(config)
    nodes: list[Any] = [Node(), Node()]
    for node in nodes:
        scheduler.add_node(node)
        scheduler.add_node_collection(node, names)
    scheduler.schedule()
    while scheduler.tests_finished is False:
        for node in nodes:
            done = {n for unit in scheduler.assigned_work[node].values() for n in unit if unit[n]}
            for index in [i for i in node.sent if names[i] not in done]:
                scheduler.mark_test_complete(node, index)
    assert sorted([*nodes[0].sent, *nodes[1].sent]) == list(range(len(names)))
    where = [{group_of(names[i].split("::")[0]) for i in node.sent} for node in nodes]
    assert not where[0] & where[1]
    assert [names[node.sent[0]].split("::")[0] for node in nodes] == [
        "tests/regression/test_golden_suites.py", "tests/cli/test_cli.py"
    ]  # fmt: skip
