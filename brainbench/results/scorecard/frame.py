"""Every number of a record as a row of one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from brainbench.benchmarks import (
    IN_WORDS,
    MEASURES,
    BehaviorScore,
    ControlledScore,
    DifficultyScore,
    LadderScore,
    PublishedScore,
)
from brainbench.benchmarks.ladder.names import IN_WORDS as RUNG_WORDS
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.quantities import Interval
from brainbench.reasoning import AnswerBias
from brainbench.reasoning.uncertainty import share_interval
from brainbench.results.record import Record
from brainbench.results.scorecard.alignment import ladder_interval, published_interval
from brainbench.statistics.means import crossed_interval


class Row(NamedTuple):
    """One number."""

    benchmark: str
    roi: str
    reasoning_type: str
    statistic: str
    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None


def to_dataframe(record: Record) -> pd.DataFrame:
    """See :meth:`.Record.to_dataframe`."""
    return pd.DataFrame(list(_rows(record)), columns=list(Row._fields)).astype(
        {"value": float, "low": float, "high": float, "p": float}
    )


def _rows(record: Record) -> Iterator[Row]:
    for ladder in LadderScore.read_from(record):
        yield from _ladder(ladder)
    for controlled in record.controlled:
        yield from _controlled(controlled)
    for published in record.published:
        yield from _published(published)
    for behavior in record.behavior:
        yield from _behavior(behavior)
    for difficulty in DifficultyScore.read_from(record):
        kind = difficulty.reasoning_type
        for profile in difficulty.profiles:
            name = f"ρ of confidence, {profile.profile}"
            yield from _row(difficulty.benchmark, "", kind, name, profile.value,
                            profile.interval_items)  # fmt: skip
    for bias in record.answer_bias:
        yield from _answers(bias)
    shown = {bias.task for bias in record.answer_bias}
    for task, metrics in record.accuracy.items():
        for key, value in metrics.items():
            name, _, kind = key.partition(",")
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if task not in shown and kind and number and "_stderr" not in name:
                yield from _row(task, "", "", name if kind == "none" else f"{name} ({kind})", value)
    for gain in record.gains:
        yield from _gain(gain)
    for search in record.searches:
        yield from _search(search)
    for other in record.other:
        if other.kind != DifficultyScore.kind:
            yield from _row(other.benchmark, "", "", other.kind, other.value)


def _row(
    benchmark: str,
    roi: str,
    kind: str,
    statistic: str,
    value: float | None,
    interval: Interval | None = None,
    p: float | None = None,
) -> Iterator[Row]:
    """The row; none without a value."""
    if value is not None:
        low, high = interval or (None, None)
        yield Row(benchmark, roi, kind, statistic, value, low, high, p)


def _ladder(score: LadderScore) -> Iterator[Row]:
    name = score.benchmark
    for row in score.rows:
        statistic = f"z of {row.term} beyond {RUNG_WORDS[row.rung]}"
        place = row.roi, row.reasoning_type, row.term, row.rung
        whole = place == ("all", "all", "larger", score.context.compared.rung)
        interval = ladder_interval(score.context) if whole else None
        yield from _row(name, row.roi, row.reasoning_type, statistic, row.z, interval, row.p)
    for base in score.context.baselines:
        beside = f"{base.baseline} {base.draw}" if base.draw else base.baseline
        statistic = f"z of {base.term} beyond {RUNG_WORDS[base.rung]}, {beside}"
        yield Row(name, base.roi, base.reasoning_type, statistic, base.z, p=base.p)
    for effect in score.context.effects:
        statistic = f"share of variance, {effect.term}, beyond {RUNG_WORDS[effect.rung]}"
        yield from _row(name, "all", "all", statistic, effect.share, effect.interval)


def _controlled(score: ControlledScore) -> Iterator[Row]:
    place = score.benchmark, score.roi, score.reasoning_type
    estimates = {
        "r": score.raw,
        "unique R²": score.unique_r2,
        "r, people": score.reference,
        "unique R², people": score.reference_unique_r2,
    }
    for statistic, found in estimates.items():
        if found is not None:
            yield from _row(*place, statistic, found.value, found.interval, found.p)
    yield from _row(*place, "r / people", score.ratio, score.ratio_interval)
    yield from _row(*place, "R²", score.r2)
    yield from _row(*place, "R², nuisance", score.nuisance_r2)
    for row in score.controls:
        yield from _row(*place, f"r, {row.control}", row.r)
    for layer in score.layers:
        yield from _row(*place, f"R², {layer.layer}", layer.r2, p=layer.p)


def _published(score: PublishedScore) -> Iterator[Row]:
    place = score.benchmark, score.roi, score.reasoning_type
    yield from _row(*place, "r as published", score.raw, published_interval([score]))
    yield from _row(*place, "r as published, people", score.reference)
    yield from _row(*place, "r / v0", score.score)
    for row in score.controls:
        yield from _row(*place, f"r as published, {row.control}", row.raw)
    for layer in score.layers:
        yield from _row(*place, f"r as published, {layer.layer}", layer.raw)


def _behavior(score: BehaviorScore) -> Iterator[Row]:
    place = score.benchmark, "", score.reasoning_type
    for measure in MEASURES:
        found, name = getattr(score, measure), IN_WORDS[measure]
        # over new people and new problems, as the line of a scorecard is
        both = crossed_interval(found.value or 0.0, found.interval, found.interval_items)
        yield from _row(*place, name, found.value, both)
        yield from _row(*place, f"{name}, people", found.reference, found.reference_interval)
        yield from _row(*place, f"{name} / people", found.ratio, found.ratio_interval)
        for control in score.controls:
            yield from _row(*place, f"{name}, {control.control}", getattr(control, measure))
    yield from _row(*place, "accuracy", score.accuracy)
    yield from _row(*place, "balanced accuracy", score.balanced_accuracy)
    yield from _row(*place, "AUC", score.auc)


def _answers(bias: AnswerBias) -> Iterator[Row]:
    place = bias.task, "", ""
    yield from _row(*place, "accuracy", bias.accuracy, bias.accuracy_interval)
    if bias.balanced_accuracy is not None:
        ends = share_interval(
            bias.balanced_accuracy, bias.n_items, bias.n_clusters, bias.balanced_accuracy_stderr
        )
        yield from _row(*place, "balanced accuracy", bias.balanced_accuracy, ends)
    yield from _row(*place, "AUC", bias.auc)
    yield from _row(*place, "d′", bias.dprime)
    yield from _row(*place, "accuracy at the threshold", bias.accuracy_at_threshold)
    for choice, share in bias.always.items():
        yield from _row(*place, f"accuracy, always {choice}", share)
    for choice, share in (bias.answer_shares or {}).items():
        yield from _row(*place, f"says {choice}", share)


def _gain(gain: GuidanceScore) -> Iterable[Row]:
    for difference in gain.differences:
        for change in difference.changes:
            name = f"change of {change.metric} against {difference.against}"
            yield from _row(gain.identifier, gain.roi, gain.reasoning_type, name, change.value,
                            change.interval, change.p)  # fmt: skip


def _search(search: SearchScore) -> Iterable[Row]:
    place = search.identifier, search.roi, search.reasoning_type
    for row in search.rows:
        yield from _row(*place, f"answers flipped, {row.arm}", row.flipped)
        yield from _row(*place, f"answers flipped, guided minus {row.arm}", row.guided_minus,
                        row.interval, row.p)  # fmt: skip
