"""Assemblies: layout, what is refused, and averages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score

from brainbench.benchmarks.cell import prepare_cell
from brainbench.datasets import (
    average_repeats,
    block_of,
    build_assembly,
    load_dataset,
    load_recording,
    subjects_of,
)
from brainbench.datasets.assembly import PRESENTATION_COORDINATES, choose
from brainbench.errors import DataError, UnknownNameError
from brainbench.problems import Text

RUNS = ("a-01", "b-01")
PER_RUN = 3


def presentations(repeats: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "stimulus_id": f"{run}-{position:02d}",
                "run": run,
                "position": position,
                "repeat": repeat,
                "reasoning_type": "syllogistic" if run.startswith("a") else "transitive",
                "words": 16 + position,
            }
            for repeat in range(repeats)
            for run in RUNS
            for position in range(PER_RUN)
        ]
    )


def draw(rows: int, voxels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, voxels))


@pytest.fixture
def blocks() -> dict[tuple[str, str], np.ndarray]:
    """Two people, of whom the second has another number of voxels, in another order."""
    return {
        ("sub-2", "md"): draw(6, 4, 1),
        ("sub-2", "language"): draw(6, 3, 2),
        ("sub-1", "md"): draw(6, 2, 3),
        ("sub-1", "language"): draw(6, 5, 4),
    }


class TestBuild:
    def test_places_of_voxels_become_coordinates(
        self, blocks: dict[tuple[str, str], np.ndarray]
    ) -> None:
        places = {("sub-2", "language"): np.arange(9.0).reshape(3, 3)}
        assembly = build_assembly(presentations(), blocks, places)
        assert assembly["y"].values[4:7].tolist() == [1.0, 4.0, 7.0]
        assert np.isnan(assembly["y"].values).sum() == 11
        assert "x" not in build_assembly(presentations(), blocks).coords

    def test_places_of_other_voxels_are_refused(
        self, blocks: dict[tuple[str, str], np.ndarray]
    ) -> None:
        with pytest.raises(DataError, match=r"sub-2, md: places of shape \(3, 3\) fit no voxels"):
            build_assembly(presentations(), blocks, {("sub-2", "md"): np.zeros((3, 3))})

    def test_coordinates_and_values(self, blocks: dict[tuple[str, str], np.ndarray]) -> None:
        shown = presentations()
        assembly = build_assembly(shown, blocks)
        assert assembly.dims == ("presentation", "neuroid")
        assert assembly.shape == (6, 14)
        for name in shown:
            assert assembly[name].dims == ("presentation",)
            assert assembly[name].values.tolist() == shown[name].tolist()
        assert {*PRESENTATION_COORDINATES, "subject", "roi", "voxel"} <= set(assembly.coords)
        assert assembly["subject"].values.tolist() == ["sub-2"] * 7 + ["sub-1"] * 7
        assert assembly["roi"].values.tolist() == (
            ["md"] * 4 + ["language"] * 3 + ["md"] * 2 + ["language"] * 5
        )
        assert assembly["voxel"].values.tolist() == [0, 1, 2, 3, 0, 1, 2, 0, 1, 0, 1, 2, 3, 4]
        np.testing.assert_array_equal(assembly.values, np.hstack(list(blocks.values())))
        assert assembly.dtype == np.float64

    @pytest.mark.parametrize("name", PRESENTATION_COORDINATES)
    def test_a_lacking_coordinate_is_named(
        self, name: str, blocks: dict[tuple[str, str], np.ndarray]
    ) -> None:
        with pytest.raises(DataError, match=rf"lack the coordinates {name}$"):
            build_assembly(presentations().drop(columns=name), blocks)

    def test_an_empty_set_is_refused(self, blocks: dict[tuple[str, str], np.ndarray]) -> None:
        with pytest.raises(DataError, match="at least one presentation"):
            build_assembly(presentations(), {})
        with pytest.raises(DataError, match="at least one presentation"):
            build_assembly(presentations().iloc[:0], {("s", "r"): np.empty((0, 3))})

    @pytest.mark.parametrize("rows", [0, 5, 7])
    def test_a_wrong_number_of_rows_is_named(self, rows: int) -> None:
        with pytest.raises(DataError, match=f"sub-9, md: {rows} rows for 6 presentations"):
            build_assembly(presentations(), {("sub-9", "md"): draw(rows, 3)})

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize(
        ("rows", "voxels", "named"),
        [
            ([2], [1], "1 voxels hold NaN or infinite values (1)"),
            (
                range(6),
                [3],
                "1 voxels hold NaN or infinite values (3)",
            ),  # a voxel outside the brain
            ([0, 5], [2, 6], "2 voxels hold NaN or infinite values (2, 6)"),
            ([1], range(7), "7 voxels hold NaN or infinite values (0, 1, 2, 3, 4 …)"),
        ],
    )
    def test_stray_nan_are_refused_and_named(
        self, value: float, rows: list[int], voxels: list[int], named: str
    ) -> None:
        bad = draw(6, 8)
        bad[np.ix_(list(rows), list(voxels))] = value
        with pytest.raises(DataError) as caught:
            build_assembly(presentations(), {("sub-1", "md"): draw(6, 2), ("sub-2", "md"): bad})
        assert f"sub-2, md: {named}" in str(caught.value)

    def test_a_whole_missing_run_is_allowed(self) -> None:
        block = draw(6, 4)
        block[:PER_RUN] = np.nan
        assembly = build_assembly(presentations(), {("sub-1", "md"): block})
        np.testing.assert_array_equal(assembly.values, block)

    @pytest.mark.parametrize(
        ("voxels", "value"), [(4, np.nan), (1, np.nan), (4, np.inf)], ids=["row", "voxel", "inf"]
    )
    def test_half_a_missing_run_is_refused(self, voxels: int, value: float) -> None:
        block = draw(6, voxels)
        block[PER_RUN + 1] = value  # one of three presentations of the second run
        with pytest.raises(DataError, match=r"sub-1, md: .* in b-01"):
            build_assembly(presentations(), {("sub-1", "md"): block})

    def test_an_infinite_run_is_no_missing_one(self) -> None:
        block = draw(6, 4)
        block[:PER_RUN] = np.inf
        with pytest.raises(DataError, match="sub-1, md: 4 voxels"):
            build_assembly(presentations(), {("sub-1", "md"): block})

    def test_a_block_without_voxels_is_refused(self) -> None:
        with pytest.raises(DataError, match="sub-1, md"):
            build_assembly(presentations(), {("sub-1", "md"): np.empty((6, 0))})


class TestBlock:
    def test_each_comes_back_as_it_went_in(self, blocks: dict[tuple[str, str], np.ndarray]) -> None:
        assembly = build_assembly(presentations(), blocks)
        for (subject, roi), block in blocks.items():
            taken = block_of(assembly, subject, roi)
            np.testing.assert_array_equal(taken, block)
            assert taken.flags.c_contiguous

    def test_its_rows_follow_the_assembly(self, blocks: dict[tuple[str, str], np.ndarray]) -> None:
        order = [4, 0, 5, 1]
        assembly = build_assembly(presentations(), blocks).isel(presentation=order)
        np.testing.assert_array_equal(
            block_of(assembly, "sub-1", "language"), blocks["sub-1", "language"][order]
        )

    @pytest.mark.parametrize(("subject", "roi"), [("sub-3", "md"), ("sub-1", "visual")])
    def test_what_is_not_there_is_named(
        self, subject: str, roi: str, blocks: dict[tuple[str, str], np.ndarray]
    ) -> None:
        with pytest.raises(DataError, match=f"no voxels of {subject} in {roi}"):
            block_of(build_assembly(presentations(), blocks), subject, roi)

    def test_people_come_in_order_of_appearance(
        self, blocks: dict[tuple[str, str], np.ndarray]
    ) -> None:
        assert subjects_of(build_assembly(presentations(), blocks)) == ["sub-2", "sub-1"]


class TestAverage:
    @pytest.mark.parametrize("repeats", [2, 3])
    def test_it_is_the_plain_mean(self, repeats: int) -> None:
        block = draw(6 * repeats, 5)
        assembly = build_assembly(presentations(repeats), {("sub-1", "md"): block})
        mean = average_repeats(assembly)
        np.testing.assert_allclose(mean.values, block.reshape(repeats, 6, 5).mean(axis=0))
        assert mean["stimulus_id"].values.tolist() == presentations()["stimulus_id"].tolist()
        assert mean["run"].values.tolist() == presentations()["run"].tolist()
        assert mean["subject"].values.tolist() == ["sub-1"] * 5

    def test_shuffled_presentations_come_in_order_of_the_first(self) -> None:
        block = draw(12, 2)
        order = np.random.default_rng(1).permutation(12)
        shown = presentations(2).iloc[order].reset_index(drop=True)
        mean = average_repeats(build_assembly(shown, {("sub-1", "md"): block}))
        ids = shown["stimulus_id"].tolist()
        expected = list(dict.fromkeys(ids))
        assert mean["stimulus_id"].values.tolist() == expected
        for row, name in zip(mean.values, expected, strict=True):
            np.testing.assert_allclose(row, block[[i == name for i in ids]].mean(axis=0))

    def test_stimuli_with_unlike_numbers_of_repeats(self) -> None:
        shown, block = presentations(2).iloc[:8], draw(8, 3)  # only two of six shown again
        mean = average_repeats(build_assembly(shown, {("sub-1", "md"): block}))
        np.testing.assert_allclose(mean.values[:2], (block[:2] + block[6:]) / 2)
        np.testing.assert_array_equal(mean.values[2:], block[2:6])

    def test_without_repeats_nothing_changes(self) -> None:
        assembly = build_assembly(presentations(), {("sub-1", "md"): draw(6, 3)})
        assert average_repeats(assembly).identical(assembly)

    def test_the_source_is_left_as_it_was(self) -> None:
        assembly = build_assembly(presentations(2), {("sub-1", "md"): draw(12, 3)})
        before = assembly.copy(deep=True)
        average_repeats(assembly)[:] = 0.0
        assert assembly.identical(before)


class TestChoose:
    def test_all_without_a_wish_else_what_is_asked(self) -> None:
        assert choose("ROI", None, ("a", "b")) == ("a", "b")
        assert choose("ROI", ("b",), ("a", "b")) == ("b",)

    @pytest.mark.parametrize(
        ("wish", "kind", "asked", "meant"),
        [
            ({"rois": ("signals",)}, "ROI", "signals", "signal"),
            ({"rois": ("signal", "nose")}, "ROI", "nose", "noise"),
            ({"subjects": ("phantom-1",)}, "subject", "phantom-1", "phantom-01"),
        ],
    )
    def test_an_unknown_name_is_met_with_the_nearest(
        self, wish: dict[str, tuple[str, ...]], kind: str, asked: str, meant: str
    ) -> None:
        with pytest.raises(
            UnknownNameError, match=f"unknown {kind} '{asked}'; did you mean '"
        ) as e:
            load_dataset("phantom", **wish)
        assert repr(meant) in str(e.value)


class TestFolds:
    def test_whole_runs_are_held_out_with_all_their_showings(self) -> None:
        phantom = load_recording("phantom", "noise", "phantom-01")
        runs = phantom.assembly["run"].values
        folds = phantom.folds("controlled", "transitive")
        assert len(folds) == 2
        for train, test in folds:
            assert len(train) == len(test) == 36  # 18 items, shown twice
            assert len(set(runs[test])) == 1
            assert set(runs[test]).isdisjoint(runs[train])

    def test_published_folds_are_those_that_are_scored(self) -> None:
        phantom = load_recording("phantom", "noise", "phantom-01")
        cell = prepare_cell(phantom, "all", ["noise"])
        names = phantom.assembly["stimulus_id"].values
        for (train, test), (own_train, own_test) in zip(
            phantom.folds("published"), cell.folds, strict=True
        ):
            items = [problem.identifier for problem in cell.problems]
            assert set(names[train]) == {items[i] for i in own_train}
            assert set(names[test]) == {items[i] for i in own_test}

    def test_scikit_learn_takes_them(self) -> None:
        phantom = load_recording("phantom", "signal", "phantom-01")
        scores = cross_val_score(
            Ridge(), np.eye(144), phantom.assembly.values, cv=phantom.folds("published")
        )
        assert scores.shape == (5,)

    @pytest.mark.parametrize(
        ("asked", "text"),
        [(("publshed",), "did you mean 'published'"), (("published", "text"), "reasoning type")],
    )
    def test_other_names_are_refused(self, asked: tuple[str, ...], text: str) -> None:
        with pytest.raises(UnknownNameError, match=text):
            load_recording("phantom", "noise", "phantom-01").folds(*asked)


def test_plain_texts_are_not_asked() -> None:
    phantom = load_recording("phantom", "noise", "phantom-01")
    assert phantom.asked == phantom.problems
    texts = tuple(Text(p.identifier, p.conclusion, p.reasoning_type) for p in phantom.problems)
    with pytest.raises(DataError, match="phantom holds plain texts, and this needs deductive"):
        _ = replace(phantom, problems=texts).asked
