"""Item difficulty of groups of people, and the model's confidence."""

from __future__ import annotations

from brainbench.benchmarks.difficulty.score import (
    EVERYBODY,
    IN_WORDS,
    AgeSlope,
    DifficultyScore,
    ProfileRow,
)
from brainbench.results.blocks import Block, Column, Figure, Folded, Section, Table, Words
from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots, on_one_line
from brainbench.results.record import Record
from brainbench.results.sections.lacking import not_scored
from brainbench.results.wording import (
    interval,
    listed,
    number,
    plain_kind,
    plural,
    with_interval,
)

_ABOUT = (
    "Profile: the share of people who were right, item by item; a person who lacks a run counts "
    "for the items of the others. joint: each group counts the same, however many people it has. "
    "at one age: age regressed out, item by item, inside each group. beyond condition: reasoning "
    "type, validity and negation, with their interactions, and the number of words taken out of "
    "the ranks of both sides. ρ: Spearman, over items, of the model's log-odds of the right "
    "answer with the profile. Person: answers of each person with the profile of all others. "
    "Reliability: random halves of each group, stepped up to everybody (Spearman-Brown); bound: "
    "its root, what a perfect predictor is expected to reach. Age: agreement with each person "
    "regressed on age; nearer to older or younger people only where the intervals over people and "
    "over items both say so. Intervals: 95 %, people or items left out in turn. * what knows "
    "nothing of the model is as far from 0, or as near."
)
_MAX = 40


def difficulty_section(record: Record) -> Section | None:
    """Each benchmark of item difficulty; None where none was scored."""
    scores = DifficultyScore.read_from(record)[:_MAX]
    if not scores:
        return None
    parts = [_benchmark(place, score) for place, score in enumerate(scores)]
    title = "Sure where people are right"
    return Section("difficulty", title, [Words(_HOW, "note", wide=True)], parts=parts, about=_ABOUT)


_HOW = "Circle: model. Triangle: people. Bars: 95 % over people. Strokes: what knows nothing of it."


def read_difficulty(score: DifficultyScore) -> str:
    """What came out, in two sentences; the joint number is never without its groups."""
    row = score.joint
    if row.value is None:
        return "ρ of confidence with item difficulty is undefined, for want of log-odds that vary."
    groups = ", ".join(
        f"{one.profile} {number(one.value)}"
        for one in score.profiles
        if one.profile in score.groups
    )
    ends = [row.interval, row.interval_items]
    if score.reached_by:
        found = f"no further from 0 than {listed(score.reached_by, 4)}"
    elif all(one is not None and one[0] > 0 for one in ends):
        found = "above chance, and above everything that knows nothing of it"
    elif all(one is not None and one[1] < 0 for one in ends):
        found = "less than chance"
    else:
        found = "a null result: not distinguishable from chance"
    age = "".join(f"; {text}" for text in _nearer(score))
    who = " and ".join(score.groups)
    return (
        f"confidence follows what {who} find easy with ρ {number(row.value)} "
        f"({groups}): {found}; beyond condition and length {_clear(score.beyond)}; people "
        f"{number(row.reference)}, bound {number(row.bound)}{age}."
    )


def _nearer(score: DifficultyScore) -> list[str]:
    """Whom the model is nearer to by each measure, and what is as near without knowing anything."""
    found = []
    for row in score.slopes:
        if row.people == EVERYBODY and row.nearer != "neither":
            as_near = f", as {listed(row.reached_by, 2)}" if row.reached_by else ""
            found.append(f"nearer to {row.nearer} people by {IN_WORDS[row.measure]}{as_near}")
    return found


def _clear(row: ProfileRow) -> str:
    """ρ with its wider interval, or that there is none."""
    return with_interval(row.value, row.interval_items) if row.value is not None else "undefined"


def _benchmark(place: int, score: DifficultyScore) -> Section:
    people = ", ".join(f"{count} {name}" for name, count in score.groups.items())
    agree = "; ".join(
        f"difficulty for {' and '.join(one.groups)} correlates with r "
        f"{with_interval(one.value, one.interval)}, over items {interval(one.interval_items)}, "
        f"without noise {number(one.corrected)}"
        for one in score.correlations
    )
    blocks: list[Block] = [
        Words(f"{people}; {plural(score.n_items, 'item')}. {agree[:1].upper()}{agree[1:]}."),
        difficulty_figure(f"difficulty-{place}", score),
        _profiles(score),
        _ages(score),
        Folded("What knows nothing of the model", _controls(score)),
        Folded("Person by person", [_people(score)], wide=True),
    ]
    return Section(f"difficulty-{place}-part", named(score), blocks, ident=score.benchmark)


