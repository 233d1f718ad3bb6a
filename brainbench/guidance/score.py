"""What guidance by brain signals brought: rows of the record."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from brainbench.guidance.arms import GUIDED, RANDOM
from brainbench.guidance.layer_sets import name_layers

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
    "says_true",
    "valid",
]
METRICS: tuple[Metric, ...] = get_args(Metric)
# shares and areas: a difference of two lies between -1 and 1
BOUNDED: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric != "dprime")


# the test of scanner items
HELD_OUT = "held-out scanner items"
DRAWN_ANEW = "drawn anew at every try"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ArmRow(_Part):
    """One arm's answers to the problems of one test; means over its seeds."""

    arm: str
    """A name of the registry, ``guided`` or ``unguided`` among them."""
    n_seeds: int
    strength: float | None
    """Of steering: mean over seeds of what was chosen on validation problems."""
    layers: list[int] | None = None
    """Of steering: where something was added, with any seed. Null in older records."""
    threshold: float | None
    """Log-odds above which True is said, chosen on validation problems; mean over seeds."""
    auc: float | None
    """Of log-odds; null where only one label is there, or answers are not two."""
    accuracy: float
    """Of what was said; an invalid answer is not right."""
    accuracy_at_threshold: float | None
    balanced_accuracy: float | None
    dprime: float | None
    says_true: float
    """Share of all answers."""
    valid: float
    """Share of answers that are one of the choices."""


class Change(_Part):
    """Guided minus another arm, over the same problems."""

    metric: Metric
    value: float
    interval: tuple[float, float] | None
    """95 %, hierarchical bootstrap over seeds × base problems; cut to where a difference of
    shares or areas can lie: an end at -1 or 1 says that the data set no bound there."""
    p: float | None
    """Two-sided: Student's t with the standard error of the same bootstrap."""
    p_corrected: float | None
    """Holm over arms, for the two metrics that a claim rests on."""


class Difference(_Part):
    """Guided against one arm."""

    against: str
    n_seeds: int
    """Of the arm with fewer."""
    changes: list[Change]
    mcnemar_p: float | None
    """Exact, on one order of each problem, by the majority over seeds."""
    mcnemar_gained: int | None
    """Problems that only the guided one has right."""
    mcnemar_lost: int | None


class Dose(_Part):
    """How answers to validation problems change with the strength of steering; over seeds."""

    arm: str
    layers: str
    """Name of the set that was steered."""
    strength: float
    """Length of the direction at each layer, in units of the spread of states there."""
    auc: float | None
    accuracy: float
    says_true: float
    valid: float


class ArmAlignment(_Part):
    """How well an arm's states predict held-out runs, before and after it was trained."""

    arm: str
    before: float
    """Pearson r, mean over voxels and people, of all layers together; controlled folds."""
    after: float
    """Mean over seeds."""


class GuidanceScore(_Part):
    """One way of guiding a model, read once on one test."""

    mode: Mode
    form: Form
    recipe: str
    """What was done: ``one step``, ``targeted search``, ``representation + labels``, …."""
    tier: Tier
    """``reduced`` has few seeds; its verdict is at most inconclusive."""
    dataset: str
    """Whose people guide."""
    roi: str
    reasoning_type: str
    """Whose scanner items guide; ``all`` are pooled."""
    site: str
    layers: list[int]
    """Where the guided arm adds, or is trained; of steering in older records, all that validation
    chose among."""
    test: str
    """Name of the problems it was read on."""
    test_type: str
    """Their reasoning type, or ``all``."""
    n_items: int
    n_base: int
    """Problems, orders of premises not counted."""
    n_people: int
    n_permutations: int
    """Of the item-permuted arm."""
    n_draws: int
    """Of the bootstrap."""
    arms: list[ArmRow]
    differences: list[Difference]
    doses: list[Dose] = []
    """On problems that strength and layers are chosen on; of steering."""
    alignment: list[ArmAlignment] = []
    """Did alignment rise, where accuracy did? Of fine-tuning."""
    verdict: Verdict
    reading: str
    """In plain words."""
    warnings: list[str]

    @property
    def told_from(self) -> str:
        """What the log-odds of its AUC are told from, in words; nothing where as they are."""
        held_out = self.mode == "steering" and self.test == HELD_OUT
        return "log-odds told from the threshold of each run" if held_out else ""

    @property
    def acting(self) -> str:
        """Which layers act, in words."""
        guided = next((arm for arm in self.arms if arm.arm == GUIDED), None)
        known = self.mode != "steering" or (guided is not None and guided.layers is not None)
        return f"layers {'' if known else 'chosen among '}{name_layers(self.layers)}"

    @property
    def identifier(self) -> str:
        """``steering/controlled/one step/xiao2026.language.syllogistic/three premises``."""
        source = f"{self.dataset}.{self.roi}.{self.reasoning_type}"
        return f"{self.mode}/{self.form}/{self.recipe}/{source}/{self.test}"

    def add_to(self, record: Any) -> None:
        """Append itself to the record's ``gains``."""
        record.gains.append(self)


