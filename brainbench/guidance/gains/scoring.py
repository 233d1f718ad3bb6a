"""From the answers of arms to a score: gains, verdict, and how they were measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.arms import GUIDED, PERMUTED, find_arm
from brainbench.guidance.gains.compare import MIN_DRAWS, GainSettings, measure_gains
from brainbench.guidance.options import Extent
from brainbench.guidance.rows import TRAINED_ON, ArmAlignment, Dose, Form, Mode, NeutralMeasure
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.signals import Signals


def oracles_of(arms: Iterable[str]) -> frozenset[str]:
    """Arms whose signals, on held-out items, are the very answer that is asked for."""
    found = [find_arm(name) for name in arms]
    return frozenset(arm.name for arm in found if arm.knows_labels and arm.has_signals)


@dataclass(frozen=True)
class Method:
    """The method, as in the record.

    Attributes
    ----------
    mode, form, recipe : see :class:`.GuidanceScore`.
    site : where states are read and changed.
    layers : those that are trained, or that steering chose among.
    """

    mode: Mode
    form: Form
    recipe: str
    site: str
    layers: tuple[int, ...]


@dataclass(frozen=True)
class Read:
    """The answers to one test.

    Attributes
    ----------
    name, kind : of the test.
    items : its problems.
    arms : name → answers.
    oracles : arms whose signals are the correct answers.
    """

    name: str
    kind: str
    items: TestItems
    arms: Mapping[str, ArmAnswers]
    oracles: frozenset[str] = frozenset()


def score_test(
    way: Method,
    read: Read,
    signals: Signals,
    extent: Extent,
    *,
    doses: Sequence[Dose] = (),
    alignment: Sequence[ArmAlignment] = (),
    neutral: NeutralMeasure | None = None,
    humans_beat_model: bool = True,
    weighed: bool = False,
    notes: Sequence[str] = (),
) -> GuidanceScore:
    """The score of one test.

    Parameters
    ----------
    doses, alignment : rows that stand with it.
    neutral : what shifts were measured on, and the limit.
    humans_beat_model : whether some person has an item right that the model has wrong.
    weighed : whether items were weighed by who had them right.
    notes : sentences for the record.
    """
    seed = extent.seeds[0]
    n_permutations = read.arms[PERMUTED].n_seeds if PERMUTED in read.arms else 0
    n_permutations = min(n_permutations, len(extent.seeds))
    settings = GainSettings(seed=seed, n_permutations=n_permutations, oracles=read.oracles)
    gains = measure_gains(read.arms, read.items, settings)
    dataset, roi, kind = signals.source.split(".")
    acting = read.arms[GUIDED].layers
    return GuidanceScore(
        mode=way.mode,
        form=way.form,
        recipe=way.recipe,
        tier=extent.tier,
        dataset=dataset,
        roi=roi,
        reasoning_type=kind,
        site=way.site,
        layers=list(way.layers if acting is None else acting),
        test=read.name,
        test_type=read.kind,
        n_items=read.items.n_items,
        n_base=read.items.n_base,
        n_people=signals.n_people,
        n_permutations=n_permutations,
        n_draws=MIN_DRAWS,
        arms=gains.arms,
        differences=gains.differences,
        doses=tuple(doses),
        alignment=tuple(alignment),
        neutral=neutral,
        oracles=tuple(sorted(read.oracles)),
        humans_beat_model=humans_beat_model,
        answers_of=(signals.more.dataset if signals.more else dataset) if weighed else None,
        n_answered=(signals.more or signals).n_people if weighed else None,
        verdict="inconclusive" if read.name == TRAINED_ON else gains.verdict,
        notes=tuple(notes),
    )
