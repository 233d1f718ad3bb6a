"""What guidance by brain signals brought, as it is recorded and read."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from brainbench.guidance.arms import GUIDED, GUIDED_RESTARTS, UNGUIDED
from brainbench.guidance.layer_sets import name_layers
from brainbench.guidance.matched import unmatched
from brainbench.guidance.rows import (
    HELD_OUT,
    TRAINED_ON,
    ArmAlignment,
    ArmRow,
    Difference,
    Dose,
    Form,
    GuidancePart,
    Mode,
    NeutralMeasure,
    NeutralShift,
    SearchRow,
    Tier,
    Verdict,
)
from brainbench.guidance.verdict import (
    MIN_PROBLEMS,
    count,
    find_lacking,
    powerless,
    read_alignment,
    read_gains,
    read_search,
)
from brainbench.quantities import Count, Share
from brainbench.shown import ShownScore


class GuidanceScore(ShownScore, GuidancePart):
    """One way of guiding a model, read once on one test."""

    mode: Mode
    form: Form
    recipe: str
    """What was done: ``one step``, ``targeted search``, ``representation + labels``, …."""
    tier: Tier
    """``reduced`` has few arms, and as many seeds as were asked for: by default one."""
    dataset: str
    """Whose people guide."""
    roi: str
    reasoning_type: str
    """Whose scanner items guide; ``all`` are pooled."""
    site: str
    layers: list[Count]
    """Where the guided arm adds, or is trained; of steering in older records, all that validation
    chose among."""
    test: str
    """Name of the problems it was read on."""
    test_type: str
    """Their reasoning type, or ``all``."""
    n_items: Count
    n_base: Count
    """Problems, orders of premises not counted."""
    n_people: Count
    n_permutations: Count
    """Of the item-permuted arm."""
    n_draws: Count
    """Of the bootstrap."""
    arms: list[ArmRow]
    differences: list[Difference]
    doses: tuple[Dose, ...] = ()
    """On problems that strength and layers are chosen on; of steering."""
    alignment: tuple[ArmAlignment, ...] = ()
    """Did alignment rise, where accuracy did? Of fine-tuning."""
    neutral: NeutralMeasure | None = None
    """What the arms' shifts were measured on; null in older records."""
    oracles: tuple[str, ...] = ()
    """Arms that know the answers of the test: shown, and no part of a claim."""
    humans_beat_model: bool = True
    """Whether some person has an item right that the model has wrong; if not, every item guides."""
    answers_of: str | None = None
    """Whose answers weighed the items that a direction for new problems is the mean of: a
    dataset; None in older records, and where nothing is weighed."""
    n_answered: Count | None = None
    """How many people that dataset holds."""
    verdict: Verdict
    notes: tuple[str, ...] = ()
    """What no number says."""

    @property
    def reading(self) -> str:
        """The outcome in plain words."""
        needed = [each for each in self.differences if each.against not in self.oracles]
        lacking = find_lacking(self._seeds, self.n_permutations)
        if self.test == TRAINED_ON:
            lacking.append("the model was trained on these items")
        reading = read_gains(needed, lacking)
        return f"{reading} {read_alignment(self.alignment)}".strip()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what the numbers say."""
        texts, seeds = [*self.notes], self._seeds
        transferred = self.test_type not in (self.reasoning_type, "all")
        if self.mode == "steering" and transferred:
            texts.append(f"transfer: guided by {self.reasoning_type} items")
        if not self.humans_beat_model:
            texts.append("the model has no item wrong that a person has right: every item guides")
        if self.n_base < MIN_PROBLEMS:
            texts.append(f"{count(self.n_base, 'problem')}: no intervals below {MIN_PROBLEMS}")
        # no seed changes the model as it is
        single = [name for name, own in seeds.items() if own == 1 and name != UNGUIDED]
        if single:
            texts.append(
                f"one seed of {', '.join(single)}: intervals say nothing of other seeds or "
                "permutations"
            )
        if self.tier == "reduced":
            texts.append(
                f"reduced tier: {count(seeds.get(GUIDED, 0), 'seed')}, few arms, each problem in "
                "one order"
            )
        if apart := unmatched(self.arms):
            guided = next(arm.shift for arm in self.arms if arm.arm == GUIDED)
            told = ", ".join(f"{arm.arm} by {_nats(arm.shift)}" for arm in apart)
            texts.append(f"not matched: guided moves neutral text by {_nats(guided)} nats, {told}")
        beyond = [arm.arm for arm in self.arms if arm.shift is not None and arm.shift.beyond]
        if beyond and self.neutral is not None:
            texts.append(
                f"{', '.join(beyond)}: all that could be chosen moves neutral text by more than "
                f"{self.neutral.limit or 0.0:g} nats; the weakest was taken"
            )
        if self.oracles:
            texts.append(
                f"{', '.join(self.oracles)}: their signals are the answers of these very items"
            )
        return tuple(texts)

    @property
    def limit(self) -> float | None:
        """Of the shift of neutral text, nats; None where there was none."""
        return None if self.neutral is None else self.neutral.limit

    @property
    def _seeds(self) -> dict[str, int]:
        return {arm.arm: arm.n_seeds for arm in self.arms}

    @property
    def relative_to(self) -> str:
        """Threshold that the log-odds of its AUC are relative to, in words; empty where none."""
        held_out = self.mode == "steering" and self.test == HELD_OUT
        return "log-odds relative to the threshold of each run" if held_out else ""

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


def _nats(shift: NeutralShift | None) -> str:
    return "nothing" if shift is None else f"{shift.kl:.2g}"


class SearchScore(ShownScore, GuidancePart):
    """The targeted search as published, beside the same done with what is not a brain signal.

    Map, direction and success are of the same item here: it shows that answers can be moved, not
    that anything was learned.
    """

    dataset: str
    roi: str
    reasoning_type: str
    site: str
    layers: list[Count]
    loss: str
    centring: str
    n_people: Count
    n_items: Count
    n_wrong: Count
    """Items that the model has wrong."""
    n_pairs: Count
    """Of those, pairs with a person who has it right."""
    true_rate: Share
    """Before; of the items."""
    auc: Share
    balanced_accuracy: Share
    rows: list[SearchRow]
    notes: tuple[str, ...] = ()
    """What no number says."""

    @model_validator(mode="after")
    def _has_guided(self) -> Self:
        if GUIDED not in {row.arm for row in self.rows}:
            raise ValueError(f"rows lack {GUIDED!r}: no search without its own arm")
        return self

    @property
    def reading(self) -> str:
        """The outcome in plain words."""
        return read_search(self.rows, self.auc, powerless(self.loss, self.centring))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what the numbers say."""
        flat = powerless(self.loss, self.centring)
        return (
            *self.notes,
            "as published: maps, directions and success are of the same items; a flip is not "
            "evidence that anything was learned",
            *(
                f"{row.arm}: its predictions have one dimension, where a {self.loss} has no slope; "
                "what it moves is rounding, so it says nothing as a baseline"
                for row in self.rows
                if row.arm in flat
            ),
        )

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
        if any(row.arm == GUIDED_RESTARTS for row in self.rows):
            return []
        return [
            f"{row.arm}: it had as many chances as tries, where every other arm has one "
            "direction; no baseline (a run of this version has guided restarts beside it)"
            for row in self.rows
            if row.restarts
        ]
