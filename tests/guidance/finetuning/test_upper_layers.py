"""The upper part of a model gives what the whole of it gives: logits, states, gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiers import families
from tiny_models import build_model
from trainable import LAYERS, assert_unchanged, draw_adapter, draw_prompts, imprint

from brainbench.errors import DataError
from brainbench.guidance.finetuning.adapters import adapter, lora_config
from brainbench.guidance.finetuning.upper_layers import Entering, TrainedPart
from brainbench.models.architectures import find_sites
from brainbench.models.checkpoints.adapter_base import Base
from brainbench.models.forward.reader import token_at
from brainbench.models.prompts.batches import Batch

LENGTHS = (3, 9, 6)
PROMPTS = draw_prompts(LENGTHS)
# some cast to float32 inside, whatever the model's own format
ROUNDING = 1e-5


def make_batch(share: bool = True) -> Batch:
    cut = len(PROMPTS[0]) - LENGTHS[0] if share else 0
    return Batch(PROMPTS[0][:cut], tuple(p[cut:] for p in PROMPTS), tuple(range(len(PROMPTS))))


def last_places(batch: Batch) -> Any:
    return token_at(torch.tensor([len(suffix) - 1 for suffix in batch.suffixes]))


def run(part: TrainedPart, batch: Batch, through: Any = None) -> Any:
    last = last_places(batch)
    with part.listening():
        return part.run(batch, part.entering(batch), last, last, through)


def plainly(network: Any, layers: Any = LAYERS) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and attention states, one prompt at a time, all of the model."""
    logits, states = [], []
    modules = find_sites(network).attention
    for prompt in PROMPTS:
        caught: list[torch.Tensor] = []

        def hook(module: Any, inputs: Any, output: Any, caught: Any = caught) -> None:
            caught.append((output[0] if isinstance(output, tuple) else output)[0, -1])

        handles = [modules[layer].register_forward_hook(hook) for layer in layers]
        logits.append(network(input_ids=torch.tensor([prompt]), use_cache=False).logits[0, -1])
        for handle in handles:
            handle.remove()
        states.append(torch.stack(caught))
    return torch.stack(logits), torch.stack(states)


def assert_close(found: torch.Tensor, expected: torch.Tensor, tolerance: float = ROUNDING) -> None:
    scale = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * scale)


# what a pass gives


@pytest.mark.parametrize("family", families())
def test_every_family_gives_what_the_whole_model_gives(family: str) -> None:
    network = build_model(family, dtype=torch.float64)
    for first, share in ((1, True), (2, False)):
        expected = plainly(network, range(first, 3))
        part = TrainedPart(network, first, range(first, 3))
        for found, wanted in zip(run(part, make_batch(share)), expected, strict=True):
            assert_close(found.detach(), wanted.detach())


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt2", "gptj"])
@pytest.mark.parametrize("first", [0, 1, 3])
@pytest.mark.parametrize("share", [True, False], ids=["shared", "apart"])
def test_wherever_training_begins(family: str, first: int, share: bool) -> None:
    network = build_model(family, dtype=torch.float64)
    logits, states = run(TrainedPart(network, first, (3,)), make_batch(share))
    expected = plainly(network, (3,))
    assert_close(logits.detach(), expected[0].detach())
    assert_close(states.detach(), expected[1].detach())


def test_where_nothing_is_cast_it_is_exact() -> None:
    network = build_model("gpt2", dtype=torch.float64)
    for found, wanted in zip(run(TrainedPart(network, 2, (2, 3)), make_batch()),
                             plainly(network, (2, 3)), strict=True):  # fmt: skip
        assert_close(found.detach(), wanted.detach(), 1e-13)


def test_logits_of_any_places() -> None:
    network = build_model("llama", dtype=torch.float64)
    batch = make_batch()
    rows, places = torch.tensor([0, 1, 1, 2]), torch.tensor([2, 0, 5, 4])
    part = TrainedPart(network, 1)
    entering = part.entering(batch)
    logits, states = part.run(batch, entering, lambda x: x[rows, places], last_places(batch))
    assert states is None
    for i, (row, place) in enumerate(zip(rows.tolist(), places.tolist(), strict=True)):
        whole = network(input_ids=torch.tensor([PROMPTS[row]])).logits[0]
        assert_close(logits[i].detach(), whole[len(batch.prefix) + place].detach())


# gradients


@pytest.mark.parametrize("family", ["llama", "gemma3", "gemma2", "gpt2", "gptj", "gpt_neox",
                                    "phi3", "qwen2_moe", "cohere2", "qwen3"])  # fmt: skip
def test_gradients_are_those_of_the_whole_model(family: str) -> None:
    network = build_model(family, dtype=torch.float64)
    config = lora_config(network, LAYERS, 4, 8)
    with adapter(network, config, 0, Base("tiny", None, "")) as wrapped:
        weights = draw_adapter(wrapped)

        def slopes(logits: torch.Tensor, states: torch.Tensor) -> list[torch.Tensor]:
            loss = logits.square().mean() + (states**3).sum()
            return list(torch.autograd.grad(loss, weights))

        expected = slopes(*plainly(wrapped))
        cases = [(make_batch(True), False), (make_batch(False), False), (make_batch(False), True)]
        for batch, checkpoint in cases:
            part = TrainedPart(network, LAYERS[0], LAYERS, again=checkpoint)
            last = last_places(batch)
            with part.listening():
                given = part.run(batch, part.entering(batch), last, last, wrapped)
                found = slopes(*given)
            for slope, wanted in zip(found, expected, strict=True):
                assert float(wanted.abs().max()) > 0
                assert_close(slope, wanted)


