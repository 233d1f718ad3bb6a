"""The neutral text: what ships, and texts that do not serve."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from brainbench.errors import DataError
from brainbench.guidance.evaluation.neutral_text import NeutralText, neutral_text
from brainbench.models import LanguageModel

Tiny = Callable[..., LanguageModel]


def test_it_is_sixty_short_passages_without_a_word_of_problems() -> None:
    passages = neutral_text().passages
    assert len(passages) == 60
    assert {len(p.split()) for p in passages} <= set(range(40, 61))
    words = set(re.findall(r"\w+", " ".join(passages).lower()))
    assert not words & {"if", "true", "false", "therefore", "premise", "conclusion", "none"}
    assert len(neutral_text().sha256) == 64


def test_the_hash_is_of_the_text() -> None:
    one, other = (NeutralText.of(text, "mine") for text in ("a b\n\nc d\n", "a b\n\nc e\n"))
    assert one.passages == ("a b", "c d")
    assert one.sha256 != other.sha256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one two\n\n \n\nthree", "mine: passage 2 is empty"),
        ("", "mine: passage 1 is empty"),
        ("one two\n\nthree\n\none  two", "mine: passage 3 stands there twice"),
    ],
)
def test_a_bad_text_is_refused_with_its_passage(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        NeutralText.of(text, "mine")


def test_a_passage_longer_or_shorter_than_the_model_takes_is_named(tiny: Tiny) -> None:
    model: Any = tiny()
    text = NeutralText.of("word\n\none two three four five six seven eight\n\nword word", "mine")
    small = SimpleNamespace(
        loader=model.loader, vocabulary_size=model.vocabulary_size, identifier="small",
        context_length=6,
    )  # fmt: skip
    with pytest.raises(DataError, match=r"passage 2 .* has \d+ tokens; small reads 6 at most"):
        text.tokens(small)
    assert len(text.tokens(model, every=2)) == 2
