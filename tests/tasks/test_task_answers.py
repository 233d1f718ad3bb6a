"""From a prompt to an answer: the wording, and what is read off what comes back."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from brainbench.models.prompts.chat import PLAIN_CUE
from brainbench.models.prompts.template import builtin_template
from brainbench.problems import make_set, to_row

PROBLEM = make_set("transitive", 3, 1)[0]
DOC = {
    **to_row(PROBLEM, "test"),
    "label": "True",
    "choices": ["True", "False"],
    "wording": "two_way",
    "threshold": None,
}
THREE = {**DOC, "label": "Uncertain", "choices": ["True", "False", "Uncertain"]}
INFINITE = float("-inf")


@pytest.fixture(scope="module")
def asking(helper: Callable[[str], ModuleType]) -> ModuleType:
    return helper("asking")


@pytest.fixture(scope="module")
def answers(helper: Callable[[str], ModuleType]) -> ModuleType:
    return helper("answers")


class TestWording:
    def test_it_is_brainbenchs_own(self, asking: ModuleType) -> None:
        turns = builtin_template().messages(PROBLEM)
        plain = "\n\n".join(turn["content"] for turn in turns) + PLAIN_CUE
        assert asking.question(DOC) == plain

    @pytest.mark.parametrize("wording", ["two_way", "three_way", "closed_world"])
    def test_every_sentence_is_asked_and_ended_once(self, asking: ModuleType, wording: str) -> None:
        doc = {**DOC, "wording": wording, "premises": ["Ann is tall. ", "Bob is red"]}
        for ask in (asking.question, asking.reasoned_question):
            text = ask(doc)
            assert "\n1. Ann is tall.\n2. Bob is red.\nClaim: " in text
            assert f"Claim: {PROBLEM.conclusion}.\n" in text
            assert ".." not in text
            assert "True" in text
            assert "False" in text
            assert ("Uncertain" in text) == (wording == "three_way")

    def test_all_choices_are_named(self, asking: ModuleType) -> None:
        assert "\nTrue, False or Uncertain?\nAnswer:" in asking.question(THREE)
        assert asking.target(THREE) == 2
        assert asking.target(DOC) == 0


class TestChoice:
    @pytest.mark.parametrize(
        ("likelihoods", "said", "odds"),
        [
            ((-1.0, -3.0), "True", 2.0),
            ((-3.0, -1.0), "False", -2.0),
            ((-2.0, -2.0), None, 0.0),
            ((INFINITE, INFINITE), None, None),
            ((float("nan"), -1.0), None, None),
            ((INFINITE, -1.0), "False", None),
        ],
    )
    def test_two(
        self, answers: ModuleType, likelihoods: Any, said: str | None, odds: float | None
    ) -> None:
        measured = answers.choice(DOC, [(value, True) for value in likelihoods])
        assert measured["balanced_acc"] == [DOC["base_id"], "True", said, odds]
        assert measured["acc"] == (said == "True")
        assert measured["invalid"] == (said is None)
        assert measured["not_said"] == measured["truncated"] == 0

    def test_three(self, answers: ModuleType) -> None:
        measured = answers.choice(THREE, [(-3.0, False), (-2.0, False), (-1.0, False)])
        assert measured["acc"] == 1
        assert measured["not_said"] == 1
        assert "auc" not in measured
        assert "dprime" not in measured
        assert measured["bias_uncertain"][2] == "Uncertain"

    def test_a_threshold_is_kept_to_where_one_is_given(self, answers: ModuleType) -> None:
        results = [(-1.0, True), (-2.0, False)]
        assert "acc_at_validation_threshold" not in answers.choice(DOC, results)
        measured = answers.choice({**DOC, "threshold": 0.3}, results)
        assert measured["acc_at_validation_threshold"][3:] == [1.0, 0.3]
        assert answers.validation_choice(DOC, results)["threshold"][3] == 1.0


class TestDirect:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("True", "True"), (" True", "True"), ("false", "False"), ("**False**.", "False"),
            ('"True"', "True"), ("True.\nBecause", "True"), ("<think>no\n</think>\n\nTrue", "True"),
            ("\nTrue", "True"), ("", None), ("True or False", None), ("The claim is True", None),
            ("Truely", None), ("Yes", None), ("True, since", None), ("Untrue", None),
            ("<think>True", None), ("Uncertain", None),
        ],
    )  # fmt: skip
    def test_the_first_line_is_one_word(
        self, answers: ModuleType, text: str, said: str | None
    ) -> None:
        measured = answers.direct(DOC, [text])
        assert measured["bias_true"][2] == said
        assert measured["invalid"] == (said is None)

    def test_three(self, answers: ModuleType) -> None:
        assert answers.direct(THREE, ["Uncertain"])["acc"] == 1


class TestReasoned:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("So it does.\nAnswer: True", "True"),
            ("So it does.\n**Answer:** False.", "False"),
            ("Answer: True\nno, wait\nAnswer: False\n", "False"),
            ("<think>Answer: False</think>\nAnswer: True", "True"),
            ("answer : true", "True"),
            ("The answer is True", None), ("Answer: True or False", None), ("Answer:", None),
            ("So the answer: True", None), ("True", None), ("", None), ("Answer: Maybe", None),
        ],
    )  # fmt: skip
    def test_the_last_line_that_answers(
        self, answers: ModuleType, text: str, said: str | None
    ) -> None:
        assert answers.reasoned(DOC, [text])["bias_true"][2] == said


class TestTruncated:
    @pytest.mark.parametrize(
        ("text", "truncated"),
        [
            ("Ann is taller than Bob, and Bob is", True),
            ("<think>Ann is taller. ", True),
            ("Ann is taller than Bob, so it follows.", False),
            ("Yes", False),
            ("", False),
            ("Ann is taller than Bob, and Bob is\nAnswer: True", False),
        ],
    )
    def test_a_text_that_breaks_off(self, answers: ModuleType, text: str, truncated: bool) -> None:
        assert answers.reasoned(DOC, [text])["truncated"] == truncated

    @pytest.mark.parametrize("known", [True, False])
    def test_a_backend_that_knows_is_believed(self, answers: ModuleType, known: bool) -> None:
        class Told(str):
            truncated = known

        for text in ("Ann is taller than Bob, and Bob is", "It follows from all of this."):
            assert answers.reasoned(DOC, [Told(text)])["truncated"] == known
