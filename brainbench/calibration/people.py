"""Simulated people at the design of xiao2026: ten, two runs of a type, noise of its spectrum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from brainbench.benchmarks.cell import POOLED, Cell, prepare_cell
from brainbench.benchmarks.controlled.nuisance import (
    nuisance_columns,
    nuisance_kernels,
    run_labels,
    stacked,
)
from brainbench.benchmarks.feature_spaces import FeatureSpace, model_space
from brainbench.datasets import Recording, build_assembly, load_card
from brainbench.datasets.phantom import load_problems
from brainbench.encoding import random_kernels
from brainbench.encoding.controlled.banded_ridge import Bands, make_bands
from brainbench.encoding.controlled.folds import HeldOutFold, held_out_folds
from brainbench.encoding.controlled.prediction import all_together, normalised
from brainbench.models import PHANTOM_FILE, Activations, load_model
from brainbench.problems import Problem
from brainbench.quantities import Layer

Array = NDArray[np.float64]
ROI = "simulated"
PEOPLE, VOXELS = 10, 300
# Noise as in the deductive reasoning and multiple demand regions of xiao2026, run means out. There
# items fill 8.4, 10.5, 7.5 and 9.5 dimensions (participation ratio, mean of ten people who range
# from 3.3 to 18.2; 15.6 and 13.7 in the language region); the largest makes .27 to .35 of the
# variance, the next one .14 to .19 of the rest. That comes of voxels which rise and fall together:
# neighbouring items correlate by -.03, and independent ones would by -.06.
# So a person's first component has a share from this range, and component j > 1 of the rest goes
# as (j - 1) ** -SPECTRUM; each item takes that much over from the one before.
FIRST_SHARE, SPECTRUM, CARRIED = (0.1, 0.45), 0.9, 0.03
# What all people share of an item, whatever the model: so many features of items, drawn anew
# for every data set, with this share of the variance, and that of the first component's. How they
# are mixed into voxels is in part common to all. Others then predict a person about as well as in
# xiao2026: by maps between people, with whole runs held out, r is 0.03 to 0.09; the same voxel of
# the others has r .01 to .13, the mean of a region .06 to .43.
SHARED_FEATURES, SHARED_SHARE, SHARED_OF_FIRST, ALIKE = 2, 0.04, 0.15, 0.5
# Items that xiao2026 lacks, by their place in the phantom's runs.
LACKING = ("transitive-01-07", "transitive-01-13")
# As in xiao2026: log seconds, people's and items' spread of them, correlation between people,
# missing answers, wrong ones and how alike people are in those.
_LOG_SECONDS = {"syllogistic": 0.3, "transitive": 0.9}
_OF_PERSON, _OF_ITEM, _ALIKE = 0.2, 0.35, 0.27
_MISSING, _WRONG_ABOVE, _WRONG_ALIKE = 0.017, 1.2, 0.6


@dataclass(frozen=True)
class Experiment:
    """What was shown, what people answered, and the model that is tested.

    Attributes
    ----------
    recording : problems and simulated behaviour; its responses are zero, every data set
        brings its own.
    activations : of a real language model on those problems.
    mixing : (V, V) orthogonal; turns components into voxels, which are correlated.
    """

    recording: Recording
    activations: Activations
    mixing: Array


@dataclass(frozen=True)
class Design:
    """One cell of an experiment as the controlled protocol sees it, without responses.

    Attributes
    ----------
    cell : n items of one reasoning type, or of all.
    space : the model's L layers.
    folds : each holds a run out.
    bands : per fold, nuisance and the model, layers together.
    mixing : (V, V) as in :class:`Experiment`.
    """

    cell: Cell
    space: FeatureSpace
    folds: tuple[HeldOutFold, ...]
    bands: list[Bands]
    mixing: Array

    @property
    def layers(self) -> Array:
        """(L, n, n) kernels of the model's layers."""
        return np.asarray(self.space.kernels)

    @property
    def runs(self) -> list[str]:
        """Run of each item."""
        return run_labels(self.cell)

    @property
    def reasoning_type(self) -> str:
        """One type, or ``all``."""
        return self.cell.reasoning_type


