"""A run whose model answers: asked once, scored, kept, with samples by id."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from simulated_behavior import AnsweringFake, labels_of

from brainbench.datasets import Behavior, load_behavior, load_card
from brainbench.errors import DataError, UsageError
from brainbench.leaderboard.submissions.samples import row_faults
from brainbench.models import PHANTOM_FILE
from brainbench.progress import Step
from brainbench.results import Record, load_record
from brainbench.run import Settings, evaluate

SUITE = [f"ds003076.behavior.{kind}-consistency" for kind in ("all", "syllogistic", "transitive")]
PUBLISHED = Settings(protocol="published")
BOTH = ["ds003076.behavior.transitive-consistency", "phantom.noise.transitive-ridge"]


@pytest.fixture(scope="module")
def people(shared: Path) -> Behavior:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
        return load_behavior("ds003076")


@pytest.fixture(autouse=True)
def loaded_once(people: Behavior, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading 67 files for every test would take longer than the tests."""
    monkeypatch.setattr("brainbench.run.inputs.load_behavior", lambda *given: people)


def comparable(record: Record) -> dict[str, object]:
    return record.model_dump(exclude={"timing": True, "run_id": True})


def samples(folder: Path) -> list[dict[str, object]]:
    path = next(folder.glob("*/*/samples/ds003076.jsonl"))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_answers_are_asked_once_and_make_every_row(tmp_path: Path, people: Behavior) -> None:
    model, steps = AnsweringFake(), list[Step]()
    record = evaluate(model, suite="behavior", output_path=tmp_path, report=steps.append)
    problems = people.problems
    assert model.asked == [[problem.identifier for problem in problems]]
    assert record.status == "success"
    assert [row.benchmark for row in record.behavior] == SUITE
    assert record.benchmarks == dict.fromkeys(SUITE, 1)
    assert record.published == []
    assert [dataset.name for dataset in record.datasets] == ["ds003076"]
    assert len(steps) == 3
    path = tmp_path / "fake" / record.run_id / "results.json"
    assert load_record(path) == record
    # what was said, item by item, gives back what is in the record
    rows = samples(tmp_path)
    assert [row["id"] for row in rows] == model.asked[0]
    right = [row["said"] == row["label"] for row in rows]
    assert np.mean(right) == pytest.approx(record.behavior[0].accuracy)
    assert [row["label"] for row in rows] == labels_of(problems).tolist()
    text = json.dumps(rows) + path.read_text("utf-8")
    assert not [s for problem in problems for s in problem.sentences if s in text]


def test_same_inputs_same_record_read_back_when_asked_again(tmp_path: Path) -> None:
    model = AnsweringFake()
    first = evaluate(model, benchmarks=BOTH[:1], output_path=tmp_path / "one")
    assert evaluate(model, benchmarks=BOTH[:1], output_path=tmp_path / "one") == first
    assert len(model.asked) == 1
    again = evaluate(model, benchmarks=BOTH[:1], output_path=tmp_path / "one", overwrite=True)
    elsewhere = evaluate(AnsweringFake(), benchmarks=BOTH[:1], output_path=tmp_path / "two")
    assert comparable(first) == comparable(again) == comparable(elsewhere)
    assert first.run_id == elsewhere.run_id


def test_one_run_may_hold_both_kinds_and_asks_only_what_is_scored(tmp_path: Path) -> None:
    model = AnsweringFake()
    record = evaluate(model, benchmarks=BOTH, settings=PUBLISHED, output_path=tmp_path)
    assert [row.benchmark for row in record.behavior] == BOTH[:1]
    assert {row.benchmark for row in record.published} == {BOTH[1]}
    assert [dataset.name for dataset in record.datasets] == ["ds003076", "phantom"]
    assert len(model.asked[0]) == len(samples(tmp_path)) == 34
    assert all(name.startswith("transitive") for name in model.asked[0])
    alone = evaluate(AnsweringFake(), benchmarks=BOTH[:1], output_path=tmp_path)
    assert alone.behavior == record.behavior