def difficulty_figure(key: str, score: DifficultyScore, brief: bool = False) -> Figure:
    """The model's confidence and what each group of people finds easy.

    Parameters
    ----------
    key : unique on the page.
    score : of one benchmark.
    brief : whether the marks of a group share a line.
    """
    rows = [DotRow(row.profile, _marks(row)) for row in score.profiles]
    name = named(score)
    rows = [on_one_line(row) for row in rows] if brief else rows
    return Figure.of(
        draw_dots(key, f"{name}: model and people", "Spearman's ρ over items", rows), name
    )


def named(score: DifficultyScore) -> str:
    """``Syllogisms, deduction73``."""
    name = f"{plain_kind(score.reasoning_type)}, {score.dataset}"
    return name[:1].upper() + name[1:]


def _marks(row: ProfileRow) -> list[list[Mark]]:
    model = f"{row.profile}, model: {with_interval(row.value, row.interval)}"
    people = f"{row.profile}, people: {with_interval(row.reference, row.reference_interval)}"
    controls = [
        Mark(value, "tick", "nuisance", f"{row.profile}, {name}: {number(value)}")
        for name, value in row.controls.items()
    ]
    return [
        [Mark(row.value, "dot", "model", model, row.interval)],
        [Mark(row.reference, "triangle", "people", people, row.reference_interval)],
        controls,
    ]


def _profiles(score: DifficultyScore) -> Table:
    rows = [
        (
            row.profile,
            str(row.n_people),
            with_interval(row.value, row.interval),
            interval(row.interval_items) or "n/a",
            with_interval(row.reference, row.reference_interval),
            number(row.reliability, lacking=""),
            number(row.bound, lacking=""),
        )
        for row in score.profiles
    ]
    columns = ("profile", "people", Column("ρ of the model", "model"), "over items",
               Column("ρ of a person", "person"), "reliability", "bound")  # fmt: skip
    return Table(f"{named(score)}: 95 % intervals over people in brackets", columns, rows)


def _ages(score: DifficultyScore) -> Table:
    rows = [
        (
            IN_WORDS[row.measure],
            row.people,
            str(row.n_people),
            _per_year(row.slope, row.interval),
            interval(row.interval_items, 4) or "n/a",
            _per_year(row.reference, row.reference_interval),
            row.nearer + ("*" if row.nearer != "neither" and row.reached_by else ""),
        )
        for row in score.slopes
    ]
    columns = ("agreement", "of", "people", Column("slope per year", "slope per year"),
               "over items", Column("people's own slope", "people's own"), "nearer to")  # fmt: skip
    return Table("Agreement with each person, by age", columns, rows)


def _per_year(slope: float | None, ends: tuple[float, float] | None) -> str:
    return with_interval(slope, ends, 4)


def _controls(score: DifficultyScore) -> list[Block]:
    rows = []
    for name in score.joint.controls:
        held = [row.controls[name] for row in score.profiles]
        slopes = [_slope(row, name) for row in score.slopes if row.people == EVERYBODY]
        if any(value is not None for value in held):
            mark = "*" if name in score.reached_by else ""
            cells = [number(value, lacking="") for value in held]
            rows.append((name, cells[0] + mark, *cells[1:], *slopes))
    heads = [row.profile for row in score.profiles]
    slopes_of = [f"slope, {row.measure}" for row in score.slopes if row.people == EVERYBODY]
    lacking = [name for name in score.joint.controls if score.joint.controls[name] is None]
    return [
        Table("Each as if it were the model's confidence", ("", *heads, *slopes_of), rows),
        *not_scored((name, "it does not vary over these items") for name in lacking),
    ]


def _slope(row: AgeSlope, name: str) -> str:
    return number(row.controls.get(name), 4, lacking="")


def _people(score: DifficultyScore) -> Table:
    rows = [
        (
            person.subject,
            person.group,
            f"{person.age:g}",
            str(person.n_items),
            number(person.accuracy),
            number(person.confidence),
            number(person.errors),
            ", ".join(person.lacks),
        )
        for person in score.people
    ]
    columns = ("person", "group", "age", "items", "accuracy", *IN_WORDS.values(), "lacks")
    return Table("The model and each person", columns, rows)
