"""Hooks that add and catch, and keys that are read and not added to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from brainbench.guidance.evaluation.last_token import Before, Below, added, caught
from brainbench.models import LanguageModel
from brainbench.models.architectures import find_sites
from brainbench.models.forward.kv_cache import empty_cache

Tiny = Callable[..., LanguageModel]
CountHooks = Callable[[LanguageModel], int]
LAYERS = (1, 3)


class TestBefore:
    """Three prompts of 4, 2 and 0 tokens before the last, of a model of two layers."""

    @staticmethod
    def make() -> tuple[Before, list[tuple[Tensor, Tensor]]]:
        torch.manual_seed(0)
        past, pairs = empty_cache(), [tuple(torch.randn(2, 3, 1, 4, 5)) for _ in range(2)]
        for number, (keys, values) in enumerate(pairs):
            past.update(keys, values, number)
        return Before(past, [4, 2, 0]), [(pair[0], pair[1]) for pair in pairs]

    def test_a_pass_sees_what_was_there_and_leaves_it(self) -> None:
        before, pairs = self.make()
        new = torch.randn(2, 3, 1, 2, 5)
        for rows in (torch.tensor([2, 0, 2]), torch.tensor([0, 1, 2])):
            for _ in range(2):
                cache = before.cache(rows)
                assert cache.get_seq_length() == 4
                for number, (keys, values) in enumerate(pairs):
                    found = cache.update(new[0], new[1], number)
                    torch.testing.assert_close(found[0], torch.cat([keys[rows], new[0]], -2))
                    torch.testing.assert_close(found[1], torch.cat([values[rows], new[1]], -2))

    def test_where_a_last_token_may_look(self) -> None:
        before, _ = self.make()
        rows = torch.tensor([1, 2])
        mask = before.mask(rows, 2, torch.float16, "cpu")
        least = torch.finfo(torch.float16).min
        yes, no = 0.0, least
        expected = [
            [[yes, yes, no, no, yes, no], [yes, yes, no, no, no, yes]],
            [[no, no, no, no, yes, no], [no, no, no, no, no, yes]],
        ]
        assert mask[:, 0].tolist() == expected
        assert before.places(rows, 3, "cpu").tolist() == [[2, 2, 2], [0, 0, 0]]

    def test_nothing_before(self) -> None:
        before = Before(empty_cache(), [0, 0])
        cache = before.cache(torch.tensor([1]))
        keys = torch.randn(1, 1, 2, 5)
        assert cache.get_seq_length() == 0
        assert torch.equal(cache.update(keys, keys, 0)[0], keys)
        assert before.mask(torch.tensor([1]), 2, torch.float32, "cpu").shape == (1, 1, 2, 2)


class TestBelow:
    """Blocks that double what they are given."""

    @staticmethod
    def make(in_tuple: bool) -> list[torch.nn.Module]:
        class Double(torch.nn.Module):
            def forward(self, state: Tensor) -> Any:
                return (2 * state, "weights") if in_tuple else 2 * state

        return [Double(), Double()]

    @pytest.mark.parametrize("in_tuple", [False, True])
    def test_hands_on_what_was_given(self, in_tuple: bool) -> None:
        blocks = self.make(in_tuple)
        below = Below(blocks)
        assert not below.known
        state = torch.randn(3, 1, 5)
        with below.listening():
            for _ in range(2):
                blocks[1](state)
        assert below.known
        with below.left_out(torch.tensor([2, 0]), 4):
            found = [block(torch.zeros(2, 4, 5)) for block in blocks]
        assert all(isinstance(each, tuple) == in_tuple for each in found)
        for each in found:
            given = each[0] if in_tuple else each
            torch.testing.assert_close(given, 2 * state[[2, 0]].expand(-1, 4, -1))
        # and then they are as they were
        assert all(not block._forward_hooks for block in blocks)
        assert all("forward" not in block.__dict__ for block in blocks)
        assert torch.equal(blocks[0](state)[0] if in_tuple else blocks[0](state), 2 * state)

    def test_a_forward_of_its_own_comes_back_whatever_happens(self) -> None:
        blocks = self.make(False)

        def own(state: Tensor) -> Tensor:
            return state + 1

        blocks[0].forward = own
        below, state = Below(blocks), torch.zeros(1, 1, 5)
        with below.listening():
            blocks[1](state)

        def fail() -> None:
            with below.left_out(torch.tensor([0]), 1):
                assert blocks[0].forward is not own
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert blocks[0].forward is own
        assert "forward" not in blocks[1].__dict__

    def test_nothing_below(self) -> None:
        below = Below([])
        assert below.known
        with below.left_out(torch.tensor([0]), 1):
            pass


class TestAdded:
    def test_only_within_the_block(self, tiny: Tiny, count_hooks: CountHooks) -> None:
        model = tiny()
        modules = find_sites(model.loader.model).attention
        with added(modules, LAYERS, None):
            assert count_hooks(model) == 0
        with added(modules, LAYERS, torch.zeros(1, 1, 2, 32)):
            assert count_hooks(model) == 2
        assert count_hooks(model) == 0

    def test_hooks_of_others_stay(self, tiny: Tiny, count_hooks: CountHooks) -> None:
        model = tiny()
        heard: list[Tensor] = []
        module = model.loader.model.model.layers[1].self_attn
        module.register_forward_hook(lambda module, given, output: heard.append(output[0]))
        with added([module], [0], torch.ones(1, 1, 1, 32)):
            assert count_hooks(model) == 2
        assert count_hooks(model) == 1

    def test_adds_to_what_modules_give(self) -> None:
        @contextlib.contextmanager
        def giving(output: Any) -> Iterator[torch.nn.Module]:
            class Giving(torch.nn.Module):
                def forward(self) -> Any:
                    return output

            yield Giving()

        state = torch.ones(2, 3, 4)
        moved = torch.randn(2, 3, 2, 4, dtype=torch.float64)
        for output in (state, (state, "weights")):
            with giving(output) as one, added([one, one], [0], moved[:, :, :1]):
                given = one()
            first = given[0] if isinstance(output, tuple) else given
            torch.testing.assert_close(first, state + moved[:, :, 0].float())
            assert not isinstance(output, tuple) or given[1] == "weights"
        assert (state == 1).all()


def test_what_is_caught_was_moved_before(tiny: Tiny, count_hooks: CountHooks) -> None:
    model = tiny()
    network, tokens = model.loader.model, torch.tensor([[5, 6, 7]])
    modules = find_sites(network).attention
    moved = torch.randn(1, 3, 1, 32)
    with torch.no_grad():
        with caught(modules, (3, 1)) as plain:
            network(input_ids=tokens)
        with added(modules, (1,), moved), caught(modules, (1, 3)) as states:
            network(input_ids=tokens)
    assert count_hooks(model) == 0
    assert {layer: state.shape for layer, state in states.items()} == dict.fromkeys(
        (1, 3), (1, 3, 32)
    )
    torch.testing.assert_close(states[1], plain[1] + moved[:, :, 0])
    assert not torch.allclose(states[3], plain[3])
