"""What a model's answers got beside people's, and everything that is printed with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from brainbench.benchmarks.score import BenchmarkScore
from brainbench.quantities import AtMostOne, Correlation, Count, Interval, Share

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


# Share of a cell's items. Answers are missing mostly where they took long, so a person who
# lacks many is compared on what was easy; and where a run is lost, on half of the items.
MAX_MISSING = 0.2


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Statistic(_Row):
    """One number of the model, and the same of people among themselves.

    Intervals are 95 %, studentised by the jackknife: each person, or each item, left out
    in turn. Nothing is clipped.
    """

    value: Correlation | None
    """The model's; None where it is undefined."""
    interval: Interval | None
    """Over people, for these items."""
    interval_items: Interval | None
    """Over items, for these people."""
    n_items: Count
    """Items it rests on."""
    n_undefined: Count = 0
    """People with whom the statistic is undefined; they are left out of the mean."""
    reference: Correlation | None
    """People among themselves: mean over pairs, or over each person against the others."""
    reference_interval: Interval | None
    """Over people; it allows for pairs that share a person."""
    reference_undefined: Count = 0
    """Pairs, or people, for whom the reference is undefined; they are left out of it."""
    ratio: float | None
    """Value over reference, where the lower end of the reference's interval is above 0."""
    ratio_interval: Interval | None
    """Over people, of model and reference together."""


class ItemCorrelation(Statistic):
    """Spearman correlation over items of something of the model with a mean over people.

    ``reference`` puts a person in the model's place: the person's own accuracy, or time,
    against the mean of the other people.
    """

    reliability: AtMostOne | None
    """Of the mean over people: correlation of random halves of them, stepped up to all by
    the Spearman-Brown formula. Chosen over bounds made from single people, for it is the
    mean that the model is correlated with."""
    bound: Share | None
    """√reliability: how far from 0 even a perfect predictor of the mean is expected to
    get. None where the halves do not agree."""


class LeftOut(_Row):
    """A person who is in no number of the cell."""

    subject: str
    missing: Share
    """Share of the cell's items without a response."""


class PersonAgreement(_Row):
    """The model and one person."""

    subject: str
    n_items: Count
    """Items that both answered."""
    missing: Share
    """Share of the cell's items that the person did not answer."""
    accuracy: Share
    """The person's, on the items that the person answered."""
    error_consistency: Correlation | None
    """κ of being right or wrong (Geirhos, Meding & Wichmann 2020); None: undefined."""
    answer_kappa: Correlation | None
    """Cohen's κ of the answers."""
    agreement: Share | None
    """Share of the same answers."""
    above_chance: Correlation | None
    """Agreement less what the shares of True imply."""
    reference: dict[Measure, Correlation | None]
    """The same four between this person and the others, means over the others."""


