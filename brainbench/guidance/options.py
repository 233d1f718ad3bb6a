"""Which parts of a guidance suite are run, and at which size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from brainbench.errors import UnknownNameError, UsageError
from brainbench.guidance.arms import (
    GUIDED,
    GUIDED_RESTARTS,
    LABEL_ONLY,
    PERMUTED,
    PERMUTED_RESTARTS,
    RANDOM_RESTARTS,
    UNGUIDED,
    arms_of,
    find_arm,
    searched,
)
from brainbench.guidance.evaluation.problem_tests import TESTS
from brainbench.guidance.methods.registry import ONE_STEP, find_method
from brainbench.guidance.rows import Form, Mode, Tier
from brainbench.guidance.shift_limit import AskedLimit, check_limit, find_limit
from brainbench.guidance.weighing import ANSWERS, check_answers

# suites of guidance → ways of guiding
GUIDANCE_SUITES: dict[str, tuple[Mode, ...]] = {
    "guidance": ("steering", "finetuning"),
    "guidance-steering": ("steering",),
    "guidance-finetuning": ("finetuning",),
}
# of training, at most
EPOCHS: dict[Tier, int] = {"reduced": 6, "full": 20}
# of the published form, whatever the tier: as in Xiao, Du & Lin 2026
PUBLISHED_EPOCHS = 100
# of the stochastic arms
SEEDS: dict[Tier, int] = {"reduced": 1, "full": 5}
# what is run where no form is named: of fine-tuning as the tier says, of steering both, of which
# the published one is the targeted search; and recipes of each form of fine-tuning
BOTH_FORMS: tuple[Form, ...] = ("controlled", "published")
FORMS: dict[Tier, tuple[Form, ...]] = {
    "reduced": ("controlled",),
    "full": BOTH_FORMS,
}
_RECIPES: dict[tuple[Form, Tier], tuple[str, ...]] = {
    ("controlled", "reduced"): ("representation+labels",),
    ("controlled", "full"): ("representation+labels", "representation"),
    ("published", "reduced"): ("representation+labels",),
    ("published", "full"): ("representation+labels",),
}
# of the targeted search: 2, each pair keeps one random direction through all its tries; 3, arms
# with restarts as well
SEARCH_VERSION = 3
TIERS: tuple[str, ...] = ("auto", "reduced", "full")
_FEW: dict[Mode, tuple[str, ...]] = {
    "steering": (UNGUIDED, GUIDED, PERMUTED, LABEL_ONLY, "label as fMRI", "random direction"),
    "finetuning": (UNGUIDED, GUIDED, PERMUTED, LABEL_ONLY),
}
_FEW_RESTARTS = (GUIDED_RESTARTS, PERMUTED_RESTARTS, RANDOM_RESTARTS)


@dataclass(frozen=True)
class Extent:
    """The size of a run.

    Attributes
    ----------
    tier : ``reduced``, for a processor: few arms, one seed, few epochs, each problem in one
        order. ``full``: every arm, five seeds, all orders.
    seeds : of the stochastic arms.
    epochs : of training, at most.
    all_orders : whether tests are asked in every order of premises they have.
    more : arms of plugins that were asked for.
    limit : of the shift of neutral text, nats; None for none.
    forms : in which a model is guided; the published one of steering is the targeted search.
    published_epochs : of training in the published form, at most.
    named_recipes : of fine-tuning; none leaves the choice to form and tier.
    """

    tier: Tier
    seeds: tuple[int, ...]
    epochs: int
    all_orders: bool
    more: tuple[str, ...] = ()
    limit: float | None = None
    forms: tuple[Form, ...] = ("controlled",)
    published_epochs: int = PUBLISHED_EPOCHS
    named_recipes: tuple[str, ...] = ()

    def arms(self, mode: Mode) -> tuple[str, ...]:
        """Names of the arms of a mode of guidance."""
        every = tuple(arm.name for arm in arms_of(mode))
        few = tuple(arm for arm in every if arm in _FEW[mode])
        own = few if self.tier == "reduced" else every
        more = [name for name in self.more if mode in find_arm(name).modes]
        return (*own, *(name for name in more if name not in own))

    def searched(self) -> tuple[str, ...]:
        """Names of the arms of the targeted search; those of plugins have none."""
        few = (*_FEW["steering"], *_FEW_RESTARTS)
        return tuple(arm for arm in searched() if self.tier == "full" or arm in few)

    def recipes(self, form: Form) -> tuple[str, ...]:
        """Names of the recipes of a form of fine-tuning."""
        return self.named_recipes or _RECIPES[form, self.tier]


@dataclass(frozen=True)
class GuidanceOptions:
    """The options of a guidance suite.

    Parameters
    ----------
    modes : ways of guiding.
    dataset : whose people guide; by default xiao2026, or people simulated for it.
    rois : which of their ROIs, by default the first; of simulated people all.
    tier : one of ``TIERS``; ``auto`` is full on a GPU and for the built-in model.
    tests : names of tests; all that can be had by default.
    epochs : of training, at most; by default what the tier says.
    arms : more of them, of plugins, by name. A board takes no record that holds one.
    answers : whose answers weigh the items of a direction for new problems: ``all`` who solved
        the same problems, or the ``scanned`` people alone.
    methods : of steering, by name, each a score of its own.
    limit : of what a strength, or an epoch of training, may do to the prediction of neutral text:
        divergence of the next token's distribution, nats; None for no limit. ``auto`` is 0.1, and
        none for the built-in model, which was trained on problems alone and knows no prose.
    forms : ``controlled``, ``published`` or both; by default both of steering, whose published
        form is the targeted search, and of fine-tuning what the tier says.
    recipes : of fine-tuning, by name; by default what form and tier say.
    seeds : how many seeds each stochastic arm has; by default what the tier says.
    """

    modes: tuple[Mode, ...] = ()
    dataset: str | None = None
    rois: tuple[str, ...] = ()
    tier: str = "auto"
    tests: tuple[str, ...] = ()
    epochs: int | None = None
    arms: tuple[str, ...] = ()
    answers: str = ANSWERS[0]
    methods: tuple[str, ...] = (ONE_STEP,)
    limit: AskedLimit = "auto"
    forms: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    seeds: int | None = None

    def __post_init__(self) -> None:
        for method in self.methods:
            find_method(method)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise UsageError(f"methods of steering: name each once, not {list(self.methods)}")
        check_answers(self.answers)
        if self.tier not in TIERS:
            raise UnknownNameError("tier", self.tier, TIERS)
        for test in self.tests:
            if test not in TESTS:
                raise UnknownNameError("test of guidance", test, TESTS)
        for arm in self.arms:
            find_arm(arm)
        check_limit(self.limit)
        for form in self.forms:
            if form not in get_args(Form):
                raise UnknownNameError("form", form, get_args(Form))
        for what, names in (("form", self.forms), ("recipe", self.recipes)):
            if len(set(names)) < len(names):
                raise UsageError(f"a {what} is named twice: {', '.join(names)}")
        for what, number in (("epochs", self.epochs), ("seeds", self.seeds)):
            if number is not None and number < 1:
                raise UsageError(f"{what} must be a whole number from 1, not {number}")

    def extent(self, mode: Mode, device: str, builtin: bool, seed: int) -> Extent:
        """The size of a run for one mode of guidance.

        Parameters
        ----------
        device : of the model.
        builtin : whether it is the model of the package, which is small: steered in full, and
            trained with one seed, unless a tier is named.
        seed : the first of them.
        """
        auto = device.startswith("cuda") or (builtin and mode == "steering")
        full = auto if self.tier == "auto" else self.tier == "full"
        tier: Tier = "full" if full else "reduced"
        return Extent(
            tier,
            tuple(range(seed, seed + (self.seeds or SEEDS[tier]))),
            self.epochs or EPOCHS[tier],
            # all orders of the built-in model's problems would be minutes of the same
            full and not builtin,
            self.arms,
            # in the order of reports, whatever the order they were named in
            forms=tuple(f for f in get_args(Form) if f in (self.forms or _forms(mode, tier))),
            published_epochs=self.epochs or PUBLISHED_EPOCHS,
            named_recipes=self.recipes,
            limit=find_limit(self.limit, builtin),
        )

    def identity(self, extents: Mapping[Mode, Extent]) -> dict[str, Any]:
        """The options that can change a number."""
        held: dict[str, Any] = {
            "rois": list(self.rois),
            "tests": list(self.tests),
            "extents": {mode: asdict(extent) for mode, extent in extents.items()},
        }
        # left out where nothing is asked for, so that older run ids stay as they are
        for mode, extent in extents.items():
            own = held["extents"][mode]
            for name in ("more", "forms", "published_epochs", "named_recipes"):
                del own[name]
            if extent.forms != _forms(mode, extent.tier):
                own["forms"] = list(extent.forms)
            if mode != "finetuning":
                continue
            if "published" in extent.forms and extent.published_epochs != PUBLISHED_EPOCHS:
                own["published_epochs"] = extent.published_epochs
            if extent.named_recipes:
                own["recipes"] = list(extent.named_recipes)
        if self.arms:
            held["arms"] = list(self.arms)
        if self.answers != ANSWERS[0]:
            held["answers"] = self.answers
        if "steering" in extents and self.methods != (ONE_STEP,):
            held["methods"] = list(self.methods)
        return held


def _forms(mode: Mode, tier: Tier) -> tuple[Form, ...]:
    """What is run where no form is named."""
    return BOTH_FORMS if mode == "steering" else FORMS[tier]
