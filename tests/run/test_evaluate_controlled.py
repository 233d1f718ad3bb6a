"""A run under the default, controlled protocol: kept, resumed, refused, like any other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulated_behavior import AnsweringFake, people, sharing

import brainbench
from brainbench.benchmarks import ControlledRow, ControlledScore
from brainbench.errors import BrainbenchError, DataError, UnknownNameError, UsageError
from brainbench.models import PHANTOM_FILE, Activations, load_model
from brainbench.progress import Step
from brainbench.results import Record, RunFolder, load_record
from brainbench.run import Settings
from brainbench.run import evaluate as run_evaluate

ONE = ["phantom.signal.syllogistic-ridge"]
TWO = [*ONE, "phantom.signal.transitive-ridge"]
PLUGIN = Path(__file__).parent.parent / "plugins" / "example"


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """Enough to reach p = 0.01, and quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brainbench.benchmarks.controlled.cell.DRAWS", 139)
        yield


def evaluate(model: Any = PHANTOM_FILE, **asked: Any) -> Record:
    """A run of the shipped activations, which takes no language model; no protocol named."""
    return run_evaluate(model, **asked)


def comparable(record: Record) -> dict[str, object]:
    """A record without what may differ between two runs of the same inputs."""
    return record.model_dump(exclude={"timing": True, "run_id": True, "model": {"source"}})


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return evaluate(benchmarks=TWO, output_path=tmp_path_factory.mktemp("unbroken"))


@dataclass
class Kept:
    """Keys of the steps that are kept from now on, and an error that comes with the n-th."""

    keys: list[str] = field(default_factory=list)
    broken: tuple[int, BaseException] | None = None

    def forget(self) -> list[str]:
        """What there was; nothing is broken from here on."""
        keys, self.keys, self.broken = self.keys, [], None
        return keys


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    keys, put = Kept(), RunFolder.put

    def watched(folder: RunFolder, key: str, *given: Any) -> None:
        if keys.broken and len(keys.keys) == keys.broken[0]:
            raise keys.broken[1]
        put(folder, key, *given)
        keys.keys.append(key)

    monkeypatch.setattr(RunFolder, "put", watched)
    return keys


def test_controlled_is_the_default(unbroken: Record) -> None:
    assert Settings().protocol == "controlled"
    assert unbroken.config["protocol"] == "controlled"
    assert {row.protocol for row in unbroken.controlled} == {"controlled"}
    assert unbroken.published == []


def test_record_holds_what_the_scores_come_from(unbroken: Record) -> None:
    assert unbroken.status == "success"
    assert unbroken.model.sha256 == load_model(PHANTOM_FILE).sha256
    assert len(unbroken.datasets[0].data_sha256) == 64
    assert [row.benchmark for row in unbroken.controlled] == TWO
    assert unbroken.benchmarks == {row.benchmark: row.version for row in unbroken.controlled}
    assert unbroken.config["seed"] == 0
    assert any("simulated" in note for note in unbroken.notes)
    for row in unbroken.controlled:
        assert row.unique_r2.p is not None
        assert row.unique_r2.p <= 0.01, "the signal was planted"
        assert [one.subject for one in row.subjects] == [f"phantom-0{i}" for i in range(1, 7)]
        assert np.mean([one.r for one in row.subjects]) == pytest.approx(row.raw.value)
        assert np.mean([one.unique_r2 for one in row.subjects]) == pytest.approx(
            row.unique_r2.value
        )


def test_the_public_api_writes_controlled_scores(tmp_path: Path, unbroken: Record) -> None:
    model = brainbench.load_model(PHANTOM_FILE)
    record = brainbench.evaluate(model, benchmarks=ONE[0], output_path=tmp_path)
    assert record.published == []
    assert load_record(tmp_path / PHANTOM_FILE / record.run_id / "results.json") == record
    score = brainbench.load_benchmark(ONE[0])(model)
    assert isinstance(score, brainbench.ControlledScore)
    # why there is no untrained model is worded otherwise where no run asked for one
    other = {"controls": ()}
    assert record.controlled[0].model_copy(update=other) == score.model_copy(update=other)
    assert record.controlled[0].controls[:-1] == score.controls[:-1]
    assert score.unique_r2 == unbroken.controlled[0].unique_r2


def test_same_inputs_same_record_in_the_same_place(unbroken: Record, tmp_path: Path) -> None:
    again = evaluate(benchmarks=TWO, output_path=tmp_path)
    assert comparable(again) == comparable(unbroken)
    assert again.run_id == unbroken.run_id
    assert load_record(tmp_path / PHANTOM_FILE / again.run_id / "results.json") == again


