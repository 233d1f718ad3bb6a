"""Vocabularies: words that can be read back, parts that share none."""

from __future__ import annotations

from dataclasses import fields

import pytest

from brainbench.errors import DataError, UsageError
from brainbench.problems import NOUNS, VOCABULARY, Vocabulary, make_set, split_vocabulary

KINDS = [field.name for field in fields(Vocabulary)]


def test_the_default_holds_the_pseudowords() -> None:
    assert VOCABULARY.nouns == NOUNS
    assert len(NOUNS) == len(set(NOUNS)) == 240


class TestSplit:
    @pytest.mark.parametrize("shares", [(1,), (1, 1), (8, 1, 1), (0.5, 0.3, 0.2)])
    def test_parts_are_disjoint_and_leave_nothing_out(self, shares: tuple[float, ...]) -> None:
        parts = split_vocabulary(VOCABULARY, shares, seed=1)
        assert len(parts) == len(shares)
        for kind in KINDS:
            words = [word for part in parts for word in getattr(part, kind)]
            assert sorted(words) == sorted(getattr(VOCABULARY, kind))
            for part, share in zip(parts, shares, strict=True):
                exact = share / sum(shares) * len(words)
                assert abs(len(getattr(part, kind)) - exact) <= 1

    def test_a_seed_repeats(self) -> None:
        first, again, other = (split_vocabulary(VOCABULARY, (1, 1), seed) for seed in (1, 1, 2))
        assert first == again != other

    @pytest.mark.parametrize("shares", [(), (1, 0), (1, -1), (float("nan"),), (float("inf"), 1)])
    def test_shares_must_be_positive(self, shares: tuple[float, ...]) -> None:
        with pytest.raises(UsageError, match="positive"):
            split_vocabulary(VOCABULARY, shares)


class TestWords:
    @pytest.mark.parametrize(
        ("kind", "word"),
        [
            ("nouns", "two words"),
            ("nouns", ""),
            ("adjectives", "half-red"),
            ("names", "O'Neil"),
            ("comparatives", "tall"),
            ("comparatives", "more than one"),
            ("nouns", "thing"),
            ("adjectives", "all"),
            ("names", "If"),
            ("comparatives", "either"),
            ("comparatives", "more not"),
        ],
    )
    def test_what_could_not_be_read_back_is_refused(self, kind: str, word: str) -> None:
        words = {name: (word,) if name == kind else () for name in KINDS}
        with pytest.raises(DataError, match=f"{word!r} cannot serve among the {kind}"):
            Vocabulary(**words)

    def test_no_word_stands_twice_in_any_spelling(self) -> None:
        with pytest.raises(DataError, match=r"twice in the vocabulary: red$"):
            Vocabulary(("Red",), ("red",), ("Ann",), ("more careful",))

    def test_a_class_that_begins_with_a_vowel_takes_an(self) -> None:
        words = Vocabulary(("arb",), ("red", "tall", "wide"), ("Ann", "Bob"), ("taller",))
        text = " ".join(s for p in make_set("syllogistic", 3, 2, 0, words) for s in p.sentences)
        assert " an arb" in text
        assert " a arb" not in text
