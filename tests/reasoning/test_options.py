"""Options of tasks: what they change in what lm-eval asks, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.tasks import TaskManager
from stand_ins import TASKS, Stand, guessing

from brainbench.errors import UsageError
from brainbench.reasoning.evaluation import TaskEvaluator
from brainbench.reasoning.options import TaskOptions, parse_samples
from brainbench.reasoning.tasks import load_tasks

BELIEF = "brainbench_quick_belief"


def asked(limit: int | None = None, **options: Any) -> Any:
    lm = Stand(guessing, lambda doc: doc["label"])
    return TaskEvaluator(lm, load_tasks([BELIEF]), TaskOptions(**options), limit, 0).ask(BELIEF)


def by_lm_eval(**given: Any) -> Any:
    manager = TaskManager(include_path=[str(TASKS)], include_defaults=False)
    return lm_eval.simple_evaluate(
        model=Stand(guessing, lambda doc: doc["label"]), model_args={}, tasks=[BELIEF],
        task_manager=manager, fewshot_random_seed=0, **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"system_instruction": "Be brief."},
        {"system_instruction": "Be brief.", "apply_chat_template": True},
        {"fewshot_as_multiturn": False, "apply_chat_template": True},
        {"fewshot_as_multiturn": True, "apply_chat_template": True},
        {"samples": {BELIEF: [7, 2, 30]}},
    ],
)
def test_prompts_are_lm_evals(given: dict[str, Any]) -> None:
    limit = None if "samples" in given else 3
    found = asked(limit, num_fewshot=2, log_samples=True, **given)
    wanted = by_lm_eval(num_fewshot=2, limit=limit, **given)["samples"][BELIEF]
    assert [row["doc_id"] for row in found.rows] == [row["doc_id"] for row in wanted]
    assert [row["arguments"][0][0] for row in found.rows] == [
        row["arguments"][0][0] for row in wanted
    ]
    if "system_instruction" in given:
        assert "Be brief." in found.rows[0]["arguments"][0][0]
    assert found.score.n_items == 3


def test_turns_of_examples_change_the_prompt() -> None:
    several, one = (
        asked(1, num_fewshot=2, apply_chat_template=True, log_samples=True, fewshot_as_multiturn=m)
        for m in (True, False)
    )
    assert several.rows[0]["prompt_hash"] != one.rows[0]["prompt_hash"]


def test_predictions_alone_are_kept_with_texts_and_without_a_metric() -> None:
    found = asked(2, predict_only=True)
    assert set(found.score.metrics) == {"name", "alias", "sample_len"}
    assert found.score.bias is None
    row = found.rows[0]
    assert {"resps", "doc", "answers"} <= set(row)
    assert not {"acc", "invalid", "label"} & set(row)
    assert row["answers"] == asked(2).rows[0]["answers"]


def test_samples_change_what_a_task_is_and_must_be_there() -> None:
    tasks = load_tasks([BELIEF])
    whole, some = tasks.fingerprints(None, False), tasks.fingerprints(None, False, {BELIEF: [4]})
    assert whole[BELIEF] != some[BELIEF]
    others = set(whole) - {BELIEF}
    assert others
    assert all(whole[name] == some[name] for name in others)
    tasks.check_samples({BELIEF: [0, 31]})
    with pytest.raises(UsageError, match="has 32 items, 0 to 31, and no item 32"):
        tasks.check_samples({BELIEF: [32]})
    with pytest.raises(UsageError, match="did you mean 'brainbench_quick_belief'"):
        tasks.check_samples({"brainbench_quick_belif": [0]})


def test_identity_holds_what_is_given_and_nothing_else() -> None:
    plain = TaskOptions().identity()
    names = {"system_instruction", "fewshot_as_multiturn", "samples", "predict_only"}
    assert not names & set(plain)
    given = TaskOptions(
        system_instruction="x", fewshot_as_multiturn=False, samples={"t": (1, 0)}, predict_only=True
    ).identity()
    assert given == plain | {
        "system_instruction": "x", "fewshot_as_multiturn": False, "samples": {"t": [1, 0]},
        "predict_only": True,
    }  # fmt: skip


def test_samples_are_json_or_a_file_of_it(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text('{"a": [1, 2]}')
    assert parse_samples(str(file)) == parse_samples('{"a": [1, 2]}') == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("some.jsn", 'write {"TASK": [0, 1]}, or name a JSON file'),
        ('{"a": 1}', "a list of numbers for each task"),
        ('{"a": [1], "a": [2]}', "twice"),
        ('{"a": [1', "is not JSON"),
    ],
)
def test_other_samples_are_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_samples(text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"samples": {"a": []}}, "samples of a: name at least one item"),
        ({"samples": {"a": [1, 1]}}, "an item is named twice"),
        ({"samples": {"a": [-1]}}, "must be a whole number from 0"),
        ({"samples": {"a": [True]}}, "must be a whole number from 0"),
        ({"fewshot_as_multiturn": True}, "goes with --apply-chat-template"),
    ],
)
def test_what_cannot_be_asked_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        TaskOptions(**given)