class SearchRow(_Part):
    """One arm of the paper's targeted search; means over its seeds."""

    arm: str
    n_seeds: int
    flipped: float
    """Pairs of a person and a problem whose answer became right."""
    flipped_range: tuple[float, float] | None = None
    """Least and most over seeds; null of one seed."""
    n_flipped: int
    """Problems that some person's signals flipped, of the first seed."""
    tries: float | None
    """How often the model was asked until it was right; null where it never was."""
    length: float | None
    """Of the direction then, in units of the spread of states; mean over layers."""
    reverted: float
    """Answers that were none of the choices, after which a direction went back."""
    one_direction: bool | None = None
    """Whether each pair kept one direction through all its tries; of arms without signals. Null of
    a random direction in older records, where it was drawn anew at every try."""
    guided_minus: float | None = None
    """Share of pairs that guided flips, minus this arm's. Null of guided, and in older records."""
    interval: tuple[float, float] | None = None
    """95 %, bootstrap over problems, each with all its people; of these people."""
    p: float | None = None
    p_corrected: float | None = None
    """Holm over arms; null of an arm that has no power."""
    direction_gained: int | None
    """The mean of the directions that flipped, added to all items: wrong ones that become right."""
    direction_lost: int | None
    """Right ones that become wrong."""
    direction_says_true: float | None
    direction_auc: float | None
    direction_balanced_accuracy: float | None

    @property
    def called(self) -> str:
        """The arm as it is shown: the random direction of an older record is another arm."""
        return f"{self.arm}, {DRAWN_ANEW}" if self.drawn_anew else self.arm

    @property
    def drawn_anew(self) -> bool:
        """Whether it is a random direction with as many chances as tries."""
        return self.arm == RANDOM and not self.one_direction


class SearchScore(_Part):
    """The targeted search as published, beside the same done with what is not a brain signal.

    Map, direction and success are of the same item here: it shows that answers can be moved, not
    that anything was learned.
    """

    dataset: str
    roi: str
    reasoning_type: str
    site: str
    layers: list[int]
    loss: str
    centring: str
    n_people: int
    n_items: int
    n_wrong: int
    """Items that the model has wrong."""
    n_pairs: int
    """Of those, pairs with a person who has it right."""
    says_true: float
    """Before; of the items."""
    auc: float
    balanced_accuracy: float
    rows: list[SearchRow]
    reading: str
    warnings: list[str]

    @property
    def identifier(self) -> str:
        """``search/xiao2026.language.syllogistic``."""
        return f"search/{self.dataset}.{self.roi}.{self.reasoning_type}"

    def add_to(self, record: Any) -> None:
        """Append itself to the record's ``searches``."""
        record.searches.append(self)

    @property
    def unfair(self) -> list[str]:
        """What an older record does not say of its arms."""
        return [
            f"{row.called}: it had as many chances as tries, where every other arm has one "
            "direction; no baseline (a run of this version keeps one)"
            for row in self.rows
            if row.drawn_anew
        ]
