"""Readers: sound files give their numbers, any other a reason."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from scipy.io import savemat

from brainbench.datasets.readers import read_mat, read_tsv
from brainbench.errors import DataError

MATRIX = np.random.default_rng(0).standard_normal((72, 30))


@pytest.fixture
def mat(tmp_path: Path) -> Path:
    path = tmp_path / "betas.mat"
    savemat(path, {"all_voxels": MATRIX, "other": np.ones((2, 2))})
    return path


class TestMat:
    def test_the_matrix_comes_back(self, mat: Path) -> None:
        read = read_mat(mat, "all_voxels", (72, 30))
        assert read.dtype == np.float64
        np.testing.assert_array_equal(read, MATRIX)

    @pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
    def test_other_numbers_become_float64(self, dtype: type, tmp_path: Path) -> None:
        matrix = np.arange(6).reshape(2, 3).astype(dtype)
        savemat(tmp_path / "x.mat", {"x": matrix}, do_compression=True)
        read = read_mat(tmp_path / "x.mat", "x", (2, 3))
        assert read.dtype == np.float64
        np.testing.assert_array_equal(read, matrix)

    @pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9])
    @pytest.mark.parametrize("compressed", [False, True])
    def test_a_truncated_file_is_refused(
        self, share: float, compressed: bool, tmp_path: Path
    ) -> None:
        path = tmp_path / "cut.mat"
        savemat(path, {"all_voxels": MATRIX}, do_compression=compressed)
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(DataError, match=r"cut\.mat"):
            read_mat(path, "all_voxels", (72, 30))

    @pytest.mark.parametrize(
        "content",
        [b"<!DOCTYPE html><title>404</title>" * 20, b"\0" * 1000, pickle.dumps(MATRIX),
         b"\x89HDF\r\n\x1a\n" + b"\0" * 600],
        ids=["html", "zeros", "pickle", "hdf5"],
    )  # fmt: skip
    def test_what_is_no_mat_file_is_refused(self, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "no.mat"
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"no\.mat"):
            read_mat(path, "all_voxels", (72, 30))

    def test_a_lacking_variable_is_named(self, mat: Path) -> None:
        with pytest.raises(DataError, match=r"betas\.mat holds no variable 'all_voxel'"):
            read_mat(mat, "all_voxel", (72, 30))

    @pytest.mark.parametrize("shape", [(30, 72), (70, 30), (72, 31), (72 * 30, 1)])
    def test_another_shape_is_refused_with_both(self, shape: tuple[int, int], mat: Path) -> None:
        with pytest.raises(DataError) as caught:
            read_mat(mat, "all_voxels", shape)
        assert "(72, 30)" in str(caught.value)
        assert str(shape) in str(caught.value)

    @pytest.mark.parametrize(
        "value",
        [
            np.array([[1, "a"], [2, "b"]], dtype=object),
            np.array(["ab", "cd"]),
            {"field": np.ones((2, 2))},
            np.ones((2, 2)) + 1j,
            scipy.sparse.csc_array(np.eye(2)),
        ],
        ids=["cells", "text", "struct", "complex", "sparse"],
    )
    def test_what_is_not_numeric_is_refused(self, value: object, tmp_path: Path) -> None:
        savemat(tmp_path / "odd.mat", {"all_voxels": value})
        with pytest.raises(DataError, match="not numeric"):
            read_mat(tmp_path / "odd.mat", "all_voxels", (2, 2))


class TestTsv:
    def write(self, folder: Path, text: str) -> Path:
        path = folder / "events.tsv"
        path.write_text(text, "utf-8")
        return path

    def test_values_and_missing_ones(self, tmp_path: Path) -> None:
        text = "onset\taccuracy\tword\n0.5\t1.0\tred\n2\tn/a\tn/a\n"
        table = read_tsv(self.write(tmp_path, text), ("onset", "accuracy", "word"))
        assert table["onset"].tolist() == ["0.5", "2"]
        assert table["accuracy"][0] == "1.0"
        assert np.isnan(table["accuracy"][1])
        assert table["word"].isna().tolist() == [False, True]

    @pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "NaN", "N/A", "-"])
    def test_only_n_a_is_missing(self, word: str, tmp_path: Path) -> None:
        table = read_tsv(self.write(tmp_path, f"word\n{word}\nred\n"), ("word",))
        assert table["word"].tolist() == [word, "red"]

    def test_lacking_columns_are_named(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, "onset\tduration\n0\t1\n")
        with pytest.raises(DataError, match=r"events\.tsv lacks the columns accuracy, stim_file$"):
            read_tsv(path, ("onset", "accuracy", "stim_file"))

    def test_commas_do_not_part_columns(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="lacks the columns a, b"):
            read_tsv(self.write(tmp_path, "a,b\n1,2\n"), ("a", "b"))

    @pytest.mark.parametrize(
        "content",
        [b"", b"a\tb\n1\t2\n1\t2\t3\t4\n", b"a\tb\n\xff\xfe\x00\t1\n"],
        ids=["empty", "ragged", "not utf-8"],
    )
    def test_what_is_no_table_is_refused(self, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "bad.tsv"
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"bad\.tsv is not a tab-separated table"):
            read_tsv(path, ("a",))

    def test_every_events_file_is_read_as_pandas_reads_it(self, mirror: Path) -> None:
        paths = sorted((mirror / "ds003076").glob("sub-*/func/*_events.tsv"))
        assert len(paths) == 67
        for path in paths:
            table = read_tsv(path, ("trial_type", "stim_file"))
            pd.testing.assert_frame_equal(table, pd.read_csv(path, sep="\t", dtype=str))
