"""Small assemblies with the coordinates of Brain-Score's language data, their values simulated.

As ``data_packaging.py`` of each dataset makes them: rows, coordinates over presentations and
neuroids, which are missing for whom, and how texts are cut.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from brainbench.datasets import brainscore

PEOPLE = ("018", "199", "215")
_NOUNS = (
    "cat",
    "house",
    "river",
    "pilot",
    "garden",
    "letter",
    "engine",
    "doctor",
    "winter",
    "song",
)
_VERBS = ("sees", "finds", "leaves", "paints", "hears", "wants", "follows", "opens")


def sentence(seed: int, words: int = 6) -> str:
    """A sentence that a seed draws."""
    rng = np.random.default_rng(seed)
    middle = " ".join(rng.choice((*_NOUNS, *_VERBS), words - 3))
    return f"The {rng.choice(_NOUNS)} {middle} {rng.choice(_NOUNS)}."


def signal(texts: list[str], width: int, seed: int) -> np.ndarray:
    """(n, width) responses that follow which words were read, with noise."""
    rng = np.random.default_rng(seed)
    words = np.array([[text.count(word) for word in (*_NOUNS, *_VERBS)] for text in texts], float)
    words += np.array([[len(text)] for text in texts]) / 40
    weights = np.random.default_rng(7).normal(size=(words.shape[1], width))
    return words @ weights + rng.normal(size=(len(texts), width))


def so_far(texts: list[str], contexts: list[Any]) -> list[str]:
    """Each text after those of its context before it: what people have read by then."""
    read: dict[Any, str] = {}
    found = []
    for text, context in zip(texts, contexts, strict=True):
        read[context] = f"{read.get(context, '')} {text}"
        found.append(read[context])
    return found


def pereira(passages: int = 8, voxels: int = 6) -> xr.DataArray:
    """Two experiments, two passages a topic; the third person took part in the second alone."""
    rows = []
    for experiment, count, per in (("243sentences", 3, 6), ("384sentences", 4, passages)):
        for passage in range(per):
            for number in range(count):
                rows.append((experiment, passage, number, sentence(len(rows))))
    texts = [row[3] for row in rows]
    order = np.random.default_rng(0).permutation(len(rows))  # merged, rows are in no order
    numbers: dict[str, int] = {}
    nums = [numbers.setdefault(row[0], -1) for row in rows]
    for i, row in enumerate(rows):
        numbers[row[0]] += 1
        nums[i] = numbers[row[0]]
    read = so_far(texts, [row[:2] for row in rows])
    blocks = [signal(read, voxels, seed) for seed in range(len(PEOPLE))]
    blocks[2][[row[0] == "243sentences" for row in rows]] = np.nan
    neuroids = [(person, voxel) for person in PEOPLE for voxel in range(voxels)]
    names = np.array([f"{p}.{v}" for p, v in neuroids], object)
    categories = [f"topic{row[1] // 2}" for row in rows]
    return xr.DataArray(
        np.hstack(blocks)[order],
        dims=("presentation", "neuroid"),
        coords={
            key: (
                "presentation",
                np.array(values, None if key == "stimulus_num" else object)[order],
            )
            for key, values in {
                "experiment": [row[0] for row in rows],
                "stimulus_num": nums,
                "sentence": texts,
                "stimulus": texts,
                "passage_index": [str(row[1]) for row in rows],
                "passage_label": [f"{row[0][:3]}-passage{row[1]}" for row in rows],
                "passage_category": categories,
                "stimulus_id": [f"{row[0]}.{n}" for row, n in zip(rows, nums, strict=True)],
                "story": [f"{row[0]}.{c}" for row, c in zip(rows, categories, strict=True)],
            }.items()
        }
        | {
            "subject": ("neuroid", np.array([p for p, _ in neuroids], object)),
            "voxel_num": ("neuroid", np.array([v for _, v in neuroids])),
            "filter_strategy": ("neuroid", np.array(["HminusE"] * len(neuroids), object)),
            "atlas_selection": ("neuroid", np.array(["from90to100prcnt"] * len(neuroids), object)),
            "roi": ("neuroid", np.array(["LIFG", "LPostTemp"] * (len(neuroids) // 2), object)),
            "indices_in_3d": ("neuroid", np.arange(len(neuroids)) + 4000),
            "col_to_coord_1": ("neuroid", np.arange(len(neuroids)) % 30),
            "neuroid_id": ("neuroid", names),
        },
    )


def tuckute(items: int = 60) -> xr.DataArray:
    """One column: the mean over five people of the language network."""
    texts = [sentence(i) for i in range(items)]
    return xr.DataArray(
        signal(texts, 1, 3),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.arange(1, items + 1)),
            "stimulus": ("presentation", np.array(texts, object)),
            "cond": ("presentation", np.array(["B"] * items, object)),
            "cond_approach": ("presentation", np.array(["B_corpora"] * items, object)),
            "neuroid_id": ("neuroid", [1]),
            "subject_UID": ("neuroid", np.array(["848-853-865-875-876"], object)),
            "roi": ("neuroid", np.array(["lang_LH_netw"], object)),
        },
    )


def blank(stories: int = 4, parts: int = 12) -> xr.DataArray:
    """Parts of stories, region by person; one person lacks one region in all of them."""
    names = ["Boar", "Aqua", "Elvis", "Tulips"][:stories]
    rows = [(story, s, p) for story in names for s in range(parts // 3) for p in range(3)]
    # a part ends in the space before the next, or in none before a mark
    texts = [sentence(i, 4)[:-1] + (" " if row[2] < 2 else ". ") for i, row in enumerate(rows)]
    regions = ("01_LH_PostTemp", "02_LH_AntTemp", "03_LH_IFG")
    neuroids = [(area, person) for area in regions for person in ("061", "085", "088")]
    read = so_far(texts, [row[0] for row in rows])
    values = np.hstack([signal(read, 1, 10 + i) for i in range(len(neuroids))])
    values[:, 4] = np.nan
    ids = [f"{story}.{s}.{p}" for story, s, p in rows]
    # sorted by name, as grouping leaves them
    order = np.argsort(ids)
    return xr.DataArray(
        values[order],
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.array(ids, object)[order]),
            "story": ("presentation", np.array([row[0] for row in rows], object)[order]),
            "timepoint_value": ("presentation", np.arange(len(rows))[order] * 2),
            "meta_sentence": ("presentation", np.array([t.lower() for t in texts], object)[order]),
            "sentence_number_in_story": ("presentation", np.array([r[1] for r in rows])[order]),
            "part_number_in_sentence": ("presentation", np.array([r[2] for r in rows])[order]),
            "stimulus_sentence": ("presentation", np.array(texts, object)[order]),
            "stimulus": ("presentation", np.array(texts, object)[order]),
            "fROI_area": ("neuroid", np.array([a for a, _ in neuroids], object)),
            "subject_id": ("neuroid", np.array([p for _, p in neuroids], object)),
            "neuroid_id": ("neuroid", np.array([f"{p}.{a}" for a, p in neuroids], object)),
        },
    )


def fedorenko(sentences: int = 10) -> xr.DataArray:
    """Words, one a row, in capitals; electrodes of five people."""
    words = [sentence(i, 8)[:-1].upper().split() for i in range(sentences)]
    texts = [word for each in words for word in each]
    read = so_far([text.lower() for text in texts], list(np.repeat(np.arange(sentences), 8)))
    people = np.repeat([1, 2, 3, 4, 5], [4, 2, 2, 3, 3])
    electrodes = np.arange(len(people))
    return xr.DataArray(
        signal(read, len(people), 5),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.arange(len(texts))),
            "stimulus": ("presentation", np.array(texts, object)),
            "word": ("presentation", np.array(texts, object)),
            "word_num": ("presentation", np.tile(np.arange(8), sentences)),
            "sentence_id": ("presentation", np.repeat(np.arange(sentences), 8)),
            "electrode": ("neuroid", electrodes),
            "neuroid_id": ("neuroid", electrodes),
            "subject_UID": ("neuroid", people),
        },
    )


MADE = {
    "Pereira2018.language": pereira,
    "Tuckute2024.language": tuckute,
    "Blank2014.fROI": blank,
    "Fedorenko2016.language": fedorenko,
}


def write_cache(
    home: Path, monkeypatch: pytest.MonkeyPatch, engine: str = "h5netcdf"
) -> dict[str, Path]:
    """Files as Brain-Score's loader keeps them, and the table with their SHA-1."""
    monkeypatch.setenv("BRAINIO_HOME", str(home))
    table = dict(brainscore.DATA)
    paths = {}
    for dataset, make in MADE.items():
        written = home / f"{dataset}.nc"
        made = make().to_dataset(name="data")
        made.attrs["stimulus_set_identifier"] = dataset  # its writer lifts attributes to the file
        made.to_netcdf(written, engine=engine, encoding={"data": {"zlib": True, "complevel": 9}})
        sha1 = hashlib.sha1(written.read_bytes()).hexdigest()
        for name, entry in table.items():
            if entry.dataset == dataset:
                table[name] = replace(entry, sha1=sha1)
                paths[name] = table[name].file
                paths[name].parent.mkdir(exist_ok=True)
                paths[name].write_bytes(written.read_bytes())
    monkeypatch.setattr(brainscore, "DATA", table)
    return paths
