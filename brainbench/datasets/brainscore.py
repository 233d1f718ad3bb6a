"""Brain-Score's language data, read from the files that its loader has cached.

What people read came in a context: a sentence in a passage, a word in a sentence. The text of each
stimulus is that context up to and with it, as Brain-Score's own benchmarks have models read it.

Source: ``data_packaging.py`` of each dataset in brainscore-language 2.3.0, which wrote the files.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from brainbench.datasets.netcdf import DIMS
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.paths import user_path

PREFIX = "brainscore:"
POSITION, WORDS = "position", "words"
# parts of a text are cut at spaces, also those before a mark that begins the next
_BEFORE_MARK = re.compile(r"\s+([.,!?;:])")


@dataclass(frozen=True)
class LanguageData:
    """Where the responses of one experiment are, and which coordinate is what.

    Attributes
    ----------
    identifier : as ``--assembly brainscore:`` takes it.
    dataset : identifier in Brain-Score's ``load_dataset``; several experiments may share one.
    sha1 : of the file, which its loader keeps it under.
    title, citation : for the record.
    subject : coordinate of the people.
    roi : name of the region that all neuroids are of; None where a coordinate ``roi`` says.
    context : coordinate whose labels are passages that were read in one piece; None where every
        stimulus stood by itself.
    order : coordinates that stimuli of a context are sorted by.
    group : coordinate whose labels are held out whole; None where there is none.
    select : coordinate → the label that is kept.
    """

    identifier: str
    dataset: str
    sha1: str
    title: str
    citation: str
    subject: str
    roi: str | None = "language"
    context: str | None = None
    order: tuple[str, ...] = ()
    group: str | None = None
    select: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where Brain-Score's loader keeps it: ``BRAINIO_HOME``, or ``~/.brainio``."""
        home = user_path(os.environ.get("BRAINIO_HOME", "~/.brainio"))
        return home / self.sha1 / f"assy_{self.dataset.replace('.', '_')}.nc"

    @property
    def card(self) -> dict[str, object]:
        """Fields of the card of its assembly, as :func:`as_texts_in_context` gives it.

        Scores are held against the number of words of a stimulus, without its context.
        """
        in_context = {"position": POSITION, "nuisance": (WORDS,)} if self.context else {}
        return {
            "name": self.identifier.replace(".", "-"),
            "title": self.title,
            "citation": self.citation,
            "subject": self.subject,
            "group": self.group,
            **in_context,
        }


def _pereira(experiment: str) -> LanguageData:
    return LanguageData(
        f"Pereira2018.{experiment}",
        "Pereira2018.language",
        "f8434b4022f5b2c862f0ff2854d5b3f5f2a7fb96",
        f"Passages of {experiment.removesuffix('sentences')} sentences, fMRI of the language "
        "network, from Brain-Score",
        "Pereira et al. 2018, Nature Communications 9",
        subject="subject",
        context="passage_label",
        order=("stimulus_num",),
        group="story",
        select={"experiment": experiment},
    )


_ENTRIES = (
    _pereira("243sentences"),
    _pereira("384sentences"),
    LanguageData(
        "Tuckute2024.language",
        "Tuckute2024.language",
        "5c8fc7f3e24cc1af5f5296459377b638b6492641",
        "1,000 sentences, fMRI of the language network averaged over five people, from Brain-Score",
        "Tuckute et al. 2024, Nature Human Behaviour 8",
        subject="subject_UID",
        roi=None,
    ),
    LanguageData(
        "Blank2014.fROI",
        "Blank2014.fROI",
        "af1e868821b897cb1684e4c8dcd33977121ef552",
        "Eight stories, fMRI of twelve language regions, from Brain-Score",
        "Blank, Kanwisher & Fedorenko 2014, Journal of Neurophysiology 112",
        subject="subject_id",
        context="story",
        order=("sentence_number_in_story", "part_number_in_sentence"),
        group="story",
    ),
    LanguageData(
        "Fedorenko2016.language",
        "Fedorenko2016.language",
        "2966b6d78e972a72068aa6907377483f427e8d9a",
        "Words of 52 sentences, ECoG of language electrodes, from Brain-Score",
        "Fedorenko et al. 2016, PNAS 113",
        subject="subject_UID",
        context="sentence_id",
        order=("word_num",),
        group="sentence_id",
    ),
)
DATA = {entry.identifier: entry for entry in _ENTRIES}


