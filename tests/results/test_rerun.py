"""The command that makes a run again."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from simulated_records import empty

from brainbench.cli.main import main
from brainbench.guidance.options import GuidanceOptions
from brainbench.results import Record, load_record
from brainbench.results.rerun import rerun_command

BELIEF = "brainbench_quick_belief"


def run(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as caught:
        main()
    assert not caught.value.code


def test_it_finds_the_run_it_was_made_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [
        "brainbench", "evaluate", "--tasks", BELIEF, "--limit", "4", "--seed", "7",
        "--num-fewshot", "1", "--dtype", "bfloat16", "--gen-kwargs", "max_gen_toks=8",
        "--protocol", "published", "--log-samples",
    ]  # fmt: skip
    run(monkeypatch, asked)
    (path,) = Path("results").glob("*/*/results.json")
    capsys.readouterr()
    command = rerun_command(load_record(path))
    assert command is not None
    run(monkeypatch, shlex.split(command))
    assert "already computed" in capsys.readouterr().err
    assert list(Path("results").glob("*/*/results.json")) == [path]


def record(**config: object) -> Record:
    return empty(config=config)


def test_only_what_was_chosen_is_said() -> None:
    made = record(protocol="controlled", seed=0, limit=None, options={"dtype": None, "think": True})
    made.benchmarks = {"a.b.c-ridge": 1, "a.b.d-ridge": 1}
    assert rerun_command(made) == (
        "brainbench evaluate --model model.gguf --benchmarks a.b.c-ridge,a.b.d-ridge --think"
    )


def test_folders_are_said_one_by_one_and_names_are_quoted() -> None:
    made = record(include_path=["my tasks", "b"], tasks=["x"], model_args={"max_model_len": 5})
    made.model.source = "a; rm -rf /"
    assert shlex.split(rerun_command(made) or "") == [
        "brainbench", "evaluate", "--model", "a; rm -rf /", "--tasks", "x",
        "--include-path", "my tasks", "--include-path", "b", "--model-args", "max_model_len=5",
    ]  # fmt: skip


def guided(device: str = "cpu", **chosen: Any) -> list[str]:
    """The command, from what a run of such options writes into its record."""
    options = GuidanceOptions(**chosen)
    extents = {mode: options.extent(mode, device, False, 0) for mode in options.modes}
    config = {**options.identity(extents), "dataset": "xiao2026", "rois": ["language", "md"]}
    command = rerun_command(record(guidance=json.loads(json.dumps(config))))
    return shlex.split(command or "")[4:]


def test_guidance_is_asked_for_by_its_suite() -> None:
    whose = ["--dataset", "xiao2026"]
    rois = ["--guidance-rois", "language,md"]
    assert guided(modes=("steering",), tests=("FOLIO", "propositional")) == [
        "--suite", "guidance-steering", *whose, "--tier", "reduced", *rois,
        "--guidance-tests", "FOLIO;propositional",
    ]  # fmt: skip
    assert guided(modes=("steering",), answers="scanned") == [
        "--suite", "guidance-steering", *whose, "--tier", "reduced", *rois,
        "--guidance-answers", "scanned",
    ]  # fmt: skip
    assert guided(modes=("steering",), methods=("one step", "own map")) == [
        "--suite", "guidance-steering", *whose, "--tier", "reduced", *rois,
        "--guidance-methods", "one step,own map",
    ]  # fmt: skip
    for limit, text in ((0.25, "0.25"), (None, "none")):
        assert guided(modes=("steering",), limit=limit) == [
            "--suite", "guidance-steering", *whose, "--tier", "reduced", *rois,
            "--guidance-limit", text,
        ]  # fmt: skip
    assert guided(modes=("finetuning",), epochs=3, tier="full") == [
        "--suite", "guidance-finetuning", *whose, "--tier", "full", *rois, "--epochs", "3",
    ]  # fmt: skip
    assert guided(modes=("finetuning",), forms=("published",), seeds=3, epochs=6) == [
        "--suite", "guidance-finetuning", *whose, "--tier", "reduced", *rois,
        "--guidance-forms", "published", "--seeds", "3", "--epochs", "6",
    ]  # fmt: skip
    assert guided(modes=("steering",), forms=("controlled",))[-2:] == [
        "--guidance-forms", "controlled",
    ]  # fmt: skip
    joint = guided(modes=("finetuning",), recipes=("language+representation",), seeds=1)
    assert joint[-2:] == ["--guidance-recipes", "language+representation"]
    both = guided("cuda:0", modes=("steering", "finetuning"))
    assert both == ["--suite", "guidance", *whose, "--tier", "full", *rois]


def test_a_model_in_memory_has_no_command() -> None:
    made = record()
    made.model.source = None
    assert rerun_command(made) is None
