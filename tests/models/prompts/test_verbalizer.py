"""The tokens of True and False are found in a vocabulary, and their odds are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from brainbench.errors import DataError
from brainbench.models.prompts.verbalizer import Spellings, find_spellings


def character_tokenizer(letters: str, spaces: bool = True) -> PreTrainedTokenizerFast:
    """One token a letter; without spaces, those are dropped."""
    bare = Tokenizer(models.WordLevel({letter: i for i, letter in enumerate(letters)}, letters[0]))
    split = pre_tokenizers.Split("", "isolated")
    bare.pre_tokenizer = (
        split if spaces else pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), split])
    )
    return PreTrainedTokenizerFast(tokenizer_object=bare)


def test_every_spelling_of_a_byte_level_vocabulary_is_found(tokenizer: Any) -> None:
    found = find_spellings(tokenizer)
    vocabulary = tokenizer.get_vocab()
    assert found.true == tuple(sorted(vocabulary[t] for t in ("True", "ĠTrue", "true")))
    assert found.false == tuple(sorted(vocabulary[t] for t in ("False", "ĠFalse", "Ġfalse")))


def test_words_that_hold_the_answer_are_none() -> None:
    bare = Tokenizer(models.WordLevel({"?": 0, "True": 1, "untrue": 2, "Falsehood": 3, "FALSE": 4}))
    made = PreTrainedTokenizerFast(tokenizer_object=bare, unk_token="?")
    assert find_spellings(made) == Spellings((1,), (4,))


def test_without_a_token_for_the_word_its_first_one_counts() -> None:
    made = character_tokenizer("?TrueFals", spaces=False)
    assert find_spellings(made) == Spellings((1,), (5,))


def test_one_word_may_be_a_token_and_the_other_not() -> None:
    vocabulary = {"?": 0, "True": 1, "F": 2, "a": 3, "l": 4, "s": 5, "e": 6, "T": 7}
    bare = Tokenizer(models.BPE(vocabulary, [], unk_token="?"))
    bare.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = PreTrainedTokenizerFast(tokenizer_object=bare)
    assert find_spellings(made) == Spellings((1,), (2,))


@pytest.mark.parametrize("letters", ["?", "?TrueFals "], ids=["nothing known", "both begin alike"])
def test_a_vocabulary_that_cannot_tell_them_apart_is_refused(letters: str) -> None:
    with pytest.raises(DataError, match="cannot tell True from False in one token"):
        find_spellings(character_tokenizer(letters))


def test_log_odds_are_those_of_the_probabilities() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (20, 50))
    spellings = Spellings((3, 7, 11), (0, 49))
    probabilities = np.exp(log_softmax(logits, axis=1))
    expected = np.log(probabilities[:, [3, 7, 11]].sum(1) / probabilities[:, [0, 49]].sum(1))
    np.testing.assert_allclose(spellings.log_odds(logits), expected, rtol=1e-12, atol=1e-12)


def test_log_odds_of_large_logits_do_not_overflow() -> None:
    logits = np.array([[5000.0, 4999.0, -5000.0], [-5000.0, 1.0, 5000.0]])
    found = Spellings((0, 1), (2,)).log_odds(logits)
    assert found == pytest.approx([5000 + logsumexp([0, -1]) + 5000, 1 - 5000], rel=1e-12)


def test_said_is_one_zero_or_nothing() -> None:
    said = Spellings((3, 7), (0,)).answers(np.array([7, 0, 5, 3, -1]))
    np.testing.assert_array_equal(said, [1, 0, np.nan, 1, np.nan])
