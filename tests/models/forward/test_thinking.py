"""A model that thinks is read where it thought, and its answer is what it said after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from brainbench.errors import DataError
from brainbench.models.architectures import find_sites
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.forward.reader import NO_TOKEN, Reader, Reading
from brainbench.models.forward.thinking import ThinkingReader
from brainbench.models.prompts.batches import Batch, Tokens
from brainbench.models.prompts.verbalizer import find_spellings

LIMIT = 6
END, PAD = 2, 0
Draw = Callable[..., list[Tokens]]
Tiny = Callable[..., Any]
# where a test does not ask what is said, nothing is
pytestmark = pytest.mark.usefixtures("silent")


@dataclass
class Words:
    """Token ids that matter."""

    true: int
    false: int
    end_of_thought: int


@pytest.fixture
def words(tokenizer: Any) -> Words:
    found = tokenizer.get_vocab()
    return Words(found["ĠTrue"], found["ĠFalse"], found["</think>"])


def whole(prompts: list[Tokens]) -> Batch:
    return Batch((), tuple(prompts), tuple(range(len(prompts))))


def script(model: Any, said: Mapping[Tokens, Tokens]) -> None:
    """Let a model generate what is written; rows are filled up as transformers does it."""

    def generate(
        tokens: torch.Tensor, attention_mask: torch.Tensor, generation_config: Any
    ) -> torch.Tensor:
        assert generation_config.max_new_tokens == LIMIT
        assert tokens.shape == attention_mask.shape
        rows = [
            said[tuple(row[seen.bool()].tolist())]
            for row, seen in zip(tokens, attention_mask, strict=True)
        ]
        # prompts end at the right, where generation goes on
        assert attention_mask[:, -1].all()
        longest = max(map(len, rows))
        filled = [[*row, *[generation_config.pad_token_id] * (longest - len(row))] for row in rows]
        return torch.cat([tokens, torch.tensor(filled, dtype=torch.long)], dim=1)

    model.generate = generate


@pytest.fixture
def open_thinker(tokenizer: Any) -> Callable[..., ThinkingReader]:
    spellings = find_spellings(tokenizer)

    def thinker(model: Any, limit: int = LIMIT) -> ThinkingReader:
        return ThinkingReader(Loaded(model, tokenizer), spellings, limit)

    return thinker


Open = Callable[..., ThinkingReader]


def states_of(model: Any, tokens: Tokens) -> dict[str, np.ndarray]:
    """Site → (tokens, layers, units), by other means than the reader's."""
    heard: dict[str, list[torch.Tensor]] = {"attention": [], "hidden": []}
    sites = find_sites(model)
    handles = [
        module.register_forward_hook(
            lambda m, i, out, site=site: heard[site].append(
                out[0][0] if isinstance(out, tuple) else out[0]
            )
        )
        for site in heard
        for module in getattr(sites, site)
    ]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([tokens])).logits[0]
    for handle in handles:
        handle.remove()
    return {
        **{site: torch.stack(states, 1).numpy() for site, states in heard.items()},
        "logits": logits.double().numpy(),
    }


