"""From a run to a submission, and what is left out on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic_runs import make_run, write_run

from brainbench.errors import DataError, UsageError
from brainbench.leaderboard.checks.check import check_submission
from brainbench.leaderboard.submissions.submission import make_submission, seal_submission
from brainbench.results import Record, load_record


def run_of(folder: Path, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    record, samples = make_run(4)
    if change is not None:
        content = record.model_dump(mode="json")
        change(content)
        record = Record.model_validate(content)
    return write_run(folder, record, samples)


def test_what_is_not_said_stands_to_be_filled_in(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs")
    folder = make_submission(run, tmp_path / "subs", given={"org": "lab"})
    assert folder == tmp_path / "subs" / "lab__synthetic-0004" / run.name
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
    waiting = [name for name, value in metadata.items() if str(value).startswith("FILL IN")]
    assert waiting == ["licence", "contamination", "contact"]
    assert metadata["parameters"] == 135_000_000
    assert metadata["rerun"].startswith("brainbench evaluate --model synthetic-0004 --benchmarks")
    found = check_submission(folder)
    assert [fault.field for fault in found.faults] == waiting
    assert all("is still to be filled in" in fault.problem for fault in found.faults)


def test_filled_in_and_sealed_it_has_no_fault(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs")
    folder = make_submission(run, tmp_path / "subs", given={"org": "lab"})
    path = folder / "metadata.yaml"
    lines = [
        f"{line.partition(':')[0]}: '@me'" if "FILL IN" in line else line
        for line in path.read_text().splitlines()
        if not line.startswith(" ")
    ]
    path.write_text("\n".join(lines) + "\n")
    assert "brainbench submit --seal" in str(check_submission(folder).faults[0])
    seal_submission(folder)
    assert check_submission(folder).faults == []


def test_only_metadata_may_be_edited_before_sealing(whole: Path, tmp_path: Path) -> None:
    path = whole / "record" / "results.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(UsageError, match=r"Only metadata\.yaml may be changed by hand"):
        seal_submission(whole)
    with pytest.raises(UsageError, match="is not a submission"):
        seal_submission(tmp_path / "nowhere")


def test_paths_of_the_machine_are_left_out(tmp_path: Path) -> None:
    def home(content: dict[str, Any]) -> None:
        content["model"]["source"] = "/home/me/models/model.gguf"
        content["config"]["options"] = {"peft": "C:\\me\\adapter", "prompt_template": "../w.yaml"}

    run = run_of(tmp_path / "runs", home)
    folder = make_submission(run, tmp_path / "subs", given={"org": "lab"})
    record = load_record(folder / "record" / "results.json")
    assert record.model.source == "model.gguf"
    assert record.config["options"] == {"peft": "adapter", "prompt_template": "w.yaml"}
    assert "/home/me" not in (folder / "metadata.yaml").read_text()
    # the run itself is as it was
    assert load_record(run / "results.json").model.source == "/home/me/models/model.gguf"


def test_texts_are_left_out_of_samples(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs")
    path = run / "samples" / "brainbench_quick_belief.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(json.dumps({**row, "doc": {"q": "A text"}, "target": "x"}) + "\n" for row in rows)
    )
    folder = make_submission(run, tmp_path / "subs", given={"org": "lab"})
    kept = (folder / "record" / "samples" / path.name).read_text()
    assert "A text" not in kept
    assert [json.loads(line) for line in kept.splitlines()] == rows


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"org": "a lab"}, "--org: must be 1 to 100 Latin letters"),
        ({"org": "a__lab"}, "--org: must be"),
        ({"org": "lab", "model": "x/y"}, "--model: must be"),
        ({"org": "lab", "contact": "two words"}, "--contact: must be a handle"),
        ({"org": "lab", "licence": "<b>MIT</b>"}, "--licence: holds what looks like HTML"),
        ({"org": "lab", "parameters": 0}, "--parameters: "),
    ],
)
def test_what_is_said_wrongly(given: dict[str, Any], reason: str, tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs")
    with pytest.raises(UsageError, match=reason):
        make_submission(run, tmp_path / "subs", given=given)
    assert not (tmp_path / "subs").exists()


def test_only_a_finished_run_and_not_twice(tmp_path: Path) -> None:
    broken = run_of(tmp_path / "broken", lambda content: content.update(status="cancelled"))
    with pytest.raises(UsageError, match="is cancelled: only a finished run"):
        make_submission(broken, tmp_path / "subs", given={"org": "lab"})
    with pytest.raises(DataError, match="is not a record of a run"):
        make_submission(tmp_path / "nowhere", tmp_path / "subs", given={"org": "lab"})
    run = run_of(tmp_path / "runs")
    make_submission(run, tmp_path / "subs", given={"org": "lab"})
    with pytest.raises(UsageError, match="is there already; --overwrite"):
        make_submission(run, tmp_path / "subs", given={"org": "lab"})
    folder = make_submission(run, tmp_path / "subs", given={"org": "lab"}, overwrite=True)
    assert (folder / "manifest.json").is_file()


def test_a_hub_id_becomes_a_name(tmp_path: Path) -> None:
    def hub(content: dict[str, Any]) -> None:
        content["model"]["identifier"] = "HuggingFaceTB/SmolLM2-135M Instruct (q4)"

    record, samples = make_run(4)
    content = record.model_dump(mode="json")
    hub(content)
    run = write_run(tmp_path / "runs", Record.model_validate(content), samples)
    folder = make_submission(run, tmp_path / "subs", given={"org": "lab"})
    assert folder.parent.name == "lab__SmolLM2-135M-Instruct-q4"
    assert all(
        "FILL IN" in str(f) or "filled in" in str(f) for f in check_submission(folder).faults
    )


def test_other_weights_of_one_name_get_a_name_of_their_own(tmp_path: Path) -> None:
    def others(content: dict[str, Any]) -> None:
        content["model"] |= {"weights_sha256": "b" * 64, "folders": ["jane"], "apart": ["bbbbbb"]}
        content["run_id"] = "fedcba987654"

    first = run_of(tmp_path / "runs")
    second = run_of(tmp_path / "other", others)
    made = [
        make_submission(run, tmp_path / "subs", given={"org": "lab"}, overwrite=True)
        for run in (first, second, first)
    ]
    assert [folder.parent.name for folder in made] == [
        "lab__synthetic-0004",
        "lab__synthetic-0004-bbbbbb",
        "lab__synthetic-0004",
    ]
    # a folder of the submitter's machine is nobody's business
    assert "jane" not in (made[1] / "record" / "results.json").read_text("utf-8")
    named = make_submission(second, tmp_path / "subs", given={"org": "lab", "model": "mine"})
    assert named.parent.name == "lab__mine"
