"""Faults of gains and searches: whether they can come from the arms recorded with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brainbench.datasets import list_datasets, load_card
from brainbench.guidance.arms import ARMS, GUIDED, GUIDED_RESTARTS, RESTARTS, UNGUIDED
from brainbench.guidance.gains.compare import MIN_DRAWS
from brainbench.guidance.methods.registry import METHODS
from brainbench.guidance.rows import TRAINED_ON, ArmRow, Difference
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.guidance.verdict import (
    AGAINST,
    CLAIM,
    MIN_PERMUTATIONS,
    MIN_SEEDS,
    decide_verdict,
)
from brainbench.leaderboard.checks.faults import Fault, names_differ, number, same


def guidance_faults(gains: Sequence[GuidanceScore]) -> Iterator[Fault]:
    """Faults of every way of guiding: design, differences between arms, verdict."""
    met: set[str] = set()
    for i, gain in enumerate(gains):
        place = f"gains[{i}] ({gain.identifier[:120]})"
        if gain.identifier in met:
            yield Fault(place, "stands twice")
        met.add(gain.identifier)
        for fault in (
            *_design_faults(gain),
            *_difference_faults(gain),
            *_verdict_faults(gain),
            *_shift_faults(gain),
        ):
            yield Fault(f"{place}.{fault.field}", fault.problem, fault.remedy)


def search_faults(searches: Sequence[SearchScore]) -> Iterator[Fault]:
    """Faults of every targeted search: its arms, and what each is compared with.

    Parameters
    ----------
    searches : of a record.
    """
    for i, search in enumerate(searches):
        place = f"searches[{i}] ({search.identifier[:120]}).rows"
        flipped = {row.arm: row.flipped for row in search.rows}
        if len(flipped) < len(search.rows):
            yield Fault(place, "holds an arm twice")
        for row in search.rows:
            name = row.arm[:60]
            if row.arm not in (*ARMS, *RESTARTS):
                yield Fault(place, f"holds {name!r}, which is not an arm of the registry")
            like = GUIDED_RESTARTS if row.restarts else GUIDED
            # older records do not say that it was guided
            if row.against not in (None, like):
                yield Fault(
                    f"{place} ({name})", f"is compared with {row.against[:60]!r}, not {like!r}"
                )
                continue
            guided = flipped.get(row.against or GUIDED)
            if row.guided_minus is None or guided is None:
                continue
            if not same(row.guided_minus, guided - row.flipped, 1e-3):
                found = number(guided - row.flipped)
                problem = f"is {number(row.guided_minus)}, its arms give {found}"
                yield Fault(f"{place} ({name}).guided_minus", problem)


def _design_faults(gain: GuidanceScore) -> Iterator[Fault]:
    names = [arm.arm for arm in gain.arms]
    for name in names:
        if name not in ARMS:
            yield Fault("arms", f"holds {name[:60]!r}, which is not an arm of the registry")
    if gain.mode == "steering" and gain.form == "controlled" and gain.recipe not in METHODS:
        yield Fault("recipe", f"is {gain.recipe[:60]!r}, which is not a method of the registry")
    for name in (GUIDED, UNGUIDED):
        if name not in names:
            yield Fault("arms", f"lacks {name!r}: no gain without its arms")
    if len(set(names)) < len(names):
        yield Fault("arms", "holds an arm twice")
    if gain.n_base > gain.n_items:
        yield Fault("n_base", f"is {gain.n_base}, more than its {gain.n_items} items")
    if gain.dataset not in list_datasets():
        yield Fault("dataset", f"is {gain.dataset[:60]!r}, which is not a dataset")
    else:
        card = load_card(gain.dataset)
        if card.rois and gain.roi not in card.rois:
            yield Fault("roi", f"is {gain.roi[:60]!r}, the data card has {', '.join(card.rois)}")
        if card.subjects and gain.n_people > len(card.subjects):
            yield Fault("n_people", f"is {gain.n_people}, the data card has {len(card.subjects)}")
        # of the people who were scanned, or of the dataset that the card names for it
        if gain.answers_of not in (None, gain.dataset, card.more_answers or None):
            yield Fault("answers_of", f"is {gain.answers_of[:60]!r}, which the data card is not of")
        elif gain.answers_of is not None:
            held = len(load_card(gain.answers_of).subjects)
            if gain.n_answered is None or gain.n_answered > held:
                yield Fault("n_answered", f"is {gain.n_answered}, {gain.answers_of} has {held}")


def _difference_faults(gain: GuidanceScore) -> Iterator[Fault]:
    """Guided against every other arm, each change the difference of two numbers."""
    arms = {arm.arm: arm for arm in gain.arms}
    others = [name for name in arms if name != GUIDED]
    against = [difference.against for difference in gain.differences]
    yield from names_differ("differences", against, others, "the arms")
    for difference in gain.differences:
        arm, guided = arms.get(difference.against), arms.get(GUIDED)
        if arm is None or guided is None:
            continue
        place = f"differences ({difference.against})"
        yield from _change_faults(difference, arm, guided, place)


def _change_faults(
    difference: Difference, arm: ArmRow, guided: ArmRow, place: str
) -> Iterator[Fault]:
    metrics = [change.metric for change in difference.changes]
    for metric in CLAIM:
        if metric not in metrics and getattr(guided, metric) is not None:
            yield Fault(f"{place}.changes", f"lacks {metric}, which a claim rests on")
    for change in difference.changes:
        own, other = getattr(guided, change.metric), getattr(arm, change.metric)
        if own is None or other is None:
            yield Fault(f"{place}.{change.metric}", "is a difference to a number that is not there")
        elif not same(change.value, own - other, 1e-3):
            problem = f"is {number(change.value)}, its arms give {number(own - other)}"
            yield Fault(f"{place}.{change.metric}", problem)


def _shift_faults(gain: GuidanceScore) -> Iterator[Fault]:
    """What each arm does to neutral text: of all or none, and within the limit or marked."""
    measured = [arm.arm for arm in gain.arms if arm.shift is not None]
    lacking = [arm.arm for arm in gain.arms if arm.shift is None]
    if measured and lacking:
        yield Fault("arms", f"lack the shift of {', '.join(lacking)[:120]}, others have it")
    if bool(measured) != (gain.neutral is not None):
        yield Fault("neutral", "and the shifts of the arms are not both there")
    for arm in gain.arms:
        if arm.shift is None:
            continue
        if arm.arm == UNGUIDED and not same(arm.shift.kl, 0.0, 1e-6):
            yield Fault(
                f"arms ({UNGUIDED}).shift", f"is {number(arm.shift.kl)}, nothing is moved there"
            )
        limit = gain.limit if gain.mode == "steering" else None
        beyond = limit is not None and arm.shift.kl > limit * (1.0 + 1e-6)
        # epochs are chosen on every third passage, so that a trained arm may come out above it
        if beyond and not arm.shift.beyond:
            yield Fault(
                f"arms ({arm.arm}).shift",
                f"is {number(arm.shift.kl)}, beyond the limit of {number(gain.limit)} nats, and "
                "not marked as such",
            )


def _verdict_faults(gain: GuidanceScore) -> Iterator[Fault]:
    """The verdict that the differences, seeds and permutations of the record give, or less."""
    few = []
    if gain.test == TRAINED_ON:
        few.append("it is read on the items that the model was trained on")
    arms = {arm.arm: arm for arm in gain.arms}
    few += [
        f"{arms[name].n_seeds} seeds of {name}"
        for name in (GUIDED, *AGAINST)
        if name in arms and arms[name].n_seeds < MIN_SEEDS
    ]
    if gain.n_permutations < MIN_PERMUTATIONS:
        few.append(f"{gain.n_permutations} permutations of items")
    measured = any(c.interval is not None for d in gain.differences for c in d.changes)
    if measured and gain.n_draws < MIN_DRAWS:
        yield Fault("n_draws", f"is {gain.n_draws}, a bootstrap has at least {MIN_DRAWS:,}")
    found = decide_verdict(gain.differences, few)
    # what else stands against a claim is not in the record: none may always be made. Records of a
    # rule that needed more say less than their numbers would today
    less = {"inconclusive"} | ({"not shown to help"} if found == "brain signals help" else set())
    if gain.verdict not in {found, *less}:
        because = f" ({'; '.join(few[:4])})" if few else ""
        yield Fault("verdict", f"is {gain.verdict!r}, its numbers say {found!r}{because}")
