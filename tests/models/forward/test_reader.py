"""A reader leaves the model as it was, whatever happens, and says what it cannot read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from brainbench.errors import DataError
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.forward.reader import Reader, Reading
from brainbench.models.prompts.batches import Batch, Tokens, plan_batches
from brainbench.models.prompts.verbalizer import Spellings

SPELLINGS = Spellings((10, 11), (20,))
Draw = Callable[..., list[Tokens]]
Tiny = Callable[..., Any]
CountHooks = Callable[[Any], int]
# where a test does not ask what is said, nothing is
pytestmark = pytest.mark.usefixtures("silent")


def open_reader(model: Any) -> Reader:
    return Reader(Loaded(model, None), SPELLINGS)


def one_batch(prompts: list[Tokens], share: bool = True) -> Batch:
    (batch,) = plan_batches(prompts, ["one"] * len(prompts), len(prompts), share)
    return batch


def assert_same(found: Reading, expected: Reading, tolerance: float = 0.0) -> None:
    for name, array in expected.to_arrays().items():
        scale = np.abs(array).max()
        np.testing.assert_allclose(
            found.to_arrays()[name], array, rtol=0, atol=tolerance * scale, err_msg=name
        )


@pytest.fixture
def batch(draw_prompts: Draw) -> Batch:
    """Seven prompts behind a common beginning."""
    return one_batch(draw_prompts((2, 3, 4, 5, 6, 7, 8), 10))


# hooks


def test_no_hook_is_left(tiny: Tiny, batch: Batch, count_hooks: CountHooks) -> None:
    model = tiny("llama")
    before = count_hooks(model)
    reader = open_reader(model)
    assert count_hooks(model) == before
    reader.read(batch)
    assert count_hooks(model) == before


def test_hooks_of_others_stay(tiny: Tiny, batch: Batch, count_hooks: CountHooks) -> None:
    model = tiny("llama")
    heard: list[int] = []
    model.model.layers[1].register_forward_hook(lambda *given: heard.append(1))
    model.lm_head.register_forward_pre_hook(lambda *given: heard.append(2))
    open_reader(model).read(batch)
    assert count_hooks(model) == 2
    # in the shared beginning, and in the pass
    assert sorted(heard) == [1, 1, 2, 2]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
@pytest.mark.parametrize("share", [True, False], ids=["in the beginning", "in the pass"])
def test_no_hook_is_left_by_a_pass_that_fails(
    error: BaseException,
    share: bool,
    tiny: Tiny,
    draw_prompts: Draw,
    count_hooks: CountHooks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny("llama").train()
    prompts = draw_prompts((3, 5), 10)
    expected = open_reader(model).read(one_batch(prompts, share))
    reader = open_reader(model)
    seen: list[int] = []

    def fail(*given: Any, **named: Any) -> Any:
        seen.append(count_hooks(model))
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(model.model.layers[2].mlp, "forward", fail)
        with pytest.raises(type(error)):
            reader.read(one_batch(prompts, share))
    assert seen[0] > 0, "nothing listened"
    assert count_hooks(model) == 0
    assert model.training
    # and nothing half done is kept
    assert_same(reader.read(one_batch(prompts, share)), expected)


# a model in training


def test_nothing_is_dropped_at_random_and_training_goes_on(tiny: Tiny, batch: Batch) -> None:
    model = tiny("gpt2", attn_pdrop=0.5, resid_pdrop=0.5, embd_pdrop=0.5)
    expected = open_reader(model).read(batch)
    model.train()
    model.transformer.h[1].eval()
    modes = {name: module.training for name, module in model.named_modules()}
    for _ in range(2):
        assert_same(open_reader(model).read(batch), expected)
    assert {name: module.training for name, module in model.named_modules()} == modes


def test_no_gradient_is_kept(tiny: Tiny, batch: Batch) -> None:
    model = tiny("llama")
    open_reader(model).read(batch)
    assert all(parameter.grad is None for parameter in model.parameters())
    # what was read under inference mode does not stand in the way of training
    model(input_ids=torch.tensor([[5, 6, 7]])).logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


# one pass


def test_states_and_answers_come_from_one_pass(
    tiny: Tiny, draw_prompts: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny("llama")
    shapes: list[tuple[int, ...]] = []
    forward = model.model.forward

    def counted(*given: Any, **named: Any) -> Any:
        shapes.append(tuple(named["input_ids"].shape))
        return forward(*given, **named)

    monkeypatch.setattr(model.model, "forward", counted)
    reader = open_reader(model)
    batches = list(plan_batches(draw_prompts((2, 3, 4, 5, 6), 10), ["one"] * 5, 2))
    reader.read(batches[0])  # tries once whether the beginning can be kept once for all rows
    reader.forget()
    shapes.clear()
    for batch in batches:
        reader.read(batch)
    # the common beginning once, then each batch once
    assert shapes == [(1, 10), (2, 3), (2, 5), (1, 6)]


def test_the_output_layer_sees_one_token_of_each_prompt(tiny: Tiny, batch: Batch) -> None:
    model = tiny("llama")
    seen: list[tuple[int, ...]] = []
    model.lm_head.register_forward_hook(lambda m, inputs, out: seen.append(tuple(out.shape)))
    open_reader(model).read(batch)
    assert [shape[:2] for shape in seen] == [(1, 1), (7, 1)]


def test_another_beginning_is_computed_anew(tiny: Tiny, draw_prompts: Draw) -> None:
    model = tiny("llama")
    first, second = one_batch(draw_prompts((2, 3), 10)), one_batch(draw_prompts((4, 5), 12))
    assert first.prefix != second.prefix
    reader = open_reader(model)
    for batch in (first, second, first):
        assert_same(reader.read(batch), open_reader(model).read(batch))


def test_a_beginning_is_not_changed_by_its_batches(tiny: Tiny, batch: Batch) -> None:
    reader = open_reader(tiny("gemma2"))
    expected = reader.read(batch)
    for _ in range(2):
        assert_same(reader.read(batch), expected)


# memory


def limited(model: Any, most: int, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let more than ``most`` prompts at once run out of memory."""
    forward = model.forward

    def fits(*given: Any, **named: Any) -> Any:
        if len(named["input_ids"]) > most:
            raise error
        return forward(*given, **named)

    monkeypatch.setattr(model, "forward", fits)


