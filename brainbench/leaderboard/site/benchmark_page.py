"""The page of a benchmark: what it is, its reference rows, and the scores of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from brainbench.benchmarks import list_benchmarks, load_benchmark
from brainbench.datasets import list_datasets, load_card
from brainbench.leaderboard.boards.board import Board
from brainbench.leaderboard.boards.standings import Key, key_of
from brainbench.leaderboard.expected import own_sets
from brainbench.leaderboard.kinds.base import BoardKind, middle
from brainbench.leaderboard.kinds.registry import KINDS
from brainbench.leaderboard.site.names import name_of
from brainbench.leaderboard.site.numbers import number
from brainbench.leaderboard.site.rows import Value, shown
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.reasoning.checks.tasks import tasks_folder


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
    """Benchmarks and tasks of all boards, and what else was scored of brainbench's own.

    Parameters
    ----------
    boards : all of them.
    submissions : what they were scored on counts where it comes with brainbench.

    Returns
    -------
    Each name once, those of boards first.
    """
    named = [name for board in boards for name in (*board.benchmarks, *board.tasks)]
    own = {*list_benchmarks(), *own_sets()}
    for one in submissions:
        held = (*one.record.benchmarks, *one.record.tasks)
        named += [name for name in held if name in own]
    return list(dict.fromkeys(named))


def make_page(name: str, submissions: Sequence[Submission], where: Mapping[Key, str]) -> Page:
    """The page of one benchmark or task.

    Parameters
    ----------
    name : of a benchmark, ``<dataset>.…``, or of an lm-eval task.
    submissions : all of them; those without a score for it are passed over.
    where : whose a submission is → file name of the model's page, without its ending.
    """
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
    kinds = [kind for kind in KINDS.values() if kind.headers]
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
    name: str, kind: BoardKind, submissions: Sequence[Submission], where: Mapping[Key, str]
) -> Iterator[Part]:
    """One for each version: versions are never in one table."""
    versions: dict[str, list[Submission]] = {}
    for one in submissions:
        version = kind.version(name, one.record)
        if version is not None:
            versions.setdefault(version, []).append(one)
    for version, own in sorted(versions.items(), reverse=True):
        rows = [(kind.row(name, one.record), one) for one in own]
        rows.sort(key=lambda row: (row[0][0] is None, -_as_number(row[0][0])))
        got = [_got(kind, values, one, where) for values, one in rows]
        numbers: dict[str, list[float | None]] = {}
        for one in own:
            for what, value in kind.beside(name, one.record):
                numbers.setdefault(what, []).append(value)
        digits = kind.digits.get(kind.headers[0], 3)
        beside = [(what, number(middle(values), digits)) for what, values in numbers.items()]
        title = f"{kind.title}, version {version}"
        yield Part(title, kind.headers, beside, got)


def _got(
    kind: BoardKind,
    values: Sequence[float | str | None],
    submission: Submission,
    where: Mapping[Key, str],
) -> Got:
    key = key_of(submission)
    cells = [
        shown(value, kind.digits.get(title, 3))
        for title, value in zip(kind.headers, values, strict=True)
    ]
    called = name_of(submission)
    return Got(called.base, f"../models/{where[key]}.html", called.tags, cells)


def _as_number(value: float | str | None) -> float:
    return value if isinstance(value, float) else 0.0
