"""Hold a model's confidence, and what knows nothing of the model, against groups of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.behavior.consistency import (
    Array,
    Correlate,
    correlate_columns,
    leave_one_out,
    mean_of,
    spearman,
    split_half_reliability,
)
from brainbench.benchmarks.behavior.people import Group, answer_measures, gather
from brainbench.benchmarks.behavior.scoring import Responder, control_responders, score_answers
from brainbench.benchmarks.difficulty.age import profile_at_one_age, slope_on_age
from brainbench.benchmarks.difficulty.beyond import (
    condition_design,
    correlate_beyond,
    spearman_beyond,
)
from brainbench.benchmarks.difficulty.profiles import (
    Estimated,
    Names,
    correlate_groups,
    each_with_others,
    joint_profile,
    mean_person,
    names_of,
    without_each_item,
)
from brainbench.benchmarks.difficulty.score import (
    AGREEMENTS,
    BEYOND,
    EVERYBODY,
    JOINT,
    ONE_AGE,
    WITHIN_GROUPS,
    AgeSlope,
    AgreementMeasure,
    GroupCorrelation,
    ProfileRow,
)
from brainbench.benchmarks.published.scoring import finite_or_none
from brainbench.datasets import Behavior
from brainbench.statistics.inference import jackknife_interval, stratified_jackknife_interval

_HALVINGS = 500
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Crowd:
    """Everybody who answered an item of a cell, by group.

    Attributes
    ----------
    group : the people and the items.
    """

    group: Group

    @classmethod
    def of(cls, behavior: Behavior, reasoning_type: str, seed: int = 0) -> Crowd:
        """Take the items of one reasoning type, or all, and all who answered any.

        Parameters
        ----------
        behavior : answers of everybody.
        reasoning_type : one type, or ``all``.
        seed : of the split halves.
        """
        return cls(gather(behavior, reasoning_type, seed, everybody=True))

    @property
    def right(self) -> Array:
        """(n_items, n_people) right (1), wrong (0), missing (NaN)."""
        return self.group.right

    @cached_property
    def groups(self) -> Names:
        """(n_people,) the group of each."""
        return self.group.behavior.groups[self.group.columns]

    @cached_property
    def ages(self) -> Array:
        """(n_people,) years."""
        return self.group.behavior.ages[self.group.columns]

    @cached_property
    def masks(self) -> dict[str, Mask]:
        """Profile → whose it is: everybody of the joint one, then of each group."""
        everybody = np.ones(len(self.groups), bool)
        return {JOINT: everybody} | {name: self.groups == name for name in names_of(self.groups)}

    @cached_property
    def own(self) -> dict[str, tuple[Array, Array]]:
        """Profile → each of its people with the others; see :func:`each_with_others`."""
        return {
            name: each_with_others(self.right[:, mask], self.groups[mask])
            for name, mask in self.masks.items()
        }

    @cached_property
    def own_errors(self) -> Array:
        """(n_people,) κ of errors with the others: mean over groups of the mean over people."""
        pairs = self.group.pairs["error_consistency"]
        means = [mean_of(pairs[:, self.groups == name], axis=1) for name in names_of(self.groups)]
        found: Array = np.mean(means, axis=0)
        return found

    @cached_property
    def design(self) -> Array:
        """(n_items, n_columns) what is known of each item; see :func:`condition_design`."""
        return condition_design(self.group.behavior.problems)

    def reliability(self, name: str, correlate: Correlate | None = None) -> float:
        """Split-half reliability of a profile.

        Parameters
        ----------
        name : ``joint`` or a group.
        correlate : see :func:`.consistency.split_half_reliability`.
        """
        mask, rng = self.masks[name], np.random.default_rng(self.group.seed)
        return split_half_reliability(
            self.right[:, mask], _HALVINGS, rng, self.groups[mask], correlate
        )

    @cached_property
    def reliabilities(self) -> dict[str, float]:
        """Of each profile but that at one age, whose noise is nearly that of the joint one."""
        found = {name: self.reliability(name) for name in self.masks}
        found[BEYOND] = self.reliability(
            JOINT, lambda one, other, items: correlate_beyond(one, other, self.design[items])
        )
        return found

    @cached_property
    def controls(self) -> dict[str, Responder]:
        """What knows nothing of the model, by name."""
        return {one.name: one.responder for one in control_responders(self.group)}

    @cached_property
    def correlations(self) -> tuple[GroupCorrelation, ...]:
        """Of each two groups."""
        return tuple(self._correlation(pair) for pair in combinations(names_of(self.groups), 2))

    def _correlation(self, pair: tuple[str, str]) -> GroupCorrelation:
        mask = np.isin(self.groups, pair)
        found = correlate_groups(self.right[:, mask], self.groups[mask])
        product = np.prod([self.reliability(name, _by_value) for name in pair])
        corrected = found.value / np.sqrt(product) if product > 0 else float("nan")
        return GroupCorrelation(
            groups=pair,
            value=finite_or_none(found.value),
            interval=found.interval,
            interval_items=found.interval_items,
            corrected=finite_or_none(float(corrected)),
        )


def _by_value(one: Array, other: Array, _: NDArray[np.intp]) -> Array:
    return correlate_columns(one, other)


def profile_rows(crowd: Crowd, model: Responder) -> list[ProfileRow]:
    """The joint profile, each group's, and the joint one without age, and without condition.

    Parameters
    ----------
    crowd : everybody who answered.
    model : its confidence is held against the profiles.
    """
    return [_row(crowd, model, name) for name in (*crowd.masks, ONE_AGE, BEYOND)]


def _row(crowd: Crowd, model: Responder, name: str) -> ProfileRow:
    mask = crowd.masks.get(name, crowd.masks[JOINT])
    right, groups, ages = crowd.right[:, mask], crowd.groups[mask], crowd.ages[mask]
    every = np.arange(len(right))

    def profile(people: Mask) -> Array:
        if name == ONE_AGE:
            return profile_at_one_age(right[:, people], groups[people], ages[people])
        return joint_profile(right[:, people], groups[people])

    def rho(confidence: Array, target: Array, items: NDArray[np.intp] = every) -> float:
        if name == BEYOND:
            return spearman_beyond(confidence[items], target[items], crowd.design[items])
        return spearman(confidence[items], target[items])

    own, whole = model.confidence, profile(np.ones(len(groups), bool))
    value = rho(own, whole)
    left = leave_one_out(lambda kept: rho(own, profile(kept)), len(groups))
    items = np.flatnonzero(~np.isnan(own + whole))
    left_items = leave_one_out(lambda kept: rho(own, whole, items[kept]), items.size)
    reliability = crowd.reliabilities.get(name, float("nan"))
    person = Estimated(float("nan"), None)
    if name in crowd.own:
        person = mean_person(*crowd.own[name], groups)
    return ProfileRow(
        profile=name,
        n_people=len(groups),
        fewest=int((~np.isnan(right)).sum(axis=1).min()),
        value=finite_or_none(value),
        interval=stratified_jackknife_interval(value, left, groups),
        interval_items=jackknife_interval(value, left_items),
        reliability=finite_or_none(reliability),
        bound=float(np.sqrt(reliability)) if reliability >= 0 else None,
        reference=finite_or_none(person.value),
        reference_interval=person.interval,
        controls={
            control: finite_or_none(rho(responder.confidence, whole))
            for control, responder in crowd.controls.items()
        },
    )


def agreement_with_each(crowd: Crowd, responder: Responder) -> dict[AgreementMeasure, Array]:
    """(n_people,) each measure of agreement with each person; NaN where undefined.

    Parameters
    ----------
    crowd : everybody who answered.
    responder : the model, or a control.
    """
    right = crowd.right
    confidence = [spearman(responder.confidence, right[:, p]) for p in range(right.shape[1])]
    return {
        "confidence": np.array(confidence),
        "errors": score_answers(crowd.group, responder)["error_consistency"],
    }


def agreement_without_items(crowd: Crowd, responder: Responder) -> dict[AgreementMeasure, Array]:
    """(n_items, n_people) the same with each item left out in turn.

    Parameters
    ----------
    crowd : everybody who answered.
    responder : the model.
    """
    answers, labels = crowd.group.answers, crowd.group.labels
    errors = []
    for item in range(len(labels)):
        kept = np.arange(len(labels)) != item
        found = answer_measures(responder.answer[kept], answers[kept], labels[kept])
        errors.append(found["error_consistency"])
    confidence = without_each_item(responder.confidence, crowd.right)
    return {"confidence": confidence, "errors": np.array(errors)}


def age_slopes(
    crowd: Crowd, model: Responder, with_each: Mapping[AgreementMeasure, Array]
) -> list[AgeSlope]:
    """Slope of agreement on age: everybody, within groups, and each group.

    Parameters
    ----------
    crowd : everybody who answered.
    model : its answers and confidence.
    with_each : its agreement with each person, from :func:`agreement_with_each`.
    """
    controls = {name: agreement_with_each(crowd, one) for name, one in crowd.controls.items()}
    without_items = agreement_without_items(crowd, model)
    people: dict[AgreementMeasure, Array] = {
        "confidence": crowd.own[JOINT][0],
        "errors": crowd.own_errors,
    }
    everybody = crowd.masks[JOINT]
    groups = {name: mask for name, mask in crowd.masks.items() if name != JOINT}
    rows = []
    for measure in AGREEMENTS:
        for name, mask in {EVERYBODY: everybody, WITHIN_GROUPS: everybody, **groups}.items():
            fit = partial(_slope_of, crowd, name, mask)
            own, reference = fit(with_each[measure]), fit(people[measure])
            left = np.array([fit(values, False).value for values in without_items[measure]])
            rows.append(
                AgeSlope(
                    measure=measure,
                    people=name,
                    n_people=int((~np.isnan(with_each[measure][mask])).sum()),
                    slope=finite_or_none(own.value),
                    interval=own.interval,
                    interval_items=jackknife_interval(own.value, left),
                    reference=finite_or_none(reference.value),
                    reference_interval=reference.interval,
                    controls={
                        control: finite_or_none(fit(found[measure], False).value)
                        for control, found in controls.items()
                    },
                )
            )
    return rows


def _slope_of(
    crowd: Crowd, name: str, mask: Mask, values: Array, interval: bool = True
) -> Estimated:
    groups = crowd.groups[mask] if name == WITHIN_GROUPS else None
    return slope_on_age(values[mask], crowd.ages[mask], groups, interval)
