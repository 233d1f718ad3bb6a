"""Every layer of every cell in shades, with the nuisance that it has to pass beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brainbench.results.blocks import Block, Figure, Folded, SideBySide, Table
from brainbench.results.plots.heat_map import HeatMap, HeatMapColumn, draw_heat_map
from brainbench.results.sections.cells import CellSummary
from brainbench.results.wording import finite, number, plain_kind, plain_roi

_SITES = 6
# share of the values that shades tell apart; what is past them is as dark as it gets
_WITHIN = 0.97
_STATISTIC = {"controlled": "R²", "published": "r"}
_RANDOM = {
    "controlled": "of random features the mean of the draws",
    "published": "of random features the upper end of the draws",
}


def layer_maps(key: str, protocol: str, cells: Sequence[CellSummary]) -> list[Block]:
    """Maps of each site's layers and of nuisance, one scale for all; what passes it in words.

    Parameters
    ----------
    key : what the keys of the pictures begin with, unique on the page.
    protocol : ``controlled``, whose maps are of R², or ``published``, of r.
    cells : one summary for each ROI and reasoning type.

    Returns
    -------
    Blocks; none where no cell has layers.
    """
    sites = list(dict.fromkeys(site for cell in cells for site in cell.layers))[:_SITES]
    if not sites:
        return []
    statistic = _STATISTIC[protocol]
    largest = _scale(cells)
    columns = [
        HeatMapColumn(plain_roi(c.roi), plain_kind(c.reasoning_type).removesuffix(" problems"))
        for c in cells
    ]
    figures = []
    for index, site in enumerate(sites):
        values, marked = _site(cells, site)
        picture = HeatMap(
            f"{key}-layers-{index}",
            f"{site}: {statistic} of each layer in each cell",
            "Rows are layers, the last on top; columns are cells. A dot: above all nuisance.",
            columns,
            values,
            largest,
            marked,
        )
        figures.append(Figure.of(draw_heat_map(picture), f"{site}: {statistic} of each layer"))
    beside = HeatMap(
        f"{key}-nuisance",
        f"Nuisance: {statistic} in each cell",
        "Rows are the model's headline, people where they have this statistic, and nuisance.",
        columns,
        _beside(cells, protocol),
        largest,
        row_height=16,
    )
    figures.append(
        Figure.of(
            draw_heat_map(beside),
            f"Beside it: {statistic} of nuisance alone, on the same scale; {_RANDOM[protocol]}. A "
            "dot in a layer's cell: it is above every nuisance row of that cell. Orange: below 0.",
        )
    )
    return [
        SideBySide(figures),
        _passing(cells, statistic),
        Folded("Layers in numbers", [_numbers(cells, sites, statistic)], wide=True),
    ]


def _scale(cells: Sequence[CellSummary]) -> float:
    """The value of the darkest shade; few cells are past it, so that the others differ visibly."""
    found = [
        value for cell in cells for depths in cell.layers.values() for value in depths.values()
    ]
    found += [row.layerwise for cell in cells for row in cell.nuisance if row.layerwise is not None]
    held = sorted(abs(value) for value in found if finite(value) is not None)
    return held[min(len(held) - 1, int(_WITHIN * len(held)))] if held else 1.0


def _site(
    cells: Sequence[CellSummary], site: str
) -> tuple[dict[str, dict[int, float | None]], dict[str, list[int]]]:
    """Values and marks, the deepest layer first."""
    depths = sorted({depth for cell in cells for depth in cell.layers.get(site, {})}, reverse=True)
    values: dict[str, dict[int, float | None]] = {}
    marked: dict[str, list[int]] = {}
    for depth in depths:
        name = f"layer {depth}"
        values[name] = {i: cell.layers.get(site, {}).get(depth) for i, cell in enumerate(cells)}
        marked[name] = [i for i, cell in enumerate(cells) if _passes(cell, values[name][i])]
    return values, marked


def _passes(cell: CellSummary, value: float | None) -> bool:
    return value is not None and cell.bar is not None and value > cell.bar


def _beside(
    cells: Sequence[CellSummary], protocol: str
) -> Mapping[str, Mapping[int, float | None]]:
    rows: dict[str, dict[int, float | None]] = {
        "model": {i: cell.together for i, cell in enumerate(cells)}
    }
    if protocol == "published":
        rows["people"] = {
            i: None if cell.people is None else cell.people.value for i, cell in enumerate(cells)
        }
    for name in dict.fromkeys(row.name for cell in cells for row in cell.nuisance):
        held = [cell.nuisance_row(name) for cell in cells]
        rows[name] = {i: row.layerwise if row else None for i, row in enumerate(held)}
    return rows


def _passing(cells: Sequence[CellSummary], statistic: str) -> Table:
    """For each cell, which layers are above all nuisance, and what stands highest there."""
    rows = []
    for cell in cells:
        every = [
            (site, depth, value)
            for site, depths in cell.layers.items()
            for depth, value in depths.items()
            if finite(value) is not None
        ]
        if not every:
            continue
        passing = sum(_passes(cell, value) for _, _, value in every)
        site, depth, value = max(every, key=lambda one: one[2])
        above = f"{passing} of {len(every)}"
        row = [cell.name, above, f"{site} {depth}", number(value, 4), number(cell.bar, 4)]
        found = sum(q < 0.05 for q in cell.quality.values())
        rows.append((*row, number(found)) if cell.quality else row)
    columns = ["cell", "layers above all nuisance", "best layer", f"its {statistic}",
               f"largest {statistic} of nuisance"]  # fmt: skip
    if any(cell.quality for cell in cells):
        columns.append("layers with q < 0.05")
    return Table("Which layers reach past nuisance", columns, rows)


def _numbers(cells: Sequence[CellSummary], sites: Sequence[str], statistic: str) -> Table:
    rows = []
    for site in sites:
        for name, values in _site(cells, site)[0].items():
            cells_ = [number(values[i], 4, "") for i in range(len(cells))]
            rows.append((f"{site}, {name}", *cells_))
    return Table(
        f"{statistic} of each layer",
        ("layer", *(cell.name for cell in cells)),
        rows,
        matrix=True,
    )
