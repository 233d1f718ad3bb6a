"""Data cards: what a dataset is, where it comes from, and the hash of every file."""

from __future__ import annotations

import contextlib
import hashlib
import json
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from brainbench.errors import BrainbenchError, DataError, UnknownNameError
from brainbench.foreign import fault_of, parse_yaml
from brainbench.plugins import DatasetPlugin, plugged


def _inside(path: str) -> str:
    """Refuse a path that could leave the dataset's folder."""
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or "\\" in path:
        raise ValueError(f"{path!r} is not a relative path inside the dataset")
    return path


_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"  # one folder of the cache, no way out of it
# Ages are those of participants.tsv, whose hash is among the files.
_NOT_SCORED = {
    "title", "homepage", "citation", "urls", "notes", "roi_coordinates", "age_group", "ages",
    "scans", "planted_model",
    # a guided run that takes answers from there has their hash in its id
    "more_answers",
}  # fmt: skip
# Fields that came later: left out of hashes where they hold nothing, so that older hashes stay.
_LATER = ("early_answers", "joined", "session")
RelativePath = Annotated[str, AfterValidator(_inside)]


class CardFile(BaseModel):
    """One file: path at the source, bytes, and sha256 in hexadecimal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: RelativePath
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class RoiCoordinates(BaseModel):
    """Where an ROI lies, as far as its source says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    space: Literal["MNI", "Talairach"]
    what: str
    """What the points are: foci, centres of spheres."""
    source: str
    points: tuple[tuple[float, float, float], ...] = Field(min_length=1)
    """x, y, z in mm; x grows to the right, y to the front, z upwards."""


