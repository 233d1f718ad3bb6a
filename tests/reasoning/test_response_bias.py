"""Whether answers are better than answering blindly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from brainbench.reasoning.response_bias import choose_threshold, find_items, measure_bias
from brainbench.reasoning.score import Threshold

TWO = ("True", "False")


def items(labels: str, said: str, odds: list[float] | None = None) -> list[list[Any]]:
    """``items("TTF", "TF-")``: the last answer is invalid."""
    words = {"T": "True", "F": "False", "U": "Uncertain", "-": None}
    given = odds or [None] * len(labels)
    return [
        [f"p{i}", words[label], words[answer], value]
        for i, (label, answer, value) in enumerate(zip(labels, said, given, strict=True))
    ]


def drawn(n: int, shift: float = 0.0, gain: float = 1.5, seed: int = 0) -> list[list[Any]]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2 == 0)
    odds = gain * labels - gain / 2 + shift + rng.standard_normal(n)
    return [
        [f"p{i}", TWO[int(not label)], TWO[int(value <= 0)], float(value)]
        for i, (label, value) in enumerate(zip(labels, odds, strict=True))
    ]


def test_measures_are_those_of_scikit_learn() -> None:
    own = drawn(200, shift=0.6)
    bias = measure_bias("t", TWO, own)
    true = np.array([label == "True" for _, label, _, _ in own])
    odds = np.array([value for *_, value in own])
    assert bias.accuracy == pytest.approx(np.mean((odds > 0) == true))
    assert bias.balanced_accuracy == pytest.approx(balanced_accuracy_score(true, odds > 0))
    assert bias.auc == pytest.approx(roc_auc_score(true, odds))
    assert bias.answer_shares == {
        "True": pytest.approx(np.mean(odds > 0)),
        "False": np.mean(odds <= 0),
    }
    assert bias.always == {"True": 0.5, "False": 0.5}
    assert bias.accuracy_at_threshold is bias.threshold is None


def test_a_threshold_from_other_problems_takes_the_lean_away() -> None:
    validation, test = drawn(200, 2.0, seed=1), drawn(200, 2.0, seed=2)
    value = choose_threshold(validation, TWO)
    assert value == pytest.approx(2.0, abs=0.7)
    bias = measure_bias("t", TWO, test, 0, Threshold(task="v", value=value, n_items=200))
    assert bias.accuracy_at_threshold is not None
    assert bias.accuracy_at_threshold > bias.accuracy + 0.1
    assert (bias.threshold, bias.threshold_task, bias.n_threshold) == (value, "v", 200)
    # of what is not a pair of choices, or where none was found, nothing is told
    none = measure_bias("t", TWO, test, 0, Threshold(task="v", value=None, n_items=3))
    assert none.threshold_task is none.n_threshold is none.accuracy_at_threshold is None


class TestReadings:
    def read(self, own: list[list[Any]], choices: tuple[str, ...] = TWO, cut_off: int = 0) -> str:
        return measure_bias("t", choices, own, cut_off).reading

    def test_a_constant_answer(self) -> None:
        text = self.read(items("TTTF" * 10, "TTTT" * 10, [1.0] * 40))
        assert text.startswith(
            "always says True: its accuracy is the share of such problems (0.750)"
        )
        nearly = self.read(items("TF" * 100, "T" * 199 + "F"))
        assert nearly == "always says True: its accuracy is the share of such problems (0.505)"
        often = self.read(items("TF" * 100, "T" * 198 + "FF"))
        assert "leans towards True: says it in 99%" in often
        assert "do not separate the answers (AUC 0.500)" in text

    def test_what_does_no_better_than_a_constant_one(self) -> None:
        text = self.read(items("TTTF" * 10, "TFTT" * 10))
        assert text == "no better than always saying True (0.500 against 0.750)"

    def test_what_is_better_by_chance(self) -> None:
        text = self.read(items("TF" * 10, "TF" * 6 + "FT" * 4))
        assert text == "not clearly better than always saying True (0.600 against 0.500)"

    def test_what_is_better(self) -> None:
        text = self.read(items("TF" * 50, "TF" * 45 + "FT" * 5))
        assert text == "better than always saying True (0.900 against 0.500)"

    @pytest.mark.parametrize("labels", ["TTTF", "TF", "TTFF", "TTFTF"])
    def test_a_few_items_are_no_verdict(self, labels: str) -> None:
        # all right, so that the standard error is 0
        odds = [1.0 if label == "T" else -1.0 for label in labels]
        text = self.read(items(labels, labels, odds))
        assert text.startswith("not clearly better than always saying True (1.000 against")
        assert "do not separate the answers (AUC 1.000)" in text
        wrong = self.read(items(labels, labels, [-odd for odd in odds]))
        assert "do not separate the answers (AUC 0.000)" in wrong

    def test_orders_of_a_few_problems_are_none_either(self) -> None:
        own = items("TTTF" * 6, "TTTF" * 6, [1.0, 1.0, 1.0, -1.0] * 6)
        together = [[f"p{i % 4}", *item[1:]] for i, item in enumerate(own)]
        assert self.read(own).startswith("better than")
        assert self.read(together).startswith("not clearly better than")

    def test_a_lean(self) -> None:
        text = self.read(items("TF" * 10, "TT" * 8 + "TF" * 2))
        assert "leans towards True: says it in 90%, right in 50%" in text

    def test_log_odds_that_know_more_than_the_answers_or_less(self) -> None:
        assert "its log-odds separate the answers" in self.read(drawn(200, 5.0))
        assert "point the wrong way" in self.read(drawn(200, 0.0, -1.5))

    def test_what_is_invalid_and_cut_off(self) -> None:
        text = self.read(items("TF" * 4, "--" * 4), cut_off=3)
        assert "no answer is valid" in text
        assert text.endswith("8 of 8 answers are invalid; 3 were cut off")


def test_three_choices_have_what_is_defined_for_them() -> None:
    three = ("True", "False", "Uncertain")
    bias = measure_bias("folio", three, items("TTFFUU", "TTFUUU"))
    assert bias.accuracy == pytest.approx(5 / 6)
    assert bias.balanced_accuracy == pytest.approx((1 + 0.5 + 1) / 3)
    assert bias.dprime is bias.auc is bias.threshold is None
    assert bias.always == dict.fromkeys(three, pytest.approx(1 / 3))


def test_one_label_alone_has_no_balance() -> None:
    bias = measure_bias("t", TWO, items("TTT", "TFT", [1.0, -1.0, 2.0]))
    assert bias.balanced_accuracy is bias.auc is bias.dprime is None
    assert bias.best_constant == ("True", 1.0)


def test_orders_of_one_problem_are_one_cluster() -> None:
    own = items("TF" * 20, "TF" * 15 + "FT" * 5)
    apart = measure_bias("t", TWO, own)
    together = measure_bias("t", TWO, [[f"p{i // 8}", *item[1:]] for i, item in enumerate(own)])
    assert (apart.n_clusters, together.n_clusters) == (40, 5)
    assert together.accuracy_stderr > 1.5 * apart.accuracy_stderr  # type: ignore[operator]


class Task:
    """What is asked of an lm-eval task."""

    OUTPUT_TYPE = "multiple_choice"

    def __init__(self, choices: Any) -> None:
        self.choices = choices

    def doc_to_choice(self, doc: dict[str, Any]) -> Any:
        return self.choices(doc) if callable(self.choices) else self.choices


def compared(target: Any, *values: float, **doc: Any) -> dict[str, Any]:
    return {"doc": doc, "doc_id": 4, "target": target, "filter": "none",
            "filtered_resps": [[value, False] for value in values]}  # fmt: skip


class TestTasksOfOthers:
    def test_two_choices_are_compared(self) -> None:
        samples = [compared(0, -1.0, -3.0), compared("yes", -2.0, -1.5, base_id="b")]
        found = find_items(Task(["no", "yes"]), samples)
        assert found == (("no", "yes"), [[4, "no", "no", 2.0], ["b", "yes", "yes", -0.5]])
        bias = measure_bias("theirs", *found)
        assert bias.accuracy == 1
        assert bias.auc == 1

    @pytest.mark.parametrize(
        ("choices", "samples"),
        [
            (lambda doc: doc["own"], [compared(0, 1, 2, own=["a", "b"]),
                                      compared(0, 1, 2, own=["c", "d"])]),
            (["a", "b"], [compared([0, 1], 1, 2)]),
            (["a", "b"], [compared(5, 1, 2)]),
            (["a", "b", "c"], [compared(0, 1, 2)]),
            (lambda doc: doc["gone"], [compared(0, 1, 2)]),
            (["a", "b"], []),
        ],
    )  # fmt: skip
    def test_what_differs_from_item_to_item_has_no_blind_answer(
        self, choices: Any, samples: list[Any]
    ) -> None:
        assert find_items(Task(choices), samples) is None

    def test_what_is_generated_without_choices_has_none(self) -> None:
        task = Task(["a", "b"])
        task.OUTPUT_TYPE = "generate_until"
        assert find_items(task, [compared(0, 1, 2)]) is None
