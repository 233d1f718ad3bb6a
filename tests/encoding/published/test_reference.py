"""The published protocol on the real data: the numbers of the paper's own code."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from brainbench.benchmarks.cell import prepare_cell
from brainbench.datasets import load_recording
from brainbench.encoding import fit_ceilings, intersubject_curves, linear_kernels, predictivity

ROI = "deductive_reasoning"
CELLS = ("all", "syllogistic", "transitive")
SITES = ("attention", "hidden")


@pytest.fixture
def published(reference):
    return json.loads((reference / "published_deductive_reasoning.json").read_text())


@pytest.fixture(params=CELLS)
def cell(request, mirror):
    return prepare_cell(load_recording("xiao2026", (ROI,)), request.param, (ROI,))


def test_scores_are_the_published_ones(cell, published, reference):
    values = load_file(reference / "smollm2_135m_activations.safetensors")
    kernels = np.concatenate([linear_kernels(values[site][cell.items]) for site in SITES])
    layers = [(site, layer) for site in SITES for layer in range(values[site].shape[1])]
    blocks = [cell.responses[ROI, subject] for subject in cell.subjects]
    found = predictivity(kernels, cell.folds, blocks)
    medians = np.array([np.median(person.r, axis=1) for person in found])  # people × layers
    curve = np.median(medians, axis=0)
    best = int(curve.argmax())
    people = medians[:, best]
    expected = published["cells"][cell.reasoning_type]
    assert layers[best] == (expected["site"], expected["layer"])
    assert abs(curve[best] - expected["score"]) < 1e-6
    np.testing.assert_allclose(people, expected["subject_scores"], rtol=0, atol=1e-6)
    spread = np.median(np.abs(people - np.median(people)))
    assert abs(spread - expected["median_absolute_deviation"]) < 1e-6
    mean = np.mean([person.r[best].mean() for person in found])
    assert abs(mean - expected["mean_over_subjects_and_voxels"]) < 1e-6
    assert not sum(person.n_constant.sum() for person in found)


def test_mean_ceilings_are_the_published_ones(cell, published):
    curves = intersubject_curves(cell.people(ROI), cell.folds)
    fits = [fit_ceilings(curve) for curve in curves]
    expected = published["cells"][cell.reasoning_type]["ceiling_mean"]
    assert abs(np.mean([fit.v0 for fit in fits]) - expected) < 1e-3
    assert not any(fit.failed.any() for fit in fits)
    # the measured reference beside it, published to three decimals
    key = "other nine people -> person, all / syllogistic / transitive"
    reached = np.median([np.median(curve[-1]) for curve in curves])
    given = dict(zip(CELLS, published["nuisance"][key], strict=True))[cell.reasoning_type]
    assert abs(reached - given) < 6e-4


def test_one_bit_scores_what_was_published(mirror, published):
    cell = prepare_cell(load_recording("xiao2026", (ROI,)), "all", (ROI,))
    bit = np.array([problem.reasoning_type == "syllogistic" for problem in cell.problems])
    blocks = [cell.responses[ROI, subject] for subject in cell.subjects]
    found = predictivity(linear_kernels(bit[:, None, None]), cell.folds, blocks)
    score = np.median([np.median(person.r) for person in found])
    key = "reasoning type as one feature, all items, median over voxels then subjects"
    assert abs(score - published["nuisance"][key]) < 6e-4
