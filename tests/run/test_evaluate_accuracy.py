"""A run that asks tasks: kept task by task, gone on with, told whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import CHAT_TEMPLATE, build_model, make_tokenizer

import brainbench
from brainbench.errors import DataError, UsageError
from brainbench.models import PHANTOM_FILE, LanguageModel, ModelOptions
from brainbench.progress import Step
from brainbench.reasoning import TaskOptions
from brainbench.reasoning.lm import lm
from brainbench.reasoning.lm.lm import BrainbenchLM
from brainbench.results import Record, load_record
from brainbench.run import Settings, evaluate

TASKS = ["brainbench_quick_belief", "brainbench_quick_transitive"]
GENERATED = "brainbench_double_negation_generate"
LIMITED = Settings(limit=6)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "own-cache"))
    torch.set_num_threads(1)


def tiny(seed: int = 0, template: str | None = CHAT_TEMPLATE, **changes: Any) -> LanguageModel:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    return LanguageModel.of(build_model("llama", seed=seed, **changes), tokenizer, "tiny")


def comparable(record: Record) -> dict[str, Any]:
    return record.model_dump(exclude={"timing"})


def rows(folder: Path, task: str) -> list[dict[str, Any]]:
    path = next(folder.glob(f"*/*/samples/{task}.jsonl"))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Asked:
    """What reaches the model; it breaks off at a task if it is told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.tasks: list[str] = []
        self.breaks_at: str | None = None
        self.error: BaseException = KeyboardInterrupt()
        for kind in ("loglikelihood", "generate_until"):
            self._watch(patch, kind)

    def _watch(self, patch: pytest.MonkeyPatch, kind: str) -> None:
        given = getattr(BrainbenchLM, kind)

        def watched(self_: Any, requests: Any, **more: Any) -> Any:
            name = requests[0].task_name
            if name == self.breaks_at:
                raise self.error
            self.tasks.append(name)
            return given(self_, requests, **more)

        patch.setattr(BrainbenchLM, kind, watched)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


def test_a_record_has_metrics_bias_samples_and_lm_evals_own(tmp_path: Path) -> None:
    steps: list[Step] = []
    record = evaluate(
        tiny(), tasks=[*TASKS, GENERATED], settings=LIMITED, output_path=tmp_path,
        report=steps.append,
    )  # fmt: skip
    assert record.status == "success"
    assert list(record.accuracy) == list(record.tasks) == [*TASKS, GENERATED]
    assert record.benchmarks == {}
    assert record.controlled == record.published == record.behavior == []
    for bias in record.answer_bias:
        assert bias.n_items == record.tasks[bias.task].n_items == 6
        assert bias.accuracy == record.accuracy[bias.task]["acc,none"]
        said = [row["said"] for row in rows(tmp_path, bias.task)]
        right = [row["said"] == row["label"] for row in rows(tmp_path, bias.task)]
        assert bias.accuracy == pytest.approx(sum(right) / 6)
        assert bias.n_invalid == said.count(None)
    assert [bias.task for bias in record.answer_bias] == [*TASKS, GENERATED]
    assert record.answer_bias[0].threshold_task == "brainbench_validation_belief"
    assert record.answer_bias[0].n_threshold == 6
    assert record.answer_bias[2].threshold is None
    raw = json.loads(next(tmp_path.glob("*/*/lm_eval.json")).read_text("utf-8"))
    assert raw["results"][TASKS[0]]["acc,none"] == record.accuracy[TASKS[0]]["acc,none"]
    assert any("limited to 6 items of each task" in note for note in record.notes)
    assert any("--apply-chat-template" in note for note in record.notes)
    assert record.config["tasks"] == [*TASKS, GENERATED]
    assert {"lm-eval", "datasets"} <= set(record.versions)
    assert any(
        re.match(rf"task 1 of \d, {TASKS[0]}: requests", step.label) and step.done == step.total
        for step in steps
    )
    path = next(tmp_path.glob("*/*/results.json"))
    assert load_record(path) == record
    # made by us, but nobody asked for texts
    text = path.read_text("utf-8") + json.dumps([rows(tmp_path, name) for name in TASKS])
    assert "poodle" not in text


def test_same_inputs_same_record(tmp_path: Path, asked: Asked) -> None:
    first = evaluate(tiny(), tasks=TASKS, settings=LIMITED, output_path=tmp_path / "one")
    assert evaluate(tiny(), tasks=TASKS, settings=LIMITED, output_path=tmp_path / "one") == first
    assert len(asked.tasks) == 4
    other = evaluate(tiny(), tasks=TASKS, settings=LIMITED, output_path=tmp_path / "two")
    assert comparable(other) == comparable(first)


