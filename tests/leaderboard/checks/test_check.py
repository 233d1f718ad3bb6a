"""Submissions that mean ill or were made badly: each is refused with its own reason."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broken_submissions import edit_record, reseal
from safetensors.numpy import save

from brainbench.errors import UsageError
from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.checks.check import check_submission, find_submissions, read_submission
from brainbench.leaderboard.submissions.safe_read import count_values
from brainbench.leaderboard.submissions.submission import seal_submission

RESULTS = "record/results.json"


def faults_of(folder: Path) -> list[str]:
    return [str(fault) for fault in check_submission(folder).faults]


def test_a_whole_one_has_no_fault_and_is_complete(whole: Path, published: Path) -> None:
    found = check_submission(whole, load_boards())
    assert found.faults == []
    assert found.boards == {"alignment": [], "behavior": [], "accuracy": []}
    assert any("brainbench fetch ds003076" in note for note in found.notes)
    other = check_submission(published, load_boards())
    assert other.faults == []
    assert other.boards == {"alignment-published": []}


def test_where_a_model_learned_is_told_with_the_boards_it_is_not_ranked_on(whole: Path) -> None:
    def learned(record: dict[str, Any]) -> None:
        record["model"]["learned_from"] = ["xiao2026"]

    edit_record(whole, learned)
    found = check_submission(whole, load_boards())
    assert found.faults == []
    told = [note for note in found.notes if "not ranked" in note]
    why = "not ranked, learned from xiao2026, whose people or problems these are"
    assert told == [f"board alignment: {why}", f"board behavior: {why}"]


# ---------------------------------------------------------------- files

Break = Callable[[Path], None]


def text_of(folder: Path, path: str, change: Callable[[str], str], seal: bool = True) -> None:
    file = folder / path
    file.write_text(change(file.read_text("utf-8")), "utf-8")
    if seal:
        reseal(folder)


def link_out(folder: Path) -> None:
    target = folder / "record" / "samples" / "stolen.jsonl"
    target.symlink_to("/etc/passwd")


def link_record(folder: Path) -> None:
    file = folder / RESULTS
    file.rename(folder.parent / "elsewhere.json")
    file.symlink_to(folder.parent / "elsewhere.json")


def link_folder(folder: Path) -> None:
    (folder / "record" / "voxels").symlink_to("/etc")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "record" / "samples" / "pipe.jsonl")


def sparse(folder: Path) -> None:
    with (folder / RESULTS).open("r+b") as file:
        file.truncate(3_000_000_000)


def many_files(folder: Path) -> None:
    for number in range(600):
        (folder / "record" / "samples" / f"n{number}.jsonl").write_text("{}\n")


def manifest(change: Callable[[dict[str, Any]], None]) -> Break:
    def work(folder: Path) -> None:
        path = folder / "manifest.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return work


def deep(folder: Path) -> None:
    text_of(
        folder, RESULTS, lambda text: text.replace('"notes": []', f'"notes": {"[" * 90}{"]" * 90}')
    )


def deeper(folder: Path) -> None:
    (folder / RESULTS).write_text("[" * 200_000 + "]" * 200_000)
    reseal(folder)


def metadata(old: str, new: str) -> Break:
    def work(folder: Path) -> None:
        file = folder / "metadata.yaml"
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
        reseal(folder)

    return work


def raw(path: str, content: bytes) -> Break:
    def work(folder: Path) -> None:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
        reseal(folder)

    return work


def record_text(old: str, new: str) -> Break:
    def work(folder: Path) -> None:
        def change(text: str) -> str:
            assert old in text
            return text.replace(old, new, 1)

        text_of(folder, RESULTS, change)

    return work


NOTHING = {"sha256": "0" * 64, "size": 1}
FILES: dict[str, tuple[Break, str]] = {
    "a link to a file of the machine": (link_out, "stolen.jsonl: file: is a link"),
    "the record is a link": (link_record, "results.json: file: is a link"),
    "a folder is a link": (link_folder, "voxels: file: is a link"),
    "a pipe that never ends": (pipe, "pipe.jsonl: file: is a device or pipe"),
    "a file of gigabytes": (sparse, "results.json: size: is 3000.0 MB, more than 5"),
    "hundreds of files": (many_files, "files: holds more than 500 files"),
    "a program": (raw("run.py", b"import os"), "run.py: file: has no place in a submission"),
    "a page of the submitter's": (
        raw("record/report.html", b"<script>"),
        "report.html: file: has no place in a submission",
    ),
    "a pickle": (raw("record/samples/x.pkl", b"\x80"), "x.pkl: file: has no place"),
    "a hidden file": (raw("record/samples/.x.jsonl", b"{}"), ".x.jsonl: file: has no place"),
    "a strange folder": (raw("more/x.txt", b""), "more: file: is not a folder of a submission"),
    "names that differ in capitals": (
        raw("record/samples/DS003076.jsonl", b"{}\n"),
        "machines that do not tell capitals",
    ),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "manifest.json: file: is missing"),
    "no record": (lambda f: (f / RESULTS).unlink(), "results.json: file: is missing"),
    "no metadata": (lambda f: (f / "metadata.yaml").unlink(), "metadata.yaml: file: is missing"),
    "a record edited after it was sealed": (
        lambda f: text_of(f, RESULTS, lambda t: t.replace("0.1", "0.2"), seal=False),
        "results.json: sha256: is",
    ),
    "a manifest with a path out of the folder": (
        manifest(lambda c: c["files"].update({"../../secret": NOTHING})),
        "'../../secret' is not a path of a submission's file",
    ),
    "a manifest with a file that is not there": (
        manifest(lambda c: c["files"].update({"record/samples/gone.jsonl": NOTHING})),
        "record/samples/gone.jsonl is listed, but not there",
    ),
    "a manifest that leaves a file out": (
        manifest(lambda c: c["files"].pop("record/samples/ds003076.jsonl")),
        "ds003076.jsonl: file: is not in manifest.json",
    ),
    "a manifest of another form": (
        manifest(lambda c: c.update({"run": "rm -rf /"})),
        "manifest.json: file: does not hold format and files",
    ),
    "brackets without end": (deeper, "is more than 32 maps and lists deep"),
    "brackets too deep": (deep, "is more than 32 maps and lists deep"),
    "not UTF-8": (raw(RESULTS, b"\xff\xfe{}"), "results.json: file: is not UTF-8 (byte 0)"),
    "no JSON": (raw(RESULTS, b"import os"), "results.json: file: is not JSON"),
    "NaN": (
        record_text('"seconds": 1.0', '"seconds": NaN'),
        "NaN: is not a number that JSON knows",
    ),
    "infinity": (
        record_text('"seconds": 1.0', '"seconds": -Infinity'),
        "-Infinity: is not a number that JSON knows",
    ),
    "a number beyond numbers": (
        record_text('"seconds": 1.0', '"seconds": 1e999'),
        "1e999: is too large for a number",
    ),
    "a number of a million digits": (
        record_text('"seconds": 1.0', f'"seconds": {"9" * 1_000_000}'),
        "is a number of 1000000 digits",
    ),
    "a key twice": (
        record_text('"status": "success"', '"status": "error","status": "success"'),
        "status: stands twice in one object",
    ),
    "an unknown field": (
        record_text('"status": "success"', '"status": "success","rank": 1'),
        "results.json: rank: is not a field that brainbench knows",
    ),
    "a score of a kind that no board has": (
        record_text(
            '"searches": []',
            '"other": [{"kind": "toy", "benchmark": "a.b.c", "version": 1, "dataset": "a", '
            '"value": 0.9, "notes": ["x"], "score": {}}], "searches": []',
        ),
        "other (a.b.c): is a score of the kind 'toy', which no board ranks",
    ),
    "another version of the schema": (
        record_text('"schema_version": 2', '"schema_version": 99'),
        "schema_version: is 99, this brainbench reads up to 2",
    ),
    "text that turns around": (
        record_text('"notes": []', '"notes": ["\\u202egnp.exe"]'),
        "holds the character U+202E",
    ),
    "a text without end": (
        record_text('"notes": []', f'"notes": ["{"a" * 30_000}"]'),
        "is a text of 30,000 characters",
    ),
    "YAML that makes an object": (
        metadata("licence: Apache-2.0", "licence: !!python/object/apply:os.system [id]"),
        "holds the tag tag:yaml.org,2002:python/object/apply:os.system",
    ),
    "YAML that refers to itself": (
        metadata("licence: Apache-2.0", "licence: &a Apache-2.0\nfamily2: *a"),
        "holds the anchor &a",
    ),
    "YAML in YAML in YAML": (
        metadata("licence: Apache-2.0", "licence: [[[[[[x]]]]]]"),
        "is more than 4 levels deep",
    ),
    "YAML with a field twice": (
        metadata("licence: Apache-2.0", "licence: Apache-2.0\nlicence: MIT"),
        "'licence' stands twice",
    ),
    "an unknown field of metadata": (
        metadata("licence: Apache-2.0", "licence: Apache-2.0\nrank: 1"),
        "metadata.yaml: rank: is not a field that brainbench knows",
    ),
    "HTML in the name of the organisation": (
        metadata("org: lab", "org: <script>alert(1)</script>"),
        "org: must be 1 to 100 Latin letters",
    ),
    "HTML in the licence": (
        metadata("licence: Apache-2.0", "licence: <img src=x onerror=alert(1)>"),
        "licence: holds what looks like HTML",
    ),
    "a way out in the name": (
        metadata("org: lab", "org: ../../etc"),
        "org: must be 1 to 100 Latin letters",
    ),
    "somebody else's folder": (
        metadata("org: lab", "org: other-lab"),
        "name the folder other-lab__synthetic-0000",
    ),
    "an absurd number of parameters": (
        metadata("parameters: 135000000", "parameters: 1000000000000000000"),
        "parameters: Input should be less than or equal to 100000000000000",
    ),
    "a licence still to be said": (
        metadata("licence: Apache-2.0", "licence: 'FILL IN: licence'"),
        "licence: is still to be filled in",
    ),
    "samples that are not objects": (
        raw("record/samples/ds003076.jsonl", b"[1, 2]\n"),
        "ds003076.jsonl: line 1: is not a JSON object",
    ),
    "samples with texts of others": (
        raw("record/samples/ds003076.jsonl", b'{"id": "a", "doc": "A text"}\n'),
        "line 1, doc: holds texts of questions or answers",
    ),
    "samples with a field of their own": (
        raw("record/samples/ds003076.jsonl", b'{"id": "a", "payload": "x"}\n'),
        "line 1, payload: is a text in a field that brainbench does not write",
    ),
    "voxels that are not safetensors": (
        raw("record/voxels/xiao2026.all_model.safetensors", b"\x80\x04pickle"),
        "is not a safetensors file",
    ),
    "voxels with a header of gigabytes": (
        raw("record/voxels/a_model.safetensors", (2**62).to_bytes(8, "little") + b"{}"),
        "is not a safetensors file",
    ),
    "voxels of NaN": (
        raw(
            "record/voxels/xiao2026.all_model.safetensors",
            save({"language.sub-1001": np.array([0.1, np.nan])}),
        ),
        "holds NaN or infinity",
    ),
}


@pytest.mark.parametrize(("break_it", "reason"), FILES.values(), ids=FILES)
def test_files_that_mean_ill(break_it: Break, reason: str, whole: Path) -> None:
    break_it(whole)
    found = faults_of(whole)
    assert any(reason in fault for fault in found), found
    assert len(found) <= 101


def test_more_than_may_be_is_not_read(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(11):
        with (whole / "record" / "samples" / f"n{number}.jsonl").open("wb") as file:
            file.truncate(9_990_000)

    def read(path: Path, limit: int) -> bytes:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr("brainbench.leaderboard.checks.check.read_bytes", read)
    found, faults = read_submission(whole)
    assert found is None
    assert "110 MB in all, more than 100" in str(faults[0])
    with pytest.raises(UsageError, match="110 MB in all, more than 100"):
        seal_submission(whole)


def test_values_are_counted_over_all_files(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = max(count_values(path.read_bytes()) for path in whole.rglob("*.json*"))
    monkeypatch.setattr("brainbench.leaderboard.checks.check.MAX_NODES", most + 1)
    found, faults = read_submission(whole)
    assert found is None
    assert "values in all" in str(faults[0])


def test_every_reason_is_another_one() -> None:
    reasons = [reason for _, reason in FILES.values()]
    shared = {
        "is not a safetensors file",
        "is more than 32 maps and lists deep",
        "org: must be 1 to 100 Latin letters",
    }
    rest = [reason for reason in reasons if reason not in shared]
    assert len(set(rest)) == len(rest) > 40


def test_what_was_read_is_not_run_and_nothing_is_written(whole: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*")}
    check_submission(whole)
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("*")} == before


ODD = "odd"


def odd_task(record: dict[str, Any], **bias: Any) -> None:
    """A task of nobody's, with one answer."""
    record["tasks"][ODD] = {"version": "1", "sha256": "0" * 64, "n_items": 1, "n_docs": 1}
    record["accuracy"][ODD] = {"alias": ODD}
    record["answer_bias"].append(
        {**record["answer_bias"][0], "task": ODD, "choices": ["True", "False"],
         "always": {"True": 1.0, "False": 0.0}, **bias}
    )  # fmt: skip