OUT_OF_MEMORY = {
    "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    "cpu": RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to"),
    "mps": RuntimeError("MPS backend out of memory (MPS allocated: 1.00 GB)"),
    "python": MemoryError(),
}


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("error", OUT_OF_MEMORY.values(), ids=OUT_OF_MEMORY)
def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    error: Exception,
    share: bool,
    tiny: Tiny,
    draw_prompts: Draw,
    count_hooks: CountHooks,
    monkeypatch: pytest.MonkeyPatch,
    said: list[str],
) -> None:
    model = tiny("llama")
    whole = one_batch(draw_prompts((2, 3, 4, 5, 6, 7, 8), 10), share)
    expected = open_reader(model).read(whole)
    limited(model, 3, monkeypatch, error)
    reader = open_reader(model)
    found = reader.read(whole)
    assert_same(found, expected, 1e-5)
    assert count_hooks(model) == 0
    # 7 → 4 → 2
    assert said == [f"out of memory: batches of {n} prompts from here on" for n in (4, 2)]
    # what was learnt holds for the next batch
    assert_same(reader.read(whole), expected, 1e-5)
    assert len(said) == 2


def test_a_prompt_that_does_not_fit_alone_is_told(
    tiny: Tiny, batch: Batch, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    model = tiny("llama")
    limited(model, 0, monkeypatch, OUT_OF_MEMORY["cuda"])
    with pytest.raises(DataError, match="one prompt alone does not fit the memory"):
        open_reader(model).read(batch)
    assert len(said) == 3


def test_other_errors_are_no_lack_of_memory(
    tiny: Tiny, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny("llama")
    limited(model, 0, monkeypatch, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        open_reader(model).read(batch)


# numbers


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_output_that_is_no_number_is_refused(
    value: float, tiny: Tiny, batch: Batch, count_hooks: CountHooks
) -> None:
    model = tiny("llama")
    with torch.no_grad():
        model.lm_head.weight[3, 0] = value
    with pytest.raises(DataError, match=r"NaN or infinite, and .*: lm_head\.weight"):
        open_reader(model).read(batch)
    assert count_hooks(model) == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_gives_like_states_in_float32(
    dtype: torch.dtype, tiny: Tiny, batch: Batch
) -> None:
    expected = open_reader(tiny("llama")).read(batch)
    found = open_reader(tiny("llama").to(dtype)).read(batch)
    for site, states in found.states.items():
        assert states.dtype == np.float32
        assert np.corrcoef(states.ravel(), expected.states[site].ravel())[0, 1] > 0.99
        assert np.abs(states - expected.states[site]).max() > 0


def test_readings_are_joined_and_put_in_order(tiny: Tiny, draw_prompts: Draw) -> None:
    model = tiny("llama")
    prompts = draw_prompts((5, 2, 7, 3))
    singles = [open_reader(model).read(one_batch([prompt])) for prompt in prompts]
    joined = Reading.join([singles[2], singles[0]]).at([1, 0, 0])
    for name, array in joined.to_arrays().items():
        parts = [single.to_arrays()[name] for single in singles]
        np.testing.assert_array_equal(array, np.concatenate([parts[0], parts[2], parts[2]]))


def test_a_reading_comes_back_from_its_arrays(tiny: Tiny, batch: Batch) -> None:
    reading = open_reader(tiny("llama")).read(batch)
    assert_same(Reading.from_arrays(reading.to_arrays()), reading)
    assert reading.states["hidden"].shape == reading.states["attention"].shape == (7, 4, 32)
