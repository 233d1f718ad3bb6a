"""Strategies by name, and what a table lacks for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_scans import fmriprep_confounds, write_scans

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.imaging.confounds import PRESETS, parse_strategy, read_confounds

pytest.importorskip("nilearn", reason="reads confounds; install the imaging extra")


@pytest.mark.parametrize(
    ("strategy", "count"),
    [
        ("simple", 26),
        ("scrubbing", 32),
        ("compcor", 28),
        ("motion:basic+wm_csf+high_pass+scrub", 8),
        ("motion:derivatives+global_signal", 13),
        ("high_pass", 0),
    ],
)
def test_a_strategy_has_its_columns_and_no_drift(tmp_path: Path, strategy: str, count: int) -> None:
    run = write_scans(tmp_path, scans=60)
    held = read_confounds(run, 60, strategy)
    assert held.table.shape == (60, count)
    assert not [name for name in held.table if name.startswith("cosine")]
    assert np.isfinite(held.table.to_numpy()).all()


def test_presets_are_those_of_nilearn() -> None:
    from nilearn.interfaces.fmriprep.load_confounds_strategy import preset_strategies

    assert set(PRESETS) == set(preset_strategies)
    for name, theirs in preset_strategies.items():
        ours = parse_strategy(name)
        assert set(ours["strategy"]) == set(theirs["strategy"]), name
        models = {k: v for k, v in ours.items() if k != "strategy"}
        assert {k: theirs[k] for k in models} == models, name


def test_values_are_those_of_the_table_less_their_mean(tmp_path: Path) -> None:
    run = write_scans(tmp_path, scans=60)
    raw = pd.read_csv(run.confounds, sep="\t", na_values="n/a")
    held = read_confounds(run, 60, "motion:basic")
    np.testing.assert_allclose(held.table["rot_y"], raw["rot_y"] - raw["rot_y"].mean(), atol=1e-12)
    np.testing.assert_allclose(held.motion[1:], raw["framewise_displacement"][1:])
    assert np.isnan(held.motion[0])


def test_scrubbed_scans_are_left_out_with_short_pieces_between(tmp_path: Path) -> None:
    table = fmriprep_confounds(60)
    table.loc[[20, 23, 40], "framewise_displacement"] = 2.0
    for i, scan in enumerate((20, 23, 40)):
        table[f"motion_outlier{i:02d}"] = (np.arange(60) == scan).astype(float)
    run = write_scans(tmp_path, scans=60, confounds=table)
    held = read_confounds(run, 60, "motion:basic+scrub")
    assert np.flatnonzero(~held.kept).tolist() == [20, 21, 22, 23, 40]
    assert np.flatnonzero(~read_confounds(run, 60, "scrub:0").kept).tolist() == [20, 23, 40]
    assert read_confounds(run, 60, "motion:basic").kept.all()


@pytest.mark.parametrize(
    ("strategy", "column"),
    [("motion", "rot_z"), ("wm_csf", "white_matter"), ("compcor", "a_comp_cor")],
)
def test_missing_columns_are_named(tmp_path: Path, strategy: str, column: str) -> None:
    table = fmriprep_confounds(60)
    table = table[[name for name in table if not name.startswith(column)]]
    run = write_scans(tmp_path, scans=60, confounds=table)
    named = strategy if column == "a_comp_cor" else column
    with pytest.raises(DataError, match=rf"sub-01 transitive-01: .*{named}.*choose another"):
        read_confounds(run, 60, strategy)


def test_compcor_without_its_description_is_named(tmp_path: Path) -> None:
    run = write_scans(tmp_path, scans=60)
    run.confounds.with_suffix(".json").unlink()
    with pytest.raises(DataError, match="Could not find associated json file"):
        read_confounds(run, 60, "compcor")


def test_aroma_asks_for_its_own_images(tmp_path: Path) -> None:
    run = write_scans(tmp_path, scans=60)
    with pytest.raises(DataError, match="AROMA"):
        read_confounds(run, 60, "ica_aroma")


def test_regressors_without_variance_are_left_out(tmp_path: Path) -> None:
    table = fmriprep_confounds(60)
    table["trans_x"] = 0.0
    run = write_scans(tmp_path, scans=60, confounds=table)
    assert "trans_x" not in read_confounds(run, 60, "motion:basic").table


@pytest.mark.parametrize(
    ("strategy", "error", "message"),
    [
        ("motions", UnknownNameError, "did you mean 'motion'"),
        ("motion+motion:basic", UsageError, "motion stands twice"),
        ("scrub:many", UsageError, "'many' is not a number"),
    ],
)
def test_a_strategy_that_is_none_is_told(
    strategy: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        parse_strategy(strategy)
