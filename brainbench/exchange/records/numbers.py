"""The model's own numbers of a record, as other tools keep results: one metric, one value each.

Nuisance, untrained networks and people, which brainbench prints beside a number, are left out:
other tools would take them for results of the model. `Record.to_dataframe` has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.benchmarks.ladder.score import FIRST, together
from brainbench.guidance.arms import GUIDED
from brainbench.guidance.rows import BOUNDED
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.quantities import Interval
from brainbench.reasoning import AnswerBias
from brainbench.reasoning.uncertainty import share_interval
from brainbench.results import Record

# metrics of lm-eval that are better when they are smaller
_LOWER = frozenset({
    "word_perplexity", "byte_perplexity", "bits_per_byte", "perplexity", "brier_score", "ter",
    "wer", "invalid", "truncated", "not_said",
})  # fmt: skip
# what says something of the items or of how answers lean, and nothing of how good they are
_DESCRIBING = ("always_", "bias_", "threshold")
_SHARE, _CORRELATION = (0.0, 1.0), (-1.0, 1.0)
_OPEN = (None, None)
_OF_SHARES = frozenset({
    "acc", "acc_norm", "exact_match", "balanced_acc", "auc", "acc_at_validation_threshold", "f1",
    "invalid", "truncated", "not_said",
})  # fmt: skip


@dataclass(frozen=True)
class Number:
    """One result of the model.

    Attributes
    ----------
    benchmark : identifier of the benchmark, task or comparison.
    dataset : whose responses or problems; of a task its own name.
    metric : identifier, ``pearson_r``.
    name : the same in words.
    value : as the record has it.
    interval : 95 %; None where the record has none.
    stderr, p : None where the record has none.
    n_items, n_people : that the number rests on; None where unknown, or people have no part in it.
    bounds : the least and the most that the metric can be; None without a bound.
    lower_is_better : whether a smaller number is the better one.
    about : what a reader of the number should know.
    """

    benchmark: str
    dataset: str
    metric: str
    name: str
    value: float
    interval: Interval | None = None
    stderr: float | None = None
    p: float | None = None
    n_items: int | None = None
    n_people: int | None = None
    bounds: tuple[float | None, float | None] = _OPEN
    lower_is_better: bool = False
    about: str = ""

    @property
    def key(self) -> str:
        """Benchmark and metric: no other number of the record has the same."""
        return f"{self.benchmark}/{self.metric}"


def own_numbers(record: Record) -> list[Number]:
    """The numbers of a record that are results of the model, in the order of the scorecard.

    Parameters
    ----------
    record : of any run; one that failed has what was finished.
    """
    return list(_numbers(record))


def _numbers(record: Record) -> Iterator[Number]:
    for ladder in LadderScore.read_from(record):
        yield _ladder(ladder)
    for controlled in record.controlled:
        yield from _controlled(controlled)
    for published in record.published:
        yield _published(published)
    for behavior in record.behavior:
        yield from _behavior(behavior)
    for difficulty in DifficultyScore.read_from(record):
        yield from _difficulty(difficulty)
    yield from _tasks(record)
    for gain in record.gains:
        yield from _gain(gain)
    for search in record.searches:
        yield from _search(search)
    for other in record.other:
        if other.kind not in (DifficultyScore.kind,) and other.value is not None:
            about = " ".join(other.notes)
            yield Number(other.benchmark, other.dataset, other.kind, other.kind, other.value,
                         about=about)  # fmt: skip


def _ladder(score: LadderScore) -> Number:
    rows = together(score.rows)
    rung = FIRST if FIRST in rows else max(rows, key=RUNGS.index)
    return Number(
        score.benchmark,
        score.dataset,
        "ladder_z",
        f"z of what the model explains beyond {RUNG_WORDS[rung]}",
        score.headline,
        p=rows[rung].p,
        n_items=score.context.n_items,
        n_people=score.context.n_subjects,
        about=score.outcome if score.stops is None else f"{score.outcome}: stops at {score.stops}",
    )


def _controlled(score: ControlledScore) -> Iterator[Number]:
    found = {
        "pearson_r": ("Pearson r, runs held out", score.raw, _CORRELATION),
        "unique_r2": ("R² added to nuisance", score.unique_r2, (None, 1.0)),
    }
    for metric, (name, estimate, bounds) in found.items():
        yield Number(
            score.benchmark,
            score.dataset,
            metric,
            name,
            estimate.value,
            interval=estimate.interval,
            p=estimate.p,
            n_items=score.n_items,
            n_people=score.n_subjects,
            bounds=bounds,
            about=score.reading,
        )


def _published(score: PublishedScore) -> Number:
    return Number(
        score.benchmark,
        score.dataset,
        "pearson_r_published",
        "Pearson r of the best layer, as published",
        score.raw,
        n_items=score.n_items,
        n_people=score.n_subjects,
        bounds=_CORRELATION,
        about="folds cut through runs and the best layer is taken, so it is too high",
    )


def _behavior(score: BehaviorScore) -> Iterator[Number]:
    for measure in MEASURES:
        found = getattr(score, measure)
        if found.value is not None:
            yield Number(
                score.benchmark,
                score.dataset,
                measure,
                IN_WORDS[measure],
                found.value,
                interval=found.interval,
                n_items=found.n_items,
                n_people=score.n_people,
                bounds=_CORRELATION,
            )


def _difficulty(score: DifficultyScore) -> Iterator[Number]:
    if score.joint.value is not None:
        yield Number(
            score.benchmark,
            score.dataset,
            "confidence_rho",
            "Spearman's ρ of confidence with the share of people who are right",
            score.joint.value,
            interval=score.joint.interval_items,
            n_items=score.n_log_odds,
            n_people=score.joint.n_people,
            bounds=_CORRELATION,
        )


def _tasks(record: Record) -> Iterator[Number]:
    biases = {bias.task: bias for bias in record.answer_bias}
    for task, metrics in record.accuracy.items():
        info, bias = record.tasks.get(task), biases.get(task)
        n_items = metrics.get("sample_len") if info is None else info.n_items
        for key, value in metrics.items():
            name, _, kind = key.partition(",")
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not kind or not number or "_stderr" in name or name.startswith(_DESCRIBING):
                continue
            stderr = metrics.get(f"{name}_stderr,{kind}")
            own = metrics.get(f"{name}_stderr_clustered,{kind}", stderr)
            yield Number(
                task,
                task,
                name if kind == "none" else f"{name}_{kind}",
                name if kind == "none" else f"{name} ({kind})",
                value,
                interval=None if bias is None else _share_interval(name, bias),
                stderr=own if isinstance(own, float) else None,
                n_items=n_items if isinstance(n_items, int) else None,
                bounds=_SHARE if name in _OF_SHARES else _OPEN,
                lower_is_better=name in _LOWER,
                about="" if bias is None else bias.reading,
            )


def _share_interval(metric: str, bias: AnswerBias) -> Interval | None:
    if metric == "acc":
        return bias.accuracy_interval
    if metric == "balanced_acc" and bias.balanced_accuracy is not None:
        error = bias.balanced_accuracy_stderr
        return share_interval(bias.balanced_accuracy, bias.n_items, bias.n_clusters, error)
    return None


def _gain(score: GuidanceScore) -> Iterator[Number]:
    for difference in score.differences:
        for change in difference.changes:
            yield Number(
                score.identifier,
                score.dataset,
                f"{change.metric}_change_against_{difference.against.replace(' ', '_')}",
                f"change of {change.metric} against {difference.against}",
                change.value,
                interval=change.interval,
                p=change.p,
                n_items=score.n_items,
                n_people=score.n_people,
                bounds=_CORRELATION if change.metric in BOUNDED else _OPEN,
                about=score.verdict,
            )


def _search(score: SearchScore) -> Iterator[Number]:
    for row in score.rows:
        if row.arm == GUIDED:
            yield Number(
                score.identifier,
                score.dataset,
                "flipped",
                "share of answers flipped by the targeted search",
                row.flipped,
                n_items=score.n_pairs,
                n_people=score.n_people,
                bounds=_SHARE,
                about=score.reading,
            )
        if row.guided_minus is not None:
            against = row.arm.replace(",", "").replace(" ", "_")
            yield Number(
                score.identifier,
                score.dataset,
                f"flipped_minus_{against}",
                f"share of answers flipped, guided minus {row.arm}",
                row.guided_minus,
                interval=row.interval,
                p=row.p,
                n_items=score.n_pairs,
                n_people=score.n_people,
                bounds=_CORRELATION,
                about=score.reading,
            )
