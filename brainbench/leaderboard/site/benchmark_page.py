"""What a benchmark is, what stands beside any model on it, and what models got."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from brainbench.benchmarks import BehaviorScore, ControlledScore, list_benchmarks, load_benchmark
from brainbench.datasets import list_datasets, load_card
from brainbench.leaderboard.boards.baselines import middle
from brainbench.leaderboard.boards.board import Board, scored_versions
from brainbench.leaderboard.boards.standings import Key, key_of
from brainbench.leaderboard.boards.statistics import variant_of
from brainbench.leaderboard.expected import own_sets
from brainbench.leaderboard.kinds.published import EVERYBODY
from brainbench.leaderboard.site.model_page import number
from brainbench.leaderboard.site.rows import Value, shown
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.reasoning.checks.tasks import tasks_folder
from brainbench.results import ScoreRow

_KINDS = ("controlled", "published", "behavior")
_TITLES = {
    "controlled": "controlled protocol",
    "published": "published protocol",
    "behavior": "behaviour",
    "accuracy": "accuracy",
}


@dataclass(frozen=True)
class Got:
    """What one model got."""

    name: str
    address: str
    chips: Sequence[str]
    values: Sequence[Value]


@dataclass(frozen=True)
class Part:
    """One way a benchmark is scored, in one version.

    Attributes
    ----------
    title : protocol and version.
    headers : of the columns after the name.
    beside : name, and its number in the first column.
    got : by model, highest first.
    """

    title: str
    headers: Sequence[str]
    beside: Sequence[tuple[str, str]]
    got: Sequence[Got]


@dataclass(frozen=True)
class Page:
    """A benchmark.

    Attributes
    ----------
    name : identifier.
    title : in words.
    facts : (what, value).
    notes : of its data card.
    citation : BibTeX.
    parts : how it is scored.
    """

    name: str
    title: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    citation: str
    parts: Sequence[Part]


def benchmark_names(boards: Sequence[Board], submissions: Sequence[Submission]) -> list[str]:
    """Benchmarks and tasks of all boards, and what else was scored of brainbench's own."""
    named = [name for board in boards for name in (*board.benchmarks, *board.tasks)]
    own = {*list_benchmarks(), *own_sets()}
    for one in submissions:
        held = (*one.record.benchmarks, *one.record.tasks)
        named += [name for name in held if name in own]
    return list(dict.fromkeys(named))


def make_page(name: str, submissions: Sequence[Submission], where: Mapping[Key, str]) -> Page:
    """The page of one benchmark or task."""
    dataset = name.partition(".")[0]
    if dataset in list_datasets() and name in list_benchmarks():
        card = load_card(dataset)
        benchmark = load_benchmark(name)
        roi, kind = getattr(benchmark, "roi", ""), getattr(benchmark, "reasoning_type", "")
        facts = [
            ("dataset", f"{card.name} {card.version}, {card.licence}"),
            ("source", card.homepage),
            ("problems", {"all": "all types"}.get(kind, f"{kind} only")),
            ("people", str(len(card.subjects))),
        ]
        if roi:
            facts.insert(2, ("region", f"{roi}, {card.rois[roi]} voxels of each person"))
        title, notes, citation = card.title, card.notes, card.citation
    else:
        title, facts, notes = _about_task(name)
        citation = load_card("phantom").citation
    kinds = (*_KINDS, "accuracy")
    parts = [part for kind in kinds for part in _parts(name, kind, submissions, where)]
    return Page(name, title, facts, notes, citation, parts)


def _about_task(name: str) -> tuple[str, list[tuple[str, str]], tuple[str, ...]]:
    card = _tasks_card()
    held = card.get("files", {}).get(f"{own_sets().get(name, '')}.jsonl", {})
    facts = [("lm-eval task", name)]
    if held:
        facts += [("problems", str(held.get("what", ""))), ("licence", str(card.get("licence")))]
    title = str(card.get("title", name)) if held else name
    return title, facts, ("A label is proven from the text of its problem.",) if held else ()


@cache
def _tasks_card() -> dict[str, Any]:
    path = tasks_folder() / "data" / "card.yaml"
    return dict(yaml.safe_load(path.read_text("utf-8"))) if path.is_file() else {}


