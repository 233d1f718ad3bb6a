"""Trials of a run from its BIDS table of events."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbench.datasets.cards import Scans
from brainbench.datasets.readers import read_tsv
from brainbench.errors import DataError
from brainbench.imaging.run import ScannerRun

TRIAL_COLUMNS = (
    "onset",
    "duration",
    "trial_type",
    "control",
    "stimulus_id",
    "position",
    "response_time",
)
# trials may touch, and clocks are read to the millisecond
_TOUCH = 0.05


def read_trials(run: ScannerRun, scans: Scans, seconds: float) -> pd.DataFrame:
    """Trials of one run, in order.

    Parameters
    ----------
    run : whose events are read.
    scans : of the card: which trials are control, and how many with a stimulus there are.
    seconds : length of the image.

    Returns
    -------
    A row a trial, see :class:`~brainbench.imaging.run.RunResponses`. ``stimulus_id`` is the
    table's column of that name, else the run and the position, counted from 0 without control
    trials, as in ``transitive-01-07``.

    Raises
    ------
    DataError
        When the file is not such a table, or its onsets cannot be those of the image.
    """
    table = read_tsv(run.events, ("onset", "duration"))
    where = f"{run.label}: {run.events.name}"
    trials = pd.DataFrame(
        {
            "onset": _numbers(table, "onset", where),
            "duration": _numbers(table, "duration", where),
            "trial_type": table["trial_type"].fillna("n/a") if "trial_type" in table else "trial",
        }
    )
    trials["control"] = trials["trial_type"].isin(scans.control)
    _check_onsets(trials, where, seconds)
    position = np.where(trials["control"], -1, (~trials["control"]).cumsum() - 1)
    named = [f"{run.name}-{i:02d}" if i >= 0 else "" for i in position]
    if "stimulus_id" in table:
        named = [
            str(x) if i >= 0 else "" for x, i in zip(table["stimulus_id"], position, strict=True)
        ]
    trials["stimulus_id"], trials["position"] = named, position
    trials["response_time"] = (
        pd.to_numeric(table["response_time"], errors="coerce")
        if "response_time" in table
        else np.nan
    )
    count = int((position >= 0).sum())
    if not count:
        raise DataError(f"{where} holds no trial with a stimulus")
    if scans.trials is not None and count != scans.trials:
        raise DataError(
            f"{where} holds {count} trials with a stimulus, the card says {scans.trials}; "
            "it is of another run, or was cut short"
        )
    return trials[list(TRIAL_COLUMNS)]


def _numbers(table: pd.DataFrame, column: str, where: str) -> pd.Series[float]:
    numbers = pd.to_numeric(table[column], errors="coerce").astype(float)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        row = int(bad[0])
        raise DataError(f"{where}, row {row + 2}: {column} {table[column].iloc[row]!r} is no time")
    return numbers


def _check_onsets(trials: pd.DataFrame, where: str, seconds: float) -> None:
    """Refuse onsets that cannot be those of the image: order, overlap, end, unit."""
    onset, duration = trials["onset"].to_numpy(), trials["duration"].to_numpy()
    if not len(onset):
        raise DataError(f"{where} holds no trial")
    # what is of no interest, such as button presses, may fall into a trial
    shown = np.flatnonzero(~trials["control"].to_numpy())
    overlap = np.zeros(len(onset), bool)
    overlap[shown[1:]] = (onset + duration)[shown[:-1]] > onset[shown[1:]] + _TOUCH
    faults = (
        (onset < 0, "begins before the image"),
        (duration < 0, "has a duration below 0"),
        (np.r_[False, np.diff(onset) < 0], "begins before the one before it"),
        (overlap, "overlaps the one before it"),
        (onset >= seconds, f"begins after the end of the image ({seconds:g} s)"),
        (onset + duration > seconds + 60, f"ends long after the end of the image ({seconds:g} s)"),
    )
    for bad, words in faults:
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"{where}, row {row + 2}: the trial at {onset[row]:g} s {words}; onsets must be in "
                "seconds from the first scan of this very run"
            )
    last = float(onset[-1] + duration[-1])
    if len(onset) > 1 and last < seconds / 4:
        raise DataError(
            f"{where}: the last trial ends at {last:g} s of {seconds:g} s; onsets must be in "
            "seconds from the first scan of this very run"
        )