def test_an_adapter_does_not_change_what_lies_below() -> None:
    network = build_model("llama", dtype=torch.float64)
    part = TrainedPart(network, 2, (2,))
    before = part.entering(make_batch())
    with adapter(network, lora_config(network, (2, 3), 4, 8), 0, Base("tiny", None, "")) as wrapped:
        draw_adapter(wrapped)
        after = part.entering(make_batch())
    assert before.prefix is not None
    assert torch.equal(before.prefix, after.prefix)
    assert all(torch.equal(a, b) for a, b in zip(before.own, after.own, strict=True))


# what is run


def calls(network: Any) -> list[int]:
    """Numbers of the blocks, as they are run."""
    heard: list[int] = []
    for number, block in enumerate(find_sites(network).hidden):
        block.register_forward_hook(lambda *given, number=number: heard.append(number))
    return heard


def test_blocks_below_are_run_once_for_all_passes() -> None:
    network = build_model("llama")
    part, batch = TrainedPart(network, 2, (2,)), make_batch()
    heard = calls(network)
    entering = part.entering(batch)
    assert sorted(heard) == [0, 0, 1, 1]  # the common beginning, and what follows
    heard.clear()
    for _ in range(2):
        part.run(batch, entering, last_places(batch), last_places(batch))
    assert sorted(heard) == [2, 2, 2, 2, 3, 3, 3, 3]


def test_blocks_that_no_loss_looks_at_are_not_run() -> None:
    network = build_model("llama", dtype=torch.float64)
    expected = plainly(network)[1]
    part = TrainedPart(network, 1, LAYERS, whole=False)
    heard = calls(network)
    _, states = run(part, make_batch())
    assert set(heard) == {0, 1, 2}
    assert_close(states.detach(), expected.detach())


def test_the_output_layer_sees_the_places_that_are_read() -> None:
    network = build_model("llama")
    seen: list[tuple[int, ...]] = []
    network.lm_head.register_forward_hook(lambda m, inputs, out: seen.append(tuple(out.shape[:2])))
    part = TrainedPart(network, 1)
    seen.clear()
    run(part, make_batch())
    # of the common beginning, below and above, one place; then one of each prompt
    assert sorted(set(seen)) == [(1, 1), (3, 1)]


def test_nothing_is_listened_to_without_gradient() -> None:
    network = build_model("llama")
    part, batch = TrainedPart(network, 1, LAYERS), make_batch()
    with part.listening():
        run_once = part.run(batch, part.entering(batch), last_places(batch), last_places(batch))
        assert run_once[1] is not None
        with torch.no_grad():
            # others read the model out between passes, prompts of other lengths
            network(input_ids=torch.tensor([[5, 6]]))


def test_dropout_is_left_out_in_training() -> None:
    network = build_model("gpt2", attn_pdrop=0.5, resid_pdrop=0.5, embd_pdrop=0.5)
    expected = run(TrainedPart(network, 1, LAYERS), make_batch())
    network.train()
    found = run(TrainedPart(network, 1, LAYERS), make_batch())
    assert network.training
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


# nothing is left


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
@pytest.mark.parametrize("checkpoint", [False, True])
def test_nothing_is_left_after_a_pass_that_fails(
    error: BaseException, checkpoint: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build_model("llama").train()
    batch = make_batch(not checkpoint)
    part = TrainedPart(network, 1, LAYERS, again=checkpoint)
    entering, before = part.entering(batch), imprint(network)
    blocks = find_sites(network).hidden

    def fail(*given: Any, **named: Any) -> Any:
        raise error

    def listen(entering: Entering) -> None:
        with part.listening():
            part.run(batch, entering, last_places(batch), last_places(batch))

    for number in (0, 2):
        with monkeypatch.context() as patch:
            patch.setattr(blocks[number].mlp, "forward", fail)
            with pytest.raises(type(error)):
                # below the first trained block, or above it
                part.entering(batch) if number == 0 else listen(entering)
        assert_unchanged(network, dict(before))
    assert run(part, batch)[0].isfinite().all()


def test_a_pass_that_ends_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for family in ("gemma2", "gptj"):
        network = build_model(family)
        before = imprint(network)
        run(TrainedPart(network, 2, (2,)), make_batch())
        assert_unchanged(network, before)


def test_a_model_whose_blocks_are_not_found_is_told() -> None:
    network = build_model("llama")
    network.config.num_hidden_layers = 7
    with pytest.raises(DataError, match="blocks of this 'llama' model are not found"):
        TrainedPart(network, 1)


def test_nothing_enters_the_first_block_of_all() -> None:
    assert TrainedPart(build_model("llama"), 0).entering(make_batch()) == Entering()
