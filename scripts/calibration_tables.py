"""Make the tables of docs/calibration.md and docs/study-design.md from docs/data, with their words.

    python scripts/calibration_tables.py

Run it whenever docs/data/ladder_calibration.json or docs/data/encoding_calibration.json is made
anew; both are written by ``brainbench calibrate --full`` (``ladder.json`` and
``calibration.json`` of its folder). Tests hold the page to the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import fill

from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.calibration import (
    FULL,
    Calibration,
    CalibrationRow,
    LadderCalibration,
    StudyDesigns,
)
from brainbench.calibration.ladder.record import BoardRate, CoverageRow, RateRow
from brainbench.calibration.measure import SETS_OF_A_COURSE
from brainbench.calibration.table import in_short
from brainbench.encoding.ladder.terms import Statistic

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "calibration.md"
STUDY = DOCS / "study-design.md"
DESIGNS = DOCS / "data" / "study_designs.json"
LADDER, ENCODING = (DOCS / "data" / f"{name}_calibration.json" for name in ("ladder", "encoding"))
KINDS = {"nothing": "", "in span": "", "narrow": "", "mis-specified": "outside: ", "planted": ""}
LADDER_BEGINS, ENCODING_BEGINS = "With nothing planted,", "With nothing there,"
TYPES = ("syllogistic", "transitive", "all")


def read_ladder() -> LadderCalibration:
    return LadderCalibration.model_validate_json(LADDER.read_bytes())


def read_encoding() -> Calibration:
    return Calibration.model_validate_json(ENCODING.read_bytes())


def ladder_table(found: LadderCalibration, term: Statistic = "larger") -> str:
    """What is planted by rungs: data sets of 100 in which a statistic is found."""
    rows: dict[str, dict[str, RateRow]] = {}
    for row in found.rows:
        words = _planted_words(row)
        if row.term == term and row.roi == row.reasoning_type == "all" and words:
            rows.setdefault(words, {})[row.rung] = row
    lines = [
        [words, *(f"{100 * own[rung].rate:.1f}" if rung in own else "" for rung in RUNGS)]
        for words, own in rows.items()
    ]
    return _markdown(["planted", *RUNGS], lines)


def ladder_words(found: LadderCalibration) -> str:
    """A paragraph on what was counted."""
    rates = [row for row in found.rows if row.term == "larger" and row.roi == "all"]
    nothing, inside = (
        [row for row in rates if row.kind == kind] for kind in ("nothing", "in span")
    )
    above = [row.rung for row in nothing if not row.limit]
    missed = [row.scenario for row in inside if not row.limit]
    words = [
        f"{LADDER_BEGINS} {_of_100(row.rate for row in nothing)} are found ({_sizes(nothing)} data "
        f"sets for each rung), and the one-sided upper 95 % bound is {_bound(above)}. A confound "
        "that a rung takes out is found beyond it in "
        f"{_of_100(row.rate for row in inside)} ({_sizes(inside)} each), with a bound "
        f"{_bound(missed)}. One rung lower the same confound is found if the model holds it. Drift "
        "from item to item, which no rung takes out, is found in "
        f"{_of_100(row.rate for row in rates if row.kind == 'mis-specified')}."
    ]
    if found.effects:
        words.append(
            "Intervals of the share of variance that a model explains hold what was planted in "
            f"{_of_100(row.coverage for row in found.effects)} ({_sizes(found.effects)} data sets "
            "each)."
        )
    equal = [row for row in found.boards if row.equal]
    held = [row for row in found.boards if not row.equal]
    if equal:
        words.append(
            f"Of boards of {_span(row.models for row in equal)} equal models some two are "
            f"distinguished in {_of_100(row.apart for row in equal)} ({_sizes(equal)} boards each)"
            + (f"; one model that people hold is, in {_of_100(row.apart for row in held)}."
               if held else ".")
        )  # fmt: skip
    return fill(" ".join(words), 118)


def _of_100(rates: Iterable[float]) -> str:
    return f"{_span(round(100 * rate, 1) for rate in rates)} of 100"


def _span(values: Iterable[float]) -> str:
    known = sorted(values)
    return f"{known[0]:,}" if known[0] == known[-1] else f"{known[0]:,} to {known[-1]:,}"


def _sizes(rows: Iterable[RateRow | CoverageRow | BoardRate]) -> str:
    return _span(row.n for row in rows)


def _bound(above: Sequence[str]) -> str:
    return "at most 7" if not above else f"above 7 for {' and '.join(above)}, at most 7 else"


def _planted_words(row: RateRow) -> str:
    share, alike = f"{100 * row.share:.0f} %", {0.0: "own", 0.5: "half alike", 1.0: "alike"}
    return {
        "nothing": "nothing",
        "in span": f"{share} of the rung's own columns, alike",
        "below": f"{share} of the next rung's columns, alike",
        "mis-specified": f"{share} of {row.scenario}, {alike.get(row.alike)}",
        "planted": f"{share} of {row.scenario}, {alike.get(row.alike)}",
    }.get(row.kind, "")


def encoding_table(found: Calibration) -> str:
    """What is planted by reasoning types: data sets of 100 with p at most 0.05, and others."""
    rows: dict[str, dict[str, CalibrationRow]] = {}
    for row in found.rows:
        if row.kind in KINDS:
            words = KINDS[row.kind] + in_short(row).replace("%", " %")
            rows.setdefault(words, {})[row.reasoning_type] = row
    lines = [
        [words, *(_rate(own.get(kind)) for kind in TYPES), *_beside(own)]
        for words, own in sorted(rows.items(), key=lambda item: _place(item[1]))
    ]
    head = ["planted", "syllogistic", "transitive", "pooled", "interval holds", "layer",
            "published above 0"]  # fmt: skip
    return _markdown(head, lines)


def encoding_words(found: Calibration) -> str:
    """A list of what was counted."""
    rows = {kind: [row for row in found.rows if row.kind == kind] for kind in (*KINDS, "layer")}
    units = {
        size: _of_100(row.rate for row in rows["narrow"] if f"{size} random" in row.scenario)
        for size in (1, 3)
    }
    outside: dict[str, list[float]] = {}
    for row in rows["mis-specified"]:
        name = "drift from item to item" if "drift" in row.scenario else row.scenario
        outside.setdefault(name, []).append(row.rate)
    passed = ", ".join(f"{name} in {_of_100(rates)}" for name, rates in outside.items())
    planted: dict[str, list[float]] = {}
    for row in rows["planted"]:
        words = "half alike" if row.alike else "each person's own mixing"
        planted.setdefault(f"{100 * row.share:.0f} % of the variance, {words}", []).append(row.rate)
    power = "; ".join(f"{words}: {_of_100(rates)}" for words, rates in planted.items())
    covers = _of_100(row.coverage for row in rows["planted"] if row.coverage is not None)
    student = _of_100(
        row.coverage_student for row in rows["planted"] if row.coverage_student is not None
    )
    published = {
        kind: _of_100(row.published.above_zero for row in rows[kind] if row.published)
        for kind in ("nothing", "in span")
    }
    plan = found.plan
    items = [
        f"{ENCODING_BEGINS} {_of_100(row.rate for row in rows['nothing'])} have p ≤ 0.05; with a "
        "confound that the columns hold, "
        f"{_of_100(row.rate for row in rows['in span'])}.",
        f"**Models of few dimensions**: {units[1]} with one unit, {units[3]} with three.",
        f"**Confounds outside the columns** pass, or not: {passed}. They are measured, and nothing "
        "is promised for them."
        if outside
        else "",
        f"**A layer of the model** is found: {power}. With {found.plan.draws} permutations that is "
        "a little less than with the 200 of the protocol.",
        f"**Intervals over people** hold the mean of new people in {covers}, aiming at 95. "
        f"Student's t, which takes the penalties as they were chosen, would in {student}: it is "
        "not used.",
        "**The best layer**: one that makes 60 % of the variance is taken in every fold in "
        f"{_of_100(row.rate for row in rows['layer'])}.",
        "**The published score** has an interval above 0 in "
        f"{published['in span']} data sets with a confound, and in {published['nothing']} with "
        "nothing: its layer is chosen on the items that are scored, folds divide runs, and people "
        "share their response to these items.",
        f"**Data sets** of {'the full' if plan == FULL else 'a smaller'} form: {plan.n_tested} in "
        f"a cell without an effect ({plan.n_narrow} of models of few units, {plan.n_pooled} "
        f"pooled), {plan.n_planted} of a layer, {plan.n_mis_specified} of a confound outside, the "
        f"first {plan.n_published} for the published score; {SETS_OF_A_COURSE * plan.n_courses} "
        "for each interval.",
        f"**The people** as simulated: items fill {_by_type(found.dimensions, 1)} dimensions, and "
        f"maps from all others predict a person with r {_by_type(found.people_r, 2)}.",
    ]
    return "\n".join(
        fill(item, 118, initial_indent="- ", subsequent_indent="  ") for item in items if item
    )


def _by_type(values: dict[str, float], digits: int) -> str:
    return ", ".join(f"{value:.{digits}f} ({kind})" for kind, value in values.items())


def _place(own: dict[str, CalibrationRow]) -> int:
    return list(KINDS).index(next(iter(own.values())).kind)


def _rate(row: CalibrationRow | None) -> str:
    if row is None:
        return ""
    low, high = row.interval
    return f"{100 * row.rate:.1f} [{100 * low:.1f} {100 * high:.1f}]"


def _beside(own: dict[str, CalibrationRow]) -> Iterator[str]:
    """Coverage, layers found and published scores, a number for each reasoning type."""
    rows = [own[kind] for kind in TYPES if kind in own]
    for values in (
        [row.coverage for row in rows],
        [row.layer_recovered for row in rows],
        [None if row.published is None else row.published.above_zero for row in rows],
    ):
        yield ", ".join(f"{100 * value:.0f}" for value in values if value is not None)


def read_designs() -> StudyDesigns:
    return StudyDesigns.model_validate_json(DESIGNS.read_bytes())


def study_table(found: StudyDesigns) -> str:
    """Studies of 100 in which a model is found, and distinguished, by their size and its share."""
    shares = sorted({row.share for row in found.rows})
    head = ["people", "problems a type", "shown"]
    for share in shares:
        head += [f"{share:.0%} found", f"{share:.0%} apart"]
    cells = {(row.people, row.items, row.repeats, row.share): row for row in found.rows}
    lines = []
    for people, items, repeats in dict.fromkeys(key[:3] for key in cells):
        line = [str(people), str(items), f"{repeats}×"]
        for share in shares:
            row = cells[people, items, repeats, share]
            line += [f"{100 * row.found:.0f}", f"{100 * row.distinguished:.0f}"]
        lines.append(line)
    return _markdown(head, lines)


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def remade(text: str, ladder: LadderCalibration, encoding: Calibration) -> str:
    """The page, its tables and the sentences on them made anew."""
    tables = [ladder_table(ladder), encoding_table(encoding)]
    blocks = with_tables(text, tables).split("\n\n")
    for number, block in enumerate(blocks):
        if block.startswith(LADDER_BEGINS):
            blocks[number] = ladder_words(ladder)
        elif block.startswith(f"- {ENCODING_BEGINS}"):
            blocks[number] = encoding_words(encoding)
    return "\n\n".join(blocks)


def with_tables(text: str, tables: Sequence[str]) -> str:
    """The page with its tables of these headings replaced, one after the other."""
    for table in tables:
        head = table.splitlines()[0]
        before, _, after = text.partition(head + "\n")
        rest = after.splitlines(keepends=True)
        while rest and rest[0].startswith("|"):
            del rest[0]
        text = before + table + "\n" + "".join(rest)
    return text


def main() -> None:
    text = PAGE.read_text("utf-8")
    PAGE.write_text(remade(text, read_ladder(), read_encoding()), "utf-8")
    text = STUDY.read_text("utf-8")
    STUDY.write_text(with_tables(text, [study_table(read_designs())]), "utf-8")


if __name__ == "__main__":
    main()
