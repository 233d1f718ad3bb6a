"""Directions are added where they are told to be, in every family, and no hook is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from tiers import families
from tiny_models import VOCABULARY
from tiny_steerings import by_hand, make_steering

from brainbench.errors import UsageError
from brainbench.models import MadeFor, steered
from brainbench.models.architectures import find_sites
from brainbench.models.model import SITES, Site
from brainbench.models.steering.hooks import Steerer

Tiny = Callable[..., Any]
CountHooks = Callable[[Any], int]
MADE = MadeFor("tiny", "0" * 64, "llama", 4, 32)
GROUPS = ("syllogistic", "transitive")


def prompts(lengths: Sequence[int] = (3, 9, 6)) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [rng.integers(3, VOCABULARY, n).tolist() for n in lengths]


def padded(rows: Sequence[Sequence[int]], left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids, and where they are no padding."""
    longest = max(map(len, rows))
    tokens = torch.full((len(rows), longest), 7)
    seen = torch.zeros_like(tokens, dtype=torch.bool)
    for i, row in enumerate(rows):
        part = slice(longest - len(row), None) if left else slice(len(row))
        tokens[i, part], seen[i, part] = torch.tensor(row), True
    return tokens, seen


def logits_of(model: Any, tokens: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    positions = (seen.cumsum(1) - 1).clamp(min=0)
    with torch.inference_mode():
        return model(
            input_ids=tokens, attention_mask=seen.long(), position_ids=positions
        ).logits.clone()


def same(found: torch.Tensor, expected: torch.Tensor) -> None:
    scale = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * scale)


# where it is added


@pytest.mark.parametrize("left", [False, True], ids=["right", "left"])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("family", families())
def test_padded_rows_are_as_single_prompts_with_a_hook(
    family: str, site: Site, left: bool, tiny: Tiny, count_hooks: CountHooks
) -> None:
    model, rows = tiny(family), prompts()
    steering = make_steering(MADE, site=site, tokens="last")
    tokens, seen = padded(rows, left)
    where = torch.zeros_like(seen)
    for i, row in enumerate(rows):
        where[i, -1 if left else len(row) - 1] = True
    vectors = {n: torch.tensor(v) for n, v in steering.directions["all"].items()}
    with steered(model, site, vectors, where):
        found = logits_of(model, tokens, seen)[where]
    assert count_hooks(model) == 0
    expected, bare = [], []
    for row in rows:
        alone = torch.tensor([row])
        bare.append(logits_of(model, alone, torch.ones_like(alone).bool())[0, -1])
        with by_hand(model, steering, "all", len(row) - 1):
            expected.append(logits_of(model, alone, torch.ones_like(alone).bool())[0, -1])
    same(found, torch.stack(expected))
    # and steering is not what is tolerated
    moved = (torch.stack(expected) - torch.stack(bare)).abs().max()
    assert float(moved) > 0.01 * float(torch.stack(bare).abs().max())


@pytest.mark.parametrize("tokens_of", ["last", "generated", "all"])
def test_each_row_gets_the_directions_of_its_group(tokens_of: str, tiny: Tiny) -> None:
    model, rows = tiny("llama"), prompts((5, 9, 7, 4))
    steering = make_steering(MADE, GROUPS, tokens=tokens_of, strength=1.5)
    groups = ["transitive", None, "syllogistic", "transitive"]
    # prompts end before the rows do: something was generated after them
    onsets = [1, 4, 6, 3]
    tokens, seen = padded(rows, left=False)
    steerer = Steerer(model, steering)
    where = steerer.mask(onsets, [len(row) for row in rows], tokens.shape[1])
    with steerer.adding(groups, where):
        found = logits_of(model, tokens, seen)
    for i, (row, group, onset) in enumerate(zip(rows, groups, onsets, strict=True)):
        alone = torch.tensor([row])
        with by_hand(model, steering, group, onset):
            expected = logits_of(model, alone, torch.ones_like(alone).bool())[0]
        same(found[i, : len(row)], expected)


