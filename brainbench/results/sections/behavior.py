"""Answers beside people's."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.benchmarks import IN_WORDS, MEASURES, BehaviorScore, Measure, Statistic
from brainbench.results.blocks import (
    Block,
    Column,
    Figure,
    Folded,
    Section,
    SideBySide,
    Table,
    Words,
)
from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots, on_one_line
from brainbench.results.record import Record
from brainbench.results.sections.lacking import not_scored
from brainbench.results.wording import (
    interval,
    number,
    percent,
    plain_kind,
    plural,
    with_interval,
)

_MAX = 40
# what fits above a column of numbers
_SHORT: dict[Measure, str] = {
    "error_consistency": "κ of errors",
    "answer_kappa": "κ of answers",
    "agreement": "agree- ment",
    "above_chance": "above chance",
    "confidence_accuracy": "ρ conf. accuracy",
    "certainty_time": "ρ cert. time",
    "confidence_time": "ρ conf. time",
}
_ABOUT = (
    "κ of errors: sharing right and wrong answers beyond what both accuracies imply. κ of answers, "
    "agreement: the same answer, as it is or beyond what both shares of True imply: means over "
    "people. The last three are Spearman correlations over items: log-odds of the right "
    "answer with the share of people who were right, or with people's response time; certainty is "
    "log-odds of either answer, whatever its side. People: each person against the others, "
    "measured, no upper bound. Bound: √reliability of the people's mean. Intervals: 95 %, people "
    "or items left out in turn. * reaches the model: not below it; of a correlation, as far from 0."
)


def behavior_section(record: Record) -> Section | None:
    """Each benchmark of behaviour; None where none was scored."""
    if not record.behavior:
        return None
    rows = record.behavior[:_MAX]
    blocks: list[Block] = [
        SideBySide([behavior_figure(f"behavior-{index}", row) for index, row in enumerate(rows)]),
        Words(
            "Circle: model. Triangle: people among themselves. Bars: 95 % over people. Strokes: "
            "what knows nothing of the model, each alone.",
            "note",
            wide=True,
        ),
    ]
    parts = [_benchmark(index, row) for index, row in enumerate(rows)]
    return Section("behavior", "Answers beside people's", blocks, parts=parts, about=_ABOUT)


def behavior_figure(key: str, row: BehaviorScore, brief: bool = False) -> Figure:
    """Every statistic of a benchmark: model, people, and what knows nothing of the model.

    Parameters
    ----------
    key : unique on the page.
    row : the benchmark's score.
    brief : whether the marks of a statistic share a line.
    """
    found = [(name, _statistic(row, name)) for name in MEASURES]
    rows = [DotRow(IN_WORDS[name], _lines(name, one, row)) for name, one in found]
    shown = plain_name(row)
    picture = draw_dots(
        key,
        f"{shown}: model and people",
        "κ, share or ρ, see the name",
        [on_one_line(one) for one in rows] if brief else rows,
    )
    return Figure.of(picture, shown[:1].upper() + shown[1:])


def plain_name(row: BehaviorScore) -> str:
    """``syllogisms, ds003076``."""
    return f"{plain_kind(row.reasoning_type)}, {row.dataset}"


def _benchmark(index: int, row: BehaviorScore) -> Section:
    statistics = [(name, _statistic(row, name)) for name in MEASURES]
    blocks: list[Block] = [
        Words(
            f"{plural(row.n_people, 'person', 'people')}, {plural(row.n_items, 'item')}. The "
            f"model's accuracy is {number(row.accuracy)}, balanced {number(row.balanced_accuracy)},"
            f" AUC {number(row.auc)}; it says True to {percent(row.true_rate)} where "
            f"{percent(row.labelled_true)} follow; {plural(row.n_invalid, 'answer')} invalid."
        ),
        _table(row, statistics),
        Folded("What knows nothing of the model", _controls(row)),
        Folded("Person by person", [_people(row)], wide=True),
    ]
    title = plain_name(row)
    return Section(
        f"behavior-{index}-part", title[:1].upper() + title[1:], blocks, ident=row.benchmark
    )


def _statistic(row: BehaviorScore, name: Measure) -> Statistic:
    found: Statistic = getattr(row, name)
    return found


def _lines(name: Measure, found: Statistic, row: BehaviorScore) -> list[list[Mark]]:
    what = IN_WORDS[name]
    model = f"{what}, model: {with_interval(found.value, found.interval)}"
    people = f"{what}, people: {with_interval(found.reference, found.reference_interval)}"
    controls = []
    for control in row.controls:
        value: float | None = getattr(control, name)
        controls.append(
            Mark(value, "tick", "nuisance", f"{what}, {control.control}: {number(value)}")
        )
    return [
        [Mark(found.value, "dot", "model", model, found.interval)],
        [Mark(found.reference, "triangle", "people", people, found.reference_interval)],
        controls,
    ]


def _table(row: BehaviorScore, statistics: Sequence[tuple[Measure, Statistic]]) -> Table:
    rows = []
    for name, found in statistics:
        reaching = [c.control for c in row.controls if name in row.reached_by(c)]
        rows.append((
            IN_WORDS[name],
            with_interval(found.value, found.interval),
            interval(found.interval_items) or "n/a",
            with_interval(found.reference, found.reference_interval),
            "n/a" if found.ratio is None else with_interval(found.ratio, found.ratio_interval, 2),
            number(getattr(found, "bound", None), lacking=""),
            ", ".join(reaching) or "none",
        ))  # fmt: skip
    columns = ("", "model", "over items", "people", Column("ratio", "model / people"), "bound",
               Column("not above", wide=True))  # fmt: skip
    return Table(f"{plain_name(row)}: 95 % intervals over people in brackets", columns, rows)


def _controls(row: BehaviorScore) -> list[Block]:
    rows = []
    for control in row.controls:
        cells = []
        for name in MEASURES:
            value: float | None = getattr(control, name)
            mark = "*" if name in row.reached_by(control) else ""
            cells.append("" if value is None else number(value) + mark)
        if any(cells):
            rows.append((control.control, *cells))
    table = Table(
        "Each scored as the model is; * reaches the model",
        ("", *(Column(IN_WORDS[name], _SHORT[name]) for name in MEASURES)),
        rows,
    )
    return [table, *not_scored((control.control, control.reason) for control in row.controls)]


def _people(row: BehaviorScore) -> Table:
    rows = [
        (
            person.subject,
            number(person.accuracy),
            percent(person.missing),
            number(person.error_consistency),
            number(person.answer_kappa),
            number(person.agreement),
        )
        for person in row.people
    ]
    left_out = [(one.subject, "left out", percent(one.missing), "", "", "") for one in row.left_out]
    columns = ("person", "accuracy", "no response", "κ of errors", "κ of answers", "agreement")
    return Table("The model and each person", columns, [*rows, *left_out])
