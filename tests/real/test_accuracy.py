"""A real language model on tasks: what plain lm-eval gives, and the figures in the docs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import brainbench
from brainbench.models import LanguageModel, load_model
from brainbench.reasoning import TaskOptions
from brainbench.reasoning.checks.tasks import tasks_folder

QUICK = "brainbench_deductive_quick"
LIMIT = 8
# FOLIO in plain text, as in docs/accuracy.md
ACCURACY, SAID = 0.3284, {"True": 0.12, "Uncertain": 0.81}
# rounding on another machine may turn an answer whose log-odds are next to 0
ONE_ITEM = 1.01 / 204


@pytest.fixture(scope="module")
def model(smollm2: Path) -> LanguageModel:
    made = load_model(smollm2)
    assert isinstance(made, LanguageModel)
    return made


@pytest.fixture(scope="module")
def folder(model: LanguageModel, smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights as lm-eval's hf loads them; from a GGUF file it takes a minute."""
    if smollm2.is_dir():
        return smollm2
    made = tmp_path_factory.mktemp("models") / "smollm2"
    model.loader.model.save_pretrained(made)
    model.loader.tokenizer.save_pretrained(made)
    return made


def samples(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return sorted(rows, key=lambda row: row["doc_id"])


def test_plain_lm_eval_agrees_item_by_item(
    model: LanguageModel, folder: Path, tmp_path: Path
) -> None:
    command = [
        sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--model_args",
        f"pretrained={folder},dtype=float32", "--include_path", str(tasks_folder()), "--tasks",
        QUICK, "--limit", str(LIMIT), "--batch_size", "8", "--device", "cpu", "--log_samples",
        "--output_path", str(tmp_path / "plain"),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    record = brainbench.evaluate(model, suite="accuracy", limit=LIMIT, output_path=tmp_path)
    (path,) = (tmp_path / "plain").rglob("results_*.json")
    plain = json.loads(path.read_text("utf-8"))
    for name in record.tasks:
        (theirs,) = (tmp_path / "plain").rglob(f"samples_{name}_2*.jsonl")
        (ours,) = tmp_path.glob(f"*/*/samples/{name}.jsonl")
        for row, other in zip(samples(ours), samples(theirs), strict=True):
            assert row["prompt_hash"] == other["prompt_hash"]
            values = [float(answer[0][0]) for answer in other["resps"]]
            assert [value for value, _ in row["answers"]] == pytest.approx(values, abs=1e-3)
            assert row["said"] == other["balanced_acc"][2]
            assert row["acc"] == other["acc"]
        for metric in ("acc,none", "acc_stderr,none", "balanced_acc,none", "dprime,none"):
            assert record.accuracy[name][metric] == pytest.approx(plain["results"][name][metric])
    group = record.accuracy[QUICK]
    for metric in ("acc,none", "acc_stderr,none", "balanced_acc,none"):
        assert group[metric] == pytest.approx(plain["groups"][QUICK][metric])


def test_folio_as_in_the_docs(model: LanguageModel, mirror: Path, tmp_path: Path) -> None:
    # asked for texts, it still writes none: CC BY-SA
    record = brainbench.evaluate(
        model,
        tasks="brainbench_folio",
        task_options=TaskOptions(log_samples=True),
        output_path=tmp_path,
    )
    (bias,) = record.answer_bias
    assert (bias.n_items, bias.n_clusters) == (204, 73)
    assert bias.choices == ("True", "False", "Uncertain")
    assert bias.accuracy == pytest.approx(ACCURACY, abs=2 * ONE_ITEM)
    assert bias.best_constant == ("True", pytest.approx(72 / 204))
    assert bias.said is not None
    for word, share in SAID.items():
        assert bias.said[word] == pytest.approx(share, abs=0.02)
    assert bias.reading.startswith("no better than always saying True")
    written = [path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    stories = (mirror / "folio").rglob("*validation*.jsonl")
    first = json.loads(next(stories).read_text("utf-8").splitlines()[0])
    assert not [text for text in written if first["conclusion"] in text]
