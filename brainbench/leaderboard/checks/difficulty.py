"""Whether scores of item difficulty follow from the answers that were shipped and the people's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from brainbench.benchmarks import DifficultyBenchmark, DifficultyScore, OtherScore, score_difficulty
from brainbench.benchmarks.cell import is_pooled
from brainbench.datasets import list_datasets, load_behavior, load_card
from brainbench.foreign import fault_of
from brainbench.leaderboard.checks.behavior import Rows, answers_of, is_local
from brainbench.leaderboard.checks.faults import AGAIN, Fault, different, recomputed, same, shown

# what is made from the model's output, and not from its answers
_NOT_AGAIN = {"notes"}
_MOST = 5


def difficulty_faults(
    scores: Sequence[OtherScore], samples: Mapping[str, Rows], seed: int
) -> Iterator[Fault]:
    """Faults of every score.

    Parameters
    ----------
    scores : of the kind ``difficulty``, as the record has them.
    samples : dataset → rows of answers, as far as they were shipped.
    seed : of the run.
    """
    names = [one.benchmark for one in scores]
    for i, one in enumerate(scores):
        place = f"other ({one.benchmark[:120]})"
        if names.index(one.benchmark) < i:
            yield Fault(place, "stands twice")
        try:
            score = DifficultyScore.model_validate(one.score)
        except ValueError as error:
            yield Fault(place, f"does not have the fields of its kind: {fault_of(error)}", AGAIN)
            continue
        for fault in (*_own_faults(one, score), *_again(score, samples, seed)):
            yield Fault(f"{place}.{fault.field}", fault.problem, fault.remedy)


def _own_faults(one: OtherScore, score: DifficultyScore) -> Iterator[Fault]:
    """What the record says of the score, and the score of its dataset."""
    for field in ("benchmark", "version", "dataset"):
        yield from different(field, getattr(one, field), getattr(score, field), "the score says")
    yield from recomputed("value", one.value, score.headline, "its rows")
    yield from different("notes", one.notes, score.warnings, "its numbers say")
    if score.dataset not in list_datasets() or not load_card(score.dataset).joined:
        yield Fault("dataset", f"is {shown(score.dataset)}, which joins no groups of people")
        return
    card = load_card(score.dataset)
    own = DifficultyBenchmark(score.dataset, score.reasoning_type)
    yield from different("benchmark", score.benchmark, own.identifier, "its parts say")
    yield from different("simulated", score.simulated, card.simulated, "the data card says")
    pooled = is_pooled(card, score.reasoning_type)
    yield from different("pooled", score.pooled, pooled, "the data card says")


def _again(score: DifficultyScore, samples: Mapping[str, Rows], seed: int) -> Iterator[Fault]:
    """Every number again, where the answers were shipped and people's are at hand."""
    rows = samples.get(score.dataset)
    known = score.dataset in list_datasets() and load_card(score.dataset).joined
    if rows is None or not known or not is_local(load_card(score.dataset)):
        return
    benchmark = DifficultyBenchmark(score.dataset, score.reasoning_type)
    if score.reasoning_type not in ("all", *load_card(score.dataset).reasoning_types):
        return
    behavior = load_behavior(score.dataset).select(benchmark.reasoning_types)
    answers = answers_of(score.dataset, behavior, rows)
    if isinstance(answers, Fault):
        yield answers
        return
    found = next(iter(score_difficulty([benchmark], behavior, answers, seed=seed)))
    stated = score.model_dump(mode="json", exclude=_NOT_AGAIN)
    differing = list(_differences(stated, found.model_dump(mode="json", exclude=_NOT_AGAIN)))
    for field in differing[:_MOST]:
        yield Fault(field, "is not what its answers and the people's give", AGAIN)


def _differences(stated: Any, found: Any, field: str = "") -> Iterator[str]:
    """Places in which two scores differ by more than rounding."""
    if isinstance(stated, dict) and isinstance(found, dict) and stated.keys() == found.keys():
        for name, value in stated.items():
            yield from _differences(value, found[name], f"{field}.{name}".lstrip("."))
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for i, value in enumerate(stated):
            yield from _differences(value, found[i], f"{field}[{i}]")
    elif isinstance(stated, float | int) and isinstance(found, float | int):
        if not same(stated, found):
            yield field
    elif stated != found:
        yield field