def test_a_limit_is_of_each_type(tmp_path: Path) -> None:
    model = AnsweringFake()
    record = evaluate(model, suite="behavior", settings=Settings(limit=12), output_path=tmp_path)
    assert [row.n_items for row in record.behavior] == [24, 12, 12]
    assert len(model.asked[0]) == 24
    assert any("limited to 12 items" in note for note in record.notes)


def test_another_seed_moves_nothing_but_the_halves(tmp_path: Path) -> None:
    one = evaluate(AnsweringFake(), benchmarks=BOTH[:1], output_path=tmp_path)
    other = evaluate(
        AnsweringFake(), benchmarks=BOTH[:1], settings=Settings(seed=1), output_path=tmp_path
    )
    assert one.run_id != other.run_id
    assert one.behavior[0].error_consistency == other.behavior[0].error_consistency
    assert one.behavior[0].certainty_time.value == other.behavior[0].certainty_time.value
    assert one.behavior[0].certainty_time.bound != other.behavior[0].certainty_time.bound


@pytest.mark.parametrize("asked", [SUITE[:1], [SUITE[0], "phantom.noise.all-ridge"]])
def test_activations_alone_are_refused_before_anything_is_touched(
    asked: list[str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="gives activations only, no answers"):
        evaluate(PHANTOM_FILE, benchmarks=asked, output_path=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_computed_outlives_a_model_that_fails_to_be_asked_again(tmp_path: Path) -> None:
    first = evaluate(AnsweringFake(), benchmarks=BOTH[:1], output_path=tmp_path)

    def broken(problems: object) -> tuple[np.ndarray, np.ndarray]:
        raise DataError("the model is gone")

    with pytest.raises(DataError, match="gone"):
        evaluate(AnsweringFake(broken), benchmarks=BOTH[:1], output_path=tmp_path, overwrite=True)
    path = tmp_path / "fake" / first.run_id
    assert load_record(path / "results.json") == first
    assert (path / "samples" / "ds003076.jsonl").is_file()


def test_behaviour_is_in_the_record_of_a_run_that_fails_in_alignment(tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        if step.label == "phantom.transitive: model":
            raise DataError("stop here")

    with pytest.raises(DataError, match="stop here"):
        evaluate(
            AnsweringFake(),
            benchmarks=BOTH,
            settings=PUBLISHED,
            output_path=tmp_path,
            report=stop,
        )
    record = load_record(next(tmp_path.glob("*/*/results.json")))
    assert record.status == "error"
    assert [row.benchmark for row in record.behavior] == BOTH[:1]


def test_what_the_model_says_is_told(tmp_path: Path, said: list[str]) -> None:
    model = AnsweringFake(warnings=("quantised to 4 bits",))
    record = evaluate(model, benchmarks=BOTH[:1], output_path=tmp_path)
    assert "quantised to 4 bits" in said
    assert "quantised to 4 bits" in record.behavior[0].warnings


def test_adults_and_children_are_asked_about_once(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three datasets hold the same problems; samples give people's answers group by group."""
    monkeypatch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
    some = {
        "ds003076": load_card("ds003076").subjects[:4],
        "ds002886": load_card("ds002886").subjects[4:9],
    }
    some["deduction73"] = (*some["ds003076"], *some["ds002886"])
    held = {name: load_behavior(name, people) for name, people in some.items()}
    monkeypatch.setattr("brainbench.run.inputs.load_behavior", lambda name, *given: held[name])
    model = AnsweringFake()
    record = evaluate(model, suite="behavior-73", output_path=tmp_path)
    assert len(model.asked) == 1
    assert [row.dataset for row in record.behavior] == ["ds002886"] * 3 + ["ds003076"] * 3
    assert [one.benchmark for one in record.other] == [
        f"deduction73.difficulty.{kind}-correlation"
        for kind in ("all", "syllogistic", "transitive")
    ]
    path = next(tmp_path.glob("*/*/samples/deduction73.jsonl"))
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for name, group in (("ds003076", "adults"), ("ds002886", "children")):
        right = held[name].values("accuracy")
        for row, answered in zip(rows, right, strict=True):
            assert row[f"n_people_{group}"] == (~np.isnan(answered)).sum()
            assert row[f"people_right_{group}"] == pytest.approx(np.nanmean(answered))
    assert "people_right" not in rows[0]
    assert not [fault for row in rows for fault in row_faults(row)]
