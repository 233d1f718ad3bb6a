"""Samples to browse."""

from __future__ import annotations

import json
from pathlib import Path

from simulated_records import answers, empty, write_run

from brainbench.results.blocks import Folded, Section, Table, Words
from brainbench.results.report.samples import ROWS, samples_section


def tables(section: Section | None) -> dict[str, Table]:
    assert section is not None
    folded = [block for block in section.blocks if isinstance(block, Folded)]
    return {f.title: b for f in folded for b in f.blocks if isinstance(b, Table)}


def test_the_first_rows_are_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    folder = write_run(empty(), tmp_path, {"many": answers(0, n=250), "few": answers(1, n=4)})
    found = tables(samples_section(folder))
    assert set(found) == {"few (4 items)", f"many (the first {ROWS} of 250 items)"}
    many = found[f"many (the first {ROWS} of 250 items)"]
    assert len(many.rows) == ROWS
    assert many.searched
    assert many.columns[-1] == "right"
    first = dict(zip(many.columns, many.rows[0], strict=True))
    row = answers(0, n=250)[0]
    assert first["id"] == "item-0"
    assert first["right"] == ("yes" if row["said"] == row["label"] else "no")
    assert first["answers"] == "[[-1.0, false], [-2.5, true]]"
    assert len(first["doc_hash"]) == 12


def test_an_answer_that_is_none_is_no_wrong_one(tmp_path: Path) -> None:
    rows = [{"id": "a", "label": 1, "said": None, "log_odds": "-inf"}]
    (table,) = tables(samples_section(write_run(empty(), tmp_path, {"x": rows}))).values()
    assert list(table.rows[0]) == ["a", "1", "", "-inf", "no answer"]


def test_a_file_that_cannot_be_read_is_named_without_its_place(tmp_path: Path) -> None:
    folder = write_run(empty(), tmp_path, {"good": answers(0, n=2)})
    (folder / "samples" / "bad.jsonl").write_text('{"id": 1}\n[' + "[" * 5000 + "\n", "utf-8")
    section = samples_section(folder)
    assert section is not None
    bad = next(b for b in section.blocks if isinstance(b, Folded) and b.title == "bad")
    assert isinstance(bad.blocks[0], Words)
    assert bad.blocks[0].text.startswith("Not shown: bad.jsonl, line 2 is not JSON")
    assert str(tmp_path) not in bad.blocks[0].text


def test_long_and_odd_values_are_cut(tmp_path: Path) -> None:
    rows = [{f"k{i}": i for i in range(500)} | {"text": "x" * 10_000, "deep": [[0.123456]] * 999}]
    folder = write_run(empty(), tmp_path, {"x": rows})
    (table,) = tables(samples_section(folder)).values()
    assert len(table.columns) <= 25
    assert max(len(cell) for cell in table.rows[0]) <= 200


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    outside.write_text(json.dumps({"secret": 1}) + "\n", "utf-8")
    folder = write_run(empty(), tmp_path / "run")
    (folder / "samples").mkdir()
    (folder / "samples" / "x.jsonl").symlink_to(outside)
    assert samples_section(folder) is None
    assert samples_section(tmp_path / "gone") is None
