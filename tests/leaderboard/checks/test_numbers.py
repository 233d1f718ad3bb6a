"""Numbers that no run can have: each is refused with its own reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broken_submissions import edit_record, reseal
from safetensors.numpy import save

from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.checks.check import accepted_beside, check_submission
from brainbench.leaderboard.submissions.submission import _today
from brainbench.models import LanguageModel, load_model
from brainbench.models.checkpoints.checkpoint import hash_weights
from brainbench.reasoning.response_bias import measure_bias

RESULTS = "record/results.json"
Row = dict[str, Any]


def faults_of(folder: Path) -> list[str]:
    return [str(fault) for fault in check_submission(folder).faults]


Change = Callable[[dict[str, Any]], None]


def controlled(**values: Any) -> Change:
    return lambda record: record["controlled"][0].update(values)


def inside(part: str, **values: Any) -> Change:
    return lambda record: record["controlled"][0][part].update(values)


def without(name: str) -> Change:
    def work(record: dict[str, Any]) -> None:
        own = record["controlled"][0]
        own["controls"] = [row for row in own["controls"] if row["control"] != name]

    return work


def never_varies(record: dict[str, Any]) -> None:
    own = record["controlled"][0]
    own["n_constant"] = own["n_subjects"] * own["n_voxels"] * 2


def renamed_person(record: dict[str, Any]) -> None:
    record["controlled"][0]["subjects"][0]["subject"] = "sub-9999"


def shifted_person(record: dict[str, Any]) -> None:
    record["controlled"][0]["subjects"][0]["unique_r2"] += 0.5


def accurate(record: dict[str, Any]) -> None:
    record["answer_bias"][0]["accuracy"] = 0.99


def spelled(record: dict[str, Any]) -> None:
    record["accuracy"]["brainbench_quick_belief"]["acc,none"] = 0.987


def constant_with_full_marks(record: dict[str, Any]) -> None:
    record["answer_bias"][0].update(
        answer_shares={"True": 1.0, "False": 0.0}, balanced_accuracy=1.0
    )


def other_protocol(record: dict[str, Any]) -> None:
    record["config"]["protocol"] = "published"


def machine(record: dict[str, Any]) -> None:
    record["model"]["source"] = "/home/somebody/secret/model.gguf"


def agreement(record: dict[str, Any]) -> None:
    record["behavior"][0]["error_consistency"]["value"] = 0.9


def certain(record: dict[str, Any]) -> None:
    record["behavior"][0]["auc"] = 0.999


def task_version(record: dict[str, Any]) -> None:
    record["tasks"]["brainbench_quick_belief"]["version"] = "7"


def strange_files(record: dict[str, Any]) -> None:
    record["model"].update(weights_sha256="0" * 64, files={"model.safetensors": "1" * 64})
    record["config"]["options"] = {"peft": None, "untrained": None}


ARM = {
    "arm": "guided", "n_seeds": 1, "flipped": 0.5, "n_flipped": 3, "tries": None, "length": None,
    "reverted": 0.0, "direction_gained": None, "direction_lost": None,
    "direction_true_rate": None, "direction_auc": None, "direction_balanced_accuracy": None,
}  # fmt: skip


def search_row(*rows: Row) -> Row:
    return {
        "dataset": "xiao2026", "roi": "language", "reasoning_type": "syllogistic",
        "site": "hidden", "layers": [1], "loss": "x", "centring": "x", "n_people": 10,
        "n_items": 36, "n_wrong": 5, "n_pairs": 9, "true_rate": 0.5, "auc": 1.0,
        "balanced_accuracy": 1.0, "rows": list(rows),
    }  # fmt: skip


def nothing_scored(record: dict[str, Any]) -> None:
    record.update(ladder=[], ladder_context=[], controlled=[], behavior=[], answer_bias=[])
    record.update(accuracy={}, tasks={}, benchmarks={})


NUMBERS: dict[str, tuple[Change, str]] = {
    "a run that failed": (lambda r: r.update(status="error"), "status: is error"),
    "no scores": (
        nothing_scored,
        "scores: are none of any kind",
    ),
    "another run's id": (
        lambda r: r.update(run_id="0" * 12),
        "run_id: is 000000000000, the folder",
    ),
    "a name that is a tag": (
        lambda r: r["model"].update(identifier="<script>x</script>"),
        "model.identifier: is '<script>x</script>'",
    ),
    "a path of the submitter's machine": (machine, "model.source: is a path of a machine"),
    "a benchmark that is unknown": (
        lambda r: r["controlled"][0].update(benchmark="xiao2026.soul.all-ridge"),
        "is not a benchmark that this brainbench knows",
    ),
    "a version that is not there yet": (controlled(version=99), "was scored by version 99"),
    "a ladder of another version": (
        lambda r: r["ladder_context"][0].update(version=1),
        "benchmarks.xiao2026.brain.all-ladder: was scored by version 1, this brainbench has",
    ),
    "a benchmark without a score": (
        lambda r: r["benchmarks"].update({"xiao2026.md.all-ridge": 3}),
        "benchmarks.xiao2026.md.all-ridge: was asked, but has no score",
    ),
    "other data": (
        lambda r: r["datasets"][0].update(data_sha256="f" * 64),
        "data_sha256: is 'ffffffffffffffff'",
    ),
    "data of another name": (lambda r: r["datasets"].pop(0), "is missing, though it was scored"),
    "two protocols in one record": (other_protocol, "the configuration says 'published'"),
    "a correlation of 3": (
        inside("raw", value=3.0),
        "raw.value: Input should be less than or equal to 1",
    ),
    "a correlation of another mean": (
        inside("raw", value=0.9),
        "raw.value: is 0.9, the people's r give",
    ),
    "a share of 7": (
        lambda r: r["behavior"][0].update(accuracy=7.0),
        "accuracy: Input should be less than or equal to 1",
    ),
    "a negative count": (
        controlled(n_constant=-5),
        "n_constant: Input should be greater than or equal to 0",
    ),
    "an interval upside down": (
        inside("reference", interval=[0.9, 0.1]),
        "reference.interval: runs backwards, from 0.9 to 0.1",
    ),
    "an interval far from its value": (
        inside("reference_unique_r2", interval=[0.5, 0.6]),
        "reference_unique_r2.interval: is 0.5 to 0.6, far from its value",
    ),
    "fewer people than there are": (
        controlled(n_subjects=3),
        "n_subjects: is 3, the data card says 10",
    ),
    "a person who is nobody": (
        renamed_person,
        "holds 'sub-9999', which is not of the people of the data card",
    ),
    "voxels that were left out": (
        controlled(n_voxels=12),
        "n_voxels: is 12, the data card says 313",
    ),
    "a mean that is not of its people": (shifted_person, "unique_r2.value: is"),
    "no nuisance rows": (controlled(controls=[]), "controls: lacks reasoning type, run, position"),
    "a nuisance row left out": (without("response time"), "lacks response time of the protocol's"),
    "words of its own": (controlled(reading="best of all"), "reading: is not a field that"),
    "too few permutations": (
        controlled(draws=19),
        "draws: are 19, the protocol asks for 200 or more",
    ),
    "a p value of 0": (
        inside("unique_r2", p=0.0),
        "unique_r2.p: is 0, which 1000 permutations cannot give",
    ),
    "a p value between the draws": (
        inside("unique_r2", p=0.0123),
        "unique_r2.p: is 0.0123, which 1000",
    ),
    "no null": (inside("unique_r2", null_mean=None), "unique_r2.null_mean: is missing"),
    "a ratio by wish": (controlled(ratio=2.5), "ratio: is"),
    "a leak that is not told": (controlled(selection_leak=False), "selection_leak: is False"),
    "a constant prediction that scores": (
        never_varies,
        "for predictions that never vary, which count 0",
    ),
    "κ that is not of its people": (
        agreement,
        "error_consistency.value: is 0.9, the people's give",
    ),
    "AUC that is not of its answers": (certain, "auc: is 0.999, its samples give"),
    "accuracy that is not of its answers": (
        accurate,
        "answer_bias (brainbench_quick_syllogistic).accuracy: is 0.99",
    ),
    "lm-eval's number and ours differ": (spelled, "acc,none: is 0.987, answer_bias.accuracy give"),
    "one answer with full marks": (
        constant_with_full_marks,
        "balanced_accuracy: is 1 for one answer to everything",
    ),
    "a run still to come": (
        lambda r: r["timing"].update(started="2999-01-01T00:00:00+00:00"),
        "timing.started: is '2999-01-01T00:00:00+00:00', which is still to come",
    ),
    "weights without a hash": (
        lambda r: r["model"].update(weights_sha256="my weights"),
        "model.weights_sha256: is 'my weights', no sha256",
    ),
    "a file whose hash is none": (
        lambda r: r["model"].update(weights_sha256="0" * 64, files={"model.safetensors": "1"}),
        "model.files.model.safetensors: is '1', no sha256",
    ),
    "a file that is a way out": (
        lambda r: r["model"].update(weights_sha256="0" * 64, files={"../x": "1" * 64}),
        "model.files: holds '../x', which is not a name of a file",
    ),
    "files that are not of the weights": (
        strange_files,
        "model.weights_sha256: is 0000000000000000…, model.files give",
    ),
    "a search without its own arm": (
        lambda r: r["searches"].append(search_row({**ARM, "arm": "label only"})),
        "rows lack 'guided': no search without its own arm",
    ),
    "shares of answers that are no choices": (
        lambda r: r["answer_bias"][0]["always"].update(Perhaps=0.9),
        "answer_bias.0: always holds other answers than the choices",
    ),
    "an old task": (
        task_version,
        "tasks.brainbench_quick_belief.version: is of version '7'",
    ),
}


@pytest.mark.parametrize(("change", "reason"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_that_cannot_be(change: Change, reason: str, whole: Path) -> None:
    edit_record(whole, change)
    found = faults_of(whole)
    assert any(reason in fault for fault in found), found
    assert all(fault.startswith(str(whole)) for fault in found)


def test_a_search_alone_is_a_score(whole: Path) -> None:
    def change(record: dict[str, Any]) -> None:
        nothing_scored(record)
        record["searches"].append(search_row({**ARM, "arm": "guided"}))

    edit_record(whole, change)
    assert not any("none of any kind" in fault for fault in faults_of(whole))


def of_published(**values: Any) -> Change:
    return lambda record: record["published"][0].update(values)


def no_random(record: dict[str, Any]) -> None:
    rows = record["published"][0]["controls"]
    rows[:] = [row for row in rows if row["control"] != "random features"]


def one_draw(record: dict[str, Any]) -> None:
    record["published"][0]["controls"][-1]["draws"] = 1


PUBLISHED: dict[str, tuple[Change, str]] = {
    "a headline above its layers": (of_published(raw=0.9), "raw: is 0.9, the people's give"),
    "a headline without people": (
        of_published(subjects=[]),
        "raw: stands without the scores of its people",
    ),
    "no layers": (
        of_published(layers=[]),
        "was chosen among layers that the record does not hold",
    ),
    "no nuisance": (of_published(controls=[]), "controls: lacks reasoning type, length"),
    "no random features": (no_random, "controls: lacks random features of the protocol's"),
    "random features drawn once": (one_draw, "has 1 draws and the range"),
}


@pytest.mark.parametrize(("change", "reason"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_numbers_that_cannot_be(change: Change, reason: str, published: Path) -> None:
    edit_record(published, change)
    found = faults_of(published)
    assert any(reason in fault for fault in found), found


BELIEF = "brainbench_quick_belief"


def edit_answers(folder: Path, change: Callable[[list[Row]], list[Row]]) -> list[Row]:
    """Change the answers of a task, and seal the folder again."""
    path = folder / "record" / "samples" / f"{BELIEF}.jsonl"
    rows = change([json.loads(line) for line in path.read_text().splitlines()])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reseal(folder)
    return rows


def test_answers_are_held_against_proven_labels(whole: Path) -> None:
    flip = {"True": "False", "False": "True"}
    edit_answers(
        whole,
        lambda rows: [
            {**row, "label": flip[row["label"]], "said": flip[row["said"]]} for row in rows
        ],
    )
    assert any("is labelled" in fault and "and is" in fault for fault in faults_of(whole))


def right_throughout(row: Row, **changed: Any) -> Row:
    """A row whose label is what was said."""
    return {**row, "label": row["said"], "acc": 1.0, **changed}


ANSWERS: dict[str, tuple[Callable[[list[Row]], list[Row]], str]] = {
    "ids of nobody, each right": (
        lambda rows: [right_throughout(row, id=f"x{i}") for i, row in enumerate(rows)],
        "holds 'x0', which is not a problem that was asked",
    ),
    "a problem left out": (lambda rows: rows[1:], "lacks belief-test-"),
    "a problem twice": (
        lambda rows: [*rows[:-1], {**rows[0], "doc_id": len(rows) - 1}],
        " 2 times",
    ),
    "another base problem": (
        lambda rows: [{**row, "base_id": str(i)} for i, row in enumerate(rows)],
        "is of '0', and is an order of belief-test-",
    ),
    "no labels": (
        lambda rows: [{"doc_id": row["doc_id"], "id": row["id"], "acc": 1.0} for row in rows],
        "has samples without a label or an answer",
    ),
}


@pytest.mark.parametrize(("change", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_answers_that_cannot_be(
    change: Callable[[list[Row]], list[Row]], reason: str, whole: Path
) -> None:
    """Whatever the record makes of them: it follows from them throughout."""
    rows = edit_answers(whole, change)
    edit_record(whole, lambda record: remade(record, rows))
    found = faults_of(whole)
    assert any(reason in fault for fault in found), found


def remade(record: dict[str, Any], rows: list[Row]) -> None:
    record["tasks"][BELIEF].update(n_items=len(rows), n_docs=len(rows))
    record["accuracy"][BELIEF] = {}
    own = [row for row in rows if "label" in row]
    if own:
        items = [[row["base_id"], row["label"], row["said"], row["log_odds"]] for row in own]
        bias = measure_bias(BELIEF, ("True", "False"), items).model_dump(mode="json")
        places = [i for i, one in enumerate(record["answer_bias"]) if one["task"] == BELIEF]
        record["answer_bias"][places[0]] = bias


def test_a_limit_is_the_first_problems(whole: Path) -> None:
    rows = edit_answers(whole, lambda rows: rows[:5])

    def limited(record: dict[str, Any]) -> None:
        remade(record, rows)
        record["config"]["limit"] = 5
        record["tasks"][BELIEF]["n_docs"] = 32

    edit_record(whole, limited)
    assert not any(BELIEF in fault for fault in faults_of(whole))
    edit_record(whole, lambda record: record["tasks"][BELIEF].update(n_docs=5))
    assert any("n_docs: is 5, the task's problems are 32" in fault for fault in faults_of(whole))


def test_voxels_are_held_against_people(published: Path) -> None:
    record = json.loads((published / RESULTS).read_text())
    own = next(
        score["subjects"]
        for score in record["published"]
        if score["roi"] == "language" and score["reasoning_type"] == "transitive"
    )
    arrays = {f"language.{row['subject']}": np.full(row["n_voxels"], row["raw"]) for row in own}
    (published / "record" / "voxels").mkdir()
    path = published / "record" / "voxels" / "xiao2026.transitive_model.safetensors"
    path.write_bytes(save(arrays))
    reseal(published)
    assert faults_of(published) == []
    arrays[f"language.{own[3]['subject']}"] += 0.01
    arrays[f"language.{own[4]['subject']}"] = np.zeros(5)
    path.write_bytes(save(arrays))
    reseal(published)
    first, second = faults_of(published)
    assert own[3]["subject"] in first + second
    assert f"{own[3]['subject']}).raw: is" in first + second
    assert "holds 5 voxels, the score has 1359" in first + second


def test_hash_of_the_weights_is_that_of_the_files() -> None:
    model = load_model("nano")
    assert isinstance(model, LanguageModel)
    facts = model.facts
    assert hash_weights(facts["files"]) == facts["weights_sha256"]
    drawn = model.untrained(3).facts
    assert hash_weights(drawn["files"], untrained=3) == drawn["weights_sha256"]


def test_the_day_is_not_still_to_come(make: Callable[..., Path], tmp_path: Path) -> None:
    assert faults_of(make(tmp_path, 0, {"submitted": _today() + timedelta(days=1)})) == []
    folder = make(tmp_path, 1, {"submitted": _today() + timedelta(days=3)})
    (fault,) = faults_of(folder)
    assert "submitted: is" in fault
    assert "which is still to come" in fault


def test_a_run_that_somebody_submitted_before(whole: Path) -> None:
    copy = whole.parent.parent / "other__copy" / whole.name
    shutil.copytree(whole, copy)
    text = (copy / "metadata.yaml").read_text()
    text = text.replace("org: lab", "org: other").replace("model: synthetic-0000", "model: copy")
    (copy / "metadata.yaml").write_text(text)
    reseal(copy)
    (fault,) = check_submission(copy, beside=accepted_beside(copy)).faults
    assert f"is the run that {whole.parent.name}/{whole.name} holds" in fault.problem
    shutil.rmtree(whole)
    assert check_submission(copy, beside=accepted_beside(copy)).faults == []


def test_what_no_model_changes_is_held_against_accepted_ones(
    whole: Path, make: Callable[..., Path]
) -> None:
    root = whole.parent.parent
    others = [make(root, seed) for seed in (11, 12)]
    beside = accepted_beside(whole)
    assert {one.record.run_id for one in beside} == {other.name for other in others}
    assert check_submission(whole, beside=beside).faults == []

    def lower(record: dict[str, Any]) -> None:
        for row in record["controlled"][0]["controls"]:
            if row["control"] == "condition":
                row["r"] = -0.2

    edit_record(whole, lower)
    found = [str(fault) for fault in check_submission(whole, beside=beside).faults]
    assert len(found) == 1
    assert "condition: is -0.2, in accepted records" in found[0]


def test_incomplete_is_told_and_no_fault(make: Callable[..., Path], tmp_path: Path) -> None:
    def partly(record: dict[str, Any]) -> None:
        record["tasks"].pop("brainbench_quick_belief")
        record["accuracy"].pop("brainbench_quick_belief")
        record["answer_bias"] = [
            bias for bias in record["answer_bias"] if bias["task"] != "brainbench_quick_belief"
        ]

    folder = make(tmp_path, 3)
    (folder / "record" / "samples" / "brainbench_quick_belief.jsonl").unlink()
    edit_record(folder, partly)
    found = check_submission(folder, load_boards())
    assert found.faults == []
    assert found.boards["accuracy"] == ["brainbench_quick_belief: not read"]
    assert found.boards["alignment"] == []
