"""Thoughts are known by their marks, in a prompt and in what was generated."""

from __future__ import annotations

from typing import Any

import pytest

from brainbench.models.prompts.thoughts import MARKERS, end_of_thoughts, open_thought


@pytest.mark.parametrize(("start", "end"), MARKERS.items())
def test_every_mark_opens_and_closes(start: str, end: str) -> None:
    assert open_thought(f"assistant: {start}\n") == start
    assert open_thought(f"assistant: {start}hm{end}") is None
    assert open_thought(f"{start}hm{end} and {start} again") == start
    assert open_thought("assistant:") is None


@pytest.mark.parametrize("end", MARKERS.values())
def test_the_end_is_found_as_a_token_or_in_pieces(end: str, tokenizer: Any) -> None:
    for behind in (" True", "\nTrue", "> True"):
        thought = tokenizer(f"hm True {end}")["input_ids"]
        generated = tokenizer(f"hm True {end}{behind}")["input_ids"]
        place = end_of_thoughts(generated, tokenizer)
        assert end in tokenizer.decode(generated[:place])
        assert end not in tokenizer.decode(generated[: place - 1])
        assert end_of_thoughts(thought, tokenizer) == len(thought)
        assert end_of_thoughts(thought[:-1], tokenizer) == 0


def test_the_last_end_counts(tokenizer: Any) -> None:
    for end in ("</think>", "</thinking>"):
        generated = tokenizer(f"a{end}b{end}c")["input_ids"]
        assert tokenizer.decode(generated[end_of_thoughts(generated, tokenizer) :]) == "c"


def test_nothing_said_has_no_end(tokenizer: Any) -> None:
    assert end_of_thoughts((), tokenizer) == 0
