"""lm-eval's layout, held against what lm-eval's own tracker writes of the same tasks."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

import datasets
import lm_eval
import pytest
from lm_eval.loggers import EvaluationTracker
from lm_eval.utils import (
    get_latest_filename,
    get_results_filenames,
    get_sample_results_filenames,
    make_table,
)

from brainbench.errors import UsageError
from brainbench.exchange.records import export_runs
from brainbench.models import load_model
from brainbench.reasoning.lm.lm import BrainbenchLM
from brainbench.reasoning.tasks import load_tasks
from brainbench.results.finished import FinishedRun

# of the machine, and of arguments that our own run does not have
OF_THE_MACHINE = {"tokenizer_pad_token", "tokenizer_eos_token", "tokenizer_bos_token",
                  "eot_token_id", "max_length", "groups"}  # fmt: skip


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, asked: FinishedRun) -> Path:
    """Folder that lm-eval writes of the same tasks."""
    folder = tmp_path_factory.mktemp("theirs")
    tracker = EvaluationTracker(output_path=str(folder))
    names = list(asked.record.tasks)
    model: Any = load_model("nano")
    results = lm_eval.simple_evaluate(
        model=BrainbenchLM(model), model_args={"pretrained": "nano"}, limit=4, random_seed=0,
        tasks=list(load_tasks(names).tasks.values()), task_manager=load_tasks(names).manager,
        evaluation_tracker=tracker, numpy_random_seed=0, torch_random_seed=0,
        fewshot_random_seed=0,
    )  # fmt: skip
    assert results is not None
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for name in names:
        tracker.save_results_samples(task_name=name, samples=samples[name])
    return folder / "nano"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, asked: FinishedRun) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    paths = export_runs([asked], "lm-eval", folder)
    assert {path.parent for path in paths} == {folder / "nano"}
    return folder / "nano"


def results_of(folder: Path) -> dict[str, Any]:
    names = get_results_filenames([str(path) for path in sorted(folder.iterdir())])
    held: dict[str, Any] = json.loads(Path(get_latest_filename(names)).read_text("utf-8"))
    return held


def samples_of(folder: Path, task: str) -> list[dict[str, Any]]:
    names = get_sample_results_filenames([str(path) for path in sorted(folder.iterdir())])
    path = get_latest_filename([name for name in names if task in name])
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def test_results_have_lm_evals_fields_and_numbers(ours: Path, theirs: Path) -> None:
    mine, its = results_of(ours), results_of(theirs)
    assert set(its) - set(mine) <= OF_THE_MACHINE
    for part in ("versions", "n-shot", "higher_is_better", "n-samples", "task_hashes"):
        assert mine[part] == its[part], part
    for task, metrics in its["results"].items():
        for name, value in metrics.items():
            if isinstance(value, float) and "threshold" not in name:
                # JSON has no NaN, which lm-eval writes all the same
                wanted = None if math.isnan(value) else pytest.approx(value, abs=1e-6)
                assert mine["results"][task][name] == wanted, name
    assert mine["config"]["model_args"] == "pretrained=nano"
    assert mine["model_name"] == its["model_name"] == "nano"
    assert set(its["config"]) <= set(mine["config"])


@pytest.mark.parametrize("task", ["brainbench_quick_belief", "brainbench_scanner_generate"])
def test_samples_are_lm_evals(ours: Path, theirs: Path, task: str) -> None:
    mine, its = samples_of(ours, task), samples_of(theirs, task)
    assert len(mine) == len(its) == 4
    fixed = ["doc_id", "doc", "target", "arguments", "filter", "doc_hash", "prompt_hash",
             "target_hash"]  # fmt: skip
    for one, other in zip(mine, its, strict=True):
        assert {name: one[name] for name in fixed} == {name: other[name] for name in fixed}
        assert list(one)[:8] == list(other)[:8]
        assert one["acc"] == other["acc"]
        assert [len(each) for each in one["resps"]] == [len(each) for each in other["resps"]]


def test_lm_evals_table_and_datasets_read_them(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(results_of(ours))
    assert "brainbench_quick_belief" in table
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    files = [str(path) for path in ours.glob("samples_brainbench_quick_belief_*.jsonl")]
    read = datasets.load_dataset("json", data_files=files, cache_dir=str(tmp_path))
    assert len(read["train"]) == 4


def test_a_task_without_texts_is_named(
    asked: FinishedRun, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bare = tmp_path / "run"
    bare.mkdir()
    for name in ("results.json", "lm_eval.json"):
        (bare / name).write_bytes((asked.folder / name).read_bytes())
    with caplog.at_level(logging.WARNING, "brainbench"):
        (path,) = export_runs([FinishedRun(asked.record, bare)], "lm-eval", tmp_path / "out")
    assert path.name.startswith("results_")
    assert "no samples of brainbench_quick_belief" in caplog.text
    assert "--log-samples" in caplog.text


def test_what_cannot_be_written_is_refused(
    whole: FinishedRun, asked: FinishedRun, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"has no lm_eval\.json: give the folder of a run"):
        export_runs([FinishedRun(asked.record, tmp_path)], "lm-eval", tmp_path)
    without = FinishedRun(whole.record.model_copy(update={"tasks": {}}), tmp_path)
    with pytest.raises(UsageError, match="asked no task of lm-eval"):
        export_runs([without], "lm-eval", tmp_path)