def make_experiment(seed: int) -> Experiment:
    """The phantom's problems but two, a model's shipped activations, people's answers."""
    everything = load_problems()
    kept = [i for i, problem in enumerate(everything) if problem.identifier not in LACKING]
    problems = tuple(everything[i] for i in kept)
    read = load_model(PHANTOM_FILE).activations(everything)
    cut = {site: values[kept] for site, values in read.values.items()}
    rng = np.random.default_rng([seed, 1])
    people = [f"calibration-{person:02d}" for person in range(1, PEOPLE + 1)]
    shown = _presentations(problems)
    blocks = {(person, ROI): np.zeros((len(problems), 1)) for person in people}
    card = load_card("phantom").model_copy(
        update={"name": "calibration", "subjects": tuple(people), "rois": {ROI: VOXELS}}
    )
    behavior = _behavior(problems, people, rng)
    recording = Recording(card, build_assembly(shown, blocks), problems, "", behavior)
    turned, _ = np.linalg.qr(rng.standard_normal((VOXELS, VOXELS)))
    return Experiment(recording, Activations(cut, read.layers), turned)


def make_design(experiment: Experiment, reasoning_type: str) -> Design:
    """Folds, nuisance and model of one cell, made by what makes those of measured people.

    Parameters
    ----------
    experiment : what was shown, and the model that is tested.
    reasoning_type : of the items; ``all`` for those of both types together.
    """
    cell = prepare_cell(experiment.recording, reasoning_type, [ROI])
    kinds = [p.reasoning_type for p in cell.problems] if reasoning_type == POOLED else None
    folds = tuple(held_out_folds(run_labels(cell), kinds))
    space = model_space(cell, experiment.activations)
    return Design(cell, space, folds, _bands(cell, space, folds), experiment.mixing)


def of_random_units(design: Design, units: int, rng: np.random.Generator) -> Design:
    """The design of a model whose one layer has few units, of no meaning.

    Parameters
    ----------
    design : its cell and folds stay.
    units : how many; they are standard normal over items.
    rng : source of the draw.
    """
    kernels = random_kernels(len(design.runs), [units], rng)
    space = FeatureSpace("random units", kernels, (Layer("random units", 0),))
    return replace(design, space=space, bands=_bands(design.cell, space, design.folds))


def of_exchanged_rows(design: Design, order: NDArray[np.intp]) -> Design:
    """The design of a model whose states of each item are those of another item.

    Parameters
    ----------
    order : (n,) whose states each item has.
    """
    space = replace(design.space, kernels=design.layers[:, order[:, None], order])
    return replace(design, space=space, bands=_bands(design.cell, space, design.folds))


def _bands(cell: Cell, space: FeatureSpace, folds: tuple[HeldOutFold, ...]) -> list[Bands]:
    together = all_together(normalised(np.asarray(space.kernels), folds), folds)
    return make_bands(
        stacked(nuisance_kernels(cell), PEOPLE),
        nuisance_columns(cell),
        [kernels[0] for kernels in together],
        folds,
    )


@dataclass(frozen=True)
class SharedCourse:
    """What people have in common, whatever the model.

    Attributes
    ----------
    columns : (n, k) features of items that all people respond to.
    mixing : (k, V) part of how they go into voxels that is the same for all.
    of_factor : (q, V) the same of a factor of q columns that is planted.
    """

    columns: Array
    mixing: Array
    of_factor: Array


def shared_course(n: int, rng: np.random.Generator, width: int = 0) -> SharedCourse:
    """Draw what people have in common.

    Parameters
    ----------
    n : number of items.
    rng : source of the draw.
    width : columns of what is planted.
    """
    columns, mixing, of_factor = (
        rng.standard_normal(size)
        for size in ((n, SHARED_FEATURES), (SHARED_FEATURES, VOXELS), (width, VOXELS))
    )
    return SharedCourse(columns, mixing, of_factor)


