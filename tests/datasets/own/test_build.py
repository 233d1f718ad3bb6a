"""Assemblies of one's own: order does not matter, and everything that is wrong is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from own_data import make_assembly

from brainbench.datasets import load_assembly, load_recording
from brainbench.errors import DataError, UsageError
from brainbench.problems import Text

Change = Callable[[xr.DataArray], xr.DataArray]


def over_items(**coordinates: object) -> Change:
    return lambda a: a.assign_coords({n: ("presentation", v) for n, v in coordinates.items()})


def over_voxels(**coordinates: object) -> Change:
    return lambda a: a.assign_coords({n: ("neuroid", v) for n, v in coordinates.items()})


@pytest.fixture
def assembly() -> xr.DataArray:
    return make_assembly()


class TestRecording:
    def test_texts_people_and_groups(self, assembly: xr.DataArray) -> None:
        found = load_assembly(assembly, group="passage", position="order", nuisance=["surprisal"])
        first = found.problems[0]
        assert first == Text("s0", assembly["stimulus"].values[0], "text")
        card = found.card
        assert card.subjects == ("sub-01", "sub-02", "sub-03")
        assert card.rois == {"language": 4, "md": 4}
        assert (card.items, card.reasoning_types, card.held_out) == (32, ("text",), "passage")
        assert card.nuisance == ("surprisal",)
        assert found.assembly["position"].values.tolist() == assembly["order"].values.tolist()
        np.testing.assert_array_equal(found.assembly.values, assembly.values)

    def test_the_order_of_rows_does_not_matter(self, assembly: xr.DataArray) -> None:
        order = np.random.default_rng(0).permutation(32)
        one, other = (
            load_assembly(given, group="passage", position="order")
            for given in (assembly, assembly.isel(presentation=order))
        )
        assert one.problems == other.problems
        assert one.data_sha256 == other.data_sha256
        np.testing.assert_array_equal(one.assembly.values, other.assembly.values)

    def test_without_names_either(self, assembly: xr.DataArray) -> None:
        """Texts name themselves."""
        bare = assembly.drop_vars(["stimulus_id", "order"])
        order = np.random.default_rng(0).permutation(32)
        one, other = map(load_assembly, (bare, bare.isel(presentation=order)))
        assert one.problems == other.problems
        np.testing.assert_array_equal(one.assembly.values, other.assembly.values)

    def test_of_repeats_neither(self, assembly: xr.DataArray) -> None:
        again = assembly + np.random.default_rng(1).standard_normal(assembly.shape)
        twice = xr.concat([assembly, again], "presentation")
        order = np.random.default_rng(0).permutation(64)
        one, other = (load_assembly(g) for g in (twice, twice.isel(presentation=order)))
        assert one.card.repeated_items
        assert len(one.problems) == 32
        np.testing.assert_array_equal(one.assembly.values, other.assembly.values)

    def test_a_multiindex_is_taken_apart(self, assembly: xr.DataArray) -> None:
        gathered = assembly.set_index(
            presentation=["stimulus_id", "stimulus", "passage"], neuroid=["subject", "roi"]
        )
        one, other = (load_assembly(given, group="passage") for given in (assembly, gathered))
        assert one.problems == other.problems
        np.testing.assert_array_equal(one.assembly.values, other.assembly.values)

    def test_voxels_of_a_person_lie_together(self, assembly: xr.DataArray) -> None:
        mixed = assembly.isel(neuroid=np.argsort(np.tile(np.arange(4), 6), kind="stable"))
        found = load_assembly(mixed)
        np.testing.assert_array_equal(found.assembly.values, assembly.values)

    def test_types_are_labels(self, assembly: xr.DataArray) -> None:
        found = load_assembly(assembly, type="tense")
        assert set(found.card.reasoning_types) == {"past", "present"}
        assert sum(found.card.type_items.values()) == 32

    def test_some_are_selected(self, assembly: xr.DataArray) -> None:
        chosen = {"passage": ["p1", "p3"], "roi": "language"}
        found = load_assembly(assembly, select=chosen)
        assert found.assembly.shape == (16, 12)
        assert list(found.card.rois) == ["language"]

    def test_problems_stay_problems(self) -> None:
        """What to_netcdf writes of a dataset is read as it was."""
        phantom = load_recording("phantom", "signal")
        found = load_assembly(phantom.assembly)
        assert found.problems == phantom.problems
        assert found.card.reasoning_types == ("syllogistic", "transitive")
        np.testing.assert_array_equal(found.assembly.values, phantom.assembly.values)

    def test_voxels_keep_their_places(self, assembly: xr.DataArray) -> None:
        places = np.random.default_rng(0).normal(0, 40, 24)
        found = load_assembly(over_voxels(x=places)(assembly))
        assert found.assembly["x"].values.tolist() == places.tolist()


class TestPosition:
    def test_places_that_stand_several_times_in_a_run_are_none(
        self, assembly: xr.DataArray
    ) -> None:
        """Counted within passages, where nothing says which passage a stimulus is of."""
        found = load_assembly(assembly.drop_vars("passage"), position="order")
        assert "position" not in found.assembly.coords
        assert found.origin is not None
        assert "order counts several stimuli alike in a run" in found.origin.notes[0]


class TestLeftOut:
    def test_a_person_without_a_run(self, assembly: xr.DataArray) -> None:
        lacks = (assembly["passage"] == "p2") & (assembly["subject"] == "sub-02")
        found = load_assembly(assembly.where(~lacks), group="passage")
        assert found.card.subjects == ("sub-01", "sub-03")
        assert found.origin is not None
        assert found.origin.left_out == ("sub-02: lacks passage p2",)

    def test_voxels_that_do_not_vary(self, assembly: xr.DataArray) -> None:
        values = assembly.values.copy()
        values[:, 2] = 3.0
        found = load_assembly(assembly.copy(data=values))
        assert found.assembly.shape == (32, 23)
        assert found.origin is not None
        assert found.origin.left_out == ("sub-01, language: 1 of 4 voxels do not vary",)

    def test_a_person_without_an_roi(self, assembly: xr.DataArray) -> None:
        found = load_assembly(assembly.isel(neuroid=slice(4, None)))
        assert found.card.subjects == ("sub-02", "sub-03")
        assert found.origin is not None
        assert found.origin.left_out == ("sub-01: has no voxels that vary in language",)

    def test_nobody_is_left(self, assembly: xr.DataArray) -> None:
        with pytest.raises(
            DataError, match="nobody is left: sub-01, language: 4 of 4 voxels do not vary"
        ):
            load_assembly(assembly.copy(data=np.ones(assembly.shape)))

    def test_the_same_text_under_two_names_is_noted(self, assembly: xr.DataArray) -> None:
        texts = assembly["stimulus"].values.copy()
        texts[5] = texts[4]
        found = load_assembly(over_items(stimulus=texts)(assembly))
        assert found.origin is not None
        assert "1 texts stand under several names, as s4 and s5" in found.origin.notes[0]

    def test_stimuli_of_several_runs_have_none(self, assembly: xr.DataArray) -> None:
        again = assembly + 1.0
        runs = over_items(run=[1] * 32)(assembly), over_items(run=[2] * 32)(again)
        found = load_assembly(xr.concat(runs, "presentation"))
        assert found.card.held_out == "run"
        assert set(found.assembly["run"].values) == {"all"}
        assert found.origin is not None
        assert "shown in several runs" in found.origin.notes[0]


def stray(assembly: xr.DataArray) -> xr.DataArray:
    values = assembly.values.copy()
    values[3, 9] = np.nan
    return assembly.copy(data=values)


def infinite(assembly: xr.DataArray) -> xr.DataArray:
    values = assembly.values.copy()
    values[3, 9] = np.inf
    return assembly.copy(data=values)


def two_names(assembly: xr.DataArray) -> xr.DataArray:
    names = assembly["stimulus_id"].values.copy()
    names[7] = names[3]
    return over_items(stimulus_id=names)(assembly)


def shuffled(assembly: xr.DataArray) -> xr.DataArray:
    again = over_items(stimulus=assembly["stimulus"].values[::-1])(assembly + 1)
    return xr.concat([assembly, again], "presentation")


FAULTS: dict[str, tuple[Change, str]] = {
    "other dimensions": (
        lambda a: a.rename(neuroid="voxel"),
        "dimensions presentation and neuroid, not presentation, voxel",
    ),
    "no row": (lambda a: a.isel(presentation=[]), "is empty: it has no presentations"),
    "no voxel": (lambda a: a.isel(neuroid=[]), "is empty"),
    "texts as responses": (lambda a: a.astype(str), "of type <U32, not numbers"),
    "no stimulus": (
        lambda a: a.rename(stimulus="sentence"),
        r"no coordinate 'stimulus' over presentation; .*did you mean 'sentence'\? Say so in a "
        "card: stimulus: sentence",
    ),
    "no subject": (
        lambda a: a.rename(subject="participant"),
        "no coordinate 'subject' over neuroid; .*did you mean 'participant'",
    ),
    "the stimulus over neuroids": (
        lambda a: over_voxels(stimulus=["x"] * 24)(a.drop_vars("stimulus")),
        "no coordinate 'stimulus' over presentation; .*it lies over neuroid",
    ),
    "an atlas for an roi": (lambda a: a.rename(roi="atlas"), "did you mean 'atlas'"),
    "numbers for texts": (
        over_items(stimulus=np.arange(32.0)),
        r"stimulus holds 0\.0, which is no text",
    ),
    "pictures for texts": (
        over_items(stimulus=[f"faces/{i}.PNG" for i in range(32)]),
        r"names of files such as 'faces/0\.PNG'",
    ),
    "an empty text": (over_items(stimulus=["", *"abcdefghijklmnopqrstuvwxyzABCDE"]), "in row 1"),
    "a name for two texts": (two_names, "stimulus_id 's3' stands for two texts"),
    "names shuffled against texts": (shuffled, "stands for two texts"),
    "a stray NaN": (stray, r"sub-02, language: 1 voxels hold NaN or infinite values \(1\) in all"),
    "an infinite value": (infinite, r"sub-02, language: 1 voxels hold NaN or infinite values"),
    "a row twice": (
        lambda a: a.isel(presentation=[*range(32), 4]),
        "rows 5 and 33 are the same measurement of 's4'",
    ),
    "a voxel twice": (
        over_voxels(neuroid_id=["a", "b", "c", "a", *map(str, range(20))]),
        "neuroid_id 'a' of sub-01 stands twice in language",
    ),
    "an empty person": (over_voxels(subject=["", *["a"] * 23]), "subject is empty in row 1"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named(fault: str, assembly: xr.DataArray) -> None:
    change, text = FAULTS[fault]
    with pytest.raises(DataError, match=text):
        load_assembly(change(assembly))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"group": "pasage"}, r"no coordinate 'pasage' .* did you mean 'passage'"),
        ({"position": "tense"}, "tense holds '(past|present)', not numbers"),
        ({"position": "surprisal"}, "it counts stimuli from 0 in a run"),
        ({"nuisance": ["suprisal"]}, "did you mean 'surprisal'"),
        ({"select": {"passage": "p9"}}, "passage holds no 'p9'; there are: p1, p2, p3, p4"),
    ],
)
def test_options_that_do_not_fit_are_named(
    options: dict[str, object], text: str, assembly: xr.DataArray
) -> None:
    with pytest.raises(DataError, match=text):
        load_assembly(assembly, **options)  # type: ignore[arg-type]


def test_nuisance_that_is_missing_is_named(assembly: xr.DataArray) -> None:
    values = assembly["surprisal"].values.copy()
    values[[3, 8]] = np.nan
    with pytest.raises(DataError, match="surprisal is NaN or infinite in rows 4, 9"):
        load_assembly(over_items(surprisal=values)(assembly), nuisance=["surprisal"])


def test_a_group_is_the_same_at_every_showing(assembly: xr.DataArray) -> None:
    again = over_items(passage=np.roll(assembly["passage"].values, 8))(assembly + 1)
    twice = xr.concat([assembly, again], "presentation")
    with pytest.raises(DataError, match="'s0' has passage 'p1' and 'p4'"):
        load_assembly(twice, group="passage")


def test_a_problem_whose_validity_is_wrong_is_named() -> None:
    phantom = load_recording("phantom", "noise", "phantom-01").assembly
    wrong = phantom.assign_coords(validity=("presentation", ~phantom["validity"].values))
    with pytest.raises(DataError, match=r"its conclusion .* and the file says validity"):
        load_assembly(wrong)


def test_folders_and_missing_files_are_named(tmp_path: object) -> None:
    with pytest.raises(UsageError, match="there is no assembly at nowhere"):
        load_assembly("nowhere.nc")
    with pytest.raises(UsageError, match="is a folder: a dataset folder is given by --dataset"):
        load_assembly(str(tmp_path))
