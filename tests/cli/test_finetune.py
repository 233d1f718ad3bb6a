"""``brainbench finetune`` as its user meets it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

import brainbench.run.finetuning as order
from brainbench.cli.main import main
from brainbench.datasets.phantom import load_problems
from brainbench.guidance.finetuning.adapters import adapted
from brainbench.guidance.finetuning.folder import FinetuningRecord
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.models.checkpoints.loading import CheckpointLoader

QUICK = ("--epochs", "2", "--limit", "8", "--validation", "3", "--learning-rate", "0.001")
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run ``brainbench finetune`` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def work(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["brainbench", "finetune", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, " ".join(err.split())

    return work


def record_of(folder: str) -> FinetuningRecord:
    return FinetuningRecord.model_validate_json((Path(folder) / "finetuning.json").read_bytes())


def test_a_limit_that_cannot_work_is_refused_before_the_weights_are_read(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: Any) -> Any:
        raise AssertionError("read")

    monkeypatch.setattr(CheckpointLoader, "model", property(read))
    code, _, err = run("--limit", "4", "--reasoning-type", "syllogistic")
    assert code == 1
    assert "there are: syllogistic 4 (with --limit 4)" in err
    assert not list(Path("finetuned").glob("*.json"))


# what it makes


def test_an_adapter_of_the_built_in_model_on_simulated_people(run: Any) -> None:
    code, out, err = run(*QUICK)
    assert code == 0
    for text in ("nano: guided", "phantom.signal.all, 6 people", "2 of 2; 2 steps", "AUC"):
        assert text in out
    assert "[2/2] loss" in err
    assert "adapter: finetuned" in err
    assert record_of("finetuned").status == "finished"
    problems = load_problems()[:6]
    opened = load_model("nano", ModelOptions(peft="finetuned"))
    model = load_model("nano")
    assert isinstance(opened, LanguageModel)
    assert isinstance(model, LanguageModel)
    before = model.answer(problems).log_odds
    with adapted(model, "finetuned") as now:
        assert now.sha256 == opened.sha256
        found = LanguageModel("not cached", "another", now.loader, template=model.template)
        assert (found.answer(problems).log_odds == opened.answer(problems).log_odds).all()
    assert (opened.answer(problems).log_odds != before).any()


def test_an_epoch_beyond_the_limit_on_neutral_text_is_not_kept(run: Any) -> None:
    code, out, err = run(*QUICK)
    assert code == 0
    free = record_of("finetuned")
    # the built-in model knows no prose, and has no limit by itself
    assert (free.history.limit, len(free.history.shifts)) == (None, 2)
    assert f"{free.history.shifts[free.best_epoch - 1]:.2g} nats; no limit" in out
    smaller = min(free.history.shifts)
    code, out, err = run(*QUICK, "--guidance-limit", f"{1.01 * smaller}", "--output-path", "held")
    assert code == 0
    held = record_of("held")
    assert held.history.shifts == pytest.approx(free.history.shifts, rel=1e-3)
    assert held.best_epoch == 1 + free.history.shifts.index(smaller)
    code, _, err = run(*QUICK, "--guidance-limit", f"{smaller / 2}", "--output-path", "beyond")
    assert code == 0
    assert "which is kept, moves neutral text by" in err
    code, _, err = run(*QUICK, "--guidance-limit", "0", "--output-path", "none")
    assert code == 2
    assert "the limit on the shift of neutral text must be above 0 nats" in err
    assert not Path("none").exists()


def test_options_reach_the_record(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINBENCH_EPOCHS", "1")
    monkeypatch.setenv("BRAINBENCH_QUIET", "1")
    code, out, err = run(
        "--output-path", "new/folder", "--json", "--limit", "10", "--validation", "0",
        "--form", "published", "--recipe", "representation+labels", "--weight", "0.1",
        "--loss", "pearson", "--guided-items", "all", "--layers", "1", "--rank", "2",
        "--alpha", "4", "--batch-size", "5", "--accumulation", "1", "--seed", "3",
        "--reasoning-type", "syllogistic", "--roi", "noise", "--arm", "permuted fMRI",
    )  # fmt: skip
    assert (code, err) == (0, "")
    record = FinetuningRecord.model_validate_json(out)
    assert record == record_of("new/folder")
    assert record.recipe["form"] == "published"
    assert (record.recipe["weight"], record.recipe["loss"]) == (0.1, "pearson")
    assert (record.recipe["layers"], record.recipe["rank"]) == ([1], 2)
    assert (record.budget["epochs"], record.budget["seed"]) == (1, 3)
    assert (record.arm, record.data["source"]) == ("permuted fMRI", "phantom.noise.syllogistic")
    assert (record.history.validation, record.data["items"]) == ([], 10)
    assert len(record.history.losses) == 2


def test_baselines_without_signals(run: Any) -> None:
    for arm, recipe in (("label only", "labels"), ("stimulus only", "stimulus")):
        code, _, _ = run(*QUICK, "--arm", arm, "--output-path", recipe)
        assert code == 0
        record = record_of(recipe)
        assert (record.arm, record.recipe["name"], record.data["guided"]) == (arm, recipe, 0)


def test_a_random_direction_has_the_size_of_the_guided_adapter(run: Any) -> None:
    code, _, err = run(*QUICK, "--arm", "random direction", "--output-path", "turned")
    assert code == 0
    assert "adapter: turned" in err
    turned, guided = (load_file(Path(p) / WEIGHTS) for p in ("turned", "turned/guided"))
    for name in [name for name in guided if "lora_A" in name]:
        norms, other = [], name.replace("lora_A", "lora_B")
        for weights in (turned, guided):
            norms.append(float((weights[other] @ weights[name]).norm()))
        assert norms[0] == pytest.approx(norms[1], rel=1e-4)
        assert norms[0] > 0
    assert record_of("turned").arm == "random direction"
    before = (Path("turned") / WEIGHTS).read_bytes()
    code, _, err = run(*QUICK, "--arm", "random direction", "--output-path", "turned")
    assert code == 2
    assert "holds this training, finished already" in err
    code, _, _ = run(*QUICK, "--arm", "random direction", "--output-path", "turned", "--resume")
    assert (code, (Path("turned") / WEIGHTS).read_bytes()) == (0, before)


# stopped, gone on with, replaced


def test_stopped_it_goes_on(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code, whole, _ = run(*QUICK, "--output-path", "whole", "--json")
    assert code == 0
    auc, calls = order.auc, []

    def stop(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return auc(*given)

    monkeypatch.setattr(order, "auc", stop)
    code, out, err = run(*QUICK, "--output-path", "parts")
    assert (code, out) == (130, "")
    assert "finished epochs are kept, the same command with --resume goes on" in err
    code, _, err = run(*QUICK, "--output-path", "parts")
    assert code == 2
    assert "parts holds part of it already; --resume goes on with it" in err
    code, parts, _ = run(*QUICK, "--output-path", "parts", "--resume", "--json")
    assert code == 0
    assert json.loads(parts) == json.loads(whole)
    assert (Path("parts") / WEIGHTS).read_bytes() == (Path("whole") / WEIGHTS).read_bytes()


def test_another_training_is_not_written_over(run: Any) -> None:
    run(*QUICK, "--quiet")
    before = (Path("finetuned") / WEIGHTS).read_bytes()
    for more in ((), ("--resume",)):
        code, out, err = run(*QUICK, "--seed", "1", *more)
        assert (code, out) == (2, "")
        assert "finetuned holds another training (other budget.seed)" in err
        assert "--overwrite" in err
        assert (Path("finetuned") / WEIGHTS).read_bytes() == before
    (Path("finetuned") / "notes.txt").write_text("mine", "utf-8")
    code, _, _ = run(*QUICK, "--seed", "1", "--overwrite")
    assert code == 0
    assert record_of("finetuned").budget["seed"] == 1
    assert (Path("finetuned") / "notes.txt").is_file()


def test_an_adapter_of_others_is_not_written_over(run: Any) -> None:
    Path("mine").mkdir()
    (Path("mine") / WEIGHTS).write_bytes(b"mine")
    for arm in ("guided", "random direction"):
        code, _, err = run(*QUICK, "--output-path", "mine", "--arm", arm)
        assert code == 2
        assert "mine holds an adapter that was not made here" in err
    assert (Path("mine") / WEIGHTS).read_bytes() == b"mine"


# what is wrong with what was asked


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--dataset", "phantm"), "unknown dataset 'phantm'; did you mean 'phantom'"),
        (("--dataset", "folio"), "holds problems that tasks ask, nothing measured in people"),
        (("--roi", "signals"), "'signals'; did you mean 'signal'"),
        (("--recipe", "label"), "unknown recipe 'label'; did you mean 'labels'"),
        (("--recipe", "states"), "needs target states"),
        (("--form", "controled"), "did you mean 'controlled'"),
        (("--loss", "cosin"), "unknown loss 'cosin'; did you mean 'cosine'"),
        (("--arm", "permuted"), "unknown arm 'permuted'; did you mean 'permuted fMRI'"),
        (("--arm", "unguided"), "there is nothing to train"),
        (("--layers", "1-9"), "this model has layers 0 to 3"),
        (("--layers", "some"), "expected middle, all, or numbers"),
        (("--schedule", "cosin"), "did you mean 'cosine'"),
        (("--model", "smollm2-135m-phantom"), "is not a language model that brainbench runs"),
        (("--model", "nan"), "unknown model 'nan'"),
        (("--dtype", "float16"), "float16 is too narrow to train in"),
        (("--device", "cuda:99"), "this machine has no device cuda:99"),
    ],
)
def test_a_wrong_request_is_told(arguments: tuple[str, ...], told: str, run: Any) -> None:
    code, out, err = run(*QUICK, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert not (Path("finetuned") / "finetuning.json").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--limit", "3"), "5 folds need at least 10 items"),
        (("--reasoning-type", "propositional"), "no items of reasoning type 'propositional'"),
    ],
)
def test_too_little_data_is_told(arguments: tuple[str, ...], told: str, run: Any) -> None:
    code, out, err = run(*QUICK, *arguments)
    assert (code, out) == (1, "")
    assert told in err


def test_help_has_examples(run: Any) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for text in ("brainbench finetune", "--resume", "--peft", "λ"):
        assert text in out