def _parts(
    name: str, kind: str, submissions: Sequence[Submission], where: Mapping[Key, str]
) -> Iterator[Part]:
    """One for each version: versions are never in one table."""
    versions: dict[str, list[Submission]] = {}
    for one in submissions:
        version = _version(name, kind, one)
        if version is not None:
            versions.setdefault(version, []).append(one)
    for version, own in sorted(versions.items(), reverse=True):
        rows = [(_row(name, kind, one), one) for one in own]
        rows.sort(key=lambda row: (row[0][0] is None, -_as_number(row[0][0])))
        got = [_got(kind, values, one, where) for values, one in rows]
        numbers: dict[str, list[float | None]] = {}
        for one in own:
            for what, value in _beside(name, kind, one):
                numbers.setdefault(what, []).append(value)
        beside = [(what, number(middle(values))) for what, values in numbers.items()]
        title = f"{_TITLES[kind]}, version {version}"
        yield Part(title, _HEADERS[kind], beside, got)


_HEADERS = {
    "controlled": ("raw r", "unique R²", "p (Holm)", "verdict"),
    "published": ("raw r", "r / ceiling", "best layer"),
    "behavior": ("κ of errors", "same answer", "balanced accuracy", "AUC"),
    "accuracy": ("accuracy", "balanced", "AUC", "always one"),
}


def _got(
    kind: str,
    values: Sequence[float | str | None],
    submission: Submission,
    where: Mapping[Key, str],
) -> Got:
    key = key_of(submission)
    cells = [
        shown(value, 4 if title == "unique R²" else 3)
        for title, value in zip(_HEADERS[kind], values, strict=True)
    ]
    return Got(key[1], f"../models/{where[key]}.html", variant_of(submission.record), cells)


def _as_number(value: float | str | None) -> float:
    return value if isinstance(value, float) else 0.0


def _version(name: str, kind: str, submission: Submission) -> str | None:
    if kind == "accuracy":
        task = submission.record.tasks.get(name)
        biases = {bias.task for bias in submission.record.answer_bias}
        return task.version[:20] if task is not None and name in biases else None
    version = scored_versions(kind, submission.record).get(name)
    return None if version is None else str(version)


def _row(name: str, kind: str, submission: Submission) -> list[float | str | None]:
    record = submission.record
    if kind == "controlled":
        score = _controlled(name, submission)
        return [score.raw.value, score.unique_r2.value, score.p_corrected, score.verdict]
    if kind == "published":
        row = _published(name, submission)
        return [row.raw, row.score, f"{row.site} {row.layer}"[:40]]
    if kind == "behavior":
        own = _behavior(name, submission)
        return [
            own.error_consistency.value,
            own.agreement.value,
            own.balanced_accuracy,
            own.auc,
        ]
    bias = next(bias for bias in record.answer_bias if bias.task == name)
    return [bias.accuracy, bias.balanced_accuracy, bias.auc, bias.best_constant[1]]


def _beside(name: str, kind: str, submission: Submission) -> list[tuple[str, float | None]]:
    """What stands beside any model: people among themselves, and what needs no model."""
    people = "people among themselves"
    if kind == "controlled":
        score = _controlled(name, submission)
        reference = None if score.reference is None else score.reference.value
        return [(people, reference), *((row.control, row.r) for row in score.controls)]
    if kind == "published":
        rows = [row for row in submission.record.controls if row.benchmark == name]
        reference = _published(name, submission).reference
        return [(people, reference), *((row.control, row.raw) for row in rows)]
    if kind == "behavior":
        own = _behavior(name, submission)
        controls = [(row.control, row.error_consistency) for row in own.controls]
        known = [(what, value) for what, value in controls if value is not None]
        return [(people, own.error_consistency.reference), *known]
    bias = next(bias for bias in submission.record.answer_bias if bias.task == name)
    return [(f"always {choice}"[:40], value) for choice, value in bias.always.items()]


def _controlled(name: str, submission: Submission) -> ControlledScore:
    return next(score for score in submission.record.controlled if score.benchmark == name)


def _published(name: str, submission: Submission) -> ScoreRow:
    rows = submission.record.scores
    return next(row for row in rows if row.benchmark == name and row.subject == EVERYBODY)


def _behavior(name: str, submission: Submission) -> BehaviorScore:
    return next(score for score in submission.record.behavior if score.benchmark == name)
