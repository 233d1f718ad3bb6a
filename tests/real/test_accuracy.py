"""A real language model on tasks: what plain lm-eval gives, and the figures in the docs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import brainbench
from brainbench.models import LanguageModel, load_model
from brainbench.reasoning import TaskOptions
from brainbench.reasoning.checks.tasks import tasks_folder
from brainbench.reasoning.score import AnswerBias

QUICK = "brainbench_deductive_quick"
LIMIT = 4
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
    return by_number(json.loads(line) for line in path.read_text("utf-8").splitlines())


def by_number(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["doc_id"])


def test_plain_lm_eval_agrees_item_by_item(
    model: LanguageModel, folder: Path, tmp_path: Path
) -> None:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    plain = simple_evaluate(
        model="hf",
        model_args=f"pretrained={folder},dtype=float32",
        tasks=[QUICK],
        task_manager=TaskManager(include_path=str(tasks_folder()), include_defaults=False),
        limit=LIMIT,
        batch_size=8,
        device="cpu",
        log_samples=True,
        bootstrap_iters=2,  # errors that it draws are not compared
    )
    record = brainbench.evaluate(model, suite="accuracy", limit=LIMIT, output_path=tmp_path)
    assert len(record.tasks) == 6
    for name in record.tasks:
        (ours,) = tmp_path.glob(f"*/*/samples/{name}.jsonl")
        theirs = by_number(plain["samples"][name])
        assert len(theirs) >= LIMIT
        for row, other in zip(samples(ours), theirs, strict=True):
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


def folio(model: LanguageModel, mirror: Path, folder: Path, limit: int | None) -> AnswerBias:
    # asked for texts, it still writes none: CC BY-SA
    record = brainbench.evaluate(
        model,
        tasks="brainbench_folio",
        task_options=TaskOptions(log_samples=True),
        limit=limit,
        output_path=folder,
    )
    written = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    stories = (mirror / "folio").rglob("*validation*.jsonl")
    first = json.loads(next(stories).read_text("utf-8").splitlines()[0])
    assert not [text for text in written if first["conclusion"] in text]
    (bias,) = record.answer_bias
    assert bias.choices == ("True", "False", "Uncertain")
    assert bias.answer_shares is not None
    return bias


@pytest.mark.exhaustive
def test_folio_as_in_the_docs(model: LanguageModel, mirror: Path, tmp_path: Path) -> None:
    bias = folio(model, mirror, tmp_path, None)
    assert (bias.n_items, bias.n_clusters) == (204, 73)
    assert bias.accuracy == pytest.approx(ACCURACY, abs=2 * ONE_ITEM)
    assert bias.best_constant == ("True", pytest.approx(72 / 204))
    for word, share in SAID.items():
        assert bias.answer_shares[word] == pytest.approx(share, abs=0.02)
    assert bias.reading.startswith("no better than always saying True")


def test_the_first_of_folio(model: LanguageModel, mirror: Path, tmp_path: Path) -> None:
    bias = folio(model, mirror, tmp_path, 20)
    assert (bias.n_items, bias.n_clusters) == (20, 7)
    assert bias.accuracy == pytest.approx(0.5, abs=1.01 / 20)
    assert bias.answer_shares == pytest.approx(
        {"True": 0.2, "False": 0.0, "Uncertain": 0.8}, abs=1.01 / 20
    )
