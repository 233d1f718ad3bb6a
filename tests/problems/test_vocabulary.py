"""Vocabularies: words that can be read back, parts that share none."""

from __future__ import annotations

from dataclasses import fields

import pytest

from brainbench.errors import DataError, UsageError
from brainbench.problems import (
    KINDS,
    NOUNS,
    TASK_VOCABULARY,
    VOCABULARY,
    Vocabulary,
    make_set,
    split_kinds,
    split_vocabulary,
)
from brainbench.problems.statements import singular

PARTS = [field.name for field in fields(Vocabulary)]


def test_the_default_holds_the_pseudowords() -> None:
    assert VOCABULARY.nouns == NOUNS
    assert len(NOUNS) == len(set(NOUNS)) == 240


class TestSplit:
    @pytest.mark.parametrize("shares", [(1,), (1, 1), (8, 1, 1), (0.5, 0.3, 0.2)])
    def test_parts_are_disjoint_and_leave_nothing_out(self, shares: tuple[float, ...]) -> None:
        parts = split_vocabulary(VOCABULARY, shares, seed=1)
        assert len(parts) == len(shares)
        for kind in PARTS:
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
        words = {name: (word,) if name == kind else () for name in PARTS}
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

    @pytest.mark.parametrize(
        ("kind", "word"), [("adjectives", "hofs"), ("nouns", "gnu"), ("nouns", "hos")]
    )
    def test_a_class_must_be_told_from_its_plural(self, kind: str, word: str) -> None:
        words = {name: (word,) if name == kind else () for name in PARTS}
        with pytest.raises(DataError, match=f"{word!r} cannot serve among the {kind}: .*plural"):
            Vocabulary(**words)


class TestWordsOfTheTasks:
    """What the built-in model was trained on is not asked in the words it was trained on."""

    WORDS = tuple(word.lower() for kind in PARTS for word in getattr(TASK_VOCABULARY, kind))

    def test_none_is_in_the_other_vocabulary(self) -> None:
        known = {word.lower() for kind in PARTS for word in getattr(VOCABULARY, kind)}
        assert not known & set(self.WORDS)

    def test_no_comparative_is_of_an_adjective(self) -> None:
        adjectives = set(TASK_VOCABULARY.adjectives) | set(VOCABULARY.adjectives)
        for word in TASK_VOCABULARY.comparatives:
            stem = word.removesuffix("er")
            stems = {stem, f"{stem}e", stem[:-1], f"{stem[:-1]}y"}
            assert not stems & adjectives, word

    def test_no_pseudoword_is_one_of_the_words(self) -> None:
        assert len(set(self.WORDS)) == len(self.WORDS)
        assert not set(TASK_VOCABULARY.nouns) & {k for members in KINDS.values() for k in members}


class TestKinds:
    def test_no_word_stands_twice(self) -> None:
        words = [word for name, members in KINDS.items() for word in (name, *members)]
        assert len(set(words)) == len(words)
        assert not set(words) & {w.lower() for kind in PARTS for w in getattr(VOCABULARY, kind)}
        assert not set(words) & set(TestWordsOfTheTasks.WORDS)
        assert all(singular(f"{word}s") == word for word in words)

    @pytest.mark.parametrize("shares", [(1, 1), (3, 2, 6), (1, 0, 1)])
    def test_parts_are_disjoint_and_leave_nothing_out(self, shares: tuple[int, ...]) -> None:
        parts = split_kinds(shares)
        assert sum(map(len, parts)) == len(KINDS)
        assert {name: members for part in parts for name, members in part.items()} == KINDS
        assert [bool(part) for part in parts] == [bool(share) for share in shares]
