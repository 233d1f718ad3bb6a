"""A run: chosen, kept, resumed, refused; its steps and scores under the published protocol."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import brainbench
from brainbench.errors import BrainbenchError, DataError, UnknownNameError, UsageError
from brainbench.models import DEFAULT_MODEL, PHANTOM_FILE, ModelOptions, load_model
from brainbench.progress import Step
from brainbench.results import Record, load_record
from brainbench.run import Settings, choose_benchmarks
from brainbench.run import evaluate as run_evaluate
from brainbench.run.evaluate import default_suite

ONE = ["phantom.signal.syllogistic-ridge"]


def published(**settings: Any) -> Settings:
    return Settings(protocol="published", **settings)


def evaluate(model: Any = PHANTOM_FILE, **asked: Any) -> Record:
    """A published run of the shipped activations, which takes no language model."""
    return run_evaluate(model, **{"settings": published(), **asked})


def comparable(record: Record) -> dict[str, object]:
    """A record without what may differ between two runs of the same inputs."""
    return record.model_dump(exclude={"timing": True, "run_id": True, "model": {"source"}})


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return evaluate(benchmarks=ONE, output_path=tmp_path_factory.mktemp("unbroken"))


def test_record_holds_what_the_score_comes_from(unbroken: Record) -> None:
    assert unbroken.status == "success"
    assert unbroken.model.identifier == PHANTOM_FILE
    assert unbroken.model.builtin
    assert unbroken.model.sha256 == load_model(PHANTOM_FILE).sha256
    assert unbroken.datasets[0].name == "phantom"
    assert unbroken.datasets[0].simulated
    assert len(unbroken.datasets[0].data_sha256) == 64
    assert unbroken.benchmarks == {ONE[0]: 1}
    assert unbroken.config["seed"] == 0
    assert unbroken.versions["brainbench"] == brainbench.__version__
    assert any("simulated" in note for note in unbroken.notes)
    peak = unbroken.timing["peak_memory_mb"]
    assert isinstance(peak, float)
    assert peak > 0


def test_all_the_time_of_a_run_is_told_by_step(unbroken: Record) -> None:
    steps, seconds = unbroken.timing["steps"], unbroken.timing["seconds"]
    assert isinstance(steps, dict)
    assert isinstance(seconds, float)
    # each is rounded to a thousandth
    assert sum(steps.values()) == pytest.approx(seconds, abs=0.001 * (len(steps) + 1))
    assert {"loading the model", "loading the data", "reading the model out"} <= set(steps)
    assert any(step.endswith(": ceilings") for step in steps)
    assert any(step.endswith("random features") for step in steps)
    assert min(steps.values()) >= 0


def test_a_run_that_goes_on_tells_what_was_spent_before(tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        if step.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(benchmarks=ONE, output_path=tmp_path, report=stop)
    (path,) = tmp_path.rglob("results.json")
    before = json.loads(path.read_text("utf-8"))["timing"]["seconds"]
    found = evaluate(benchmarks=ONE, output_path=tmp_path)
    assert found.timing["seconds_before"] == before > 0


@pytest.mark.parametrize("protocol", ["published", "controlled"])
def test_a_limit_that_cannot_work_is_refused_before_the_model_is_asked(
    protocol: str, tmp_path: Path
) -> None:
    class Unasked:
        identifier, sha256 = "unasked", "0" * 64

        def activations(self, problems: Any) -> Any:
            raise AssertionError("asked")

    steps: list[Step] = []
    # of both types together there would be enough
    benchmarks = ["phantom.signal.all-ridge", *ONE]
    settings = Settings(protocol=protocol, limit=8)
    with pytest.raises(DataError, match=r"there are: syllogistic 8 \(with --limit 8\)"):
        run_evaluate(
            Unasked(),
            benchmarks=benchmarks,
            settings=settings,
            output_path=tmp_path / "new",
            report=steps.append,
        )
    assert not steps
    assert not (tmp_path / "new").exists()


def test_a_score_holds_its_people_its_layers_and_its_controls(unbroken: Record) -> None:
    (score,) = unbroken.published
    assert [one.subject for one in score.subjects] == [f"phantom-0{i}" for i in range(1, 7)]
    assert score.layer.site in ("attention", "hidden")
    people = sorted(one.raw for one in score.subjects)
    assert score.raw == pytest.approx((people[2] + people[3]) / 2)
    assert (len(score.controls), len(score.layers)) == (7, 20)
    (row,) = json.loads(unbroken.model_dump_json())["published"]
    # words are made of the numbers when they are shown
    assert not {"warnings", "reading"} & set(row)
    assert row["layer"] == list(score.layer)


def test_same_inputs_same_record_in_the_same_place(unbroken: Record, tmp_path: Path) -> None:
    again = evaluate(benchmarks=ONE, output_path=tmp_path)
    assert comparable(again) == comparable(unbroken)
    assert again.run_id == unbroken.run_id
    assert load_record(tmp_path / PHANTOM_FILE / again.run_id / "results.json") == again


def test_a_finished_run_is_read_back_and_overwritten_only_when_asked(
    tmp_path: Path, said: list[str]
) -> None:
    steps: list[Step] = []
    first = evaluate(benchmarks=ONE, output_path=tmp_path)
    second = evaluate(benchmarks=ONE, output_path=tmp_path, report=steps.append)
    assert second == first
    assert steps == []
    assert any("--overwrite" in text for text in said)
    third = evaluate(benchmarks=ONE, output_path=tmp_path, report=steps.append, overwrite=True)
    assert len(steps) == steps[0].total == 28
    assert [step.done for step in steps] == list(range(28))
    assert comparable(third) == comparable(first)


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), "cancelled"), (DataError("the disk is gone"), "error")],
)
def test_a_broken_run_keeps_what_was_finished(
    error: BaseException, status: str, tmp_path: Path, unbroken: Record, said: list[str]
) -> None:
    def stop(step: Step) -> None:
        if step.done == 12:
            raise error

    with pytest.raises(type(error)):
        evaluate(benchmarks=ONE, output_path=tmp_path, report=stop)
    folder = tmp_path / PHANTOM_FILE / unbroken.run_id
    assert load_record(folder / "results.json").status == status
    finished = {path.name: path.stat().st_mtime_ns for path in (folder / "steps").iterdir()}
    assert len(finished) >= 8

    written: list[str] = []

    def watch(step: Step) -> None:
        present = {path.name: path.stat().st_mtime_ns for path in (folder / "steps").iterdir()}
        if step.done == 27:
            written.extend(name for name in finished if present[name] == finished[name])

    resumed = evaluate(benchmarks=ONE, output_path=tmp_path, report=watch)
    assert comparable(resumed) == comparable(unbroken)
    assert set(written) == set(finished), "finished steps were not written again"
    assert any("going on" in text for text in said)
    assert not (folder / "steps").exists()


def test_scores_finished_before_an_error_are_in_the_record(tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        if step.label == "phantom.transitive: model":
            raise DataError("stop here")

    with pytest.raises(DataError, match="stop here"):
        evaluate(benchmarks=["phantom.signal.*"], output_path=tmp_path, report=stop)
    path = next(tmp_path.glob("*/*/results.json"))
    record = load_record(path)
    assert record.status == "error"
    assert record.error == "stop here"
    done = {row.benchmark for row in record.published}
    assert done == {"phantom.signal.all-ridge", "phantom.signal.syllogistic-ridge"}


def test_settings_that_cannot_matter_are_said(tmp_path: Path) -> None:
    settings = published(limit=20, options=ModelOptions(device="cuda", batch_size=4))
    record = evaluate(benchmarks=ONE, settings=settings, output_path=tmp_path)
    said = "--device, --batch-size: no effect, this model is not loaded by brainbench"
    assert said in record.notes
    assert any("limited to 20 items" in note for note in record.notes)
    assert record.published[0].n_items == 20


def test_seed_and_settings_give_another_run(unbroken: Record, tmp_path: Path) -> None:
    other = evaluate(benchmarks=ONE, settings=published(seed=1), output_path=tmp_path)
    assert other.run_id != unbroken.run_id
    (found,), (before,) = other.published, unbroken.published
    assert found.raw == before.raw
    assert found.controls[:-1] == before.controls[:-1]
    assert found.controls[-1].raw != before.controls[-1].raw


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"benchmarks": ["phantom.signl.all-ridge"]}, UnknownNameError, "did you mean"),
        ({"suite": "buildin"}, UnknownNameError, "'builtin'"),
        ({"dataset": "xiao2025"}, UnknownNameError, "'xiao2026'"),
        ({"suite": "builtin", "benchmarks": ONE}, UsageError, "not both"),
        ({"benchmarks": []}, UsageError, "no benchmark was asked for"),
        ({"model": ""}, UsageError, "--model is empty"),
        ({"dataset": "ds003076"}, UsageError, "gives activations only, no answers"),
        ({"suite": "builtin", "dataset": "xiao2026"}, UsageError, "none of"),
        ({"settings": Settings(protocol="controled")}, UnknownNameError, "protocol"),
    ],
)
def test_requests_that_are_off_are_refused_before_any_work(
    asked: dict[str, object], error: type[BrainbenchError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        evaluate(output_path=tmp_path, **asked)
    assert list(tmp_path.iterdir()) == []


def test_without_a_choice_each_model_has_its_suite() -> None:
    names = (DEFAULT_MODEL, PHANTOM_FILE)
    own, file = (load_model(name) for name in names)
    assert default_suite(own, "controlled") == "demonstration"
    assert default_suite(file, "controlled") == default_suite(own, "published") == "builtin"
    other: Any = SimpleNamespace(identifier="nano")
    assert default_suite(other, "controlled") == "alignment"


@pytest.mark.parametrize(
    ("arguments", "count", "first"),
    [
        (((), None, None), 9, "phantom.signal.all-ridge"),
        (((), None, "xiao2026"), 9, "xiao2026.deductive_reasoning.all-ridge"),
        ((("*.all-ridge",), None, "phantom"), 3, "phantom.signal.all-ridge"),
        (((), "alignment", None), 9, "xiao2026.deductive_reasoning.all-ridge"),
        (((), "behavior", None), 3, "ds003076.behavior.all-consistency"),
        (((), None, "ds003076"), 3, "ds003076.behavior.all-consistency"),
    ],
)
def test_choice_of_benchmarks(
    arguments: tuple[tuple[str, ...], str | None, str | None], count: int, first: str
) -> None:
    patterns, suite, dataset = arguments
    chosen = choose_benchmarks(
        load_model(PHANTOM_FILE), patterns or None, suite, dataset, "published"
    )
    assert (len(chosen), chosen[0].identifier) == (count, first)


def test_public_api_takes_a_model_object_and_one_pattern(tmp_path: Path, unbroken: Record) -> None:
    model = brainbench.load_model(PHANTOM_FILE)
    record = brainbench.evaluate(
        model, benchmarks=ONE[0], protocol="published", output_path=tmp_path
    )
    assert record.published == unbroken.published
    benchmark = brainbench.load_benchmark(ONE[0], protocol="published")
    assert benchmark(model).raw == unbroken.published[0].raw
    assert benchmark.ceiling == pytest.approx(unbroken.published[0].ceiling)


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"seed": 1.5}, {"limit": 0}, {"limit": -1}, {"limit": True}]
)
def test_seeds_and_limits_are_whole_numbers(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="must be a whole number"):
        Settings(**wrong)


def test_a_file_of_the_same_name_is_not_the_built_in_model(tmp_path: Path) -> None:
    file = tmp_path / f"{PHANTOM_FILE}.safetensors"
    file.write_bytes(load_model(PHANTOM_FILE).path.read_bytes())  # type: ignore[union-attr]
    record = evaluate(file, benchmarks=ONE, output_path=tmp_path / "out")
    assert record.model.identifier == PHANTOM_FILE
    assert not record.model.builtin


def test_other_code_takes_nothing_from_a_killed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: Record
) -> None:
    monkeypatch.setattr("brainbench.run.record.run_sha256", lambda *given, **more: "0" * 64)
    assert evaluate(benchmarks=ONE, output_path=tmp_path).run_id != unbroken.run_id


def test_a_record_that_cannot_be_read_is_put_aside(tmp_path: Path, unbroken: Record) -> None:
    path = tmp_path / PHANTOM_FILE / unbroken.run_id / "results.json"
    path.parent.mkdir(parents=True)
    path.write_text("{broken")
    assert comparable(evaluate(benchmarks=ONE, output_path=tmp_path)) == comparable(unbroken)
    assert path.with_suffix(".json.bad").read_text() == "{broken"