def test_other_inputs_another_run(tmp_path: Path) -> None:
    given: dict[str, Any] = {"model": tiny(), "tasks": TASKS[:1], "settings": Settings(limit=2)}
    changes: list[dict[str, Any]] = [
        {},
        {"model": tiny(seed=1)},
        {"settings": Settings(limit=3)},
        {"settings": Settings(limit=2, seed=1)},
        {"settings": Settings(limit=2, task_options=TaskOptions(num_fewshot=1))},
        {"settings": Settings(limit=2, task_options=TaskOptions(apply_chat_template=True))},
        {"tasks": TASKS[1:]},
    ]
    runs = {
        evaluate(**{**given, **change}, output_path=tmp_path).run_id for change in (*changes, {})
    }
    assert len(runs) == len(changes)


def test_what_is_compared_before_it_has_thought_is_noted(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    model = tiny()
    model.loader.model.save_pretrained(folder)
    model.loader.tokenizer.save_pretrained(folder)
    thinking = Settings(limit=2, options=ModelOptions(think=True))
    record = evaluate(folder, tasks=[*TASKS, GENERATED], settings=thinking, output_path=tmp_path)
    assert any(note.startswith("--think: in 2 of 3 tasks answers are") for note in record.notes)


def test_an_open_thought_is_noted_once(tmp_path: Path) -> None:
    chat = Settings(limit=4, task_options=TaskOptions(apply_chat_template=True))
    opened = tiny(template="{% for m in messages %}{{ m['content'] }}{% endfor %}\n<think>")
    record = evaluate(opened, tasks=TASKS[:1], settings=chat, output_path=tmp_path)
    assert len([note for note in record.notes if "inside a thought" in note]) == 1


class TestABrokenRun:
    @pytest.mark.parametrize(
        ("error", "raised", "status"),
        [
            (KeyboardInterrupt(), KeyboardInterrupt, "cancelled"),
            (RuntimeError("engine lost"), DataError, "error"),
        ],
    )
    def test_goes_on_at_the_task_that_was_not_finished(
        self,
        error: BaseException,
        raised: Any,
        status: str,
        tmp_path: Path,
        asked: Asked,
        said: list[str],
    ) -> None:
        given: dict[str, Any] = {"tasks": [*TASKS, GENERATED], "settings": LIMITED}
        asked.breaks_at, asked.error = TASKS[1], error
        with pytest.raises(raised):
            evaluate(tiny(), **given, output_path=tmp_path / "broken")
        path = next(tmp_path.glob("broken/*/*/results.json"))
        kept = load_record(path)
        assert kept.status == status
        # what was finished is told
        assert list(kept.accuracy) == [TASKS[0]]
        assert kept.error
        before, asked.tasks, asked.breaks_at = asked.tasks, [], None
        assert before == [
            "brainbench_validation_belief", TASKS[0], "brainbench_validation_transitive_3",
        ]  # fmt: skip
        resumed = evaluate(tiny(), **given, output_path=tmp_path / "broken")
        # neither the finished task nor its threshold is asked again
        assert asked.tasks == [TASKS[1], GENERATED]
        assert any("going on" in text for text in said)
        whole = evaluate(tiny(), **given, output_path=tmp_path / "whole")
        assert comparable(resumed) == comparable(whole)
        for part in ("lm_eval.json", f"samples/{TASKS[1]}.jsonl"):
            one, two = (next(tmp_path.glob(f"{run}/*/*/{part}")) for run in ("broken", "whole"))
            assert one.read_text("utf-8") == two.read_text("utf-8")

    def test_within_a_task_answered_batches_are_not_asked_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from brainbench.reasoning.lm.likelihoods import Likelihoods

        compute, count = Likelihoods._compute, [0]

        def limited(self: Any, work: Any) -> Any:
            count[0] += 1
            if count[0] == 2:
                raise KeyboardInterrupt
            return compute(self, work)

        monkeypatch.setattr(Likelihoods, "_compute", limited)
        model = tiny()
        model._batch_size = 8
        given: dict[str, Any] = {"tasks": ["brainbench_quick_belief"], "output_path": tmp_path}
        with pytest.raises(KeyboardInterrupt):
            evaluate(model, **given)
        evaluate(model, **given)
        first = count[0]
        count[0] = 2
        evaluate(model, **given, settings=Settings(seed=1))
        # the seed changes the run, not what is asked
        assert count[0] == 2
        assert first > 3


class TestTheModelsKept:
    def test_no_answer_goes_to_another_model(self, tmp_path: Path, asked: Asked) -> None:
        records = [
            evaluate(tiny(seed), tasks=TASKS[:1], settings=LIMITED, output_path=tmp_path / f"{n}")
            for n, seed in enumerate((0, 1, 0))
        ]
        odds = [[row["log_odds"] for row in rows(tmp_path / f"{n}", TASKS[0])] for n in range(3)]
        assert odds[0] == odds[2] != odds[1]
        assert records[0].run_id != records[1].run_id
        folders = list((tmp_path / "own-cache" / "responses").iterdir())
        assert len(folders) == 2


class TestWhatIsRefused:
    def test_a_model_without_a_chat_template(self, tmp_path: Path) -> None:
        chat = Settings(task_options=TaskOptions(apply_chat_template=True))
        with pytest.raises(UsageError, match="tiny has no chat template: leave out --apply-chat"):
            evaluate(tiny(template=None), tasks=TASKS, settings=chat, output_path=tmp_path)
        # without it, it is asked in plain text, which is not a cause for a note
        record = evaluate(
            tiny(template=None), tasks=TASKS[:1], settings=LIMITED, output_path=tmp_path
        )
        assert not any("chat" in note for note in record.notes)

    def test_a_chat_template_that_loses_the_question(self, tmp_path: Path, asked: Asked) -> None:
        chat = Settings(task_options=TaskOptions(apply_chat_template=True))
        deaf = tiny(template="{% for m in messages %}{{ m['role'] }}{% endfor %}")
        with pytest.raises(DataError, match="leaves out or rewrites what it is given"):
            evaluate(deaf, tasks=TASKS, settings=chat, output_path=tmp_path)
        assert asked.tasks == []

    def test_a_context_too_short(self, tmp_path: Path) -> None:
        short = tiny(max_position_embeddings=64)
        with pytest.raises(
            DataError,
            match=r"brainbench_validation_belief, item 0 \(belief-.*\): the prompt has \d+ tokens; "
            "tiny reads 64 at most",
        ):
            evaluate(short, tasks=TASKS, settings=LIMITED, output_path=tmp_path)
        (kept,) = [load_record(path) for path in tmp_path.glob("*/*/results.json")]
        assert kept.status == "error"

    def test_what_is_no_language_model(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="not a language model that brainbench runs"):
            evaluate(PHANTOM_FILE, tasks=TASKS, output_path=tmp_path)

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"tasks": ["brainbench_quik_belief"]}, "did you mean 'brainbench_quick_belief'"),
            ({"tasks": []}, "no task was asked for"),
            ({"tasks": TASKS, "suite": "accuracy"}, "give --tasks or --suite, not both"),
            ({"suite": "acuracy"}, "unknown suite 'acuracy'; did you mean 'accuracy'"),
            ({"suite": "alignment", "settings": Settings(
                task_options=TaskOptions(num_fewshot=1))}, "options of tasks are given, but no"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit(self, given: dict[str, Any], told: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=told):
            evaluate(tiny(), **given, output_path=tmp_path)

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"backend": "vlm"}, "unknown backend 'vlm'; did you mean 'vllm'"),
            ({"model_args": {"a": 1}}, "model_args are for the backend vllm"),
            ({"num_fewshot": -1}, "num_fewshot"),
        ],
    )
    def test_options(self, given: dict[str, Any], told: str) -> None:
        with pytest.raises(UsageError, match=told):
            TaskOptions(**given)


def test_tasks_stand_beside_benchmarks(tmp_path: Path) -> None:
    both = evaluate(
        tiny(), benchmarks=["phantom.noise.transitive-ridge"], tasks=TASKS[:1],
        settings=Settings(protocol="published", limit=10), output_path=tmp_path,
    )  # fmt: skip
    assert {row.benchmark for row in both.published} == {"phantom.noise.transitive-ridge"}
    assert list(both.accuracy) == TASKS[:1]


def test_from_python_a_suite_or_names(tmp_path: Path) -> None:
    record = brainbench.evaluate(
        "nano", suite="accuracy", limit=2, options=ModelOptions(batch_size=4),
        output_path=tmp_path,
    )  # fmt: skip
    assert len(record.tasks) == 6
    assert record.accuracy["brainbench_deductive_quick"]["acc,none"] is not None
    one = brainbench.evaluate("nano", tasks=TASKS[0], limit=2, output_path=tmp_path)
    assert list(one.tasks) == TASKS[:1]
    assert lm.BrainbenchLM.__name__ in json.dumps(
        json.loads(next(tmp_path.glob("*/*/lm_eval.json")).read_text("utf-8"))["config"]
    )
