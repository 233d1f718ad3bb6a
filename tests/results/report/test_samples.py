"""Samples to browse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from simulated_records import answers, empty, task, write_run

from brainbench.results.blocks import Bullets, Items, Section
from brainbench.results.report import samples as module
from brainbench.results.report.samples import samples_section


def items_of(section: Section | None) -> Items:
    assert section is not None
    (found,) = [block for block in section.blocks if isinstance(block, Items)]
    return found


def files_of(section: Section | None) -> dict[str, list[dict[str, Any]]]:
    return {file["name"]: file["items"] for file in json.loads(items_of(section).json)["files"]}


def test_every_item_can_be_browsed_and_the_first_need_no_script(tmp_path: Path) -> None:
    rows = {"brainbench_many": answers(0, n=250), "few": answers(1, n=4)}
    section = samples_section(write_run(empty(), tmp_path, rows))
    found = files_of(section)
    assert {name: len(items) for name, items in found.items()} == {"few": 4, "many": 250}
    block = items_of(section)
    assert block.count == "254 items"
    assert len(block.table.rows) == 20
    first = dict(zip(block.table.columns, block.table.rows[0], strict=True))
    row = answers(1, n=4)[0]
    assert first["item"] == "item-0"
    assert first["outcome"] == ("right" if row["said"] == row["label"] else "wrong")
    assert first["model's answer"] == row["said"]


def test_what_is_too_many_is_cut_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(empty(), tmp_path, {"x": answers(0, n=300)})
    monkeypatch.setattr(module, "LARGEST", 20_000)
    block = items_of(samples_section(folder))
    assert len(block.json) <= 20_000
    assert block.count == "the first 50 of 300 items"


def test_answers_have_the_names_that_the_task_gives_them(tmp_path: Path) -> None:
    record = empty()
    record.add(task("brainbench_quick", answers(3, n=60)))
    folder = write_run(record, tmp_path, {"brainbench_quick": answers(3, n=60)})
    block = items_of(samples_section(folder, record))
    (file,) = json.loads(block.json)["files"]
    assert file["choices"] == ["True", "False"]
    assert file["items"][0]["answers"] == [["True", -1.0], ["False", -2.5]]


def test_a_file_that_cannot_be_read_is_named_without_its_place(tmp_path: Path) -> None:
    folder = write_run(empty(), tmp_path, {"good": answers(0, n=2)})
    (folder / "samples" / "bad.jsonl").write_text('{"id": 1}\n[' + "[" * 5000 + "\n", "utf-8")
    section = samples_section(folder)
    assert section is not None
    (faults,) = [block for block in section.blocks if isinstance(block, Bullets)]
    ((name, text),) = faults.items
    assert name == "bad"
    assert text.startswith("not shown: bad.jsonl, line 2 is not JSON")
    assert str(tmp_path) not in text
    assert set(files_of(section)) == {"good"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    outside.write_text(json.dumps({"secret": 1}) + "\n", "utf-8")
    folder = write_run(empty(), tmp_path / "run")
    (folder / "samples").mkdir()
    (folder / "samples" / "x.jsonl").symlink_to(outside)
    assert samples_section(folder) is None
    assert samples_section(tmp_path / "gone") is None