def find_language_data(name: str) -> LanguageData:
    """The entry of a dataset.

    Parameters
    ----------
    name : ``brainscore:<identifier>``, or the identifier alone.

    Raises
    ------
    UnknownNameError
        When there is no such dataset.
    """
    identifier = name.removeprefix(PREFIX).strip()
    if identifier not in DATA:
        raise UnknownNameError("dataset of Brain-Score", identifier, DATA)
    return DATA[identifier]


def check_cached(entry: LanguageData) -> None:
    """Check that Brain-Score has cached the file of a dataset, and that it is the one it lists.

    Parameters
    ----------
    entry : of the dataset.

    Raises
    ------
    UsageError
        When the file is not there, with the command that brings it.
    DataError
        When it is another file.
    """
    if not entry.file.is_file():
        raise UsageError(
            f"{entry.dataset} is not in Brain-Score's cache ({entry.file}). Where "
            'brainscore-language is installed, python -c "import brainscore_language as b; '
            f"b.load_dataset('{entry.dataset}')\" brings it; BRAINIO_HOME says where the cache is"
        )
    with entry.file.open("rb") as file:
        found = hashlib.file_digest(file, "sha1").hexdigest()
    if found != entry.sha1:
        raise DataError(
            f"{entry.file} is not the file that Brain-Score lists (SHA-1 {found}, expected "
            f"{entry.sha1}): delete it, and have Brain-Score load it again"
        )


def as_texts_in_context(given: xr.DataArray, entry: LanguageData) -> xr.DataArray:
    """An assembly of Brain-Score's with what brainbench asks of one.

    Parameters
    ----------
    given : (presentation, neuroid), as the file has it.
    entry : which coordinate is what.

    Returns
    -------
    The selected presentations, of each context in the order they were read: ``stimulus`` is the
    context up to and with the stimulus, ``position`` its place in it from 0, ``words`` the number
    of its own words. Neuroids that were measured at none of them are left out, and the second of
    two of the same name.

    Raises
    ------
    DataError
        When a coordinate is missing, or nothing is left.
    """
    needed = ["stimulus", "stimulus_id", *entry.order, *entry.select]
    needed += [name for name in (entry.context, entry.group) if name]
    _check(given, DIMS[0], needed)
    _check(given, DIMS[1], [entry.subject, "neuroid_id", *(() if entry.roi else ("roi",))])
    for name, label in entry.select.items():
        given = given.isel(presentation=np.flatnonzero(given[name].values.astype(str) == label))
    measured = ~np.isnan(given.values.astype(np.float64)).all(axis=0)
    named = pd.Series(zip(given[entry.subject].values, given["neuroid_id"].values, strict=True))
    kept = given.isel(neuroid=np.flatnonzero(measured & ~named.duplicated().to_numpy()))
    if 0 in kept.shape:
        raise DataError(f"no responses are left of {', '.join(entry.select.values()) or 'it'}")
    if entry.roi is not None:
        kept = kept.assign_coords(roi=(DIMS[1], np.full(kept.sizes[DIMS[1]], entry.roi, object)))
    if entry.context is None:
        return kept
    table = pd.DataFrame({name: kept[name].values for name in dict.fromkeys(needed)})
    order = table.sort_values([entry.context, *entry.order], kind="stable").index.to_numpy()
    kept, table = kept.isel(presentation=order), table.iloc[order]
    contexts = table.groupby(entry.context, sort=False)
    texts = table["stimulus"].astype(str)
    return kept.assign_coords(
        stimulus=(DIMS[0], np.array(_running(texts, table[entry.context]), object)),
        position=(DIMS[0], contexts.cumcount().to_numpy()),
        words=(DIMS[0], np.array([len(text.split()) for text in texts])),
    )


def _running(texts: pd.Series[str], contexts: pd.Series[str]) -> list[str]:
    """Each text with those of its context before it."""
    read: dict[object, str] = {}
    found = []
    for text, context in zip(texts, contexts, strict=True):
        read[context] = f"{read.get(context, '')} {text}".strip()
        found.append(_BEFORE_MARK.sub(r"\1", " ".join(read[context].split())))
    return found


def _check(given: xr.DataArray, dim: str, names: list[str]) -> None:
    known = [str(name) for name, held in given.coords.items() if held.dims == (dim,)]
    lacking = [name for name in dict.fromkeys(names) if name not in known]
    if lacking:
        raise DataError(
            f"no coordinate {', '.join(lacking)} over {dim}; there are: {', '.join(known)}"
        )
