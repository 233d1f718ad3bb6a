"""Designs of a run: a regressor for each trial, and those of no interest. HRFs are nilearn's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainbench.errors import DataError
from brainbench.imaging.betas.options import BetaOptions
from brainbench.imaging.run import RunResponses

Array = NDArray[np.float64]
HrfModel = str | Callable[[float, int], Array]
_LEAST_LEFT = 0.1  # share of a trial's regressor, in squares, that kept scans must hold
WHOLE = "trial"


@dataclass(frozen=True)
class Regressors:
    """Regressors of one run, over the scans that are kept.

    Attributes
    ----------
    units : a row a response that is estimated: those of the trials, with ``phase``, ``begin`` and
        ``length`` in s.
    own : (scans, units, k) regressors of each unit: its response, then derivatives.
    rest : (scans, units, k) of all other units of the same phase together.
    other_phases : phase → (scans, k × others) all units of the other phases, a regressor a phase.
    nuisance : (scans, q) control trials, confounds, drifts, the constant.
    """

    units: pd.DataFrame
    own: Array
    rest: Array
    other_phases: Mapping[str, Array]
    nuisance: Array

    @property
    def together(self) -> Array:
        """(scans, units × k + q) all units beside one another, the responses first."""
        scans = len(self.own)
        flat = self.own.transpose(0, 2, 1).reshape(scans, -1)
        return np.column_stack([flat, self.nuisance])


def units_of(
    trials: pd.DataFrame, options: BetaOptions, phases: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """What has a response of its own: trials with a stimulus, or each phase of them.

    Parameters
    ----------
    trials : of a run, see :class:`~brainbench.imaging.run.RunResponses`.
    options : whether phases are apart, and where a trial ends.
    phases : of the card: phase → beginning in s after the onset.

    Returns
    -------
    The rows of the trials, phase by phase, with ``phase``, ``begin`` and ``length``.

    Raises
    ------
    DataError
        When phases are asked for and not known, or a phase begins after its trial is over.
    """
    shown = trials[~trials["control"]].reset_index(drop=True)
    begins = dict(phases or {})
    if options.phases and not begins:
        raise DataError("phases were asked for, but the card does not say when they begin (scans)")
    # people answer from the beginning of the last phase on
    answered = shown["onset"] + (max(begins.values()) if begins else 0.0) + shown["response_time"]
    whole = shown["onset"] + shown["duration"]
    end = answered.fillna(whole).clip(upper=whole) if options.end == "response" else whole
    if not options.phases:
        return shown.assign(phase=WHOLE, begin=shown["onset"], length=end - shown["onset"])
    names = sorted(begins, key=lambda name: begins[name])
    found = []
    for i, name in enumerate(names):
        begin = shown["onset"] + begins[name]
        last = shown["onset"] + begins[names[i + 1]] if i + 1 < len(names) else end
        found.append(shown.assign(phase=name, begin=begin, length=last - begin))
    units = pd.concat(found, ignore_index=True)
    short = units["length"] <= 0
    if short.any():
        row = units[short].iloc[0]
        raise DataError(
            f"{row['stimulus_id']}: {row['phase']} begins {row['begin'] - row['onset']:g} s after "
            f"the onset, the trial is over after {row['duration']:g} s"
        )
    return units


def build_design(
    responses: RunResponses,
    options: BetaOptions,
    phases: Mapping[str, float] | None = None,
    hrf: HrfModel | None = None,
) -> Regressors:
    """Regressors of one run by nilearn.

    Parameters
    ----------
    responses : timing, trials and confounds.
    options : HRF, drifts, phases.
    phases : of the card.
    hrf : in place of that of the options; a function of (TR, oversampling) as nilearn takes it.

    Raises
    ------
    DataError
        When kept scans hold next to nothing of a trial's response.
    """
    from nilearn.glm.first_level import make_first_level_design_matrix

    model = hrf or options.hrf
    units = units_of(responses.trials, options, phases)
    kept, times = responses.kept, responses.frame_times
    begin, length = units["begin"].to_numpy(), units["length"].to_numpy()
    own = np.stack(
        [_regressors(begin[[i]], length[[i]], times, model) for i in range(len(units))], axis=1
    )
    _check_left(responses, units, own)
    groups = units["phase"].to_numpy()
    rest = np.zeros_like(own)
    for i in range(len(units)):
        others = (groups == groups[i]) & (np.arange(len(units)) != i)
        if own.shape[2] == 1:
            rest[:, i] = own[:, others].sum(axis=1)
        elif others.any():
            # derivatives are made orthogonal to the response that they belong to: no sum of others
            rest[:, i] = _regressors(begin[others], length[others], times, model)
    names = list(dict.fromkeys(groups))
    totals = {n: _total(own, groups == n, begin, length, times, model) for n in names}
    others_of = {
        name: np.column_stack([np.empty((len(times), 0)), *(totals[n] for n in names if n != name)])
        for name in names
    }
    control = responses.trials[responses.trials["control"]]
    events = control[["onset", "duration"]].assign(trial_type="control") if len(control) else None
    frame = make_first_level_design_matrix(
        times,
        events,
        hrf_model=model,
        drift_model="cosine",
        high_pass=options.high_pass,
        add_regs=responses.confounds if responses.confounds.shape[1] else None,
    )
    return Regressors(
        units,
        own[kept],
        rest[kept],
        {name: held[kept] for name, held in others_of.items()},
        frame.to_numpy()[kept],
    )


# ---------------------------------------------------------------- parts


def _regressors(begin: Array, length: Array, times: Array, model: HrfModel) -> Array:
    """(scans, k) of one condition: its response, and derivatives where the model has them."""
    from nilearn.glm.first_level import compute_regressor

    held, _ = compute_regressor((begin, length, np.ones_like(begin)), model, times)
    return np.asarray(held, float)


def _total(
    own: Array,
    chosen: NDArray[np.bool_],
    begin: Array,
    length: Array,
    times: Array,
    model: HrfModel,
) -> Array:
    if own.shape[2] == 1:
        return np.asarray(own[:, chosen].sum(axis=1))
    return _regressors(begin[chosen], length[chosen], times, model)


def _check_left(responses: RunResponses, units: pd.DataFrame, own: Array) -> None:
    """Refuse a trial whose response falls into scans that are left out, or after the end."""
    squares = (own[:, :, 0] ** 2).sum(axis=0)
    left = (own[responses.kept, :, 0] ** 2).sum(axis=0)
    bad = np.flatnonzero(left <= _LEAST_LEFT * squares)
    if bad.size:
        row = units.iloc[int(bad[0])]
        raise DataError(
            f"{responses.run.label}: the scans that are kept hold next to nothing of the response "
            f"to {row['stimulus_id']} at {row['begin']:g} s; choose another strategy for confounds,"
            " or leave the run out"
        )