def test_a_finished_run_is_read_back_and_overwritten_only_when_asked(
    tmp_path: Path, kept: Kept, said: list[str]
) -> None:
    steps: list[Step] = []
    first = evaluate(benchmarks=ONE, output_path=tmp_path)
    computed = kept.forget()
    second = evaluate(benchmarks=ONE, output_path=tmp_path, report=steps.append)
    assert second == first
    assert steps == []
    assert kept.keys == []
    assert any("--overwrite" in text for text in said)
    third = evaluate(benchmarks=ONE, output_path=tmp_path, report=steps.append, overwrite=True)
    assert kept.keys == computed == [step.label for step in steps]
    assert [step.done for step in steps] == list(range(len(steps)))
    assert all(step.done < step.total for step in steps)
    assert comparable(third) == comparable(first)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (KeyboardInterrupt(), "cancelled", "interrupted by the user"),
        (DataError("the disk is gone"), "error", "the disk is gone"),
        (ValueError("a bug"), "error", "ValueError: a bug"),
    ],
)
def test_a_broken_run_keeps_what_was_finished(
    error: BaseException,
    status: str,
    reason: str,
    said: list[str],
    tmp_path: Path,
    unbroken: Record,
    kept: Kept,
) -> None:
    """Broken off in the second cell, as by Ctrl-C, before its second or third step is kept."""
    kept.broken = (5, error)
    with pytest.raises(type(error)):
        evaluate(benchmarks=TWO, output_path=tmp_path)
    folder = tmp_path / PHANTOM_FILE / unbroken.run_id
    record = load_record(folder / "results.json")
    assert (record.status, record.error) == (status, reason)
    assert [row.benchmark for row in record.controlled] == ONE
    finished = kept.forget()
    assert len(finished) == len(list((folder / "steps").iterdir())) == 5
    assert {key.split()[0] for key in finished} == {"phantom.syllogistic", "phantom.transitive"}

    steps: list[Step] = []
    resumed = evaluate(benchmarks=TWO, output_path=tmp_path, report=steps.append)
    assert comparable(resumed) == comparable(unbroken)
    assert kept.keys
    assert finished + kept.keys == [step.label for step in steps], "none was computed again"
    assert any(f"going on with the {status} run" in text for text in said)
    assert not (folder / "steps").exists()


