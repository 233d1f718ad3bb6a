"""phantom: simulated people whose responses are known to the last term.

A voxel's response to item i is a sum of independent parts, each with a stated share of
the variance over items:

    signal      the features of one layer of a model, mixed by weights of this voxel
    validity    whether the conclusion follows
    type        which reasoning type the item is of
    length      how many words it has
    drift       a slow wave over position within the run
    noise       everything else, drawn anew at every repeat
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import safe_open

from brainbench.datasets.assembly import Recording, build_assembly, choose
from brainbench.datasets.cards import Card, load_card
from brainbench.errors import DataError
from brainbench.paths import activations_path
from brainbench.problems import Problem, classify

Array = NDArray[np.float64]
_CONFOUNDS = ("type", "length", "drift")
_PARTS = ("signal", "validity", *_CONFOUNDS)
# Raise when the simulation changes: the data hash, and every cache key, changes with it.
_SIMULATION_VERSION = 2


class PhantomRoi(BaseModel):
    """What the voxels of one simulated ROI respond to, as shares of their variance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    voxels: int = Field(ge=1)
    signal: float = Field(0.0, ge=0.0, le=1.0)
    validity: float = Field(0.0, ge=0.0, le=1.0)
    type: float = Field(0.0, ge=0.0, le=1.0)
    length: float = Field(0.0, ge=0.0, le=1.0)
    drift: float = Field(0.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _leave_room(self) -> PhantomRoi:
        if self.noise < -1e-12:
            raise ValueError(f"the shares of {', '.join(_PARTS[:-1])} and {_PARTS[-1]} exceed 1")
        return self

    @property
    def planted(self) -> dict[str, float]:
        """Part → its share of the variance, for every part that is there besides noise."""
        return {part: share for part in _PARTS if (share := getattr(self, part))}

    @property
    def noise(self) -> float:
        """Share that is drawn anew at every repeat."""
        return 1.0 - self.signal - self.type - self.length - self.drift - self.validity


class PhantomDesign(BaseModel):
    """Everything a simulation depends on, but for the features and the problems."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    subjects: int = Field(6, ge=1)
    repeats: int = Field(1, ge=1)
    site: str = "attention"
    """Site of the model that the signal comes from."""
    layer: int = 0
    """Layer of the model that the signal comes from, as the model counts it."""
    spectrum: float | None = None
    """Principal component j of the features has weight j ** -spectrum; None keeps the
    features' own spectrum."""
    source: str | None = Field(None, exclude_if=lambda value: value is None)
    """What the signal is made of, where that is not a layer of a model."""
    rois: dict[str, PhantomRoi]


def load(
    rois: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    progress: object = None,
) -> Recording:
    """The built-in phantom: signal from real activations of a language model.

    Its truth: see the card's ``simulation`` and ``Recording.truth``.

    Parameters
    ----------
    rois, subjects : which ones; all by default.
    progress : not used; the dataset is computed, not fetched.

    Returns
    -------
    A recording of (presentation, neuroid) responses and what was planted in them.

    Raises
    ------
    DataError
        When the shipped activations lack the layer that the card names.
    """
    card = load_card("phantom")
    problems = load_problems()
    design = parse_design(card.simulation)
    features = shipped_features(activations_path(), design.site, design.layer)
    return cut(simulate(design, features, problems, card), rois, subjects)


def cut(
    whole: Recording,
    rois: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
) -> Recording:
    """Some ROIs and people of a simulation: made whole, so that asking for less changes nothing.

    Parameters
    ----------
    whole : a simulation with its truth, of every ROI and person of its card.
    rois, subjects : which ones; all by default.
    """
    people = choose("subject", subjects, whole.card.subjects)
    areas = choose("ROI", rois, tuple(whole.card.rois))
    kept = np.isin(whole.assembly["subject"], people) & np.isin(whole.assembly["roi"], areas)
    neuroids = {"neuroid": np.flatnonzero(kept)}
    assert whole.truth is not None
    return replace(whole, assembly=whole.assembly.isel(neuroids), truth=whole.truth.isel(neuroids))


def simulate(
    design: PhantomDesign, features: ArrayLike, problems: Sequence[Problem], card: Card
) -> Recording:
    """Simulate people.

    Parameters
    ----------
    design : seed, people, voxels, shares, spectrum, repeats.
    features : (n_problems, n_units) that the signal is made of.
    problems : the stimuli; identifiers are ``<run>-<position>``.
    card : described in the recording.

    Returns
    -------
    A recording; ``truth`` holds ``signal`` (presentation, neuroid), the noise-free part
    that comes from the features, and in its attributes the design and a summary in words.
    """
    units = np.asarray(features, dtype=np.float64)
    if units.ndim != 2 or len(units) != len(problems):
        raise DataError(f"features of shape {units.shape} do not fit {len(problems)} problems")
    if not units.size or not np.isfinite(units).all():
        raise DataError("the features of the signal are empty, or hold NaN or infinite values")
    shown = _presentations(problems, design.repeats)
    parts = _parts(units, problems, design.spectrum)
    blocks, signals = {}, {}
    for person in range(1, design.subjects + 1):
        subject = f"phantom-{person:02d}"
        for roi, shares in design.rois.items():
            streams = _Streams(design.seed, subject, roi)
            once, signal = _respond(shares, parts, streams)
            repeated = np.tile(once, (design.repeats, 1))
            noise = streams.of("noise").standard_normal(repeated.shape)
            blocks[subject, roi] = repeated + np.sqrt(max(0.0, shares.noise)) * noise
            signals[subject, roi] = np.tile(signal, (design.repeats, 1))
    assembly = build_assembly(shown, blocks)
    assembly.attrs.update(dataset=card.name, version=card.version, simulated=1)
    truth = build_assembly(shown, signals).to_dataset(name="signal")
    truth.attrs["design"] = design.model_dump_json()
    truth.attrs["summary"] = _summary(design)
    digest = hashlib.sha256(np.ascontiguousarray(units).tobytes())
    shown_to_people = [[p.identifier, p.reasoning_type, *p.sentences] for p in problems]
    digest.update(json.dumps([_SIMULATION_VERSION, _plain(design), shown_to_people]).encode())
    return Recording(card, assembly, tuple(problems), digest.hexdigest(), None, truth)


def load_problems() -> tuple[Problem, ...]:
    """The phantom's problems, labels proven again at every load."""
    text = (_data() / "phantom_problems.jsonl").read_text("utf-8")
    loaded = []
    for line in text.splitlines():
        row: dict[str, Any] = json.loads(line)
        kind, condition = classify(row["premises"], row["conclusion"])
        loaded.append(
            Problem(row["id"], kind, tuple(row["premises"]), row["conclusion"], condition)
        )
    return tuple(loaded)


def shipped_features(path: Any, site: str, layer: int) -> Array:
    """States of a language model on the problems of simulated people, from the package.

    Parameters
    ----------
    path : of the activation file, such as :func:`.activations_path`.
    site : of the model, such as ``attention``.
    layer : as the model counts it.

    Returns
    -------
    (n_problems, n_units) states.

    Raises
    ------
    DataError
        When that layer does not ship.
    """
    with safe_open(str(path), framework="numpy") as file:
        layers: list[int] = json.loads(file.metadata()["layers"])
        if layer not in layers:
            raise DataError(f"the shipped activations hold no layer {layer} of {site}")
        states: Array = file.get_tensor(site)[:, layers.index(layer)].astype(np.float64)
        return states


def parse_design(values: dict[str, Any]) -> PhantomDesign:
    """Check a design given as plain values; errors say which value is off."""
    try:
        return PhantomDesign.model_validate(values)
    except ValidationError as error:
        raise DataError(f"phantom design is not valid: {error}") from error


def _plain(design: PhantomDesign) -> dict[str, Any]:
    """For a hash: validity only where it is planted, as before there was such a part."""
    values = design.model_dump()
    for shares in values["rois"].values():
        if not shares["validity"]:
            del shares["validity"]
    return values


def _summary(design: PhantomDesign) -> str:
    """What was planted, in words."""
    source = f"{design.site} layer {design.layer}" if design.source is None else design.source
    names = {"signal": source, "type": "reasoning type"}
    planted = []
    for roi, shares in design.rois.items():
        parts = [f"{share:.0%} {names.get(part, part)}" for part, share in shares.planted.items()]
        planted.append(f"{roi}: {', '.join(parts) or 'nothing'}")
    return f"planted share of variance: {'; '.join(planted)}; the rest is noise"


def _data() -> Any:
    return resources.files("brainbench.datasets") / "data"


def _presentations(problems: Sequence[Problem], repeats: int) -> pd.DataFrame:
    rows = []
    for repeat in range(repeats):
        for problem in problems:
            run, position = problem.identifier.rsplit("-", 1)
            rows.append(
                {
                    "stimulus_id": problem.identifier,
                    "run": run,
                    "position": int(position),
                    "repeat": repeat,
                    "reasoning_type": problem.reasoning_type,
                    "condition": problem.condition.name,
                    "validity": problem.condition.valid,
                    "negation": problem.condition.negated,
                    "premises_needed": problem.condition.premises_needed,
                    **{f"premise{i}": text for i, text in enumerate(problem.premises, start=1)},
                    "conclusion": problem.conclusion,
                }
            )
    return pd.DataFrame(rows)


def _parts(units: Array, problems: Sequence[Problem], spectrum: float | None) -> dict[str, Array]:
    """Weighted features of the signal (items, q), and each confound (items, w)."""
    centred = units - units.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    # measured against the features themselves: what is left of a constant is rounding
    rank = int((values > 1e-10 * np.linalg.norm(units)).sum())
    if not rank:
        raise DataError("the features of the signal do not vary over items")
    order = np.arange(1, rank + 1, dtype=float)
    weights = values[:rank] if spectrum is None else order**-spectrum
    valid = np.array([problem.condition.valid for problem in problems], float)
    types = np.array([problem.reasoning_type == "transitive" for problem in problems], float)
    words = np.array([sum(len(s.split()) for s in p.sentences) for p in problems], float)
    position = np.array([int(p.identifier.rsplit("-", 1)[1]) for p in problems], float)
    phase = np.pi * (position + 0.5) / (position.max() + 1.0)
    return {
        "signal": left[:, :rank] * weights,
        "validity": valid[:, None],
        "type": types[:, None],
        "length": words[:, None],
        # the two slowest cosines: a trend and a bow over the run
        "drift": np.stack([np.cos(phase), np.cos(2.0 * phase)], axis=1),
    }


@dataclass(frozen=True)
class _Streams:
    """Random streams of one person in one ROI, one for each part, found by name.

    Adding a person, an ROI or a part leaves all others as they were.
    """

    seed: int
    subject: str
    roi: str

    def of(self, part: str) -> np.random.Generator:
        name = f"{self.seed}/{self.subject}/{self.roi}/{part}"
        return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))


def _respond(shares: PhantomRoi, parts: dict[str, Array], streams: _Streams) -> tuple[Array, Array]:
    """Noise-free responses (items, voxels) of one person, and the signal in them."""
    drawn = {}
    for name in _PARTS:
        size = (parts[name].shape[1], shares.voxels)
        mixed = parts[name] @ streams.of(name).standard_normal(size)
        mixed -= mixed.mean(axis=0)
        spread = mixed.std(axis=0)
        scale = np.divide(
            np.sqrt(getattr(shares, name)), spread, out=np.zeros_like(spread), where=spread > 0
        )
        drawn[name] = mixed * scale
    return sum(drawn.values(), np.zeros_like(drawn["signal"])), drawn["signal"]
