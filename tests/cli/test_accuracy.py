"""Tasks from the command line, on the built-in model."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tiny_models import build_model, make_tokenizer

from brainbench.cli.main import main

BELIEF = "brainbench_quick_belief"
NAMES = ("syllogistic", "transitive", "propositional", "distractors", "belief", "double_negation")


class Result:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "110")

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["brainbench", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return Result(int(caught.value.code or 0), out, " ".join(err.split()))

    return run


@pytest.fixture
def base_model(tmp_path: Path) -> Path:
    """Folder of a model without a chat template, whose context is short."""
    folder = tmp_path / "base"
    build_model("llama", max_position_embeddings=70).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def test_the_table_tells_what_blind_answers_score(cli: Any) -> None:
    result = cli("evaluate", "--suite", "accuracy", "--details")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[:2] == ["nano, built in", "6 tasks of lm-eval"]
    assert max(map(len, lines)) <= 110
    card = next(line for line in lines if line.startswith("accuracy "))
    assert "0.556" in card
    assert "not clearly better than always one answer" in card
    header = next(line for line in lines if "accuracy" in line and "items" in line)
    assert header.split() == [
        "task", "items", "accuracy", "always", "says", "balanced", "AUC", "d′", "thr."
    ]  # fmt: skip
    for name in NAMES:
        (row,) = [line for line in lines if line.startswith(f"quick_{name} ")]
        assert " True 0.500 " in row
        assert sum(line.startswith(f"quick_{name}: ") for line in lines) == 1
    text = " ".join(result.out.split())
    assert "quick_syllogistic: better than always saying True (0.750 against 0.500)" in text
    assert "quick_belief: no better than always saying True (0.500 against 0.500)" in text
    assert "deductive_quick 208 acc 0.5" in text
    assert re.search(rf"\[0/64\] task \d of 6, {BELIEF}: requests", result.err)
    # nothing of lm-eval's own lines
    assert "lm_eval" not in result.err
    assert "Building contexts" not in result.err
    again = cli("show", str(next(Path("results").glob("nano/*"))))
    assert again.out == result.out


def test_json_is_the_record(cli: Any) -> None:
    result = cli("evaluate", "--tasks", BELIEF, "--limit", "4", "--json", "--quiet")
    assert result.err == ""
    record = json.loads(result.out)
    assert list(record["accuracy"]) == [BELIEF]
    assert record["accuracy"][BELIEF]["sample_len"] == 4
    assert {"acc,none", "always_true,none", "always_false,none", "auc,none",
            "acc_at_validation_threshold,none"} <= set(record["accuracy"][BELIEF])  # fmt: skip
    assert record["answer_bias"][0]["always"] == {"True": 0.5, "False": 0.5}


def test_names_of_lm_evals_flags_and_variables(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINBENCH_TASKS", f"{BELIEF},brainbench_scanner")
    monkeypatch.setenv("BRAINBENCH_NUM_FEWSHOT", "1")
    result = cli(
        "evaluate", "--limit", "2", "--model-args", "dtype=bfloat16,batch_size=3",
        "--gen-kwargs", "max_gen_toks=8", "--log-samples", "--seed", "7", "--json",
    )  # fmt: skip
    assert result.code == 0
    record = json.loads(result.out)
    assert record["model"]["dtype"] == "bfloat16"
    assert record["config"]["options"]["batch_size"] == 3
    assert record["config"]["num_fewshot"] == 1
    assert record["config"]["seed"] == 7
    assert record["tasks"][BELIEF]["n_shot"] == 1
    (samples,) = Path("results").glob(f"nano/*/samples/{BELIEF}.jsonl")
    row = json.loads(samples.read_text("utf-8").splitlines()[0])
    assert row["doc"]["premises"]
    assert "arguments" in row


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--tasks", "brainbench_quick_belif"), "did you mean 'brainbench_quick_belief'"),
            (("--suite", "acuracy"), "did you mean 'accuracy'"),
            (("--suite", "accuracy", "--backend", "vlm"), "did you mean 'vllm'"),
            (("--suite", "accuracy", "--include-path", "gone"), "gone: there is no such folder"),
            (("--suite", "accuracy", "--model-args", "dtyp=float32"), "did you mean 'dtype'"),
            (("--suite", "accuracy", "--model-args", "batch_size=many"), "batch_size: 'many' is"),
            (("--suite", "accuracy", "--model-args", "dtype"), "expected name=value,name=value"),
            (("--suite", "accuracy", "--model-args", "dtype=bfloat16", "--dtype", "float32"),
             "dtype is float32 and bfloat16: say it once"),
            (("--num-fewshot", "2"), "options of tasks are given, but no task"),
        ],
    )  # fmt: skip
    def test_options(self, arguments: tuple[str, ...], told: str, cli: Any) -> None:
        result = cli("evaluate", *arguments)
        assert (result.code, result.out) == (2, "")
        assert told in result.err

    def test_a_model_without_a_chat_template(self, cli: Any, base_model: Path) -> None:
        given = ("evaluate", "--model", str(base_model), "--tasks", BELIEF)
        result = cli(*given, "--apply-chat-template")
        assert result.code == 2
        assert "base has no chat template: leave out --apply-chat-template" in result.err

    def test_a_context_too_short(self, cli: Any, base_model: Path) -> None:
        result = cli("evaluate", "--model", str(base_model), "--tasks", BELIEF)
        assert result.code == 1
        assert "item 0 (belief-" in result.err
        assert "base reads 70 at most. Take a model with a longer context" in result.err

    def test_vllm_that_is_not_installed(
        self, cli: Any, base_model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
        result = cli("evaluate", "--model", str(base_model), "--tasks", BELIEF, "--backend", "vllm")
        assert result.code == 2
        assert "vLLM, which is not installed: pip install 'brainbench[vllm]'" in result.err


def test_a_run_stopped_by_ctrl_c_goes_on_and_ends_as_an_unbroken_one(
    cli: Any, tmp_path: Path
) -> None:
    names = ",".join(f"brainbench_quick_{name}" for name in NAMES[:3])
    asked = ["evaluate", "--tasks", names, "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "brainbench.cli.main", *asked],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 100
    while len(list(tmp_path.glob("results/*/*/steps/*.json"))) < 3:
        assert process.poll() is None, f"ended too early: {process.communicate()}"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    path = next(tmp_path.glob("results/*/*/results.json"))
    assert json.loads(path.read_text("utf-8"))["status"] == "cancelled"
    resumed = cli(*asked)
    unbroken = cli(*asked, "--output-path", "whole")
    assert resumed.code == unbroken.code == 0
    assert "going on with the cancelled run" in resumed.err
    assert "going on with" not in unbroken.err
    assert "quick_syllogistic: requests" not in resumed.err
    assert "quick_syllogistic: requests" in unbroken.err
    assert comparable(resumed.out) == comparable(unbroken.out)


def comparable(text: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(text)
    record.pop("timing")
    return record
