"""Tables of runs: the rows of each record, with the run before them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from simulated_records import empty, full

from brainbench.errors import UsageError
from brainbench.exchange.records import FORMATS, ExportOptions, export_runs
from brainbench.exchange.records.tables import runs_table
from brainbench.results import Record
from brainbench.results.finished import FinishedRun


def test_rows_are_the_records_own(everything: Record) -> None:
    other = full(run_id="def456")
    table = runs_table([everything, other])
    own = everything.to_dataframe()
    assert list(table.columns) == ["model", "run", "started", *own.columns]
    assert table["run"].tolist() == ["abc123"] * len(own) + ["def456"] * len(own)
    pd.testing.assert_frame_equal(table.head(len(own))[list(own.columns)], own)


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_files_are_read_back_as_they_were(whole: FinishedRun, to: str, tmp_path: Path) -> None:
    (path,) = export_runs([whole], to, tmp_path / "out")
    read = pd.read_csv(path, keep_default_na=False, na_values=[""]) if to == "csv" else (
        pd.read_parquet(path)
    )  # fmt: skip
    table = runs_table([whole.record])
    assert path.name == f"numbers.{to}"
    for column in ("value", "low", "high", "p"):
        # to the last digit
        assert read[column].equals(table[column])
    assert read["statistic"].tolist() == table["statistic"].tolist()


def test_a_models_name_is_no_formula_in_csv(tmp_path: Path) -> None:
    record = full()
    named = record.model_copy(
        update={"model": record.model.model_copy(update={"identifier": "=1+1"})}
    )
    (path,) = export_runs([FinishedRun(named, tmp_path)], "csv", tmp_path / "out")
    assert set(pd.read_csv(path)["model"]) == {"'=1+1"}


def test_options_of_another_format_are_refused(whole: FinishedRun, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--organization goes with --to every-eval-ever"):
        export_runs([whole], "csv", tmp_path, ExportOptions(organization="Lab"))
    with pytest.raises(UsageError, match="--hub-dataset goes with --to hf-eval-results"):
        export_runs([whole], "every-eval-ever", tmp_path, ExportOptions(hub_dataset="a/b"))


@pytest.mark.parametrize("to", FORMATS)
def test_a_run_without_a_score_is_named(to: str, tmp_path: Path) -> None:
    run = FinishedRun(empty(status="error"), tmp_path)
    with pytest.raises(UsageError, match=r"lab/model abc123 \(error\) has no score to export"):
        export_runs([run], to, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"relationship": "friend"}, "unknown relationship 'friend'"),
        ({"model_id": "SmolLM2"}, "--model-id SmolLM2: write OWNER/NAME"),
        ({"hub_dataset": "a/b/c"}, "--hub-dataset a/b/c: write OWNER/NAME"),
        ({"source_url": "javascript:x"}, "an address begins with https://"),
    ],
)
def test_options_are_checked(given: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ExportOptions(**given)
