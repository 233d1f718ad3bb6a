"""The ladder: how far up a model is found, and what explains it."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.benchmarks.ladder.names import IN_WORDS, RUNGS, UNTRAINED, Rung
from brainbench.benchmarks.ladder.score import (
    ALL,
    LEVEL,
    BaselineRow,
    LadderScore,
    together,
)
from brainbench.results.blocks import Block, Column, Figure, Folded, Section, Table, Words
from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots
from brainbench.results.plots.plot import Plot
from brainbench.results.record import Record
from brainbench.results.wording import number, percent, plain_cell, with_interval

_ABOUT = (
    "Each rung takes out what it names and all rungs above it: run means; position in the run, and "
    "words and condition of the trials before and after; words and characters of the text; "
    "validity, negation and premises needed with every interaction, and nuisance that data name of "
    "their own; three components of word counts; response time, accuracy and missing answers. z: "
    "standard deviations above 10,000 permutations within runs (2,000 of more than 150 items), "
    "over all regions and reasoning types. own: the model's items against each person's; between: "
    "against those of every other person; p is of the larger of the two and of their sum. "
    "Behaviour comes last: it is what these brains did, and a model that it explains may well "
    "reason as people do. Untrained: networks of the same shape. Alone: what a rung takes out, as "
    "if it were a model. Cells: p corrected over all of them (closed testing)."
)


def ladder_section(record: Record) -> Section | None:
    """Each dataset's ladder; None where none was climbed."""
    scores = LadderScore.read_from(record)
    if not scores:
        return None
    parts = [
        Section(f"ladder-{place}", score.dataset, _blocks(place, score))
        for place, score in enumerate(scores)
    ]
    if len(parts) == 1:
        return Section("ladder", "Aligned, and with what", parts[0].blocks, about=_ABOUT)
    return Section("ladder", "Aligned, and with what", parts=parts, about=_ABOUT)


def read_ladder(score: LadderScore) -> str:
    """What the rungs of one dataset say, in one or two sentences."""
    rows, stops = together(score.rows), score.stops
    if score.outcome == "found beyond everything listed":
        return f"found beyond everything listed ({_p(rows[max(rows, key=RUNGS.index)].p)})"
    assert stops is not None
    share = score.context.detectable
    power = (
        f"one layer explaining {percent(share)} of each person's variance would have been found "
        "in 8 of 10 such experiments"
        if share is not None
        else "this experiment would have missed even half of each person's variance"
    )
    if score.outcome == "not found":
        return f"not found ({_p(rows[stops].p)}); {power}"
    names = list(rows)
    before = names[names.index(stops) - 1]
    return (
        f"found beyond {IN_WORDS[before]} ({_p(rows[before].p)}); explained by {IN_WORDS[stops]} "
        f"({_p(rows[stops].p)}), where {power}"
    )


def read_effect(score: LadderScore) -> str:
    """How much of each person's variance the model explains; empty where it is not known."""
    rung = score.context.compared.rung
    found = [row for row in score.context.effects if (row.rung, row.term) == (rung, "own")]
    return "".join(
        f"Beyond {IN_WORDS[rung]}, it explains {percent(row.share, 1)} of each person's variance "
        f"(95 % over people and items: {percent(row.interval[0], 1)} to "
        f"{percent(row.interval[1], 1)})."
        for row in found
    )


def _blocks(place: int, score: LadderScore) -> list[Block]:
    mood = {"not found": "", "explained": "warning"}.get(score.outcome, "good")
    return [
        Words(f"{read_ladder(score)}.", "lead", name=score.dataset, mood=mood),  # type: ignore[arg-type]
        *([Words(effect)] if (effect := read_effect(score)) else []),
        _rungs(score),
        ladder_figure(f"ladder-{place}", score),
        Folded(
            "Every region and reasoning type",
            [_cells(score), _effects(score), _shared(score), _forms(score), _alone(score)],
            wide=True,
        ),
    ]


def _rungs(score: LadderScore) -> Table:
    columns = (
        "beyond",
        Column("own z", "own"),
        Column("between z", "between"),
        Column("larger z", "larger"),
        "p",
        Column("untrained, largest z", "untrained", optional=True),
        Column("people share, cells", "people"),
    )
    rows = []
    terms = {(row.rung, row.term): row for row in score.rows if row.roi == ALL}
    for rung in together(score.rows):
        untrained = [row.z for row in _baselines(score, rung, UNTRAINED)]
        rows.append(
            (
                IN_WORDS[rung],
                *(
                    number(terms[rung, term].z, 1) if (rung, term) in terms else "n/a"
                    for term in ("own", "between", "larger")
                ),
                number(terms[rung, "larger"].p, 4),
                number(max(untrained, default=None), 1),
                _people(score, rung),
            )
        )
    stops = score.stops
    strong = [IN_WORDS[rung] for rung in together(score.rows) if rung == stops]
    return Table("z on every rung", columns, rows, strong=strong)


