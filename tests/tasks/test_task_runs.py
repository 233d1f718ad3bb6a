"""Every task, asked by plain lm-eval."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from stand_ins import TASKS, Stand, guessing, knowing

Ask = Callable[..., dict[str, Any]]
OWN = ("brainbench_deductive", "brainbench_deductive_quick", "brainbench_validation")
GENERATED = ("brainbench_deductive_generate", "brainbench_deductive_cot")
LIMIT = 24


def leaves(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: record["results"][name] for name in record["samples"]}


@pytest.fixture(scope="module")
def constant(ask: Ask) -> dict[str, Any]:
    return ask(Stand(), OWN)


@pytest.fixture(scope="module")
def known(ask: Ask) -> dict[str, Any]:
    def text(doc: dict[str, Any]) -> str:
        return f"So it is.\nAnswer: {doc['label']}"

    return ask(Stand(knowing, text), ("brainbench_deductive_cot",), limit=LIMIT)


class TestAConstantAnswer:
    def test_scores_what_is_told_beside_it(self, constant: dict[str, Any]) -> None:
        assert len(leaves(constant)) == 18 + 6 + 14
        for name, row in leaves(constant).items():
            assert row["acc,none"] == row["always_true,none"], name
            assert row["always_true,none"] + row["always_false,none"] == pytest.approx(1)
            assert row["balanced_acc,none"] == row["auc,none"] == 0.5, name
            assert row["dprime,none"] == pytest.approx(0, abs=1e-9), name
            assert row["bias_true,none"] == 1, name
            assert row["invalid,none"] == row["truncated,none"] == row["not_said,none"] == 0, name

    def test_half_of_the_problems_are_valid_but_for_the_scanners(
        self, constant: dict[str, Any]
    ) -> None:
        for name, row in leaves(constant).items():
            expected = 0.667 if "scanner" in name else 0.5
            assert row["always_true,none"] == pytest.approx(expected, abs=1e-3), name

    def test_groups_are_means_over_tasks(self, constant: dict[str, Any]) -> None:
        group = constant["groups"]["brainbench_deductive"]
        assert group["balanced_acc,none"] == 0.5
        assert group["dprime,none"] == pytest.approx(0, abs=1e-9)
        assert set(constant["group_subtasks"]["brainbench_deductive"]) == {
            f"brainbench_{name}"
            for name in ("syllogistic", "transitive", "propositional", "scanner", "hard")
        }
        assert isinstance(group["acc_stderr,none"], float)

    def test_the_error_beside_accuracy_is_the_clustered_one(self, constant: dict[str, Any]) -> None:
        for name, row in leaves(constant).items():
            assert row["acc_stderr,none"] == row["acc_stderr_clustered,none"], name
        row = constant["results"]["brainbench_transitive_3"]
        assert row["sample_len"] == 1152
        # 192 problems, six orders each, all answered alike
        assert row["acc_stderr,none"] == pytest.approx(0.5 / np.sqrt(191))


def test_quick_asks_a_few_hundred_each_problem_once(constant: dict[str, Any]) -> None:
    docs = [
        sample["doc"]
        for name in constant["group_subtasks"]["brainbench_deductive_quick"]
        for sample in constant["samples"][name]
    ]
    assert len(docs) == len({doc["base_id"] for doc in docs}) == 208
    assert {doc["split"] for doc in docs} == {"test"}
    assert sum(doc["valid"] for doc in docs) == 104


def test_a_limit_asks_each_problem_once_first(constant: dict[str, Any]) -> None:
    orders = [sample["doc"]["order"] for sample in constant["samples"]["brainbench_syllogistic_4"]]
    assert orders == sorted(orders)


def test_who_knows_is_always_right(known: dict[str, Any], ask: Ask) -> None:
    direct = ask(
        Stand(knowing, lambda doc: doc["label"]),
        ("brainbench_deductive_quick", "brainbench_deductive_generate"),
        limit=LIMIT,
    )
    rows = {**leaves(known), **leaves(direct)}
    assert len(rows) == 18 + 18 + 6
    for name, row in rows.items():
        assert row["acc,none"] == row["balanced_acc,none"] == 1, name
        assert row["invalid,none"] == row["truncated,none"] == 0, name
        assert ("auc,none" in row) == ("quick" in name), name
        assert row["dprime,none"] > 1.5, name


def test_metrics_of_a_guesser_are_those_of_scikit_learn(ask: Ask) -> None:
    record = ask(Stand(guessing), ("brainbench_propositional", "brainbench_scanner"))
    for name, row in leaves(record).items():
        samples = record["samples"][name]
        true = np.array([sample["doc"]["valid"] for sample in samples])
        odds = np.array([guessing(sample["doc"]) for sample in samples])
        assert row["acc,none"] == pytest.approx(np.mean((odds > 0) == true)), name
        assert row["balanced_acc,none"] == pytest.approx(balanced_accuracy_score(true, odds > 0))
        assert row["auc,none"] == pytest.approx(roc_auc_score(true, odds)), name
        assert row["bias_true,none"] == pytest.approx(np.mean(odds > 0)), name
    group = record["groups"]["brainbench_propositional"]
    tasks = record["group_subtasks"]["brainbench_propositional"]
    expected = np.mean([record["results"][task]["auc,none"] for task in tasks])
    assert group["auc,none"] == pytest.approx(expected)


def test_a_threshold_chosen_on_validation_is_kept_to(ask: Ask) -> None:
    from lm_eval.tasks import TaskManager

    chosen = ask(Stand(guessing), ("brainbench_validation_transitive_3",))
    samples = chosen["samples"]["brainbench_validation_transitive_3"]
    assert {sample["doc"]["split"] for sample in samples} == {"validation"}
    cut = chosen["results"]["brainbench_validation_transitive_3"]["threshold,none"]
    manager = TaskManager(
        include_path=[str(TASKS)],
        include_defaults=False,
        metadata={"thresholds": {"transitive_3": cut}},
    )
    import lm_eval

    tasks = ["brainbench_transitive_3", "brainbench_syllogistic_3"]
    record = lm_eval.simple_evaluate(
        model=Stand(guessing), model_args={}, tasks=tasks, task_manager=manager
    )
    row = record["results"]["brainbench_transitive_3"]
    held = record["samples"]["brainbench_transitive_3"]
    true = np.array([sample["doc"]["valid"] for sample in held])
    odds = np.array([guessing(sample["doc"]) for sample in held])
    assert row["acc_at_validation_threshold,none"] == pytest.approx(np.mean((odds > cut) == true))
    assert row["acc_at_validation_threshold,none"] > row["acc,none"]
    other = record["results"]["brainbench_syllogistic_3"]
    assert "acc_at_validation_threshold,none" not in other


class TestRequests:
    def test_plain_prompts_go_on_with_a_space(self, ask: Ask) -> None:
        lm = Stand()
        ask(lm, ("brainbench_quick_belief",))
        assert {request.args[1] for request in lm.asked} == {" True", " False"}
        assert all(request.args[0].endswith("\nTrue or False?\nAnswer:") for request in lm.asked)

    def test_a_chat_template_is_applied(self, ask: Ask) -> None:
        lm = Stand()
        ask(lm, ("brainbench_quick_belief",), apply_chat_template=True)
        assert {request.args[1] for request in lm.asked} == {"True", "False"}
        for request in lm.asked:
            assert re.fullmatch(r"<user>You are given.*Answer:<answer>", request.args[0], re.S)

    def test_examples_come_from_the_train_split(self, ask: Ask) -> None:
        lm = Stand()
        ask(lm, ("brainbench_quick_transitive",), num_fewshot=2, limit=4)
        train = {
            json.loads(line)["conclusion"]
            for line in (TASKS / "data/transitive_3.jsonl").read_text("utf-8").splitlines()
            if json.loads(line)["split"] == "train"
        }
        for request in lm.asked:
            claims = re.findall(r"Claim: (.+)\.\n", request.args[0])
            assert len(claims) == 3
            assert set(claims[:2]) <= train
            assert claims[2] not in train
            assert len(re.findall(r"Answer: (True|False)\n\n", request.args[0])) == 2

    def test_examples_of_reasoning_end_as_they_should(self, ask: Ask) -> None:
        lm = Stand()
        ask(lm, ("brainbench_scanner_cot",), num_fewshot=1, limit=2)
        for request in lm.asked:
            assert re.search(r"Reasoning:\nAnswer: (True|False)\n\nYou are", request.args[0])

    @pytest.mark.parametrize(
        ("task", "limit", "stops"),
        [("brainbench_belief_conflict_generate", 16, "\n\n"),
         ("brainbench_belief_conflict_cot", 1024, "\nFacts:")],
    )  # fmt: skip
    def test_generation_has_a_limit(self, ask: Ask, task: str, limit: int, stops: str) -> None:
        lm = Stand()
        ask(lm, (task,), limit=2)
        for request in lm.asked:
            assert request.args[1] == {
                "until": [stops],
                "max_gen_toks": limit,
                "do_sample": False,
            }

    def test_what_is_invalid_and_cut_off_is_counted(self, ask: Ask) -> None:
        def text(doc: dict[str, Any]) -> str:
            return "Ann is taller than Bob, and so" if doc["valid"] else "Answer: Perhaps"

        name = "brainbench_belief_conflict_cot"
        row = ask(Stand(text=text), (name,), limit=72)["results"][name]
        assert row["invalid,none"] == 1
        assert row["truncated,none"] == row["always_true,none"]
        assert row["acc,none"] == 0


def test_belief_is_in_conflict_or_not(constant: dict[str, Any]) -> None:
    for name, conflict in (("belief_conflict", True), ("belief_congruent", False)):
        docs = [sample["doc"] for sample in constant["samples"][f"brainbench_{name}"]]
        assert docs
        assert all((doc["valid"] != doc["believable"]) == conflict for doc in docs)


def test_forms_stand_beside_their_fallacies(constant: dict[str, Any]) -> None:
    docs = [sample["doc"] for sample in constant["samples"]["brainbench_modus_tollens"]]
    forms = {(doc["form"], doc["valid"]) for doc in docs}
    assert forms == {("modus_tollens", True), ("denying_the_antecedent", False)}


def test_lm_eval_alone_runs_a_copy_from_anywhere(tmp_path: Path) -> None:
    """Its own command, without brainbench, from another folder."""
    shutil.copytree(TASKS, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import sys; sys.modules['brainbench'] = None\n"
        # where its own tasks would be: looking through them takes eight seconds
        "import lm_eval.tasks.manager; lm_eval.tasks.manager.__file__ = '/nowhere/manager.py'\n"
        "from lm_eval.__main__ import cli_evaluate; cli_evaluate()"
    )
    command = [sys.executable, "-c", code, "run", "--include_path", "copy", "--model", "dummy"]
    command += ["--tasks", "brainbench_deductive_quick", "--limit", "4", "--output_path", "out"]
    # lm-eval's dummy model looks for a tokenizer at the hub
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "brainbench_deductive_quick" in done.stdout
    (record,) = (tmp_path / "out").rglob("results_*.json")
    row = json.loads(record.read_text("utf-8"))["results"]["brainbench_quick_transitive"]
    assert {"acc,none", "acc_stderr_clustered,none", "auc,none", "dprime,none"} <= set(row)


def test_an_edited_file_is_refused(tmp_path: Path) -> None:
    from lm_eval.tasks import TaskManager

    copy = tmp_path / "tasks"
    shutil.copytree(TASKS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "data" / "belief.jsonl").open("a") as file:
        file.write("\n")
    (copy / "data" / "scanner.jsonl").unlink()
    manager = TaskManager(include_path=[str(copy)], include_defaults=False)
    with pytest.raises(ValueError, match=r"belief\.jsonl is not the file that card\.yaml names"):
        manager.load(["brainbench_belief_conflict"])
    with pytest.raises(ValueError, match=r"scanner\.jsonl is missing"):
        manager.load(["brainbench_scanner"])