class BehaviorControl(_Row):
    """Something that knows nothing of the model, scored as the model is."""

    control: str
    """What it is, as printed."""
    error_consistency: Correlation | None = None
    answer_kappa: Correlation | None = None
    agreement: Share | None = None
    above_chance: Correlation | None = None
    confidence_accuracy: Correlation | None = None
    certainty_time: Correlation | None = None
    confidence_time: Correlation | None = None
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
    simulated: bool
    """Whether its people are simulated."""
    pooled: bool
    """Whether items of different reasoning types are together."""
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
    accuracy: Share
    """Share of all items that the model answers rightly; an invalid answer is not right."""
    balanced_accuracy: Share | None
    """Mean of that share among items that follow and among those that do not; None where
    one kind is lacking."""
    auc: Share | None
    """Area under the curve of the log-odds, items that follow against the rest."""
    true_rate: Share | None
    """Share of True among the model's valid answers: its bias, beside ``labelled_true``."""
    labelled_true: Share
    """Share of items that follow."""
    n_people: Count
    n_items: Count
    n_invalid: Count
    """Answers of the model that are neither True nor False: no answer, not a wrong one."""
    n_cut_off: Count
    """Answers stopped by the token limit, of all problems asked."""
    n_log_odds: Count
    """Items with log-odds."""
    left_out: tuple[LeftOut, ...]
    """People with more of the cell's responses missing than ``MAX_MISSING``."""
    people: tuple[PersonAgreement, ...]
    controls: tuple[BehaviorControl, ...]
    notes: tuple[str, ...] = ()
    """What no number says, such as how the model had to be asked."""

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

    def reached_by(self, control: BehaviorControl) -> tuple[Measure, ...]:
        """In what a control is not below the model."""
        own = {name: getattr(self, name).value for name in MEASURES}
        return reached({name: getattr(control, name) for name in MEASURES}, own)

    @property
    def control_warnings(self) -> tuple[str, ...]:
        """In what each control reaches the model, in plain words."""
        found = []
        for control in self.controls:
            text = ", ".join(
                f"{IN_WORDS[name]} {getattr(control, name):.3f} "
                f"(model {getattr(self, name).value:.3f})"
                for name in self.reached_by(control)
            )
            if text:
                found.append(f"{control.control} reaches the model: {text}")
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what the fields say."""
        texts = [*self.notes, *self._of_answers()]
        if self.simulated:
            texts.append(f"{self.dataset} is simulated: no person was asked")
        texts += self.control_warnings
        if self.pooled:
            texts.append(
                "items of different reasoning types are pooled: read it beside the single types"
            )
        if self.left_out:
            named = ", ".join(f"{one.subject} ({one.missing:.0%})" for one in self.left_out)
            texts.append(
                f"left out, with more than {MAX_MISSING:.0%} of the responses missing: {named}"
            )
        texts += self._of_constants()
        interval = self.error_consistency.reference_interval
        if interval is None or interval[0] <= 0:
            texts.append(
                "people's κ of errors among themselves is not clearly above 0: no ratio is printed"
            )
        n_true = round(self.labelled_true * self.n_items)
        texts.append(
            f"{self.n_items} items are few ({n_true} follow, {self.n_items - n_true} do not): "
            "intervals over people hold for these very items; see the ones over items"
        )
        return tuple(texts)

    def _of_answers(self) -> list[str]:
        """Answers and log-odds that the model did not give."""
        texts = []
        if self.n_invalid:
            texts.append(
                f"{self.n_invalid} of {self.n_items} answers are neither True nor False: they are "
                "left out of agreement and κ, and count as not right in the accuracy"
            )
        if self.n_cut_off:
            texts.append(f"{self.n_cut_off} answers were cut off by the token limit")
        if self.n_log_odds < self.n_items:
            rest = "the correlations rest on the others" if self.n_log_odds else "no correlation"
            texts.append(f"{self.n_items - self.n_log_odds} items have no log-odds: {rest}")
        return texts

    def _of_constants(self) -> list[str]:
        """Where κ is 0, or undefined, for want of variation, and not for want of agreement."""
        texts = []
        valid = self.n_items - self.n_invalid
        n_right = round(self.accuracy * self.n_items)
        if valid and n_right in (0, valid):
            always = "right" if n_right else "wrong"
            texts.append(
                f"the model is {always} on every item it answers: its κ of errors is 0 with "
                "everybody who is not, and undefined with everybody who is"
            )
        if valid and self.true_rate in (0.0, 1.0):
            word = "True" if self.true_rate else "False"
            texts.append(
                f"the model always says {word}: its κ of answers and errors tell nothing of it"
            )
        perfect = [one.subject for one in self.people if one.accuracy == 1.0]
        if perfect:
            texts.append(
                f"{', '.join(perfect)} made no error: κ of errors with anyone is then 0, whatever "
                "the other does, which pulls the means of model and people towards 0"
            )
        undefined = self.error_consistency.n_undefined
        if undefined:
            texts.append(
                f"κ of errors is undefined with {undefined} people, who are left out of it"
            )
        pairs = self.error_consistency.reference_undefined
        if pairs:
            texts.append(f"κ of errors is undefined for {pairs} pairs of people, left out of it")
        return texts

    def add_to(self, record: Any) -> None:
        """Append itself to the record's ``behavior``."""
        record.behavior.append(self)


def reached(
    values: Mapping[Measure, float | None], others: Mapping[Measure, float | None]
) -> tuple[Measure, ...]:
    """Where ``values`` are not below ``others``; for correlations, as far from 0.

    Parameters
    ----------
    values : each statistic of one responder; None where undefined.
    others : the same of another.

    Returns
    -------
    Names of these statistics; one that is undefined on either side is not among them.
    """
    found: list[Measure] = []
    for name in MEASURES:
        one, other = values[name], others[name]
        if one is None or other is None:
            continue
        if one >= other if name in ANSWER_MEASURES else abs(one) >= abs(other):
            found.append(name)
    return tuple(found)