def _people(score: LadderScore, rung: Rung) -> str:
    """In how many cells people share anything."""
    found: dict[tuple[str, str], bool] = {}
    for row in score.context.shared:
        if row.rung == rung:
            key = (row.roi, row.reasoning_type)
            found[key] = found.get(key, False) or row.found
    return f"{sum(found.values())} of {len(found)}" if found else "n/a"


def ladder_figure(key: str, score: LadderScore) -> Figure:
    """How far up the ladder a model is found, beside what knows nothing of it.

    Parameters
    ----------
    key : unique on the page.
    """
    caption = (
        f"{score.dataset}: z on every rung. Circle: the model. Strokes: untrained networks, and "
        "what a rung takes out as if it were a model."
    )
    return Figure.of(_picture(key, score), caption)


def _picture(key: str, score: LadderScore) -> Plot:
    rows = []
    for rung, row in together(score.rows).items():
        name = IN_WORDS[rung]
        marks = [
            Mark(one.z, "tick", "nuisance", f"{one.baseline} {one.draw}: z {number(one.z, 1)}")
            for one in _baselines(score, rung)
        ]
        marks.append(Mark(row.z, "dot", "model", f"beyond {name}: z {number(row.z, 1)}"))
        rows.append(DotRow(f"beyond {name}", [marks], _p(row.p)))
    return draw_dots(key, f"{score.dataset}: how far up the ladder", "z, larger term", rows)


def _cells(score: LadderScore) -> Table:
    """P of the larger term of every cell on every rung."""
    rungs = list(together(score.rows))
    p = {(row.roi, row.reasoning_type, row.rung): row.p for row in score.rows
         if row.term == "larger" and row.roi != ALL}  # fmt: skip
    cells = dict.fromkeys((roi, kind) for roi, kind, _ in p)
    rows = [
        (plain_cell(roi, kind), *(number(p.get((roi, kind, rung)), 3) for rung in rungs))
        for roi, kind in cells
    ]
    return Table(
        "p of every cell, corrected over all of them",
        ("cell", *(Column(IN_WORDS[rung], rung) for rung in rungs)),
        rows,
        matrix=True,
    )


def _effects(score: LadderScore) -> Table:
    """Shares of variance on every rung up to the one where the model stops."""
    words = {"own": "of each person's variance", "between": "of what people share"}
    rows = [
        (
            words[row.term],
            IN_WORDS[row.rung],
            percent(row.share, 1),
            f"{percent(row.interval[0], 1)} to {percent(row.interval[1], 1)}",
            str(row.n_cells),
        )
        for row in score.context.effects
    ]
    return Table(
        "Shares that the model explains, not clipped",
        ("share", "beyond", "estimate", "95 % over people and items", "cells"),
        rows,
        numbers=False,
    )


def _shared(score: LadderScore) -> Table:
    """What people share in every cell, raw and beyond the first rungs."""
    rungs = list(dict.fromkeys(row.rung for row in score.context.shared))
    found = {(r.roi, r.reasoning_type, r.form, r.rung): r for r in score.context.shared}
    rows = []
    for roi, kind, form in dict.fromkeys((roi, kind, form) for roi, kind, form, _ in found):
        shown = []
        for rung in rungs:
            row = found.get((roi, kind, form, rung))
            shown.append("n/a" if row is None else with_interval(row.r, row.interval, 2))
        rows.append((f"{plain_cell(roi, kind)}, {form}", *shown))
    return Table(
        "What people share: r with the mean of all others, 95 % over people",
        ("cell", *(Column(IN_WORDS[rung], rung) for rung in rungs)),
        rows,
        wide=True,
        matrix=True,
    )


def _forms(score: LadderScore) -> Table:
    rows = [
        (row.form, IN_WORDS[row.rung], number(row.z, 1), number(row.p, 4))
        for row in score.context.forms
        if row.term == "larger"
    ]
    return Table(
        "Other forms of the responses", ("responses", "beyond", "z", "p"), rows, numbers=False
    )


def _alone(score: LadderScore) -> Table:
    """Baselines that know nothing of the model, one line each."""
    rungs = list(together(score.rows))
    named: dict[str, dict[Rung, BaselineRow]] = {}
    for row in score.context.baselines:
        if row.term == "larger":
            number_of = f" {row.draw}" if row.baseline == UNTRAINED else ""
            named.setdefault(f"{row.baseline}{number_of}", {})[row.rung] = row
    rows = [
        (name, *(number(found[rung].z, 1) if rung in found else "n/a" for rung in rungs))
        for name, found in named.items()
    ]
    return Table(
        "z of what knows nothing of the model",
        ("", *(Column(IN_WORDS[rung], rung) for rung in rungs)),
        rows,
        matrix=True,
    )


def _baselines(score: LadderScore, rung: Rung, name: str | None = None) -> Sequence[BaselineRow]:
    return [
        row
        for row in score.context.baselines
        if row.rung == rung and row.term == "larger" and name in (None, row.baseline)
    ]


def _p(value: float) -> str:
    return f"p {number(value, 4)}" if value >= LEVEL / 50 else f"p < {LEVEL / 50:.3f}"
