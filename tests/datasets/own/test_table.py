"""Tables: a row for each item, a column for each person and ROI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from own_data import make_assembly, to_csv

from brainbench.datasets import load_assembly
from brainbench.datasets.own.table import read_table
from brainbench.errors import DataError


def write(folder: Path, text: str) -> Path:
    path = folder / "own.csv"
    path.write_text(text, "utf-8")
    return path


class TestTable:
    def test_people_rois_and_columns_of_the_stimuli(self, tmp_path: Path) -> None:
        assembly = make_assembly()
        columns = ("stimulus", "passage", "surprisal", "tense")
        path = write(tmp_path, to_csv(assembly, columns))
        found = load_assembly(path, group="passage", nuisance=["surprisal", "tense"])
        assert found.card.name == "own"
        assert found.card.rois == {"language": 1, "md": 1}
        assert found.card.subjects == ("sub-01", "sub-02", "sub-03")
        assert {one.sentences[0] for one in found.problems} == set(assembly["stimulus"].values)
        first = found.assembly.isel(presentation=0)
        row = list(assembly["stimulus"].values).index(found.problems[0].sentences[0])
        assert float(first[0]) == pytest.approx(assembly.values[row, :4].mean(), abs=1e-12)
        assert found.assembly["surprisal"].dtype == np.float64

    def test_the_order_of_rows_does_not_matter(self, tmp_path: Path) -> None:
        lines = to_csv(make_assembly()).splitlines()
        one = load_assembly(write(tmp_path, "\n".join(lines)))
        other = load_assembly(write(tmp_path, "\n".join([lines[0], *lines[:0:-1]])))
        assert one.data_sha256 == other.data_sha256

    def test_missing_cells_and_voxels(self, tmp_path: Path) -> None:
        path = write(tmp_path, "stimulus,a:x:1,a:x:2\nOne.,1,n/a\nTwo.,2.5,\n")
        found = read_table(path)
        np.testing.assert_array_equal(found.values, [[1.0, np.nan], [2.5, np.nan]])
        assert found["neuroid_id"].values.tolist() == ["a:x:1", "a:x:2"]

    def test_whole_numbers_stay_labels_where_they_are(self, tmp_path: Path) -> None:
        path = write(tmp_path, "stimulus,passage,a:x\n1984,1,1\n2001,2,2\n")
        found = read_table(path, labels=["stimulus"])
        assert found["stimulus"].values.tolist() == ["1984", "2001"]
        assert found["passage"].values.tolist() == [1, 2]


FAULTS = {
    "empty": ("", "is empty"),
    "a header alone": ("stimulus,a:x\n", "has no rows"),
    "no responses": (
        "stimulus,score\nOne.,1\n",
        "no column of responses: its header holds stimulus, score",
    ),
    "a column twice": ("stimulus,a:x,a:x\nOne.,1,1\n", "two columns are named 'a:x'"),
    "a text among responses": (
        "stimulus,a:x\nOne.,1\nTwo.,high\n",
        "row 3: a:x is 'high', no number",
    ),
    "a row too long": ("stimulus,a:x\nOne, two.,1\n", "row 2: 3 cells for 2 columns"),
    "other bytes": (b"\xff\xfe\x00", "is not UTF-8"),
    "no stimulus": (
        "sentence,a:x\nOne.,1\nTwo.,2\n",
        "no coordinate 'stimulus' .* did you mean 'sentence'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named(fault: str, tmp_path: Path) -> None:
    content, text = FAULTS[fault]
    (tmp_path / "own.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=rf"own\.csv.*{text}"):
        load_assembly(tmp_path / "own.csv")
