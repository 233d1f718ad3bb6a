"""Responses of a few people to sentences, as somebody's own data hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from brainbench.models import Activations

NOUNS = ("dog", "house", "river", "teacher", "engine", "garden", "letter", "violin")
VERBS = ("sees", "follows", "breaks", "finds", "paints", "hears")
ADJECTIVES = ("old", "quiet", "green", "heavy", "strange")
ROIS = ("language", "md")


def sentences(count: int, seed: int = 0) -> list[str]:
    """Different sentences of different lengths."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        some = " ".join(rng.choice(ADJECTIVES, rng.integers(1, 4)))
        found[f"The {some} {rng.choice(NOUNS)} {rng.choice(VERBS)} the {rng.choice(NOUNS)}."] = None
    return list(found)


def make_assembly(
    people: int = 3, voxels: int = 4, passages: int = 4, per_passage: int = 8, seed: int = 0
) -> xr.DataArray:
    """(presentation, neuroid) responses, with the coordinates of Brain-Score's.

    ``language`` responds to the words of a sentence, the same way in all people, ``md`` to nothing.
    Besides: ``passage``, ``order`` in it, ``surprisal`` (a number) and ``tense`` (a label).
    """
    rng = np.random.default_rng(seed)
    texts = sentences(passages * per_passage, seed)
    words = sorted({word for text in texts for word in text.split()})
    counts = np.array([[text.split().count(word) for word in words] for text in texts], float)
    common = counts @ rng.standard_normal((len(words), voxels))
    blocks, subject, roi = [], [], []
    for person in range(1, people + 1):
        for name in ROIS:
            noise = rng.standard_normal((len(texts), voxels))
            blocks.append(noise + (common if name == "language" else 0.0))
            subject += [f"sub-{person:02d}"] * voxels
            roi += [name] * voxels
    passage = np.repeat([f"p{number}" for number in range(1, passages + 1)], per_passage)
    return xr.DataArray(
        np.concatenate(blocks, axis=1),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus": ("presentation", texts),
            "stimulus_id": ("presentation", [f"s{number}" for number in range(len(texts))]),
            "passage": ("presentation", passage),
            "order": ("presentation", np.tile(np.arange(per_passage), passages)),
            "surprisal": ("presentation", rng.standard_normal(len(texts))),
            "tense": ("presentation", rng.choice(["past", "present"], len(texts))),
            "subject": ("neuroid", subject),
            "roi": ("neuroid", roi),
        },
    )


def to_csv(assembly: xr.DataArray, columns: Sequence[str] = ("stimulus", "passage")) -> str:
    """A table with the mean of each person in each ROI."""
    people = list(dict.fromkeys(assembly["subject"].values.tolist()))
    pairs = [(person, roi) for person in people for roi in ROIS]
    lines = [",".join([*columns, *(f"{person}:{roi}" for person, roi in pairs)])]
    for row in range(assembly.sizes["presentation"]):
        cells = [str(assembly[name].values[row]) for name in columns]
        for person, roi in pairs:
            chosen = (assembly["subject"].values == person) & (assembly["roi"].values == roi)
            cells.append(repr(float(assembly.values[row, chosen].mean())))
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


class WordModel:
    """A model whose states are which words a text holds: it reads texts and problems alike."""

    identifier = "words"
    sha256 = "0" * 64

    def activations(self, problems: Sequence[Any]) -> Activations:
        """(n_items, 1, n_words) counts at one layer."""
        texts = [" ".join(problem.sentences).split() for problem in problems]
        words = sorted({word for text in texts for word in text})
        counts = np.array([[text.count(word) for word in words] for text in texts], float)
        return Activations({"hidden": counts[:, None, :]}, {"hidden": (0,)})