def test_a_task_without_choices(whole: Path) -> None:
    edit_record(
        whole, lambda r: odd_task(r, choices=["True"], always={"True": 1.0}, answer_shares=None)
    )
    assert any("accuracy (odd).choices: are not two" in fault for fault in faults_of(whole))
    edit_record(whole, lambda r: r["answer_bias"][-1].update(choices=[], always={}))
    assert any("choices are none" in fault for fault in faults_of(whole))


@pytest.mark.parametrize("field", ["log_odds", "filter", "doc_id"])
def test_samples_that_hold_lists(field: str, whole: Path) -> None:
    edit_record(whole, odd_task)
    row = {"doc_id": 0, "label": "True", "said": "True", field: [1]}
    (whole / "record" / "samples" / f"{ODD}.jsonl").write_text(json.dumps(row) + "\n")
    reseal(whole)
    (fault,) = faults_of(whole)
    assert f"line 1, {field}: is neither a number nor a name" in fault


def test_samples_without_labels_are_told(whole: Path) -> None:
    edit_record(whole, odd_task)
    row = {"doc_id": 0, "acc": 1.0}
    (whole / "record" / "samples" / f"{ODD}.jsonl").write_text(json.dumps(row) + "\n")
    reseal(whole)
    notes = check_submission(whole).notes
    assert "samples hold no labels, and numbers are not recomputed: odd" in notes


