"""What a model's answers got beside people's, and everything that is printed with it."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from brainbench.benchmarks.score import BenchmarkScore

Measure = Literal[
    "error_consistency",
    "answer_kappa",
    "agreement",
    "above_chance",
    "confidence_accuracy",
    "certainty_time",
    "confidence_time",
]
MEASURES: tuple[Measure, ...] = get_args(Measure)
# with each person, then averaged; and over items, with averages of people
ANSWER_MEASURES, ITEM_MEASURES = MEASURES[:4], MEASURES[4:]
IN_WORDS: dict[Measure, str] = {
    "error_consistency": "κ of errors",
    "answer_kappa": "κ of answers",
    "agreement": "agreement",
    "above_chance": "agreement above chance",
    "confidence_accuracy": "confidence with people's accuracy",
    "certainty_time": "certainty with people's response time",
    "confidence_time": "confidence with people's response time",
}


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Statistic(_Row):
    """One number of the model, and the same of people among themselves.

    Intervals are 95 %, studentised by the jackknife: each person, or each item, left out
    in turn. Nothing is clipped.
    """

    value: float | None
    """The model's; None where it is undefined."""
    interval: tuple[float, float] | None
    """Over people, for these items."""
    interval_items: tuple[float, float] | None
    """Over items, for these people."""
    n_items: int
    """Items it rests on."""
    n_undefined: int = 0
    """People with whom the statistic is undefined; they are left out of the mean."""
    reference: float | None
    """People among themselves: mean over pairs, or over each person against the others."""
    reference_interval: tuple[float, float] | None
    """Over people; it allows for pairs that share a person."""
    reference_undefined: int = 0
    """Pairs, or people, for whom the reference is undefined; they are left out of it."""
    ratio: float | None
    """Value over reference, where the lower end of the reference's interval is above 0."""
    ratio_interval: tuple[float, float] | None
    """Over people, of model and reference together."""


class ItemCorrelation(Statistic):
    """Spearman correlation over items of something of the model with a mean over people.

    ``reference`` puts a person in the model's place: the person's own accuracy, or time,
    against the mean of the other people.
    """

    reliability: float | None
    """Of the mean over people: correlation of random halves of them, stepped up to all by
    the Spearman-Brown formula. Chosen over bounds made from single people, for it is the
    mean that the model is correlated with."""
    bound: float | None
    """√reliability: how far from 0 even a perfect predictor of the mean is expected to
    get. None where the halves do not agree."""


class LeftOut(_Row):
    """A person who is in no number of the cell."""

    subject: str
    missing: float
    """Share of the cell's items without a response."""


class PersonAgreement(_Row):
    """The model and one person."""

    subject: str
    n_items: int
    """Items that both answered."""
    missing: float
    """Share of the cell's items that the person did not answer."""
    accuracy: float
    """The person's, on the items that the person answered."""
    error_consistency: float | None
    """κ of being right or wrong (Geirhos, Meding & Wichmann 2020); None: undefined."""
    answer_kappa: float | None
    """Cohen's κ of the answers."""
    agreement: float | None
    """Share of the same answers."""
    above_chance: float | None
    """Agreement less what the shares of True imply."""
    reference: dict[Measure, float | None]
    """The same four between this person and the others, means over the others."""


class BehaviorControl(_Row):
    """Something that knows nothing of the model, scored as the model is."""

    control: str
    """What it is, as printed."""
    error_consistency: float | None = None
    answer_kappa: float | None = None
    agreement: float | None = None
    above_chance: float | None = None
    confidence_accuracy: float | None = None
    certainty_time: float | None = None
    confidence_time: float | None = None
    reaches_model: tuple[Measure, ...] = ()
    """Where it is not below the model; for correlations, at least as far from 0."""
    reaches_reference: tuple[Measure, ...] = ()
    """The same against people among themselves."""
    warning: str | None = None
    """In plain words, where it reaches the model."""
    reason: str | None = None
    """Why numbers are lacking, where they are."""


class BehaviorScore(BenchmarkScore):
    """What a model got on one benchmark of behaviour; the headline is ``error_consistency``.

    Four statistics compare answers person by person and are means over people; three
    correlate over items, with means over people. *Confidence* is the model's log-odds of
    the right answer; *certainty* the distance of its log-odds from 0, whatever the side.
    """

    kind = "behavior"

    reasoning_type: str
    error_consistency: Statistic
    """κ of being right or wrong: shared beyond what the two accuracies imply (Geirhos,
    Meding & Wichmann 2020). 0 for a model that is always, or never, right."""
    answer_kappa: Statistic
    """Cohen's κ of the answers."""
    agreement: Statistic
    """Share of items with the same answer."""
    above_chance: Statistic
    """That share less the one that both shares of True imply."""
    confidence_accuracy: ItemCorrelation
    """Confidence with the share of people who were right."""
    certainty_time: ItemCorrelation
    """Certainty with mean response time, standardised within each person."""
    confidence_time: ItemCorrelation
    """Confidence with the same response time."""
    accuracy: float
    """Share of all items that the model answers rightly; an invalid answer is not right."""
    balanced_accuracy: float | None
    """Mean of that share among items that follow and among those that do not; None where
    one kind is lacking."""
    auc: float | None
    """Area under the curve of the log-odds, items that follow against the rest."""
    said_true: float | None
    """Share of True among the model's valid answers: its bias, beside ``labelled_true``."""
    labelled_true: float
    """Share of items that follow."""
    n_people: int
    n_items: int
    n_invalid: int
    """Answers of the model that are neither True nor False: no answer, not a wrong one."""
    n_cut_off: int
    """Answers stopped by the token limit, of all problems asked."""
    n_log_odds: int
    """Items with log-odds."""
    left_out: tuple[LeftOut, ...]
    """People with more than 20 % of the cell's responses missing."""
    people: tuple[PersonAgreement, ...]
    controls: tuple[BehaviorControl, ...]
    warnings: tuple[str, ...]

    @property
    def headline(self) -> float | None:
        """κ of errors, mean over people."""
        return self.error_consistency.value

    @property
    def by_person(self) -> dict[str, float | None]:
        """κ of errors with each person."""
        return {one.subject: one.error_consistency for one in self.people}

    @property
    def facts(self) -> dict[str, Any]:
        """People among themselves, and rows that know nothing of the model."""
        return {
            "ceiling": None,
            "reference": self.error_consistency.reference,
            "controls": {row.control: row.error_consistency for row in self.controls},
        }

    def add_to(self, record: Any) -> None:
        """Append itself to the record's ``behavior``."""
        record.behavior.append(BehaviorRow(**dict(self)))


class BehaviorRow(BehaviorScore):
    """A model's answers held against people's on one benchmark; people and controls within."""
