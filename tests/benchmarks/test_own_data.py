"""What the structure of somebody's own data allows, and what it does not, by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from own_data import WordModel, make_assembly

from brainbench.benchmarks import Allowed, benchmarks_of
from brainbench.benchmarks.cell import prepare_cell
from brainbench.benchmarks.controlled.nuisance import nuisance_columns, nuisance_kernels
from brainbench.benchmarks.feature_spaces import NotApplicable, count_nuisances, nuisance_spaces
from brainbench.benchmarks.ladder.rungs import rung_columns
from brainbench.benchmarks.own_columns import own_columns, removable_columns
from brainbench.datasets import load_assembly
from brainbench.encoding import nuisance


def names(allowed: Allowed) -> list[str]:
    return [one.identifier for one in allowed.benchmarks]


def lacks(allowed: Allowed, text: str) -> bool:
    return any(text in one for one in allowed.lacking)


class TestAllowed:
    def test_everything_where_groups_people_and_places_are_there(self) -> None:
        found = benchmarks_of(load_assembly(make_assembly(), group="passage", position="order"))
        assert names(found) == [
            "own.brain.all-ladder",
            "own.language.text-ridge",
            "own.md.text-ridge",
            "own.language.text-published",
            "own.md.text-published",
        ]
        assert found.lacking == (
            "no rung of behaviour, nor its nuisance: the data hold no answers",
            "no reliability of the responses: each item was shown once",
        )

    @pytest.mark.parametrize(
        ("protocol", "last"), [("controlled", ["ladder", "ridge"]), ("published", ["published"])]
    )
    def test_one_protocol(self, protocol: str, last: list[str]) -> None:
        found = benchmarks_of(load_assembly(make_assembly(), group="passage"), protocol)
        assert sorted({name.rpartition("-")[2] for name in names(found)}) == last

    def test_without_runs_nothing_is_held_out(self) -> None:
        found = benchmarks_of(load_assembly(make_assembly()))
        assert not any(name.endswith("-ridge") for name in names(found))
        (said,) = [text for text in found.lacking if text.startswith("no controlled")]
        # columns that could be meant: several labels, each of several items
        assert said.endswith(
            "the data name no runs; --group says which column does (passage, tense)"
        )

    def test_groups_of_too_few_items(self) -> None:
        few = make_assembly(passages=8, per_passage=4)
        found = benchmarks_of(load_assembly(few, group="passage"))
        assert lacks(found, "no controlled protocol for text: every run needs at least 6 items")
        assert lacks(found, "(of passage)")
        assert "own.brain.all-ladder" in names(found)

    def test_a_column_of_averages(self) -> None:
        one = make_assembly(people=1, voxels=1)
        found = benchmarks_of(load_assembly(one, group="passage"))
        assert lacks(found, "no inter-subject reference, and no ceiling: 1 person or column of av")
        assert lacks(found, "no `between` on the ladder: it holds people against each other")
        assert lacks(found, "one voxel, or one mean, for each person in language, md")
        assert lacks(found, "no rung of position")
        assert len(found.benchmarks) == 5

    def test_people_with_other_voxels(self) -> None:
        uneven = make_assembly().isel(neuroid=slice(1, None))
        found = benchmarks_of(load_assembly(uneven, group="passage"))
        assert lacks(found, "they have different numbers of voxels in language")

    def test_fewer_items_than_folds(self) -> None:
        few = make_assembly(passages=1, per_passage=8)
        found = benchmarks_of(load_assembly(few))
        assert not found.benchmarks
        assert lacks(found, "no ladder: 5 folds need at least 10 items")
        assert lacks(found, "no published protocol for text: 5 folds need at least 10 items")

    def test_many_people_have_no_published_ceiling(self) -> None:
        many = load_assembly(make_assembly(people=15, voxels=1), group="passage")
        assert lacks(benchmarks_of(many), "no published ceiling: it takes 14 people at most")
        assert not lacks(benchmarks_of(many, "controlled"), "ceiling")

    def test_a_type_of_too_few_items(self) -> None:
        """The others are scored; the ladder, which takes all types together, says which it is."""
        kinds = ["rare"] * 3 + ["common"] * 29
        given = make_assembly().assign_coords(kind=("presentation", kinds))
        found = benchmarks_of(load_assembly(given, type="kind", group="passage"), "published")
        assert names(found) == ["own.language.common-published", "own.md.common-published"]
        assert lacks(found, "no published protocol for rare")
        assert lacks(found, "no published protocol for all")

    def test_too_many_items_for_the_ladder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("brainbench.benchmarks.own_data.MAX_LADDER_ITEMS", 20)
        found = benchmarks_of(load_assembly(make_assembly(), group="passage"))
        assert lacks(found, "no ladder: it takes 20 items of a type at most, and there are 32")


def test_a_benchmark_scores_by_itself() -> None:
    """As those of brainbench's own datasets: ``benchmark(model)``, ceiling, what it is about."""
    recording = load_assembly(make_assembly(), group="passage", name="mine")
    by_name: dict[str, Any] = {one.identifier: one for one in benchmarks_of(recording).benchmarks}
    benchmark = by_name["mine.language.text-published"]
    score = benchmark(WordModel())
    assert score.raw > 0.4
    assert benchmark.ceiling > 0.4
    assert benchmark.about["voxels"] == 4
    assert by_name["mine.brain.all-ladder"].needs.rois == ("language", "md")


class TestNuisance:
    @pytest.fixture
    def cell(self) -> Any:
        options = {"nuisance": ["surprisal", "tense"], "group": "passage"}
        recording = load_assembly(make_assembly(), **options)  # type: ignore[arg-type]
        return prepare_cell(recording, "text", ["language"])

    def test_numbers_are_a_column_and_labels_one_each(self, cell: Any) -> None:
        found = own_columns(cell)
        values = make_assembly()["surprisal"].values
        order = [int(problem.identifier[1:]) for problem in cell.problems]
        np.testing.assert_allclose(found["surprisal"], nuisance.standardise(values[order]))
        assert found["tense"].shape == (32, 2)
        assert removable_columns(cell).shape == (32, 3)

    def test_they_stand_in_every_protocol(self, cell: Any) -> None:
        spaces = {space.name: space for space in nuisance_spaces(cell)}
        assert len(spaces) == count_nuisances(cell)
        assert not isinstance(spaces["surprisal"], NotApplicable)
        kernels = nuisance_kernels(cell)
        assert isinstance(kernels["surprisal"], np.ndarray)
        named = own_columns(cell)
        both = np.hstack([named["surprisal"], named["tense"]])
        np.testing.assert_array_equal(rung_columns(cell)["condition"].group, both)
        # two of length, and these: neither position nor condition is known of plain texts
        assert nuisance_columns(cell).shape == (32, 5)

    def test_what_texts_do_not_have_is_said(self, cell: Any) -> None:
        assert "plain texts" in nuisance_kernels(cell)["condition"]
        assert "does not say where items stand" in nuisance_kernels(cell)["position"]
        for name in ("condition", "position"):
            space = next(one for one in nuisance_spaces(cell) if one.name == name)
            assert isinstance(space, NotApplicable)
        assert not rung_columns(cell)["position"].exists
        assert rung_columns(cell)["length"].exists

    def test_many_labels_are_only_penalised(self) -> None:
        labels = [f"label {i % 8}" for i in range(32)]
        given = make_assembly().assign_coords(label=("presentation", labels))
        cell = prepare_cell(load_assembly(given, nuisance=["label"]), "text", ["md"])
        assert removable_columns(cell).shape == (32, 0)
        assert isinstance(nuisance_kernels(cell)["label"], np.ndarray)
