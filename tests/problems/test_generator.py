"""The generator: what is asked for is what is written."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from brainbench.errors import DataError, UsageError
from brainbench.problems import (
    CONDITIONS,
    MAX_PREMISES,
    REASONING_TYPES,
    SCANNER_RUN,
    VOCABULARY,
    Condition,
    Problem,
    Vocabulary,
    classify,
    conditions,
    make_problem,
    make_run,
    make_set,
    order_variants,
    split_vocabulary,
)
from brainbench.problems.forms import COUNTERPARTS


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
class TestEveryCondition:
    def test_the_text_has_it(self, reasoning_type: Any, condition: Condition) -> None:
        rng = np.random.default_rng(0)
        for number in range(25):
            problem = make_problem(f"x-{number}", reasoning_type, condition, rng)
            assert problem.identifier == f"x-{number}"
            assert problem.condition == condition
            assert problem.reasoning_type == reasoning_type
            assert len(problem.premises) == 3
            assert classify(problem.premises, problem.conclusion) == (reasoning_type, condition)
            assert (" not " in problem.conclusion) == condition.negated

    def test_the_order_of_premises_changes_nothing(
        self, reasoning_type: Any, condition: Condition
    ) -> None:
        problem = make_problem("x", reasoning_type, condition, np.random.default_rng(1))
        for premises in itertools.permutations(problem.premises):
            assert classify(premises, problem.conclusion) == (reasoning_type, condition)

    def test_a_seed_repeats(self, reasoning_type: Any, condition: Condition) -> None:
        first, again, other = (
            make_problem("x", reasoning_type, condition, np.random.default_rng(seed))
            for seed in (5, 5, 6)
        )
        assert first == again
        assert first.sentences != other.sentences

    def test_texts_vary(self, reasoning_type: Any, condition: Condition) -> None:
        rng = np.random.default_rng(2)
        texts = {make_problem("x", reasoning_type, condition, rng).sentences for _ in range(100)}
        assert len(texts) >= 98


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
class TestRun:
    def test_it_holds_the_counts_of_the_scanner(self, reasoning_type: Any) -> None:
        run = make_run("run-01", reasoning_type, np.random.default_rng(0))
        assert Counter(problem.condition.name for problem in run) == Counter(SCANNER_RUN)
        assert {problem.reasoning_type for problem in run} == {reasoning_type}

    def test_it_holds_the_counts_asked_for(self, reasoning_type: Any) -> None:
        counts = {"2_true_affirm": 3, "3_false_negate": 2, "2_false_affirm": 0}
        run = make_run("x", reasoning_type, np.random.default_rng(0), counts)
        assert Counter(problem.condition.name for problem in run) == {
            "2_true_affirm": 3,
            "3_false_negate": 2,
        }

    def test_identifiers_are_the_positions(self, reasoning_type: Any) -> None:
        run = make_run("run-01", reasoning_type, np.random.default_rng(0))
        assert [problem.identifier for problem in run] == [f"run-01-{i:02d}" for i in range(18)]

    def test_no_problem_comes_twice(self, reasoning_type: Any) -> None:
        for seed in range(5):
            run = make_run("x", reasoning_type, np.random.default_rng(seed))
            assert len({problem.sentences for problem in run}) == len(run)
            assert len({problem.identifier for problem in run}) == len(run)

    def test_the_order_is_random_and_a_seed_repeats_it(self, reasoning_type: Any) -> None:
        runs = [make_run("x", reasoning_type, np.random.default_rng(seed)) for seed in (1, 1, 2)]
        assert runs[0] == runs[1]
        orders = [[problem.condition.name for problem in run] for run in runs]
        assert orders[0] != orders[2]
        assert orders[0] != sorted(orders[0])

    def test_an_unknown_condition_is_refused(self, reasoning_type: Any) -> None:
        with pytest.raises(DataError, match="2_true_maybe"):
            make_run("x", reasoning_type, np.random.default_rng(0), {"2_true_maybe": 1})


def test_the_scanner_run_has_18_problems_half_valid_and_affirmative() -> None:
    assert sum(SCANNER_RUN.values()) == 18
    assert set(SCANNER_RUN) == {condition.name for condition in CONDITIONS}
    assert SCANNER_RUN["2_true_affirm"] + SCANNER_RUN["3_true_affirm"] == 9


def test_a_pseudoword_is_never_one_of_the_adjectives() -> None:
    # this seed draws the noun "flat" and the adjective "flat"
    for condition in CONDITIONS:
        problem = make_problem("x", "syllogistic", condition, np.random.default_rng(27850))
        first, second = (premise.split() for premise in problem.premises[:2])
        assert first[1].removesuffix("s") not in {first[-1], second[-1]}


class TestNumberOfPremises:
    @pytest.mark.parametrize("premises", range(2, MAX_PREMISES + 1))
    @pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
    def test_every_condition_is_met(self, reasoning_type: Any, premises: int) -> None:
        rng = np.random.default_rng(premises)
        assert len(conditions(premises)) == 4 * (premises - 1)
        for condition in conditions(premises):
            problem = make_problem("x", reasoning_type, condition, rng, premises=premises)
            assert len(problem.premises) == premises
            assert problem.condition == condition

    @pytest.mark.parametrize("premises", [-1, 0, 1, MAX_PREMISES + 1])
    @pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
    def test_other_numbers_are_refused(self, reasoning_type: Any, premises: int) -> None:
        with pytest.raises(UsageError, match=f"2 to {MAX_PREMISES}"):
            make_set(reasoning_type, premises)

    @pytest.mark.parametrize(("premises", "needed"), [(3, 4), (3, 1), (2, 3), (8, 9), (3, 0)])
    @pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
    def test_an_impossible_condition_is_refused(
        self, reasoning_type: Any, premises: int, needed: int
    ) -> None:
        condition = Condition(needed, True, False)
        with pytest.raises(UsageError, match=f"{premises} premises needs {needed}"):
            make_problem(
                "x", reasoning_type, condition, np.random.default_rng(0), premises=premises
            )


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("premises", [2, 3, 5])
@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
class TestSet:
    def test_conditions_and_forms_are_balanced(
        self, reasoning_type: Any, premises: int, shuffled: bool
    ) -> None:
        problems = make_set(reasoning_type, premises, 8, 1, shuffled=shuffled)
        assert Counter(p.condition for p in problems) == dict.fromkeys(conditions(premises), 8)
        assert {p.reasoning_type for p in problems} == {reasoning_type}
        if reasoning_type == "propositional":
            cells = Counter((p.condition, p.form) for p in problems)
            assert set(cells.values()) == {2}
            forms = {form: i for pair in COUNTERPARTS for i, form in enumerate(pair)}
            assert all((forms[p.form] == 0) == p.condition.valid for p in problems if p.form)
            assert {p.form for p in problems} == set(forms)

    def test_no_problem_comes_twice_and_a_seed_repeats(
        self, reasoning_type: Any, premises: int, shuffled: bool
    ) -> None:
        first, again, other = (
            make_set(reasoning_type, premises, 6, seed, shuffled=shuffled) for seed in (1, 1, 2)
        )
        assert first == again
        texts = [{_text(problem) for problem in problems} for problems in (first, other)]
        assert len(texts[0]) == len(first) == len({p.identifier for p in first})
        assert not texts[0] & texts[1]
        assert not {p.identifier for p in first} & {p.identifier for p in other}

    def test_every_label_is_the_texts(
        self, reasoning_type: Any, premises: int, shuffled: bool
    ) -> None:
        for problem in make_set(reasoning_type, premises, 5, 3, shuffled=shuffled):
            label = classify(problem.premises, problem.conclusion)
            assert label == (reasoning_type, problem.condition)

    def test_only_words_of_the_vocabulary_are_used(
        self, reasoning_type: Any, premises: int, shuffled: bool
    ) -> None:
        parts = split_vocabulary(VOCABULARY, (1, 1, 1), seed=5)
        texts = [
            make_set(reasoning_type, premises, 3, 0, part, shuffled=shuffled) for part in parts
        ]
        function = {"all", "things", "are", "is", "not", "a", "an", "than"}
        function |= {"if", "then", "or", "both"}
        words = [
            {word for p in problems for s in p.sentences for word in s.lower().split()} - function
            for problems in texts
        ]
        assert not words[0] & words[1]
        assert not words[0] & words[2]
        assert not words[1] & words[2]


def _text(problem: Problem) -> frozenset[str]:
    return frozenset((*problem.premises, f"{problem.conclusion}?"))


@pytest.mark.parametrize("premises", [2, 4, 6])
@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
def test_every_premise_is_needed_where_asked(reasoning_type: Any, premises: int) -> None:
    problems = make_set(reasoning_type, premises, 4, 2, all_needed=True)
    cells = Counter((p.condition.valid, p.condition.negated) for p in problems)
    assert set(cells.values()) == {4}
    assert len(cells) == 4
    for problem in problems:
        assert problem.condition.premises_needed == premises
        label = classify(problem.premises, problem.conclusion)
        assert label == (reasoning_type, problem.condition)


def test_a_run_in_other_words() -> None:
    nouns = tuple(f"{onset}ov" for onset in "bcdfghjklmnpqrtvwx")
    words = Vocabulary((), ("red", "tall", "wet"), ("Ann", "Bob", "Gus", "Dot"), ("taller",))
    for reasoning_type in ("syllogistic", "transitive"):
        run = make_run("x", reasoning_type, np.random.default_rng(0), nouns=nouns, vocabulary=words)
        text = {word for problem in run for s in problem.sentences for word in s.lower().split()}
        assert not text & {word.lower() for word in (*VOCABULARY.names, *VOCABULARY.adjectives)}
        assert Counter(problem.condition.name for problem in run) == Counter(SCANNER_RUN)


def test_problems_in_order_of_the_chain_have_their_fact_last() -> None:
    for problem in make_set("syllogistic", 4, 5, shuffled=False):
        assert [premise.startswith("All ") for premise in problem.premises] == [True] * 3 + [False]
    chains = make_set("transitive", 4, 5, shuffled=False)
    for problem in chains:
        seconds = [premise.split()[-1] for premise in problem.premises]
        assert seconds[:-1] == [premise.split()[0] for premise in problem.premises[1:]]
    assert any(
        problem.premises != plain.premises
        for problem, plain in zip(make_set("transitive", 4, 5), chains, strict=True)
    )


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
class TestSurface:
    """A balanced set gives no label away to who does not reason."""

    # of 400 problems chance is right in 200 ± 10; some hundred cues are tried
    LIMIT = 0.5 + 4 * 0.5 / np.sqrt(400)

    def _cues(self, problem: Problem) -> dict[str, bool]:
        premises = [premise.lower().split() for premise in problem.premises]
        conclusion = problem.conclusion.lower().split()
        cues = {f"{word} in the conclusion": True for word in conclusion}
        for place, words in enumerate(premises):
            cues |= {f"{word} in premise {place}": True for word in words}
            cues |= {f"{word} in a premise": True for word in words}
            cues[f"premise {place} speaks of the conclusion's first"] = conclusion[0] in words
            cues[f"premise {place} speaks of the conclusion's last"] = conclusion[-1] in words
        negations = sum(words.count("not") for words in premises)
        cues |= {f"more than {i} negations": negations > i for i in range(5)}
        letters = sum(map(len, problem.sentences))
        cues |= {f"more than {i} letters": letters > i for i in range(40, 140, 5)}
        # article and negation together do tell a syllogism's form, see make_set
        length = len(problem.conclusion.replace(" a ", " "))
        return cues | {
            f"a conclusion of more than {i} letters": length > i for i in range(8, 50, 3)
        }

    def test_no_single_cue_predicts_validity(self, reasoning_type: Any) -> None:
        problems = make_set(reasoning_type, premises=3, per_condition=50, seed=7)
        valid = np.array([problem.condition.valid for problem in problems])
        cues = [self._cues(problem) for problem in problems]
        assert len(problems) == 400
        for name in sorted(set().union(*cues)):
            right = (np.array([cue.get(name, False) for cue in cues]) == valid).mean()
            assert max(right, 1 - right) < self.LIMIT, (name, right)

    def test_negation_and_premises_needed_are_independent_of_validity(
        self, reasoning_type: Any
    ) -> None:
        problems = make_set(reasoning_type, premises=4, per_condition=3, seed=8)
        for attribute in ("negated", "premises_needed"):
            counts = [
                Counter(getattr(p.condition, attribute) for p in problems if p.condition.valid is v)
                for v in (True, False)
            ]
            assert counts[0] == counts[1]


class TestOrderVariants:
    PROBLEM = make_problem("x", "propositional", CONDITIONS[0], np.random.default_rng(0))

    def test_every_order_comes_once_the_given_first(self) -> None:
        variants = order_variants(self.PROBLEM)
        assert len({v.premises for v in variants}) == len({v.identifier for v in variants}) == 6
        assert variants[0].premises == self.PROBLEM.premises
        assert variants[0].identifier == "x-order-012"
        for variant in variants:
            assert variant.base_id == "x"
            assert variant.form == self.PROBLEM.form
            assert sorted(variant.premises) == sorted(self.PROBLEM.premises)
            label = classify(variant.premises, variant.conclusion)
            assert label == (variant.reasoning_type, variant.condition)

    def test_a_limit_draws_some(self) -> None:
        long = make_set("transitive", 8, 1)[0]
        some, again, other = (order_variants(long, 10, seed) for seed in (1, 1, 2))
        assert some == again != other
        assert len({variant.premises for variant in some}) == 10
        assert some[0].premises == long.premises
        assert len(order_variants(self.PROBLEM, 100)) == 6
        assert len(order_variants(self.PROBLEM, 1)) == 1

    def test_a_variant_of_a_variant_knows_the_first(self) -> None:
        variant = order_variants(self.PROBLEM)[3]
        assert {again.base_id for again in order_variants(variant)} == {"x"}


class TestTooFewWords:
    SMALL = Vocabulary(("blick",), ("red", "tall"), ("Ann", "Bob", "Cid"), ("taller",))

    @pytest.mark.parametrize(
        ("reasoning_type", "premises", "kind"),
        [
            ("syllogistic", 4, "3 different adjectives"),
            ("transitive", 3, "4 different names"),
            ("propositional", 3, "adjectives"),
        ],
    )
    def test_it_is_said_what_is_missing(
        self, reasoning_type: Any, premises: int, kind: str
    ) -> None:
        with pytest.raises(DataError, match=kind):
            make_set(reasoning_type, premises, vocabulary=self.SMALL)

    def test_of_a_kind_that_is_not_there(self) -> None:
        empty = Vocabulary((), ("red", "tall"), ("Ann",), ())
        with pytest.raises(DataError, match="1 different nouns"):
            make_set("syllogistic", 3, vocabulary=empty)

    def test_and_when_different_problems_run_out(self) -> None:
        with pytest.raises(DataError, match="too small for"):
            make_set("transitive", 2, per_condition=7, vocabulary=self.SMALL)

    @pytest.mark.parametrize("per_condition", [0, -1])
    def test_an_empty_set_is_refused(self, per_condition: int) -> None:
        with pytest.raises(UsageError, match="at least 1"):
            make_set("transitive", 3, per_condition)
