"""An engine that is killed is noticed, whatever waits for it."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from brainbench.models.vllm import alive
from brainbench.models.vllm.alive import noticing_death


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive, "EVERY", 0.01)


def made() -> Any:
    core = SimpleNamespace(
        resources=SimpleNamespace(engine_dead=False),
        outputs_queue=queue.Queue(),
        utility_results={},
    )
    return SimpleNamespace(llm_engine=SimpleNamespace(engine_core=core))


def test_what_waits_for_a_method_of_its_workers_ends() -> None:
    llm = made()
    core = llm.llm_engine.engine_core
    waiting: Future[Any] = Future()
    core.utility_results[3] = waiting
    with noticing_death(llm):
        core.resources.engine_dead = True
        with pytest.raises(RuntimeError, match="EngineCore is gone"):
            waiting.result(timeout=10)
    assert isinstance(core.outputs_queue.get(timeout=10), RuntimeError)


def test_an_engine_that_lives_is_left_alone() -> None:
    llm = made()
    before = threading.active_count()
    with noticing_death(llm):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    assert llm.llm_engine.engine_core.outputs_queue.empty()


@pytest.mark.parametrize("llm", [None, SimpleNamespace(), SimpleNamespace(llm_engine=None)])
def test_an_engine_in_this_process_needs_no_watch(llm: Any) -> None:
    before = threading.active_count()
    with noticing_death(llm):
        assert threading.active_count() == before