def test_behaviour_on_a_dataset_that_nobody_knows(whole: Path) -> None:
    def rename(record: dict[str, Any]) -> None:
        for score in record["behavior"]:
            score["dataset"] = ODD

    edit_record(whole, rename)
    (whole / "record" / "samples" / f"{ODD}.jsonl").write_text('{"id": "a"}\n')
    reseal(whole)
    found = faults_of(whole)
    assert any("datasets (odd): is missing" in fault for fault in found)
    assert not any("cannot be checked" in fault for fault in found)


def test_what_nobody_foresaw_is_a_fault(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("brainbench.leaderboard.checks.check.content_faults", fail)
    (fault,) = faults_of(whole)
    assert "check: cannot be checked: ZeroDivisionError in test_check.py, line" in fault
    assert "brainbench's to tell" in fault


def test_too_many_faults_are_counted(whole: Path) -> None:
    def ruin(record: dict[str, Any]) -> None:
        for score in record["controlled"]:
            for layer in score["layers"]:
                layer["p"] = 0.5
            for person in score["subjects"]:
                person["r"], person["unique_r2"], person["nuisance_r2"] = 0.9, 0.9, 0.9
            score["controls"] = []

    edit_record(whole, ruin)
    found = faults_of(whole)
    assert len(found) == 101
    assert "more faults" in found[-1]


def test_folders_of_submissions(make: Callable[..., Path], tmp_path: Path) -> None:
    made = sorted(make(tmp_path / "subs", seed) for seed in range(2))
    assert find_submissions(tmp_path / "subs") == made
    assert find_submissions(made[0].parent) == [made[0]]
    assert find_submissions(made[0]) == [made[0]]
    with pytest.raises(UsageError, match="holds no submission"):
        find_submissions(
            tmp_path / "subs" / "lab__synthetic-0000" / made[0].name / "record" / "samples"
        )
    with pytest.raises(UsageError, match="is not a folder"):
        find_submissions(tmp_path / "nowhere")


def test_a_link_to_a_folder_is_not_followed(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(whole)
    found, faults = read_submission(tmp_path / "link")
    assert found is None
    assert "is not a folder" in str(faults[0])