def assert_near(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


def test_states_are_the_mean_over_what_was_generated(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, words: Words
) -> None:
    model = tiny("llama")
    prompts = draw_prompts((9, 5, 12))
    said = [(50, 51, words.end_of_thought, words.true), (words.false,), (60, 61, 62, 63, 64)]
    script(model, {p: (*s, END) for p, s in zip(prompts, said, strict=True)})
    found = open_thinker(model).read(whole(prompts))
    for row, (prompt, thought) in enumerate(zip(prompts, said, strict=True)):
        states = states_of(model, prompt + thought)
        for site in ("attention", "hidden"):
            expected = states[site][len(prompt) :].mean(0)
            assert_near(found.states[site][row], expected)  # type: ignore[index]


def test_the_answer_is_the_last_after_the_end_of_thought(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, words: Words, tokenizer: Any
) -> None:
    model = tiny("llama")
    stop, think = words.end_of_thought, tokenizer.get_vocab()["<think>"]
    said: list[tuple[Tokens, int | None]] = [
        ((words.false, 50, stop, words.true, END), 3),
        ((words.false, stop, words.true, words.false, END), 3),
        ((words.true, 50, END), 0),  # no thoughts: all of it is the answer
        ((words.true, stop, 50, END), None),  # only in thought
        ((words.true, stop, 50, stop, words.false, END), 4),
        ((words.true, stop, words.false, stop, END), None),  # before a later end
        ((50, 51, END), None),
        ((think, 50, words.true, END), None),  # ended inside a thought
    ]
    prompts = draw_prompts([5 + i for i in range(len(said))])
    script(model, {p: s for p, (s, _) in zip(prompts, said, strict=True)})
    found = open_thinker(model).read(whole(prompts))
    spellings = find_spellings(tokenizer)
    for row, (prompt, (thought, place)) in enumerate(zip(prompts, said, strict=True)):
        assert found.cut_off[row] == 0
        if place is None:
            assert found.tokens[row] == -1
            assert np.isnan(found.log_odds[row])
            continue
        assert found.tokens[row] == thought[place]
        # the odds stand where the answer was about to be said
        logits = states_of(model, prompt + thought[:place])["logits"][-1:]
        assert_near(found.log_odds[row], spellings.log_odds(logits)[0])


def test_an_answer_that_is_cut_off_counts_only_after_its_thoughts(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, words: Words
) -> None:
    model = tiny("llama")
    prompts = draw_prompts((5, 6, 7))
    said = [
        (words.true, 50, 51, 52, 53, words.false),
        (50, words.end_of_thought, words.true, 51, 52, 53),
        (50, words.true, END),
    ]
    script(model, dict(zip(prompts, said, strict=True)))
    found = open_thinker(model).read(whole(prompts))
    np.testing.assert_array_equal(found.cut_off, [1, 1, 0])
    np.testing.assert_array_equal(found.tokens, [-1, words.true, words.true])
    np.testing.assert_array_equal(np.isnan(found.log_odds), [True, False, False])


def test_where_nothing_is_generated_the_last_prompt_token_is_read(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, tokenizer: Any, words: Words
) -> None:
    model = tiny("llama")
    prompts = draw_prompts((9, 5))
    script(model, {prompts[0]: (END,), prompts[1]: (50, words.true, END)})
    found = open_thinker(model).read(whole(prompts))
    reader = Reader(Loaded(model, tokenizer), find_spellings(tokenizer))
    expected = reader.read(whole(prompts[:1]))
    for site, states in found.states.items():
        assert_near(states[0], expected.states[site][0])
    assert (found.tokens[0], found.cut_off[0]) == (-1, 0)
    assert np.isnan(found.log_odds[0])


def test_every_token_that_may_end_an_answer_ends_it(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, words: Words
) -> None:
    model = tiny("llama")
    model.generation_config.eos_token_id = [76, 77]
    model.config.eos_token_id = 78
    # and that of the tokenizer, as fine-tuned models have it
    ends = (76, 77, 78, END)
    prompts = draw_prompts((5, 6, 7, 8))
    script(model, {p: (words.true, e, words.false) for p, e in zip(prompts, ends, strict=True)})
    found = open_thinker(model).read(whole(prompts))
    np.testing.assert_array_equal(found.tokens, [words.true] * 4)
    np.testing.assert_array_equal(found.cut_off, 0)


def assert_same(found: Reading, expected: Reading) -> None:
    for name, array in expected.to_arrays().items():
        if name in ("tokens", "cut_off"):
            np.testing.assert_array_equal(found.to_arrays()[name], array)
        else:
            atol = 2e-5 * np.nanmax(np.abs(array), initial=0)
            np.testing.assert_allclose(found.to_arrays()[name], array, rtol=0, atol=atol)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma3_text", "mistral", "gpt_neox"])
def test_a_batch_gives_the_numbers_of_single_prompts(
    family: str, tiny: Tiny, draw_prompts: Draw, open_thinker: Open
) -> None:
    model = tiny(family)
    prompts = draw_prompts((5, 30, 12, 7), 10)
    shared = Batch(prompts[0][:10], tuple(p[10:] for p in prompts), (0, 1, 2, 3))
    found = open_thinker(model, 8).read(shared)
    alone = [open_thinker(model, 8).read(whole([prompt])) for prompt in prompts]
    assert_same(found, Reading.join(alone))
    # greedy, by other means
    tokens = prompts[1]
    for _ in range(8):
        tokens += (int(states_of(model, tokens)["logits"][-1].argmax()),)
        if tokens[-1] == END:
            tokens = tokens[:-1]
            break
    expected = states_of(model, tokens)["hidden"][len(prompts[1]) :].mean(0)
    assert_near(found.states["hidden"][1], expected)


def test_settings_of_the_model_leave_it_greedy(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open
) -> None:
    model = tiny("llama")
    batch = whole(draw_prompts((5, 9)))
    expected = open_thinker(model).read(batch)
    settings = {
        "do_sample": True, "temperature": 9.0, "top_k": 5, "top_p": 0.5,
        "repetition_penalty": 9.0, "num_beams": 3, "max_length": 20, "min_new_tokens": 5,
    }  # fmt: skip
    for name, value in settings.items():
        setattr(model.generation_config, name, value)
    assert_same(open_thinker(model).read(batch), expected)


def test_nothing_is_dropped_at_random_while_it_thinks(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open
) -> None:
    model = tiny("gpt2", attn_pdrop=0.5, resid_pdrop=0.5, embd_pdrop=0.5)
    batch = whole(draw_prompts((5, 9)))
    expected = open_thinker(model).read(batch)
    assert_same(open_thinker(model.train()).read(batch), expected)
    assert model.training


def test_no_hook_is_left(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, count_hooks: Callable[[Any], int]
) -> None:
    model = tiny("llama")
    batch = whole(draw_prompts((5, 9)))
    open_thinker(model).read(batch)
    assert count_hooks(model) == 0

    def stop(*given: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    model.generate = stop
    with pytest.raises(KeyboardInterrupt):
        open_thinker(model).read(batch)
    assert count_hooks(model) == 0


def test_a_batch_that_does_not_fit_is_halved(
    tiny: Tiny, draw_prompts: Draw, tokenizer: Any, open_thinker: Open, said: list[str]
) -> None:
    model = tiny("llama")
    batch = whole(draw_prompts((5, 9, 7, 6)))
    expected = open_thinker(model).read(batch)
    generate = model.generate

    def limited(tokens: torch.Tensor, **options: Any) -> Any:
        if len(tokens) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return generate(tokens, **options)

    model.generate = limited
    reader = ThinkingReader(Loaded(model, tokenizer), find_spellings(tokenizer), LIMIT)
    assert_same(reader.read(batch), expected)
    assert said == ["out of memory: batches of 2 prompts from here on"]


def test_an_output_that_is_no_number_is_refused(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, words: Words
) -> None:
    model = tiny("llama")
    (prompt,) = draw_prompts((5,))
    script(model, {prompt: (words.true, END)})
    with torch.no_grad():
        model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(DataError, match="NaN or infinite"):
        open_thinker(model).read(whole([prompt]))


def test_no_answer_is_found_in_a_thought_that_the_prompt_opened(
    tiny: Tiny, draw_prompts: Draw, open_thinker: Open, words: Words, tokenizer: Any
) -> None:
    model = tiny("llama")
    think = tokenizer.get_vocab()["<think>"]
    prompts = [(*prompt, think, 50) for prompt in draw_prompts((6, 7))]
    said = [(words.true, 51, END), (words.true, words.end_of_thought, words.false, END)]
    script(model, dict(zip(prompts, said, strict=True)))
    assert open_thinker(model).read(whole(prompts)).tokens.tolist() == [NO_TOKEN, words.false]
