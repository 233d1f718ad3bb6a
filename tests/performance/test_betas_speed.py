"""A model for each trial (LSS), all at once, against nilearn's FirstLevelModel trial by trial.

Timed: one run of 18 trials and 5,000 voxels, AR(1), 32 regressors of no interest, designs at hand
on both sides. nilearn also masks an image for each trial; how long its GLM takes is kept too.


Counted, for n scans, V voxels, t trials, q regressors of no interest, b values of the coefficient:
nilearn decomposes a design of n × (q + 2) t (b + 1) times, and multiplies it with all voxels twice
each time, 4 t n (q + 2) V. Here data are multiplied with (q + 2 t) columns three times in all, and
with 4 t for the residuals: n (3 q + 10 t) V; a trial and value solve (q + 2) equations.
"""

from __future__ import annotations

import time
import tracemalloc
import warnings

import numpy as np
import pandas as pd
from nibabel import Nifti1Image
from nilearn.glm.first_level import FirstLevelModel, run_glm
from threadpoolctl import threadpool_limits

from brainbench.imaging.betas.design import build_design
from brainbench.imaging.betas.options import BetaOptions
from brainbench.imaging.betas.separate import separate
from brainbench.imaging.betas.simulated import Simulation, simulate_person, spaced_trials

TARGET = 10.0
SHAPE = (25, 20, 10)


def test_a_model_for_each_trial(benchmark):
    rng = np.random.default_rng(0)
    (run,) = simulate_person([spaced_trials(rng)], Simulation(voxels=5000), rng).runs
    extra = rng.normal(size=(len(run.series), 20))
    design = build_design(run, BetaOptions())
    nuisance = np.column_stack([extra, design.nuisance])
    series = 100 * (run.series.astype(np.float64) / run.series.mean(axis=0, dtype=np.float64) - 1)

    def at_once():
        return separate(series, design.own, design.rest, nuisance)

    def matrices():
        for i in range(18):
            columns = np.column_stack([design.own[:, i], design.rest[:, i], nuisance])
            yield pd.DataFrame(columns, columns=[f"c{k}" for k in range(columns.shape[1])])

    image = Nifti1Image(run.series.T.reshape(*SHAPE, -1).astype(np.float64), np.eye(4))
    mask = Nifti1Image(np.ones(SHAPE, np.int16), np.eye(4))

    def trial_by_trial():
        found = []
        for matrix in matrices():
            model = FirstLevelModel(mask_img=mask, noise_model="ar1", signal_scaling=0)
            model.fit(image, design_matrices=matrix)
            effect = model.compute_contrast("c0", output_type="effect_size")
            found.append(np.asarray(effect.dataobj).reshape(-1))
        return np.array(found)

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = benchmark.pedantic(at_once, rounds=5, warmup_rounds=1)
        fast = benchmark.stats.stats.min
        begin = time.perf_counter()
        theirs = trial_by_trial()
        slow = time.perf_counter() - begin
        begin = time.perf_counter()
        run_glm(series, next(iter(matrices())).to_numpy())
        glm = 18 * (time.perf_counter() - begin)
        tracemalloc.start()
        at_once()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    benchmark.extra_info.update(
        first_level_model_s=slow, ratio=slow / fast, glm_alone_s=glm, memory_mb=peak / 1e6
    )
    assert slow / fast >= TARGET
    assert peak < 200e6