def respond(
    factor: Array | None,
    share: float,
    course: SharedCourse,
    rng: np.random.Generator,
    alike: float = 0.0,
) -> Array:
    """Responses of all people: their share of a factor and of a shared course, and noise.

    Parameters
    ----------
    factor : (n, q) or, a person's own, (P, n, q) columns; every voxel mixes them anew.
    share : of a voxel's expected variance.
    course : from :func:`shared_course`, of ``SHARED_SHARE`` (``SHARED_OF_FIRST``).
    rng : what is drawn from.
    alike : share of the factor's mixing that people have in common, 0 to 1.

    Returns
    -------
    (P, n, V) components of falling variance, each less its mean over items.
    """
    n = len(course.columns)
    drawn = rng.standard_normal((PEOPLE, n + 1, VOXELS))
    noise = (drawn[:, 1:] + CARRIED * drawn[:, :-1]) / np.sqrt(1.0 + CARRIED**2)
    shared = np.where(np.arange(VOXELS) == 0, SHARED_OF_FIRST, SHARED_SHARE)
    found = np.sqrt(1.0 - share - shared) * noise
    found += np.sqrt(shared) * _mixed(course.columns, course.mixing, ALIKE, rng)
    if factor is not None and share > 0.0:
        found += np.sqrt(share) * _mixed(factor, course.of_factor, alike, rng)
    components: Array = (found - found.mean(axis=1, keepdims=True)) * _spread(rng)
    return components


def participation(responses: Array) -> float:
    """Dimensions that the items of a person fill: (Σλ)² / Σλ² of their inner products.

    Parameters
    ----------
    responses : (n, V) or (n, d), run means out.
    """
    values = np.linalg.eigvalsh(responses @ responses.T)
    return float(values.sum() ** 2 / np.square(values).sum())


def _spread(rng: np.random.Generator) -> Array:
    """(P, 1, V) standard deviation of each person's components, of variance 1 in all."""
    first = rng.uniform(*FIRST_SHARE, (PEOPLE, 1))
    rest = np.arange(1, VOXELS) ** -SPECTRUM
    rest = np.broadcast_to(rest / rest.sum(), (PEOPLE, VOXELS - 1))
    found: Array = np.sqrt(np.hstack([first, (1.0 - first) * rest]))[:, None]
    return found


def _mixed(columns: Array, common: Array, alike: float, rng: np.random.Generator) -> Array:
    """(P, n, V) mixtures of columns with an expected variance of 1 over items."""
    own = columns - columns.mean(axis=-2, keepdims=True)
    own = own / np.sqrt((own**2).sum(axis=(-2, -1), keepdims=True) / own.shape[-2])
    mixing = np.sqrt(1.0 - alike) * rng.standard_normal((PEOPLE, own.shape[-1], VOXELS))
    if alike > 0.0:
        mixing += np.sqrt(alike) * common
    mixed: Array = own @ mixing
    return mixed


def _presentations(problems: tuple[Problem, ...]) -> pd.DataFrame:
    names = [problem.identifier.rsplit("-", 1) for problem in problems]
    return pd.DataFrame(
        {
            "stimulus_id": [problem.identifier for problem in problems],
            "run": [run for run, _ in names],
            "position": [int(place) for _, place in names],
            "repeat": 0,
            "reasoning_type": [problem.reasoning_type for problem in problems],
        }
    )


def _behavior(
    problems: tuple[Problem, ...], people: list[str], rng: np.random.Generator
) -> xr.Dataset:
    """(presentation, subject) response times in seconds and accuracy, NaN where missing.

    An item's difficulty is common to all: it takes longer, and is more often got wrong.
    """
    size = (len(problems), len(people))
    difficulty = rng.standard_normal((len(problems), 1))
    usual = np.array([[_LOG_SECONDS[problem.reasoning_type]] for problem in problems])
    wavering = np.sqrt(_ALIKE) * difficulty + np.sqrt(1.0 - _ALIKE) * rng.standard_normal(size)
    seconds = np.exp(usual + _OF_PERSON * rng.standard_normal(size[1]) + _OF_ITEM * wavering)
    trouble = np.sqrt(_WRONG_ALIKE) * difficulty
    trouble = trouble + np.sqrt(1.0 - _WRONG_ALIKE) * rng.standard_normal(size)
    missing = rng.random(size) < _MISSING
    values = {"response_time": seconds, "accuracy": (trouble < _WRONG_ABOVE).astype(np.float64)}
    return xr.Dataset(
        {
            name: (("presentation", "subject"), np.where(missing, np.nan, column))
            for name, column in values.items()
        },
        coords={"subject": people},
    )
