"""Problems made to order, each label proven from the finished text."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from brainbench.errors import DataError
from brainbench.problems.logic import classify
from brainbench.problems.problem import Condition, Problem, ReasoningType

# Endings that no English word with these onsets has: pseudowords, as in the scanner, that
# are no words, no adjectives of below, and nothing one would not want to read.
_ONSETS = (
    "bl",
    "d",
    "dr",
    "fl",
    "gl",
    "gr",
    "j",
    "kl",
    "kr",
    "n",
    "pl",
    "pr",
    "sm",
    "sn",
    "tr",
    "z",
)
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

CONDITIONS: tuple[Condition, ...] = tuple(
    Condition(needed, valid, negated)
    for needed in (2, 3)
    for valid in (True, False)
    for negated in (False, True)
)
# Conditions of one scanner run of ds003076 (Syllogisms 02; the other runs differ by one
# problem here and there): half of the problems are valid and affirmative.
SCANNER_RUN: Mapping[str, int] = {
    "2_true_affirm": 5, "3_true_affirm": 4, "2_false_affirm": 2, "3_false_affirm": 1,
    "2_true_negate": 1, "3_true_negate": 2, "2_false_negate": 1, "3_false_negate": 2,
}  # fmt: skip


def make_problem(
    identifier: str,
    reasoning_type: ReasoningType,
    condition: Condition,
    rng: np.random.Generator,
    noun: str | None = None,
) -> Problem:
    """Write one three-premise problem of a given condition and prove that it has it.

    Parameters
    ----------
    noun : the pseudoword of a syllogism; any by default.
    """
    if reasoning_type == "syllogistic":
        premises, conclusion = _syllogism(condition, noun or str(rng.choice(NOUNS)), rng)
    else:
        premises, conclusion = _order(condition, rng)
    if classify(premises, conclusion) != (reasoning_type, condition):
        raise DataError(f"generator bug: {identifier} is not {reasoning_type} {condition.name}")
    return Problem(identifier, reasoning_type, premises, conclusion, condition)


def make_run(
    prefix: str,
    reasoning_type: ReasoningType,
    rng: np.random.Generator,
    counts: Mapping[str, int] = SCANNER_RUN,
    nouns: Sequence[str] = NOUNS,
) -> list[Problem]:
    """Write one scanner run in random order.

    Parameters
    ----------
    prefix : start of every identifier; the position in the run follows it.
    counts : how many problems of each condition name.
    nouns : pseudowords to choose from; each is used once.

    Raises
    ------
    DataError
        When there are fewer pseudowords than problems.
    """
    names = [name for name, count in counts.items() for _ in range(count)]
    if len(nouns) < len(names):
        raise DataError(f"{len(names)} problems need as many pseudowords; there are {len(nouns)}")
    order = rng.permutation(len(names))
    chosen = rng.choice(nouns, size=len(names), replace=False)
    return [
        make_problem(
            f"{prefix}-{position:02d}",
            reasoning_type,
            Condition.from_name(names[i]),
            rng,
            str(chosen[position]),
        )
        for position, i in enumerate(order)
    ]


def _syllogism(
    condition: Condition, noun: str, rng: np.random.Generator
) -> tuple[tuple[str, str, str], str]:
    middle, last = rng.choice(_ADJECTIVES, size=2, replace=False)
    name = rng.choice(_NAMES)
    end = middle if condition.premises_needed == 2 else last
    # A claim about the class and one about its property; which is premise and which is
    # conclusion, and whether both are denied, makes the four forms.
    forms = {
        (True, False): (f"is a {noun}", f"is {end}"),  # modus ponens
        (True, True): (f"is not {end}", f"is not a {noun}"),  # modus tollens
        (False, False): (f"is {end}", f"is a {noun}"),  # affirming the consequent
        (False, True): (f"is not a {noun}", f"is not {end}"),  # denying the antecedent
    }
    given, claimed = forms[condition.valid, condition.negated]
    premises = (f"All {noun}s are {middle}", f"All {middle} things are {last}", f"{name} {given}")
    return premises, f"{name} {claimed}"


def _order(condition: Condition, rng: np.random.Generator) -> tuple[tuple[str, str, str], str]:
    names = [str(name) for name in rng.choice(_NAMES, size=4, replace=False)]
    comparative = rng.choice(_COMPARATIVES)
    premises = tuple(
        f"{one} is {comparative} than {other}" for one, other in itertools.pairwise(names)
    )
    first, second = names[0], names[condition.premises_needed]
    if condition.valid == condition.negated:
        first, second = second, first
    negation = "not " if condition.negated else ""
    return premises, f"{first} is {negation}{comparative} than {second}"  # type: ignore[return-value]
