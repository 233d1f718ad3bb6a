"""``.eval_results/*.yaml``: the hub's own reader gets the record's numbers back."""

from __future__ import annotations

from pathlib import Path

import yaml
from huggingface_hub import parse_eval_result_entries

from brainbench.exchange.records import ExportOptions, export_runs, own_numbers
from brainbench.results.finished import FinishedRun


def test_the_hubs_reader_gets_every_number(whole: FinishedRun, tmp_path: Path) -> None:
    (path,) = export_runs([whole], "hf-eval-results", tmp_path)
    assert path.relative_to(tmp_path).as_posix() == (
        "lab_model/.eval_results/brainbench-abc123.yaml"
    )
    numbers = own_numbers(whole.record)
    entries = parse_eval_result_entries(yaml.safe_load(path.read_text("utf-8")))
    assert [entry.task_id for entry in entries] == [number.key for number in numbers]
    assert [entry.value for entry in entries] == [number.value for number in numbers]
    assert {entry.dataset_id for entry in entries} == {"brainbench/brainbench"}
    assert {entry.date for entry in entries} == {"2026-11-26T00:00:00+00:00"}
    for entry, number in zip(entries, numbers, strict=True):
        assert entry.notes is not None
        assert entry.notes.startswith(number.name)
        assert "run abc123" in entry.notes
        if number.n_items is not None:
            assert f"{number.n_items} items" in entry.notes
        if number.interval is not None:
            assert f"{number.interval[0]:.6g} to {number.interval[1]:.6g}" in entry.notes


def test_who_exports_names_data_set_and_address(whole: FinishedRun, tmp_path: Path) -> None:
    options = ExportOptions(hub_dataset="lab/deduction", source_url="https://lab.org/run")
    (path,) = export_runs([whole], "hf-eval-results", tmp_path, options)
    first = yaml.safe_load(path.read_text("utf-8"))[0]
    assert first["dataset"]["id"] == "lab/deduction"
    assert first["source"] == {"url": "https://lab.org/run", "name": "brainbench abc123"}


def test_how_a_task_was_asked_is_told(asked: FinishedRun, tmp_path: Path) -> None:
    (path,) = export_runs([asked], "hf-eval-results", tmp_path)
    notes = yaml.safe_load(path.read_text("utf-8"))[0]["notes"]
    assert "0-shot; in plain text" in notes
    assert "limited to 4 items: for trying out only" in notes
