"""Simulated people at the design of xiao2026: ten, two runs of a type, correlated voxels."""

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
# Variance of voxel component j goes as 1 / j: a participation ratio of 24.
SPECTRUM = 1.0
# What all people share of an item, whatever the model: so many features of items, drawn anew
# for every data set, with this share of the variance. Others then predict a person about as
# well as in xiao2026, where r is 0.03 to 0.09 with whole runs held out.
SHARED_FEATURES, SHARED_SHARE = 2, 0.05
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


def shared_course(n: int, rng: np.random.Generator) -> Array:
    """(n, k) features of items that all people respond to, whatever the model.

    Parameters
    ----------
    n : number of items.
    rng : source of the draw.
    """
    return rng.standard_normal((n, SHARED_FEATURES))


def respond(
    factor: Array | None,
    share: float,
    course: Array,
    rng: np.random.Generator,
    one_course: bool = False,
) -> Array:
    """Responses of all people: their share of a factor and of a shared course, and noise.

    Parameters
    ----------
    factor : (n, q) or, a person's own, (P, n, q) columns; every voxel mixes them anew.
    share : of a voxel's expected variance.
    course : (n, k) from :func:`shared_course`, of ``SHARED_SHARE``.
    rng : what is drawn from.
    one_course : the factor's columns are mixed once for everybody, and voxels differ in how
        strongly they follow that one course over items.

    Returns
    -------
    (P, n, V) components of falling variance, each less its mean over items.
    """
    found = np.sqrt(1.0 - share - SHARED_SHARE) * rng.standard_normal((PEOPLE, len(course), VOXELS))
    found += np.sqrt(SHARED_SHARE) * _mixed(course, rng)
    if factor is not None and share > 0.0:
        if one_course:
            factor = factor @ rng.standard_normal((factor.shape[-1], 1))
        found += np.sqrt(share) * _mixed(factor, rng)
    spread = np.sqrt(np.arange(1, VOXELS + 1) ** -SPECTRUM)
    components: Array = (found - found.mean(axis=1, keepdims=True)) * spread
    return components


def _mixed(columns: Array, rng: np.random.Generator) -> Array:
    """(P, n, V) mixtures of columns with an expected variance of 1 over items."""
    own = columns - columns.mean(axis=-2, keepdims=True)
    own = own / np.sqrt((own**2).sum(axis=(-2, -1), keepdims=True) / own.shape[-2])
    mixed: Array = own @ rng.standard_normal((PEOPLE, own.shape[-1], VOXELS))
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
