"""What a model got on the difficulty of items, and everything that is printed with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from brainbench.benchmarks.score import BenchmarkScore
from brainbench.quantities import AtMostOne, Correlation, Count, Interval, Share

JOINT = "joint"
ONE_AGE = "joint, at one age"
BEYOND = "joint, beyond condition"
EVERYBODY = "everybody"
WITHIN_GROUPS = "within groups"
AgreementMeasure = Literal["confidence", "errors"]
AGREEMENTS: tuple[AgreementMeasure, ...] = get_args(AgreementMeasure)
IN_WORDS: dict[AgreementMeasure, str] = {
    "confidence": "ρ of confidence with right answers",
    "errors": "κ of errors",
}


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProfileRow(_Row):
    """One profile, and how far the model's confidence follows it.

    A profile is the share of people who were right, item by item. Intervals are 95 %, studentised
    by the jackknife: each person, or each item, left out in turn.
    """

    profile: str
    """``joint``, where each group counts the same; the name of a group; ``joint, at one age``, with
    age regressed out item by item inside each group; or ``joint, beyond condition``, where
    reasoning type, validity and negation, with their interactions, and the number of words are
    taken out of the ranks of both sides."""
    n_people: Count
    fewest: Count
    """People who answered the item that the fewest answered."""
    value: Correlation | None
    """Spearman's ρ over items with the model's log-odds of the right answer."""
    interval: Interval | None
    """Over people of each group, for these items."""
    interval_items: Interval | None
    """Over items, for these people."""
    reliability: AtMostOne | None
    """Of the profile: rank correlation of random halves of each group, stepped up to everybody by
    the Spearman-Brown formula."""
    bound: Share | None
    """√reliability: what a perfect predictor of the profile is expected to reach."""
    reference: Correlation | None
    """A person in the model's place: answers of each with the profile of all others, mean over
    people of each group, then over groups."""
    reference_interval: Interval | None
    controls: dict[str, Correlation | None]
    """The same number of what knows nothing of the model, by name."""


class GroupCorrelation(_Row):
    """How far two groups find the same items hard."""

    groups: tuple[str, str]
    value: Correlation | None
    """Pearson's r of the two profiles, with the noise of both."""
    interval: Interval | None
    """Over people of both groups."""
    interval_items: Interval | None
    """Over items."""
    corrected: float | None
    """r over the root of both reliabilities: without the noise. It may be above 1."""


class AgeSlope(_Row):
    """Whether the model is nearer to older or to younger people.

    The model's agreement with each person is regressed on age; slopes are per year. Beside it
    stands the same of people themselves, whose agreement with the others may depend on age.
    """

    measure: AgreementMeasure
    """``confidence``: Spearman's ρ of the model's log-odds of the right answer with whether the
    person was right; ``errors``: κ of being right or wrong."""
    people: str
    """``everybody``: one line; ``within groups``: one slope, an intercept for each group; or the
    name of a group."""
    n_people: Count
    """Those with whom the agreement is defined."""
    slope: float | None
    interval: Interval | None
    """95 %, over people, for these items."""
    interval_items: Interval | None
    """95 %, over items, for these people: any model agrees with some by the luck of the items."""
    reference: float | None
    """Slope of people's own agreement with all others."""
    reference_interval: Interval | None
    controls: dict[str, float | None]
    """Slopes of what knows nothing of the model, by name."""

    @property
    def nearer(self) -> Literal["older", "younger", "neither"]:
        """Whom the model is nearer to; only where both intervals say so."""
        ends = [self.interval, self.interval_items]
        if all(one is not None and one[0] > 0 for one in ends):
            return "older"
        return "younger" if all(one is not None and one[1] < 0 for one in ends) else "neither"

    @property
    def reached_by(self) -> tuple[str, ...]:
        """Controls that are as near to the same people: their slope is as far on the same side."""
        own = self.slope
        if own is None:
            return ()
        side = 1.0 if own > 0 else -1.0
        held = self.controls.items()
        return tuple(name for name, v in held if v is not None and v * side >= abs(own) > 0)


class PersonRow(_Row):
    """The model and one person."""

    subject: str
    group: str
    age: float
    n_items: Count
    """Items that the person answered."""
    lacks: tuple[str, ...]
    """Runs that the person lacks at the source."""
    accuracy: Share
    """On the items that the person answered."""
    confidence: Correlation | None
    """See :class:`AgeSlope`; None where the person was right, or wrong, throughout."""
    errors: Correlation | None


class DifficultyScore(BenchmarkScore):
    """How far a model is sure where people are right; the headline is ρ with the joint profile."""

    kind = "difficulty"

    reasoning_type: str
    pooled: bool
    """Whether items of different reasoning types are together."""
    simulated: bool
    groups: dict[str, Count]
    """People of each group who answered any of the items."""
    n_items: Count
    n_log_odds: Count
    """Items with the model's log-odds."""
    n_invalid: Count
    """Answers of the model that are neither True nor False; they are in no κ."""
    profiles: tuple[ProfileRow, ...]
    correlations: tuple[GroupCorrelation, ...]
    """Of each two groups."""
    slopes: tuple[AgeSlope, ...]
    people: tuple[PersonRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def joint(self) -> ProfileRow:
        """The row of the joint profile."""
        return next(row for row in self.profiles if row.profile == JOINT)

    @property
    def beyond(self) -> ProfileRow:
        """The row of the joint profile without what every item's condition explains."""
        return next(row for row in self.profiles if row.profile == BEYOND)

    @property
    def headline(self) -> float | None:
        """ρ of confidence with the joint profile."""
        return self.joint.value

    @property
    def by_person(self) -> Mapping[str, float | None]:
        """ρ of confidence with each person's right answers."""
        return {person.subject: person.confidence for person in self.people}

    @property
    def facts(self) -> dict[str, Any]:
        """The joint number is never alone: each group's, and how far the groups agree."""
        return {
            "ceiling": self.joint.bound,
            "reliability": self.joint.reliability,
            "beyond_condition": self.beyond.value,
            "reference": self.joint.reference,
            "groups": {
                row.profile: row.value for row in self.profiles if row.profile in self.groups
            },
            "groups_r": {" and ".join(one.groups): one.value for one in self.correlations},
            "controls": self.joint.controls,
        }

    @property
    def reached_by(self) -> tuple[str, ...]:
        """Controls that are as far from 0 as the model, on the joint profile."""
        own = self.joint.value
        if own is None:
            return ()
        held = self.joint.controls.items()
        return tuple(name for name, value in held if value is not None and abs(value) >= abs(own))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what the fields say."""
        texts = [*self.notes]
        if self.simulated:
            texts.append(f"{self.dataset} is simulated: no person was asked")
        if self.n_log_odds < self.n_items:
            texts.append(f"{self.n_items - self.n_log_odds} items have no log-odds of the model")
        if self.reached_by:
            texts.append(f"as far from 0 as the model: {', '.join(self.reached_by)}")
        if self.pooled:
            texts.append(
                "items of different reasoning types are pooled: read it beside the single types"
            )
        lacking = [f"{one.subject} ({', '.join(one.lacks)})" for one in self.people if one.lacks]
        if lacking:
            texts.append(
                f"people who lack a run count for the items of their others: {', '.join(lacking)}"
            )
        texts.append(
            f"{self.n_items} items are few: intervals over people hold for these very items; see "
            "the ones over items"
        )
        return tuple(texts)
