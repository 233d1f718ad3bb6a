"""The words problems are written with, and disjoint parts of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from brainbench.errors import DataError, UsageError
from brainbench.problems.statements import RESERVED, singular

_WORD = re.compile(r"[A-Za-z]+")
_COMPARATIVE = re.compile(r"[A-Za-z]+er|more [A-Za-z]+")

# Endings that no English word with these onsets has: pseudowords, as in the scanner, that
# are not words, no adjectives of below, and nothing one would not want to read.
_ONSETS = (
    "bl", "d", "dr", "fl", "gl", "gr", "j", "kl", "kr", "n", "pl", "pr", "sm", "sn", "tr", "z",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u")
_CODAS = ("lb", "lv", "lm")
NOUNS = tuple(on + vowel + coda for on in _ONSETS for vowel in _VOWELS for coda in _CODAS)
_ADJECTIVES = (
    "bright", "calm", "clean", "cold", "damp", "dark", "deep", "dry",
    "flat", "heavy", "loud", "mild", "quiet", "rough", "round", "sharp",
    "smooth", "soft", "sour", "sweet", "thick", "thin", "warm", "wide",
)  # fmt: skip
_NAMES = (
    "Ada", "Bo", "Cid", "Dag", "Eli", "Finn", "Greta", "Hugo", "Ida", "Juno",
    "Kaya", "Lars", "Mia", "Nils", "Odo", "Pia", "Quin", "Runa", "Silas", "Tove",
    "Ugo", "Vera", "Wim", "Xenia", "Yara", "Zeno",
)  # fmt: skip
_COMPARATIVES = (
    "braver", "calmer", "kinder", "louder", "milder", "neater", "prouder", "quicker",
    "richer", "stronger", "warmer", "wiser",
)  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Words to write problems with.

    Attributes
    ----------
    nouns : classes, without the plural's *s*; pseudowords, so that nothing is known of them.
    adjectives : properties.
    names : individuals.
    comparatives : orders, such as ``taller`` or ``more careful``.

    Raises
    ------
    DataError
        When a word could not be read back out of a sentence, or stands twice.
    """

    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    names: tuple[str, ...]
    comparatives: tuple[str, ...]

    def __post_init__(self) -> None:
        for field in fields(self):
            allowed = _COMPARATIVE if field.name == "comparatives" else _WORD
            for word in getattr(self, field.name):
                if not allowed.fullmatch(word) or word.lower().split()[-1] in RESERVED:
                    raise DataError(f"{word!r} cannot serve among the {field.name}")
                # "All trabs are hofs" says of each that it is a hof
                if field.name == "adjectives" and singular(word) != word:
                    raise DataError(f"{word!r} cannot serve among the adjectives: a plural")
                if field.name == "nouns" and singular(f"{word}s") != word:
                    raise DataError(
                        f"{word!r} cannot serve among the nouns: its plural's s is lost"
                    )
        words = Counter(
            word.lower() for field in fields(self) for word in getattr(self, field.name)
        )
        if twice := sorted(word for word, count in words.items() if count > 1):
            raise DataError(f"words that stand twice in the vocabulary: {', '.join(twice)}")

    def require(self, **counts: int) -> None:
        """Check that there are enough words of each kind.

        Raises
        ------
        DataError
            With the kind, how many are needed and how many there are.
        """
        for kind, count in counts.items():
            if len(getattr(self, kind)) < count:
                raise DataError(
                    f"such a problem needs {count} different {kind}; "
                    f"the vocabulary has {len(getattr(self, kind))}"
                )


VOCABULARY = Vocabulary(NOUNS, _ADJECTIVES, _NAMES, _COMPARATIVES)


def split_vocabulary(
    vocabulary: Vocabulary, shares: Sequence[float], seed: int = 0
) -> tuple[Vocabulary, ...]:
    """Deal the words out into parts that have none in common.

    Parameters
    ----------
    shares : relative sizes of the parts, the same for every kind of word, e.g. (8, 1, 1).
    seed : which words go where.

    Raises
    ------
    UsageError
        When there are no shares or one is not positive.
    """
    sizes = np.asarray(shares, float)
    if not sizes.size or not np.all(np.isfinite(sizes) & (sizes > 0)):
        raise UsageError(f"shares of a vocabulary must be positive numbers, not {list(shares)}")
    rng = np.random.default_rng(seed)
    dealt = {
        field.name: _deal(getattr(vocabulary, field.name), sizes, rng)
        for field in fields(Vocabulary)
    }
    return tuple(
        Vocabulary(**{kind: parts[i] for kind, parts in dealt.items()}) for i in range(sizes.size)
    )


def _deal(
    words: Sequence[str], sizes: np.ndarray, rng: np.random.Generator
) -> list[tuple[str, ...]]:
    shuffled = [words[i] for i in rng.permutation(len(words))]
    ends = np.rint(np.cumsum(sizes) / sizes.sum() * len(words)).astype(int)
    return [tuple(shuffled[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
