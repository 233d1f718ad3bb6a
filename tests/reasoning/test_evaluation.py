"""Tasks asked one by one give what lm-eval gives of all together."""

from __future__ import annotations

from typing import Any

import lm_eval
import numpy as np
import pytest
from lm_eval.tasks import TaskManager
from stand_ins import TASKS, Stand, guessing

from brainbench.errors import DataError
from brainbench.reasoning.evaluation import TaskEvaluator, merge
from brainbench.reasoning.options import TaskOptions
from brainbench.reasoning.plain import plain
from brainbench.reasoning.tasks import load_tasks

QUICK = "brainbench_deductive_quick"
NAMES = [QUICK, "brainbench_scanner", "brainbench_belief_conflict_generate"]


def asker(
    names: list[str], lm: Any = None, limit: int | None = None, **options: Any
) -> TaskEvaluator:
    made = lm or Stand(guessing, lambda doc: doc["label"])
    return TaskEvaluator(made, load_tasks(names), TaskOptions(**options), limit, 0)


def by_lm_eval(names: list[str], metadata: dict[str, Any] | None = None, **given: Any) -> Any:
    manager = TaskManager(include_path=[str(TASKS)], include_defaults=False, metadata=metadata)
    return lm_eval.simple_evaluate(
        model=Stand(guessing, lambda doc: doc["label"]), model_args={}, tasks=names,
        task_manager=manager, fewshot_random_seed=0, **given,
    )  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"num_fewshot": 2, "apply_chat_template": True}])
def test_all_of_it_is_as_asked_together(given: dict[str, Any]) -> None:
    tasks, made = load_tasks(NAMES), asker(NAMES, limit=12, **given)
    asked = {name: made.ask(name) for name in tasks.tasks}
    raw, groups = merge({name: one.raw for name, one in asked.items()}, tasks)
    expected = plain(by_lm_eval(NAMES, limit=12, **given))
    for part in ("results", "groups", "group_subtasks", "versions", "n-shot", "n-samples",
                 "higher_is_better"):  # fmt: skip
        assert raw[part] == expected[part], part
    assert [score.task for score in groups] == [QUICK]
    assert groups[0].metrics["acc,none"] == expected["groups"][QUICK]["acc,none"]
    assert groups[0].n_items == 6 * 12
    assert groups[0].n_docs == 208
    for name, one in asked.items():
        told = {key: v for key, v in expected["results"][name].items() if v != "N/A"}
        assert one.score.metrics == told
        rows = expected["samples"][name]
        assert [row["prompt_hash"] for row in one.rows] == [row["prompt_hash"] for row in rows]
        assert one.score.n_shot == given.get("num_fewshot", 0)


def test_part_of_it_leaves_out_groups_that_are_not_whole() -> None:
    tasks, made = load_tasks([QUICK]), asker([QUICK], limit=4)
    name = "brainbench_quick_belief"
    raw, groups = merge({name: made.ask(name).raw}, tasks)
    assert groups == []
    assert list(raw["results"]) == [name]


def test_bias_is_what_the_tasks_own_metrics_say() -> None:
    name = "brainbench_scanner"
    score = asker([name]).ask(name).score
    bias = score.bias
    assert bias is not None
    assert bias.accuracy == score.metrics["acc,none"]
    assert bias.accuracy_stderr == score.metrics["acc_stderr,none"]
    assert (
        bias.always["True"] == score.metrics["always_true,none"] == pytest.approx(0.667, abs=1e-3)
    )
    assert bias.always["False"] == score.metrics["always_false,none"]
    assert bias.balanced_accuracy == score.metrics["balanced_acc,none"]
    assert (bias.auc, bias.dprime) == (score.metrics["auc,none"], score.metrics["dprime,none"])
    assert bias.answer_shares is not None
    assert bias.answer_shares["True"] == score.metrics["bias_true,none"]


@pytest.mark.parametrize("name", ["brainbench_transitive_3", "brainbench_quick_transitive"])
def test_a_threshold_is_that_of_lm_evals_two_steps(name: str) -> None:
    made = asker([name])
    threshold = made.choose("brainbench_validation_transitive_3")
    # each problem once, where the task shows each once
    assert threshold.n_items == (32 if "quick" in name else 192)
    chosen = by_lm_eval(["brainbench_validation_transitive_3"], limit=threshold.n_items)
    value = chosen["results"]["brainbench_validation_transitive_3"]["threshold,none"]
    assert threshold.value == value
    expected = by_lm_eval([name], {"thresholds": {"transitive_3": value}})["results"][name]
    score = made.ask(name, threshold).score
    key = "acc_at_validation_threshold,none"
    assert score.metrics[key] == expected[key]
    assert score.bias is not None
    assert score.bias.accuracy_at_threshold == expected[key]
    assert value > 0.1


def test_examples_are_drawn_by_the_seed() -> None:
    name = "brainbench_quick_transitive"

    def prompts(seed: int) -> list[str]:
        made = TaskEvaluator(Stand(), load_tasks([name]), TaskOptions(num_fewshot=2), 4, seed)
        return [row["prompt_hash"] for row in made.ask(name).rows]

    assert prompts(1) == prompts(1)
    assert prompts(1) != prompts(2)


def test_generation_is_told_what_the_user_said() -> None:
    lm, name = Stand(), "brainbench_scanner_cot"
    asker([name], lm, limit=2, gen_kwargs={"max_gen_toks": 8192}).ask(name)
    assert {request.args[1]["max_gen_toks"] for request in lm.asked} == {8192}


def test_what_a_task_raises_is_told_with_its_name() -> None:
    class Broken(Stand):
        def loglikelihood(self, requests: list[Any], **_: Any) -> Any:
            raise RuntimeError("no such thing")

    name = "brainbench_scanner"
    with pytest.raises(DataError, match="the task brainbench_scanner fails: no such thing"):
        asker([name], Broken(), limit=2).ask(name)


def test_texts_are_told_only_when_asked_for() -> None:
    name = "brainbench_scanner"
    (row,) = asker([name], limit=1).ask(name).rows
    assert "doc" not in row
    (row,) = asker([name], limit=1, log_samples=True).ask(name).rows
    assert row["doc"]["premises"]


def test_invalid_and_cut_off_answers_are_counted() -> None:
    def text(doc: dict[str, Any]) -> str:
        return "Ann is taller than Bob, and so" if doc["valid"] else "Answer: Perhaps"

    name = "brainbench_belief_conflict_cot"
    bias = asker([name], Stand(text=text), limit=72).ask(name).score.bias
    assert bias is not None
    assert (bias.n_invalid, bias.answer_shares) == (72, None)
    assert bias.n_truncated == np.round(bias.always["True"] * 72)