def test_only_the_places_that_are_told_are_moved(tiny: Tiny) -> None:
    model = tiny("llama")
    caught: list[torch.Tensor] = []
    where = torch.tensor([[False, True, False, False], [False, False, False, True]])
    vector = torch.arange(32.0)
    attention = find_sites(model).attention[1]
    tokens = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])

    def catch() -> None:
        handle = attention.register_forward_hook(lambda m, i, out: caught.append(out[0].clone()))
        with torch.inference_mode():
            model(input_ids=tokens)
        handle.remove()

    catch()
    with steered(model, "attention", {1: vector}, where):
        catch()
    before, after = caught
    np.testing.assert_array_equal(after[~where], before[~where])
    np.testing.assert_array_equal(after[where], before[where] + vector)


def test_nowhere_means_every_token(tiny: Tiny) -> None:
    model = tiny("llama")
    tokens = torch.tensor([prompts()[1]] * 2)
    seen = torch.ones_like(tokens).bool()
    with steered(model, "hidden", {2: torch.ones(32)}):
        found = logits_of(model, tokens, seen)
    with steered(model, "hidden", {2: torch.ones(32)}, seen):
        same(found, logits_of(model, tokens, seen))
    assert float((found - logits_of(model, tokens, seen)).abs().max()) > 0.01
    # every token of some rows
    with steered(model, "hidden", {2: torch.ones(1, 32)}, None, [-1, 0]):
        some = logits_of(model, tokens, seen)
    same(some[1], found[1])
    np.testing.assert_array_equal(some[0], logits_of(model, tokens, seen)[0])


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "gpt_neox"])
def test_nothing_added_changes_no_bit(family: str, site: Site, tiny: Tiny) -> None:
    model = tiny(family)
    tokens, seen = padded(prompts(), left=False)
    expected = logits_of(model, tokens, seen)
    for where in (seen, torch.zeros_like(seen), None):
        with steered(model, site, dict.fromkeys(range(4), torch.zeros(32)), where):
            np.testing.assert_array_equal(logits_of(model, tokens, seen), expected)
    with Steerer(model, None).adding(["all"] * 3, seen):
        np.testing.assert_array_equal(logits_of(model, tokens, seen), expected)
    with Steerer(model, make_steering(MADE)).adding([None] * 3, seen):
        np.testing.assert_array_equal(logits_of(model, tokens, seen), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_vectors_take_the_states_number_format(dtype: torch.dtype, tiny: Tiny) -> None:
    model = tiny("llama", dtype=dtype)
    steering = make_steering(MADE)
    tokens = torch.tensor([prompts()[0]])
    seen = torch.ones_like(tokens).bool()
    where = Steerer(model, steering).mask([2], [3], 3)
    with Steerer(model, steering).adding(["all"], where):
        found = logits_of(model, tokens, seen)
    assert found.dtype == dtype
    with by_hand(model, steering, "all", 2):
        np.testing.assert_array_equal(found.float(), logits_of(model, tokens, seen).float())


def test_gradients_flow_to_the_vectors(tiny: Tiny) -> None:
    model = tiny("llama")
    vectors = torch.zeros(2, 32, requires_grad=True)
    where = torch.tensor([[False, True, False], [False, False, True]])
    with steered(model, "attention", {1: vectors}, where, [1, 0]):
        logits = model(input_ids=torch.tensor([[5, 6, 7], [8, 9, 10]])).logits
    (first,) = torch.autograd.grad(logits[0, -1].pow(2).sum(), vectors, retain_graph=True)
    # of the first row, and the set that it gets
    assert float(first[1].abs().sum()) > 0
    assert float(first[0].abs().sum()) == 0


# generation


@pytest.mark.parametrize("beams", [1, 2])
@pytest.mark.parametrize("tokens_of", ["last", "generated", "all"])
def test_a_generation_is_steered_pass_by_pass(tokens_of: str, beams: int, tiny: Tiny) -> None:
    model, rows = tiny("llama"), prompts((3, 9, 1))
    steering = make_steering(MADE, GROUPS, tokens=tokens_of)
    groups = ["syllogistic", "transitive", "syllogistic"]
    tokens, seen = padded(rows, left=True)
    steerer = Steerer(model, steering)
    asked = {"max_new_tokens": 6, "num_beams": beams, "do_sample": False, "eos_token_id": None,
             "pad_token_id": 0}  # fmt: skip
    with steerer.adding(groups, steerer.generating([len(row) for row in rows])):
        found = model.generate(tokens, attention_mask=seen.long(), **asked)[:, tokens.shape[1] :]
    for row, group, said in zip(rows, groups, found.tolist(), strict=True):
        alone = torch.tensor([row])
        one = Steerer(model, steering)
        with one.adding([group], one.generating([len(row)])):
            assert model.generate(alone, **asked)[0, len(row) :].tolist() == said
        if beams > 1:
            continue
        text = list(row)
        for _ in range(6):
            with by_hand(model, steering, group, len(row) - 1), torch.inference_mode():
                text.append(int(model(input_ids=torch.tensor([text])).logits[0, -1].argmax()))
        assert text[len(row) :] == said


# hooks


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
@pytest.mark.parametrize("place", ["in the block", "in the pass"])
def test_no_hook_is_left_after_an_error(
    place: str,
    error: BaseException,
    tiny: Tiny,
    count_hooks: CountHooks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny("llama")
    heard: list[int] = []
    model.model.layers[1].register_forward_hook(lambda *given: heard.append(1))

    def fail(*given: Any, **named: Any) -> Any:
        raise error

    if place == "in the pass":
        monkeypatch.setattr(model.model.layers[3].mlp, "forward", fail)
    vectors = dict.fromkeys(range(4), torch.ones(32))
    seen: list[int] = []

    def run() -> None:
        with steered(model, "attention", vectors), steered(model, "hidden", vectors):
            seen.append(count_hooks(model))
            model(input_ids=torch.tensor([[5, 6]]))
            raise error

    with pytest.raises(type(error)):
        run()
    assert seen == [9]
    # those of others stay
    assert count_hooks(model) == 1
    assert heard == [1]


def test_no_hook_is_left_when_it_cannot_begin(tiny: Tiny, count_hooks: CountHooks) -> None:
    model = tiny("llama")
    for vectors, which, told in (
        ({0: torch.ones(32), 4: torch.ones(32)}, None, "layer 4: the model has layers 0 to 3"),
        ({0: torch.ones(32), -1: torch.ones(32)}, None, "layer -1"),
        ({0: torch.ones(2, 32)}, None, "2 vectors, and no word which row gets which"),
    ):
        with pytest.raises(UsageError, match=told), steered(model, "hidden", vectors, None, which):
            pytest.fail("it began")
        assert count_hooks(model) == 0
    with (
        pytest.raises(UsageError, match="'mlp' is not a site"),
        steered(
            model,
            "mlp",
            {0: torch.ones(32)},  # type: ignore[arg-type]
        ),
    ):
        pytest.fail("it began")


@pytest.mark.parametrize(
    ("shape", "which"),
    [((2, 4), None), ((2, 5), [0]), ((3, 5), None), ((0, 5), None), ((5,), None)],
)
def test_a_mask_of_another_batch_is_refused(
    shape: tuple[int, ...], which: list[int] | None, tiny: Tiny, count_hooks: CountHooks
) -> None:
    model = tiny("llama")
    where = torch.ones(shape, dtype=torch.bool)
    tokens = torch.tensor([[5, 6, 7, 8, 9]] * 2)
    with (
        pytest.raises(UsageError, match=r"the pass has 2 × 5"),
        steered(model, "hidden", {0: torch.ones(1, 32) if which else torch.ones(32)}, where, which),
    ):
        model(input_ids=tokens)
    assert count_hooks(model) == 0