def test_what_a_killed_run_leaves_is_gone_on_with(
    tmp_path: Path, unbroken: Record, kept: Kept
) -> None:
    """What lies there half way is what a killed process leaves; its last step is cut off."""
    killed = tmp_path / "killed"

    def leave(step: Step) -> None:
        if len(kept.keys) == 4 and not killed.exists():
            shutil.copytree(tmp_path / "whole", killed)

    evaluate(benchmarks=TWO, output_path=tmp_path / "whole", report=leave)
    folder = killed / PHANTOM_FILE / unbroken.run_id
    assert load_record(folder / "results.json").status == "started"
    last = max((folder / "steps").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    last.write_text(last.read_text()[:-20])
    every = kept.forget()
    resumed = evaluate(benchmarks=TWO, output_path=killed)
    assert comparable(resumed) == comparable(unbroken)
    assert kept.keys == every[3:], "whole steps are taken over, the one that was cut off is not"


def test_scores_of_a_dataset_that_was_finished_outlive_an_error_in_the_next(
    tmp_path: Path, unbroken: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(PLUGIN))
    from mylab_brainbench import plugin

    monkeypatch.setattr("brainbench.plugins._plugins", lambda: {"mylab": plugin})
    both = [*TWO, "mylab2026.auditory.syllogistic-ridge"]

    def stop(step: Step) -> None:
        if step.label.startswith("mylab2026"):
            raise DataError("stop here")

    with pytest.raises(DataError, match="stop here"):
        evaluate(benchmarks=both, output_path=tmp_path, report=stop)
    record = load_record(next(tmp_path.glob("*/*/results.json")))
    assert (record.status, record.error) == ("error", "stop here")
    assert record.controlled == unbroken.controlled
    whole = evaluate(benchmarks=both, output_path=tmp_path)
    assert [row.benchmark for row in whole.controlled] == both
    assert whole.controlled[:2] == unbroken.controlled


def test_behaviour_is_in_the_record_of_a_run_that_fails_in_alignment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainbench.run.inputs.load_behavior", lambda *given: people(sharing(0.6)))
    both = ["ds003076.behavior.all-consistency", *ONE]

    def stop(step: Step) -> None:
        if step.label.startswith("phantom"):
            raise DataError("stop here")

    with pytest.raises(DataError, match="stop here"):
        evaluate(AnsweringFake(), benchmarks=both, output_path=tmp_path, report=stop)
    record = load_record(next(tmp_path.glob("*/*/results.json")))
    assert record.status == "error"
    assert [row.benchmark for row in record.behavior] == both[:1]
    whole = evaluate(AnsweringFake(), benchmarks=both, output_path=tmp_path)
    assert whole.behavior == record.behavior
    assert [row.benchmark for row in whole.controlled] == ONE


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (2, "need at least"),
        (12, "at least two are needed; there is 1"),
        (20, "at least 6 items; there are: syllogistic-01 18, syllogistic-02 2"),
    ],
)
def test_a_limit_that_leaves_too_little_is_named_in_the_error(
    limit: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        evaluate(benchmarks=ONE, settings=Settings(limit=limit), output_path=tmp_path)
    assert str(caught.value).endswith(f"(with --limit {limit})")
    assert not list(tmp_path.iterdir()), "refused before anything is computed or kept"


def test_a_limit_that_leaves_enough_is_kept_and_said(tmp_path: Path) -> None:
    record = evaluate(benchmarks=ONE, settings=Settings(limit=26), output_path=tmp_path)
    assert record.controlled[0].n_items == 26
    assert any("limited to 26 items" in note for note in record.notes)


def test_seed_protocol_and_untrained_states_give_another_run(
    unbroken: Record, tmp_path: Path
) -> None:
    problems = brainbench.load_recording("phantom", ("signal",)).problems
    states = np.random.default_rng(5).standard_normal((len(problems), 2, 20))
    path = tmp_path / "untrained.safetensors"
    names = [problem.identifier for problem in problems]
    given = Activations({"hidden": states}, {"hidden": (0, 1)})
    brainbench.save_activations(path, given, names, "drawn anew")
    runs = {
        name: evaluate(benchmarks=ONE, settings=settings, output_path=tmp_path / "out")
        for name, settings in {
            "default": Settings(),
            "seed": Settings(seed=1),
            "untrained": Settings(untrained_activations=str(path)),
            "published": Settings(protocol="published"),
        }.items()
    }
    assert len({record.run_id for record in runs.values()}) == 4
    assert runs["published"].controlled == []
    assert {row.protocol for row in runs["published"].published} == {"published"}
    default, seed, untrained = (runs[n].controlled[0] for n in ("default", "seed", "untrained"))
    assert seed.raw.value == default.raw.value
    assert seed.unique_r2.value == default.unique_r2.value
    assert seed.raw.null_mean != default.raw.null_mean
    assert control(seed, "position") == control(default, "position")
    assert control(seed, "random features") != control(default, "random features")
    assert control(default, "untrained model").reason is not None
    assert control(untrained, "untrained model").draws == 1
    assert control(untrained, "random features") == control(default, "random features")


def control(score: ControlledScore, name: str) -> ControlledRow:
    return next(row for row in score.controls if row.control == name)


def test_a_record_is_json_without_loss(unbroken: Record, tmp_path: Path) -> None:
    text = unbroken.model_dump_json()
    assert Record.model_validate_json(text) == unbroken
    rows = json.loads(text)["controlled"]
    required = {"benchmark", "protocol", "raw", "reference", "unique_r2"}
    assert all(required <= set(row) for row in rows)
    assert "NaN" not in text


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"benchmarks": ["phantom.signl.all-ridge"]}, UnknownNameError, "did you mean"),
        ({"suite": "builtin", "benchmarks": ONE}, UsageError, "not both"),
        ({"benchmarks": []}, UsageError, "no benchmark was asked for"),
        ({"dataset": "ds003076"}, UsageError, "gives activations only, no answers"),
        ({"settings": Settings(untrained_activations="none.safetensors")}, UsageError, "no file"),
    ],
)
def test_requests_that_are_off_are_refused_before_any_work(
    asked: dict[str, object], error: type[BrainbenchError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        evaluate(output_path=tmp_path, **asked)
    assert list(tmp_path.iterdir()) == []


def test_untrained_activations_do_not_go_with_the_published_protocol() -> None:
    Settings(untrained_activations="x.safetensors")
    with pytest.raises(UsageError, match="goes with --protocol controlled"):
        Settings(protocol="published", untrained_activations="x.safetensors")
