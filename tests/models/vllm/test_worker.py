"""Which tokens of an engine's passes are whose, and which are steered."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from stand_in_vllm import PackedLlama
from tiny_models import build_model
from torch import nn

from brainbench.errors import DataError
from brainbench.models.vllm.sites import find_engine_sites
from brainbench.models.vllm.worker import Plan, StateReader, Watch

ONE, TWO = [5, 6, 7, 8], [5, 9, 11]
VECTOR = {"1": np.full(32, 100.0, np.float32)}


@pytest.fixture
def network() -> PackedLlama:
    return PackedLlama(build_model("llama"))


def plan(tokens: str = "last", read: bool = False, **changes: Any) -> Plan:
    given: dict[str, Any] = {
        "prompts": [ONE, TWO], "onsets": [3, 1], "places": [[], []], "read": read,
        "true": [20], "false": [21], "site": "hidden", "tokens": tokens,
    }  # fmt: skip
    return Plan(**given | changes)


@torch.inference_mode()
def moved(network: PackedLlama, watched: Plan, ids: list[int], positions: list[int]) -> list[int]:
    """Tokens of a pass whose state of block 1 the hooks have changed."""
    found: list[torch.Tensor] = []
    for vectors in ({}, VECTOR):
        watch = Watch(network, watched, vectors)
        # behind the hook that adds
        seen = network.model.layers[1].register_forward_hook(
            lambda module, inputs, output: found.append(output[0])
        )
        network(input_ids=torch.tensor(ids), positions=torch.tensor(positions))
        seen.remove()
        watch.remove()
    off = (found[1] - found[0]).abs().amax(1)
    return (off > 50).nonzero().flatten().tolist()


@pytest.mark.parametrize(
    ("tokens", "steered"),
    [("last", [3, 5]), ("generated", [3, 5, 6]), ("all", [0, 1, 2, 3, 4, 5, 6])],
)
def test_prompts_that_are_read(network: PackedLlama, tokens: str, steered: list[int]) -> None:
    assert moved(network, plan(tokens), ONE + TWO, [0, 1, 2, 3, 0, 1, 2]) == steered


@pytest.mark.parametrize(
    ("tokens", "steered"), [("last", [4]), ("generated", [0, 4, 5]), ("all", [0, 1, 2, 3, 4, 5])]
)
def test_a_prompt_beside_what_another_generates(
    network: PackedLlama, tokens: str, steered: list[int]
) -> None:
    # a token at place 7; then a prompt, and a token that happens to stand where it would go on
    ids, positions = [30, *ONE, 31], [7, 0, 1, 2, 3, 4]
    assert moved(network, plan(tokens), ids, positions) == steered


@pytest.mark.parametrize(("tokens", "steered"), [("last", [3]), ("generated", [3, 4, 5])])
def test_a_prompt_that_was_put_off_after_it_had_begun_to_answer(
    network: PackedLlama, tokens: str, steered: list[int]
) -> None:
    assert moved(network, plan(tokens), [*ONE, 30, 31], [0, 1, 2, 3, 4, 5]) == steered


def test_tokens_of_no_prompt_are_left_alone(network: PackedLlama) -> None:
    assert moved(network, plan("generated"), [40, 41], [0, 1]) == []


def test_padding_is_nobodys(network: PackedLlama, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("vllm.forward_context")
    padding = torch.tensor([False] * 4 + [True] * 2)
    vars(module)["get_forward_context"] = lambda: SimpleNamespace(is_padding=padding)
    monkeypatch.setitem(sys.modules, "vllm", ModuleType("vllm"))
    monkeypatch.setitem(sys.modules, "vllm.forward_context", module)
    # left over from a pass before
    ids, positions = [*ONE, 8, 9], [0, 1, 2, 3, 4, 5]
    assert moved(network, plan("all"), ids, positions) == [0, 1, 2, 3]
    watch = Watch(network, plan(read=True), {})
    with torch.inference_mode():
        network(input_ids=torch.tensor(ids), positions=torch.tensor(positions))
    assert watch.found()["rows"].tolist() == [0]
    watch.remove()


def test_positions_of_models_that_see(network: PackedLlama) -> None:
    watch = Watch(network, plan(read=True), {})
    network.forward = lambda input_ids, positions: network.model(input_ids, positions[0])  # type: ignore[method-assign]
    with torch.inference_mode():
        network(input_ids=torch.tensor(TWO), positions=torch.arange(3).repeat(3, 1))
    found = watch.found()
    assert found["rows"].tolist() == [1]
    assert found["hidden"].shape == (1, 4, 32)


def test_what_a_worker_is_asked_and_gives_is_text_and_bytes(network: PackedLlama) -> None:
    class Worker(StateReader):
        rank = 0

        def get_model(self) -> PackedLlama:
            return network

    worker = Worker()
    worker.brainbench_watch(json.dumps(asdict(plan(read=True))), save({}))
    with torch.inference_mode():
        network(input_ids=torch.tensor(ONE), positions=torch.arange(4))
    found = load(worker.brainbench_take())
    assert found["rows"].tolist() == [0]
    assert found["attention"].dtype == np.float32
    assert not found["fault"].size


class TestNetworksThatAreNotRead:
    def test_no_blocks(self) -> None:
        with pytest.raises(DataError, match="vLLM's Linear is not read: no list of blocks"):
            find_engine_sites(nn.Linear(2, 2))

    def test_no_norm(self, network: PackedLlama) -> None:
        del network.model.norm
        with pytest.raises(DataError, match="there is no norm after its blocks"):
            find_engine_sites(network)

    def test_the_fault_reaches_the_reader(self) -> None:
        watch = Watch(nn.Linear(2, 2), plan(read=True), {})
        assert b"no list of blocks" in watch.found()["fault"].tobytes()

    def test_blocks_that_do_not_lead_to_what_it_gives(self, network: PackedLlama) -> None:
        watch = Watch(network, plan(read=True), {})
        network.model.register_forward_hook(lambda module, inputs, output: output * 2)
        with torch.inference_mode():
            network(input_ids=torch.tensor(ONE), positions=torch.arange(4))
        found = watch.found()
        assert b"do not lead to what it gives" in found["fault"].tobytes()
        assert not found["rows"].size


def test_of_a_model_that_sees_the_part_that_reads(network: PackedLlama) -> None:
    class Seeing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            # more blocks than the language model has
            tower = [PackedLlama(build_model("llama")).model.layers[0] for _ in range(6)]
            self.vision = nn.ModuleList(tower)
            self.language = network

        def get_language_model(self) -> nn.Module:
            return self.language

    assert find_engine_sites(Seeing()).hidden == tuple(network.model.layers)
