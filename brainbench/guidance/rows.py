"""Rows of a guidance score: one an arm, a difference, a dose, or an arm of the search."""

from __future__ import annotations

from math import exp
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from brainbench.guidance.arms import RANDOM, RANDOM_RESTARTS
from brainbench.quantities import Count, Interval, P, Share

Mode = Literal["steering", "finetuning"]
Form = Literal["controlled", "published"]
Tier = Literal["reduced", "full"]
Verdict = Literal["brain signals help", "inconclusive", "not shown to help"]
Metric = Literal[
    "auc",
    "accuracy_at_threshold",
    "accuracy",
    "balanced_accuracy",
    "dprime",
    "criterion",
    "true_rate",
    "valid",
]
METRICS: tuple[Metric, ...] = get_args(Metric)
# shares and areas: a difference of two lies between -1 and 1
BOUNDED: tuple[Metric, ...] = tuple(
    metric for metric in METRICS if metric not in ("dprime", "criterion")
)


# the test of scanner items
HELD_OUT = "held-out scanner items"
# how often the targeted search asks, at most
TRIES = 40
# the same items, of a model that trained on all of them: no evidence of anything learned
TRAINED_ON = "scanner items it was trained on"


class GuidancePart(BaseModel):
    """Fields of a record that no other may be added to."""

    model_config = ConfigDict(extra="forbid")


class NeutralShift(GuidancePart):
    """How far guidance moves the prediction of neutral text; nats, means over passages."""

    kl: float = Field(ge=0.0)
    """Kullback–Leibler divergence of the guided distribution of the next token from the plain one:
    by how much the surprisal of a token rises that the plain model draws."""
    rise: float
    """Of the surprisal of the token that the text goes on with."""
    beyond: Share = 0.0
    """Of an arm: share of its choices, one for each seed and held-out run, in which everything that
    could be chosen was beyond the limit, and the weakest was taken."""

    @property
    def perplexity_ratio(self) -> float:
        """Perplexity of the text with guidance over that without."""
        return exp(self.rise)


class NeutralMeasure(GuidancePart):
    """What shifts were measured on, and the limit under which strengths were chosen."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the text, which is in the package."""
    n_passages: Count
    limit: float | None = Field(default=None, gt=0.0)
    """Of the divergence, nats; null where strengths were chosen without one."""


class ArmRow(GuidancePart):
    """One arm's answers to the problems of one test; means over its seeds."""

    arm: str
    """A name of the registry, ``guided`` or ``unguided`` among them."""
    n_seeds: Count
    strength: float | None
    """Of steering: mean over seeds of what was chosen on validation problems."""
    layers: list[Count] | None = None
    """Of steering: where something was added, with any seed. Null in older records."""
    threshold: float | None
    """Log-odds above which the answer is True, chosen on validation problems; mean over seeds."""
    auc: Share | None
    """Of log-odds; null where only one label is there, or answers are not two."""
    accuracy: Share
    """Of the answers; an invalid one is not right."""
    accuracy_at_threshold: Share | None
    balanced_accuracy: Share | None
    dprime: float | None
    criterion: float | None = None
    """Answer bias c, above 0 where False is preferred; null in older records."""
    true_rate: Share
    """Share of all answers."""
    valid: Share
    """Share of answers that are one of the choices."""
    shift: NeutralShift | None = None
    """On neutral text, with what was chosen; mean over seeds. Null where it was not measured."""


class Change(GuidancePart):
    """Guided minus another arm, over the same problems."""

    metric: Metric
    value: float
    interval: Interval | None
    """95 %, hierarchical bootstrap over seeds × base problems; cut to where a difference of
    shares or areas can lie: an end at -1 or 1 says that the data set no bound there."""
    p: P | None
    """Two-sided, uncorrected: Student's t with the standard error of the same bootstrap. Null with
    fewer than two permutations of items: how much other signals would vary is not known then."""


class Difference(GuidancePart):
    """Guided against one arm."""

    against: str
    n_seeds: Count
    """Of the arm with fewer."""
    changes: list[Change]
    mcnemar_p: P | None
    """Exact, on one order of each problem, by the majority over seeds; of these very answers. As a
    test of signals it rejects far too often, for other signals would give others: it is not shown.
    """
    mcnemar_gained: Count | None
    """Problems that only the guided one has right."""
    mcnemar_lost: Count | None


class Dose(GuidancePart):
    """How answers to validation problems change with the strength of steering; over seeds."""

    arm: str
    layers: str
    """Name of the set that was steered."""
    strength: float
    """Length of the direction at each layer, in units of the spread of states there."""
    auc: Share | None
    accuracy: Share
    true_rate: Share
    valid: Share
    shift: NeutralShift | None = None
    """On neutral text; mean over seeds. Null where it was not measured."""


class ArmAlignment(GuidancePart):
    """How well an arm's states predict held-out runs, before and after it was trained."""

    arm: str
    before: float
    """Pearson r, mean over voxels and people, of all layers together; controlled folds."""
    after: float
    """Mean over seeds."""


class SearchRow(GuidancePart):
    """One arm of the paper's targeted search; means over its seeds."""

    arm: str
    n_seeds: Count
    flipped: Share
    """Pairs of a person and a problem whose answer became right."""
    flipped_range: Interval | None = None
    """Least and most over seeds; null of one seed."""
    n_flipped: Count
    """Problems that some person's signals flipped, of the first seed."""
    tries: float | None
    """How often the model was asked until it was right; null where it never was."""
    length: float | None
    """Of the direction then, in units of the spread of states; mean over layers."""
    reverted: float
    """Answers that were none of the choices, after which a direction went back."""
    one_direction: bool | None = None
    """Of arms without signals, whether each pair kept one direction through all its tries; False
    of every arm with restarts, null of other arms with signals."""
    against: str | None = None
    """The guided arm that it is compared with: ``guided``, or ``guided, restarts`` where this arm
    draws anew at every try too. Null of those two, and in older records, where it was
    ``guided``."""
    guided_minus: float | None = None
    """Share of pairs that the guided arm flips, minus this arm's. Null of guided arms, and in older
    records."""
    interval: Interval | None = None
    """95 %, bootstrap over problems, each with all its people; of these people."""
    p: P | None = None
    """Null with fewer than two permutations: how many answers other signals would flip is not
    known then."""
    p_corrected: P | None = None
    """Holm over the arms that are compared with the same guided arm; null of an arm that has no
    power."""
    direction_gained: Count | None
    """The mean of the directions that flipped, added to all items: wrong ones that become right."""
    direction_lost: Count | None
    """Right ones that become wrong."""
    direction_true_rate: Share | None
    direction_auc: Share | None
    direction_balanced_accuracy: Share | None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        """Older records call random restarts a random direction, and say nothing of directions."""
        if not isinstance(given, dict) or given.get("arm") != RANDOM or given.get("one_direction"):
            return given
        return {**given, "arm": RANDOM_RESTARTS, "one_direction": False}

    @property
    def restarts(self) -> bool:
        """Whether it draws anew at every try, and so has as many chances as tries."""
        return self.one_direction is False