class Scans(BaseModel):
    """How a dataset's scanner runs are named and laid out, for responses made from its images."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    runs: dict[str, str] = {}
    """Run → its part of a BIDS file name, such as ``task-Transitive_run-01``; the run's own name
    where it is not listed."""
    repetition_time: float | None = Field(default=None, gt=0)
    """Seconds between scans; held against the files."""
    trials: int | None = Field(default=None, gt=0)
    """Trials with a stimulus in each run; held against the events."""
    control: tuple[str, ...] = ()
    """Values of ``trial_type`` that are no stimulus; together one regressor of no interest."""
    phases: dict[str, float] = {}
    """Phase of a trial → its beginning in seconds after the onset, in order; a phase ends where
    the next begins, the last with the trial."""
    images: str = ""
    """URL below which the files of its table of images lie (see ``datasets/images.py``)."""
    fmriprep: str = ""
    """Version of fMRIPrep that made those images; empty where they are raw."""


class Card(BaseModel):
    """What is known of a dataset before any of it is downloaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    """Identifier, also the folder in a mirror."""
    title: str
    version: str = Field(pattern=_NAME)
    """Version or commit at the source; part of the cache path."""
    homepage: str = ""
    licence: str
    redistributable: bool
    simulated: bool = False
    """True where no person was measured."""
    citation: str
    """BibTeX."""
    urls: tuple[str, ...] = ()
    """Roots tried in turn; a file's path is appended."""
    requires: tuple[str, ...] = ()
    """Other datasets this one is read with."""
    joined: bool = False
    """Whether its people are those of the datasets it requires, side by side: groups are compared,
    and never averaged without a number of each beside it."""
    subjects: tuple[str, ...] = ()
    age_group: str = ""
    """What to call its people beside those of another age: adults, children."""
    ages: dict[str, float] = {}
    """Years of each person when first measured."""
    session: str = ""
    """BIDS session of its runs, such as ``ses-T1``; empty where the source has none."""
    behavior: bool = False
    """Whether a model's answers are held against those of its people."""
    rois: dict[str, int] = {}
    """Voxels of each person in each ROI."""
    roi_coordinates: dict[str, RoiCoordinates] = {}
    """Where ROIs lie: for a picture, and for spheres that responses are made in; of no score."""
    scans: Scans | None = None
    """How its images are turned into responses; None where nobody has said."""
    reasoning_types: tuple[str, ...] = ()
    items: int = 0
    type_items: dict[str, int] = {}
    """Of those, how many of each reasoning type."""
    held_out: str = "run"
    """Coordinate of the presentations whose groups the controlled protocol holds out whole."""
    runs: tuple[str, ...] = ()
    missing_runs: dict[str, tuple[str, ...]] = {}
    """Runs that a subject lacks at the source."""
    early_answers: dict[str, tuple[str, ...]] = {}
    """Items that a person answered before reading them was possible: missing, not wrong."""
    more_answers: str = ""
    """Dataset of more people's answers to the same problems; empty where there is none."""
    dropped: dict[str, str] = {}
    """Items left out, by name, with the reason."""
    condition_differences: dict[str, str] = {}
    """Items whose text does not have the condition in their file name, and what it has."""
    selection_leak: tuple[str, ...] = ()
    """ROIs whose voxels were chosen on the data that are scored."""
    nuisance: tuple[str, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Coordinates of the presentations that scores are held against, beside what is known of every
    text: numbers or labels."""
    repeated_items: bool = False
    notes: tuple[str, ...] = ()
    simulation: dict[str, Any] = {}
    """Parameters of simulated people."""
    planted_model: str = ""
    """Model in the package whose layer the signal of simulated people is made of; empty where it
    is made of something else."""
    files: tuple[CardFile, ...] = ()

    def file(self, path: str) -> CardFile:
        """The entry of one file, or ``DataError`` when the card does not list it."""
        for entry in self.files:
            if entry.path == path:
                return entry
        raise DataError(f"the card of {self.name} lists no file {path!r}")

    def items_of(self, reasoning_type: str, limit: int | None = None) -> int | None:
        """Items of one reasoning type or, of any other name, of all; None: it does not say.

        Parameters
        ----------
        limit : only so many of each type.
        """
        single = reasoning_type in self.reasoning_types
        if limit is None and not single:
            return self.items
        types = (reasoning_type,) if single else self.reasoning_types
        counts = [self.type_items.get(name) for name in types]
        known = [count for count in counts if count is not None]
        if len(known) < len(types):
            return None
        return sum(count if limit is None else min(count, limit) for count in known)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    @property
    def scored_sha256(self) -> str:
        """Hash of all that a score, its warnings or its checks can depend on.

        Text for readers, the places to download from and what only a picture shows are left out:
        mending them makes no finished run stale.
        """
        empty = {name for name in _LATER if not getattr(self, name)}
        held = self.model_dump(mode="json", exclude=_NOT_SCORED | empty)
        return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()

    def data_sha256(self, *others: Card) -> str:
        """Hash over everything in this and other cards that can change a number.

        Which items of another card's files are left out, and which may differ from their
        name, is for the card that reads them to say.
        """
        held = [
            {
                "name": card.name,
                "version": card.version,
                "subjects": card.subjects,
                "missing_runs": card.missing_runs,
                "reasoning_types": card.reasoning_types,
                "rois": card.rois,
                "runs": card.runs,
                "dropped": sorted(card.dropped) if card is self else [],
                "condition_differences": card.condition_differences if card is self else {},
                "simulation": card.simulation,
                # left out where it is the default, so that older hashes stay as they are
                **({} if card.held_out == "run" else {"held_out": card.held_out}),
                **({"early_answers": card.early_answers} if card.early_answers else {}),
                **({"nuisance": card.nuisance} if card.nuisance else {}),
                "files": sorted((entry.path, entry.sha256) for entry in card.files),
            }
            for card in (self, *others)
        ]
        return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def _folder() -> Traversable:
    return resources.files("brainbench.datasets") / "cards"


def list_cards() -> list[str]:
    """Names of the datasets that have a card, sorted; those of plugins last."""
    return [*own_cards(), *sorted(plugged_datasets())]


@cache
def own_cards() -> tuple[str, ...]:
    """Names of the cards that ship with the package."""
    names = [entry.name for entry in _folder().iterdir()]
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


def plugged_datasets() -> dict[str, DatasetPlugin]:
    """Datasets of other packages, by name."""
    return plugged("datasets", own_cards())


def load_card(name: str) -> Card:
    """Read a card that ships with the package or with a plugin.

    Raises
    ------
    UnknownNameError
        When there is no such dataset.
    DataError
        When the card is not valid.
    """
    if name in own_cards():
        return _own_card(name)
    others = plugged_datasets()
    if name not in others:
        raise UnknownNameError("dataset", name, list_cards())
    path = others[name].card
    try:
        card = parse_card(path.read_text("utf-8"), source=path.name)
    except OSError as error:
        raise DataError(f"data card {path.name} cannot be read: {error}") from error
    if card.name != name:
        raise DataError(f"data card {path.name} is named {card.name!r}, its plugin says {name!r}")
    return card


def find_card(name: str) -> Card | None:
    """The card of a dataset; None where there is no valid one of that name."""
    with contextlib.suppress(BrainbenchError):
        return load_card(name)
    return None


def share_people_or_problems(one: str, other: str) -> bool:
    """Whether what a model learned from one dataset may be what it is asked on another.

    So it is where they are one and the same, are read with each other, or are both read with a
    third; and where a joined dataset says that their people solved the same problems. A name that
    no card has shares nothing with any other.

    Parameters
    ----------
    one, other : names of datasets.
    """
    return not _near(one).isdisjoint(_near(other))


def _near(name: str) -> set[str]:
    """The dataset, those it is read with, and those that a joined one puts beside any of them."""
    known = list_cards()
    near = {name, *(load_card(name).requires if name in known else ())}
    for card in map(load_card, own_cards()):
        if card.joined and not near.isdisjoint(card.requires):
            near |= {card.name, *card.requires}
    return near


@cache
def _own_card(name: str) -> Card:
    return parse_card((_folder() / f"{name}.yaml").read_text("utf-8"), source=f"{name}.yaml")


def parse_card(text: str, source: str) -> Card:
    """Validate a card's YAML; ``source`` names it in errors.

    Parameters
    ----------
    text : the YAML.
    source : name of the card in errors.

    Raises
    ------
    DataError
        When it is not the YAML of a valid card.
    """
    try:
        return Card.model_validate(parse_yaml(text))
    except ValueError as error:
        raise DataError(f"data card {source} is not valid: {fault_of(error)}") from error
