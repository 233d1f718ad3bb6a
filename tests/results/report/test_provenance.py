"""Where data of one's own come from, on the page of a run."""

from __future__ import annotations

from simulated_records import empty

from brainbench.results.blocks import Table, Words
from brainbench.results.record import DatasetInfo, OwnData
from brainbench.results.report.provenance import provenance_section


def dataset(**own: object) -> DatasetInfo:
    return DatasetInfo(
        name="mine",
        version="own",
        data_sha256="a" * 64,
        simulated=False,
        licence="not stated",
        own=OwnData.model_validate(own) if own else None,
    )


def test_the_file_and_what_was_left_out_are_shown() -> None:
    record = empty(datasets=[dataset(file="mine.nc", sha256="b" * 64, left_out=["sub-01: lacks"])])
    (table,) = [
        block
        for block in provenance_section(record).blocks
        if isinstance(block, Table) and block.caption == "Data of one's own"
    ]
    assert table.rows == [("mine", "mine.nc", "b" * 64, "sub-01: lacks")]


def test_of_other_data_there_is_no_such_table() -> None:
    tables = [
        block.caption
        for block in provenance_section(empty(datasets=[dataset()])).blocks
        if isinstance(block, Table)
    ]
    assert "Data" in tables
    assert "Data of one's own" not in tables


def test_data_in_memory_have_no_command() -> None:
    record = empty(datasets=[dataset(file="in memory", sha256="")])
    record = record.model_copy(
        update={"model": record.model.model_copy(update={"source": "m.gguf"})}
    )
    first = provenance_section(record).blocks[0]
    assert isinstance(first, Words)
    assert "The data were in memory alone" in str(first.text)
