"""Alignment on a page: layers in shades, scores beside people and nuisance, all numbers."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.benchmarks import ControlledScore
from brainbench.results.blocks import (
    Block,
    Figure,
    Folded,
    Section,
    SideBySide,
    Table,
    Words,
)
from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots
from brainbench.results.record import Record, ScoreRow
from brainbench.results.sections.cells import (
    CellSummary,
    Nuisance,
    controlled_cells,
    published_cells,
)
from brainbench.results.sections.layers import layer_maps
from brainbench.results.wording import interval, number, percent, with_interval

_CONTROLLED = (
    "Whole scanner runs are held out; penalty and layer are chosen inside training runs; the "
    "headline takes all layers together. r is a mean over voxels, folds and people. Unique R² is "
    "what the model adds to all nuisance together: the verdict is of that. People: all others "
    "predict each person, measured, no upper bound."
)
_PUBLISHED = (
    "As in Xiao, Du & Lin 2026: the median over people of the median over voxels of r, at the "
    "best layer, which is chosen on the items it is scored on, by folds that cut through scanner "
    "runs. Read every score beside its nuisance rows. r / v0 is no share of explained variance."
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
        Words(about, "note"),
        *layer_maps(key, protocol, cells),
        SideBySide(_figures(key, protocol, cells)),
        _controlled_table(cells) if protocol == "controlled" else _published_table(cells),
        Folded("Nuisance, row by row", [_nuisance_table(cells, protocol)]),
        Folded("Person by person", [_people_table(cells)]),
    ]
    return Section(key, "Alignment with brains", blocks, badge=f"{protocol} protocol")


def _figures(key: str, protocol: str, cells: Sequence[CellSummary]) -> list[Figure]:
    bars = (
        "bars: 95 % intervals over people, of random features the range of draws"
        if protocol == "controlled"
        else "bars: ± median absolute deviation over people, of random features the range of draws"
    )
    figures = [
        Figure(
            draw_dots(
                f"{key}-scores",
                "Model, people and nuisance in each cell",
                "r on held-out items",
                [DotRow(cell.name, _score_lines(cell), _verdict(cell)) for cell in cells],
            ),
            f"Circle: model. Triangle: other people predict each person. Strokes: nuisance, each "
            f"alone; {bars}. A model left of a stroke is below that nuisance, which so reaches it.",
        )
    ]
    if protocol == "controlled":
        figures.append(
            Figure(
                draw_dots(
                    f"{key}-unique",
                    "What the model adds to nuisance in each cell",
                    "unique R²",
                    [DotRow(cell.name, _unique_lines(cell), _verdict(cell)) for cell in cells],
                ),
                "Circle: what the model adds to all nuisance together, with its 95 % interval "
                "over people, then over items. Triangle: what other people add to nuisance.",
            )
        )
    return figures


def _score_lines(cell: CellSummary) -> list[list[Mark]]:
    name, nuisance = cell.name, []
    for row in cell.nuisance:
        told = f"{name}, {row.name}: r {number(row.value)}"
        nuisance.append(Mark(row.value, "tick", "nuisance", told, row.interval))
    about = f"{name}, model: r {with_interval(cell.model.value, cell.model.interval)}"
    lines = [[Mark(cell.model.value, "dot", "model", about, cell.model.interval)]]
    if cell.people is not None:
        told = f"{name}, people: r {with_interval(cell.people.value, cell.people.interval)}"
        lines.append([Mark(cell.people.value, "triangle", "people", told, cell.people.interval)])
    return [*lines, nuisance]


def _unique_lines(cell: CellSummary) -> list[list[Mark]]:
    score, name = cell.score, cell.name
    if not isinstance(score, ControlledScore):
        return []
    unique, people = score.unique_r2, score.reference_unique_r2
    lines = []
    for ends, over in ((unique.interval, "people"), (unique.items_interval, "items")):
        told = f"{name}, model over {over}: {with_interval(unique.value, ends, 4)}"
        lines.append([Mark(unique.value, "dot", "model", told, ends)])
    if people is not None:
        told = f"{name}, people: {with_interval(people.value, people.interval, 4)}"
        lines.append([Mark(people.value, "triangle", "people", told, people.interval)])
    return lines


def _controlled_table(cells: Sequence[CellSummary]) -> Table:
    columns = ("cell", "verdict", "r", "people's r", "ratio", "nuisance R²", "unique R²",
               "over items", "p", "p Holm", "found with 80 % power",
               "people, items, voxels")  # fmt: skip
    rows = []
    for cell in cells:
        score = cell.score
        if not isinstance(score, ControlledScore):
            continue
        found = score.detectable_r2
        rows.append((
            score.benchmark,
            score.verdict + ("" if score.primary else ", secondary"),
            with_interval(score.raw.value, score.raw.interval),
            "n/a" if cell.people is None
            else with_interval(cell.people.value, cell.people.interval),
            "n/a" if score.ratio is None
            else with_interval(score.ratio, score.ratio_interval, 2),
            number(score.nuisance_r2, 4),
            with_interval(score.unique_r2.value, score.unique_r2.interval, 4),
            interval(score.unique_r2.items_interval, 4) or "n/a",
            number(score.unique_r2.p),
            number(score.p_corrected),
            "more than was tried" if found is None else f"R² {number(found, 4)}",
            f"{score.n_subjects}, {score.n_items}, {score.n_voxels}",
        ))  # fmt: skip
    return Table("Every cell, controlled protocol; 95 % intervals over people in brackets",
                 columns, rows)  # fmt: skip


def _published_table(cells: Sequence[CellSummary]) -> Table:
    columns = ("cell", "best layer", "r", "± MAD", "people's r", "ceiling v0, median", "r / v0",
               "v0 ≈ 0", "v0 ≈ 1", "strongest nuisance", "people, items, voxels")  # fmt: skip
    rows = []
    for cell in cells:
        row, strongest = cell.score, cell.strongest
        if not isinstance(row, ScoreRow):
            continue
        rows.append((
            row.benchmark,
            f"{row.site} {row.layer}",
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
    return Table("Every cell, published protocol", columns, rows)


def _share_of_voxels(count: int | None, row: ScoreRow) -> str:
    voxels = row.n_subjects * row.n_voxels
    return "n/a" if count is None or voxels <= 0 else percent(count / voxels)


def _nuisance_table(cells: Sequence[CellSummary], protocol: str) -> Table:
    """Nuisance by cell; what it is not below is said in words, not by colour."""
    names = dict.fromkeys(row.name for cell in cells for row in cell.nuisance)
    rows = []
    for name in names:
        rows.append((name, *(_nuisance_cell(cell.nuisance_row(name)) for cell in cells)))
    return Table(
        f"r of each nuisance alone, {protocol} protocol; reaches: what it is not below",
        ("nuisance", *(cell.name for cell in cells)),
        rows,
    )


def _nuisance_cell(row: Nuisance | None) -> str:
    if row is None or row.value is None:
        return "n/a" + (f": {row.reason}" if row is not None and row.reason else "")
    reached = ["people" if what == "reference" else what for what in row.reaches]
    told = f", reaches {' and '.join(reached)}" if reached else ""
    return with_interval(row.value, row.interval) + told


def _people_table(cells: Sequence[CellSummary]) -> Table:
    people = dict.fromkeys(subject for cell in cells for subject in cell.by_person)
    rows = [
        (subject, *(number(cell.by_person.get(subject), lacking="") for cell in cells))
        for subject in people
    ]
    return Table("r of each person", ("person", *(cell.name for cell in cells)), rows)


def _verdict(cell: CellSummary) -> str:
    score = cell.score
    if isinstance(score, ControlledScore):
        return score.verdict
    reached = len(cell.reached_by)
    return f"reached by {reached}" if reached else ""
