"""Alignment: scores beside people and nuisance, all numbers, layers in shades."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.benchmarks import ControlledScore, PublishedScore
from brainbench.benchmarks.controlled.score import Similarity
from brainbench.results.blocks import (
    Block,
    Column,
    Figure,
    Folded,
    Section,
    SideBySide,
    Table,
)
from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots, on_one_line
from brainbench.results.record import Record
from brainbench.results.sections.cells import (
    CellSummary,
    Nuisance,
    controlled_cells,
    plain_names,
    published_cells,
)
from brainbench.results.sections.lacking import not_scored
from brainbench.results.sections.layers import layer_maps
from brainbench.results.wording import interval, number, percent, with_interval

_CONTROLLED = (
    "Whole scanner runs are held out; penalty and layer are chosen inside training runs; the "
    "headline takes all layers together. r is a mean over voxels, folds and people. Unique R² is "
    "what the model adds to all nuisance together, with 95 % over people (bootstrap) and items "
    "(block jackknife); its p by permutation within runs, uncorrected. These numbers describe: "
    "whether a model is aligned is what the ladder answers. People: all others predict each "
    "person, measured, no upper bound; a ratio only where that is above 0. Pooled (all): each "
    "type's mean taken out. Layers, RSA, CKA: nuisance is not taken out. * not below the model; of "
    "random features and untrained models, the model lies inside their range. † not below what "
    "people share."
)
_PUBLISHED = (
    "As in Xiao, Du & Lin 2026: the median over people of the median over voxels of r, at the "
    "best layer, which is chosen on the items it is scored on, by folds that cut through scanner "
    "runs. Read every score beside its nuisance rows. MAD: median absolute deviation over people. "
    "People: all other people predict each person. v0: published ceiling, extrapolated to many "
    "people, here its median (the record holds its mean too). r / v0: median over voxels as "
    "published, at its own best layer; it is not a share of explained variance. * not below the "
    "model, † not below people."
)


def alignment_sections(record: Record) -> list[Section]:
    """One part for each protocol that scored anything."""
    sections = []
    controlled, published = controlled_cells(record), published_cells(record)
    if controlled:
        sections.append(_section("controlled", controlled, _CONTROLLED))
    if published:
        sections.append(_section("published", published, _PUBLISHED))
    return sections


def _section(protocol: str, cells: Sequence[CellSummary], about: str) -> Section:
    key = f"alignment-{protocol}"
    blocks: list[Block] = [
        SideBySide(_figures(key, protocol, cells)),
        *(_controlled_blocks(cells) if protocol == "controlled" else [_published_table(cells)]),
        *layer_maps(key, protocol, cells),
        Folded("Nuisance, row by row", _nuisance_blocks(cells, protocol)),
        Folded("Person by person", [_people_table(cells)], wide=True),
    ]
    badge = f"{protocol} protocol"
    return Section(key, "Alignment with brains", blocks, badge=badge, about=about)


def scores_figure(
    key: str, protocol: str, cells: Sequence[CellSummary], brief: bool = False
) -> Figure:
    """Model, people and nuisance in each cell.

    Parameters
    ----------
    key : unique on the page.
    protocol : ``controlled`` or ``published``, which says what bars are.
    cells : one row each.
    brief : whether the marks of a cell share a line.
    """
    bars = (
        "bars: 95 % intervals over people, of random features the range of draws"
        if protocol == "controlled"
        else "bars: ± median absolute deviation over people, of random features the range of draws"
    )
    rows = [DotRow(cell.name, _score_lines(cell), _reached(cell)) for cell in cells]
    return Figure.of(
        draw_dots(
            key,
            "Model, people and nuisance in each cell",
            "r on held-out items",
            [on_one_line(row) for row in rows] if brief else rows,
        ),
        f"Circle: model. Triangle: other people predict each person. Strokes: nuisance, each "
        f"alone; {bars}. A model left of a stroke is below that nuisance, which so reaches it.",
    )


def _figures(key: str, protocol: str, cells: Sequence[CellSummary]) -> list[Figure]:
    figures = [scores_figure(f"{key}-scores", protocol, cells)]
    if protocol == "controlled":
        figures.append(
            Figure.of(
                draw_dots(
                    f"{key}-unique",
                    "What the model adds to nuisance in each cell",
                    "unique R²",
                    [DotRow(cell.name, _unique_lines(cell)) for cell in cells],
                ),
                "Circle: what the model adds to all nuisance together, with its 95 % interval "
                "over people, then over items. Triangle: what other people add to nuisance.",
            )
        )
    return figures


def _score_lines(cell: CellSummary) -> list[list[Mark]]:
    name, nuisance = cell.name, []
    for row in cell.nuisance:
        text = f"{name}, {row.name}: r {number(row.value)}"
        nuisance.append(Mark(row.value, "tick", "nuisance", text, row.interval))
    about = f"{name}, model: r {with_interval(cell.model.value, cell.model.interval)}"
    lines = [[Mark(cell.model.value, "dot", "model", about, cell.model.interval)]]
    if cell.people is not None:
        text = f"{name}, people: r {with_interval(cell.people.value, cell.people.interval)}"
        lines.append([Mark(cell.people.value, "triangle", "people", text, cell.people.interval)])
    return [*lines, nuisance]


def _unique_lines(cell: CellSummary) -> list[list[Mark]]:
    score, name = cell.score, cell.name
    if not isinstance(score, ControlledScore):
        return []
    unique, people = score.unique_r2, score.reference_unique_r2
    lines = []
    for ends, over in ((unique.interval, "people"), (unique.items_interval, "items")):
        text = f"{name}, model over {over}: {with_interval(unique.value, ends, 4)}"
        lines.append([Mark(unique.value, "dot", "model", text, ends)])
    if people is not None:
        text = f"{name}, people: {with_interval(people.value, people.interval, 4)}"
        lines.append([Mark(people.value, "triangle", "people", text, people.interval)])
    return lines


def _controlled_blocks(cells: Sequence[CellSummary]) -> list[Block]:
    """All scores, and their baselines."""
    scores = [cell.score for cell in cells if isinstance(cell.score, ControlledScore)]
    return [
        _controlled_table(cells),
        _beside_table(scores),
        *not_scored([
            (name, one.reason) for score in scores
            for name, one in (("repeats", score.reliability), ("RSA", score.rsa),
                              ("CKA", score.cka))
        ]),
    ]  # fmt: skip


def _beside_table(scores: Sequence[ControlledScore]) -> Table:
    """Similarity, repeats and the people extrapolated, of each cell."""
    rows = []
    for score in scores:
        curve, repeats = score.extrapolation, score.reliability
        text = "n/a"
        if curve is not None:
            text = (
                "no fit" if curve.v0 is None else f"{number(curve.v0)} (τ {number(curve.tau, 1)})"
            )
        rows.append((
            score.benchmark,
            text,
            "n/a" if repeats.rho is None
            else f"r {number(repeats.bound_r)}, R² {number(repeats.bound_r2)}",
            _similarity(score.rsa),
            _similarity(score.cka),
            number(score.draws),
            score.readout,
        ))  # fmt: skip
    columns = ("cell",
               Column("people extrapolated (τ people)", optional=True),
               Column("repeats allow", optional=True), Column("RSA", optional=True),
               Column("CKA", optional=True), "permutations", "units read")  # fmt: skip
    caption = "Beside every cell; nuisance is not taken out"
    return Table(caption, columns, rows, plain=plain_names(scores))


def _similarity(own: Similarity) -> str:
    if own.together is None:
        return "n/a"
    p = "" if own.together.p is None else f"p {number(own.together.p)}, "
    return f"{number(own.together.value)} ({p}nuisance {number(own.nuisance)})"


def _controlled_table(cells: Sequence[CellSummary]) -> Table:
    columns = ("cell", "unique R²", "over items", "null mean", "p", "nuisance R²", "r",
               "people's r", "ratio",
               "people, items, voxels")  # fmt: skip
    rows = []
    for cell in cells:
        score = cell.score
        if not isinstance(score, ControlledScore):
            continue
        rows.append((
            score.benchmark,
            with_interval(score.unique_r2.value, score.unique_r2.interval, 4),
            interval(score.unique_r2.items_interval, 4) or "n/a",
            number(score.unique_r2.null_mean, 4),
            number(score.unique_r2.p),
            number(score.nuisance_r2, 4),
            with_interval(score.raw.value, score.raw.interval),
            "n/a" if cell.people is None
            else with_interval(cell.people.value, cell.people.interval),
            "n/a" if score.ratio is None
            else with_interval(score.ratio, score.ratio_interval, 2),
            f"{score.n_subjects}, {score.n_items}, {score.n_voxels}",
        ))  # fmt: skip
    caption = "Every cell, controlled protocol; 95 % intervals over people in brackets"
    return Table(caption, columns, rows, plain=plain_names([cell.score for cell in cells]))


def _published_table(cells: Sequence[CellSummary]) -> Table:
    columns = ("cell", "best layer", "r", "± MAD", "people's r", "ceiling v0, median", "r / v0",
               "v0 ≈ 0", "v0 ≈ 1", "strongest nuisance", "people, items, voxels")  # fmt: skip
    rows = []
    for cell in cells:
        row, strongest = cell.score, cell.strongest
        if not isinstance(row, PublishedScore):
            continue
        rows.append((
            row.benchmark,
            str(row.layer),
            number(row.raw),
            number(row.mad),
            number(row.reference),
            number(row.ceiling_median),
            number(row.score, 2),
            _share_of_voxels(row.ceiling_near_zero, row),
            _share_of_voxels(row.ceiling_near_one, row),
            "none" if strongest is None else f"{strongest.name} {number(strongest.value)}",
            f"{row.n_subjects}, {row.n_items}, {row.n_voxels}",
        ))  # fmt: skip
    plain = plain_names([cell.score for cell in cells])
    return Table("Every cell, published protocol", columns, rows, plain=plain)


def _share_of_voxels(count: int | None, row: PublishedScore) -> str:
    voxels = row.n_subjects * row.n_voxels
    return "n/a" if count is None or voxels <= 0 else percent(count / voxels)


def _nuisance_blocks(cells: Sequence[CellSummary], protocol: str) -> list[Block]:
    """Nuisance by cell, with marks where it reaches the model or people."""
    columns: Sequence[str | Column]
    columns = (
        "nuisance",
        *(cell.name for cell in cells),
    )
    names = dict.fromkeys(row.name for cell in cells for row in cell.nuisance)
    values: list[tuple[str, ...]] = []
    ratios: list[tuple[str, ...]] = []
    for name in names:
        found = [cell.nuisance_row(name) for cell in cells]
        values.append((name, *("n/a" if row is None else _value(row) for row in found)))
        if any(row is not None and row.interval is not None for row in found):
            ends = [interval(row.interval) if row is not None else "" for row in found]
            values.append((f"{name}, draws", *ends))
        if any(row is not None and row.ratio is not None for row in found):
            ratios.append((name, *(number(row.ratio if row else None) for row in found)))
    caption = f"r of each nuisance alone, {protocol} protocol; * reaches the model, † people"
    blocks: list[Block] = [Table(caption, columns, values, matrix=True)]
    if ratios:
        blocks.append(Table("r / v0 of each nuisance alone", columns, ratios, matrix=True))
    return [*blocks, *not_scored((row.name, row.reason) for cell in cells for row in cell.nuisance)]


def _value(row: Nuisance) -> str:
    if row.value is None:
        return "n/a"
    marks = ("*" if "model" in row.reaches else "") + ("†" if "reference" in row.reaches else "")
    return number(row.value) + marks


def _people_table(cells: Sequence[CellSummary]) -> Table:
    people = dict.fromkeys(subject for cell in cells for subject in cell.by_person)
    rows = [
        (subject, *(number(cell.by_person.get(subject), lacking="") for cell in cells))
        for subject in people
    ]
    columns = ("person", *(cell.name for cell in cells))
    return Table("r of each person", columns, rows, matrix=True)


def _reached(cell: CellSummary) -> str:
    reached = len(cell.reached_by)
    return f"reached by {reached}" if reached else ""
