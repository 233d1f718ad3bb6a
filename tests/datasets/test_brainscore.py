"""Brain-Score's language data, on simulated files of their structure."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from brainscore_assemblies import MADE, blank, fedorenko, pereira, tuckute, write_cache

from brainbench.datasets.brainscore import (
    DATA,
    as_texts_in_context,
    check_cached,
    find_language_data,
)
from brainbench.datasets.netcdf import read_netcdf
from brainbench.errors import DataError, UnknownNameError, UsageError

INSTALLED = importlib.util.find_spec("brainscore_core") is not None


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    return write_cache(tmp_path, monkeypatch)


def read(name: str) -> xr.DataArray:
    entry = find_language_data(name)
    check_cached(entry)
    return as_texts_in_context(read_netcdf(entry.file), entry)


def test_passages_are_read_up_to_each_sentence(cached: dict[str, Path]) -> None:
    found = read("brainscore:Pereira2018.384sentences")
    made = pereira()
    assert set(found["experiment"].values) == {"384sentences"}
    assert found.sizes == {"presentation": 32, "neuroid": 18}
    assert found["position"].values[:4].tolist() == [0, 1, 2, 3]
    first = found.isel(presentation=slice(0, 4))
    parts = [str(made["sentence"].values[made["stimulus_id"].values == name][0])
             for name in first["stimulus_id"].values]  # fmt: skip
    assert len(set(first["passage_label"].values)) == 1
    assert first["stimulus"].values.tolist() == [" ".join(parts[: i + 1]) for i in range(4)]
    assert first["words"].values.tolist() == [len(part.split()) for part in parts]
    assert set(found["roi"].values) == {"language"}
    # numbers went with their rows
    row = made["stimulus_id"].values == found["stimulus_id"].values[5]
    assert np.array_equal(found.values[5], made.values[row][0])


def test_people_who_did_not_take_part_are_left_out(cached: dict[str, Path]) -> None:
    found = read("Pereira2018.243sentences")
    assert set(found["subject"].values) == {"018", "199"}
    assert np.isfinite(found.values).all()


def test_a_column_of_averages(cached: dict[str, Path]) -> None:
    found = read("brainscore:Tuckute2024.language")
    assert found.shape == (60, 1)
    assert found["roi"].values.tolist() == ["lang_LH_netw"]
    assert found["stimulus"].values.tolist() == tuckute()["stimulus"].values.tolist()
    assert "position" not in found.coords


def test_stories_are_read_in_order(cached: dict[str, Path]) -> None:
    found = read("brainscore:Blank2014.fROI")
    # a region that a person lacks
    assert found.sizes["neuroid"] == 8
    assert "085.02_LH_AntTemp" not in found["neuroid_id"].values
    assert found.sizes["presentation"] == blank().sizes["presentation"]
    story = found.isel(presentation=found["story"].values == "Boar")
    assert story["position"].values.tolist() == list(range(12))
    # sentence 10 comes after sentence 2, though not by name
    numbers = story["sentence_number_in_story"].values
    assert (np.diff(numbers) >= 0).all()
    last = str(story["stimulus"].values[-1])
    assert all(last.startswith(str(text)) for text in story["stimulus"].values)
    assert "  " not in last
    assert " ." not in last


def test_words_are_read_in_their_sentence(cached: dict[str, Path]) -> None:
    found = read("brainscore:Fedorenko2016.language")
    made = fedorenko()
    words = made["word"].values[:8].tolist()
    assert found["stimulus"].values[:8].tolist() == [" ".join(words[: i + 1]) for i in range(8)]
    assert set(found["words"].values) == {1}
    assert sorted(set(found["subject_UID"].values)) == [1, 2, 3, 4, 5]


def test_a_mark_that_begins_a_part_follows_its_word() -> None:
    made = blank()
    texts = made["stimulus"].values.copy()
    where = made["stimulus_id"].values.tolist()
    texts[where.index("Boar.0.1")] = " , and "
    changed = made.assign_coords(stimulus=("presentation", texts))
    found = as_texts_in_context(changed, DATA["Blank2014.fROI"])
    text = str(found["stimulus"].values[found["stimulus_id"].values.tolist().index("Boar.0.1")])
    assert text.endswith(", and")
    assert " ," not in text


def test_the_same_voxel_twice_is_one() -> None:
    made = pereira()
    twice = made.isel(neuroid=[0, 1, 0, 2])
    found = as_texts_in_context(twice, DATA["Pereira2018.384sentences"])
    assert found["neuroid_id"].values.tolist() == ["018.0", "018.1", "018.2"]


def test_faults_are_named(cached: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'Pereira2018\.\d{3}sentences'"):
        find_language_data("brainscore:Pereira2018.sentences")
    file = cached["Blank2014.fROI"]
    file.write_bytes(file.read_bytes() + b"more")
    with pytest.raises(DataError, match="not the file that Brain-Score lists"):
        read("brainscore:Blank2014.fROI")
    file.unlink()
    with pytest.raises(UsageError, match=r"load_dataset\('Blank2014.fROI'\).* brings it"):
        read("brainscore:Blank2014.fROI")
    lacking = pereira().drop_vars("story")
    with pytest.raises(DataError, match="no coordinate story over presentation; there are: exp"):
        as_texts_in_context(lacking, DATA["Pereira2018.384sentences"])
    nobody = pereira() * np.nan
    with pytest.raises(DataError, match="no responses are left of 384sentences"):
        as_texts_in_context(nobody, DATA["Pereira2018.384sentences"])


@pytest.mark.skipif(not INSTALLED, reason="needs brainscore-core, in an environment of its own")
@pytest.mark.parametrize("dataset", MADE)
def test_files_that_brain_score_writes_and_reads(dataset: str, tmp_path: Path) -> None:
    """Its own writer, its own loader and ours hold the same."""
    from brainscore_core.supported_data_standards.brainio.assemblies import (
        AssemblyLoader,
        NeuroidAssembly,
        walk_coords,
    )
    from brainscore_core.supported_data_standards.brainio.packaging import write_netcdf

    made = NeuroidAssembly(MADE[dataset]())
    path = tmp_path / "assy.nc"
    write_netcdf(made, path)
    theirs = AssemblyLoader(cls=NeuroidAssembly, file_path=path).load()
    ours = read_netcdf(path)
    assert np.array_equal(ours.values, theirs.values, equal_nan=True)
    for name, dims, values in walk_coords(theirs):
        assert ours[name].dims == dims
        assert ours[name].values.tolist() == list(values), name
    for name, entry in DATA.items():
        if entry.dataset == dataset:
            assert as_texts_in_context(ours, entry).sizes["presentation"] > 0, name
