"""Cells of alignment in one form, and the layers and numbers shown of them."""

from __future__ import annotations

import math

import pytest
from simulated_records import PEOPLE, controlled, empty, published

from brainbench.benchmarks.controlled.score import ControlledLayer
from brainbench.quantities import Layer
from brainbench.results import Record
from brainbench.results.blocks import SideBySide, Table
from brainbench.results.sections.alignment import alignment_sections
from brainbench.results.sections.cells import CellSummary, controlled_cells, published_cells
from brainbench.results.sections.layers import layer_maps


def both() -> Record:
    record = empty()
    record.add(controlled("language", "syllogistic"))
    record.add(published("md", "all"))
    return record


def test_both_protocols_come_in_one_form() -> None:
    record = both()
    (first,), (second,) = controlled_cells(record), published_cells(record)
    score, row = record.controlled[0], record.published[0]
    assert first.name == "language, syllogisms"
    assert first.model.value == score.raw.value
    assert first.model.interval == score.raw.interval
    assert first.together == score.r2
    assert first.layers["hidden"][3] == score.layers[9].r2
    assert first.by_person == {person.subject: person.r for person in score.subjects}
    assert second.model.value == second.together == row.raw
    assert second.model.interval == pytest.approx((row.raw - 0.02, row.raw + 0.02))
    assert set(second.by_person) == set(PEOPLE)
    assert second.layers["attention"][5] == pytest.approx(row.raw - 0.02)


def test_the_bar_is_the_largest_nuisance_in_the_statistic_of_layers() -> None:
    record = both()
    (first,), (second,) = controlled_cells(record), published_cells(record)
    assert first.bar == 0.003  # R² of response time
    assert first.strongest is not None
    assert first.strongest.name == "response time"
    assert first.reached_by == second.reached_by == ["response time"]
    assert second.bar == pytest.approx(second.model.value + 0.02)  # type: ignore[operator]


def test_random_features_count_with_their_luckiest_draws() -> None:
    record = empty()
    lucky = published().model_copy(
        update={
            "controls": tuple(
                control.model_copy(update={"raw_range": (0.0, 0.9)})
                for control in published().controls
                if control.control == "random features"
            )
        }
    )
    record.add(lucky)
    (cell,) = published_cells(record)
    assert cell.bar == 0.9


def passing(record: Record, cells: list[CellSummary], protocol: str) -> Table:
    blocks = layer_maps("k", protocol, cells)
    (table,) = [block for block in blocks if isinstance(block, Table)]
    return table


def test_layers_above_all_nuisance_are_counted_and_marked() -> None:
    score = controlled()
    layers = tuple(
        ControlledLayer(layer=Layer("hidden", i), r2=r2, p=0.01, q=q)
        for i, (r2, q) in enumerate([(0.0031, 0.01), (0.0030, 0.01), (-0.2, 0.9), (0.5, 0.2)])
    )
    record = empty()
    record.add(score.model_copy(update={"layers": layers}))
    cells = controlled_cells(record)
    table = passing(record, cells, "controlled")
    # the nuisance has 0.003: equal is not above
    assert list(table.rows[0]) == [
        "language, syllogisms", "2 of 4", "hidden 3", "0.5000", "0.0030", "2"
    ]  # fmt: skip
    (beside,) = [b for b in layer_maps("k", "controlled", cells) if isinstance(b, SideBySide)]
    assert len(beside.figures) == 2  # one site, and nuisance
    assert beside.figures[0].picture.count("<circle") == 2


def test_units_of_all_layers_stand_at_their_place_in_the_list() -> None:
    places = [Layer("attention", None), Layer("hidden", 7), Layer("hidden", None)]
    layers = tuple(ControlledLayer(layer=own, r2=i / 4, p=1, q=1) for i, own in enumerate(places))
    record = empty()
    record.add(controlled().model_copy(update={"layers": layers}))
    (cell,) = controlled_cells(record)
    assert cell.layers == {"attention": {0: 0.0}, "hidden": {7: 0.25, 2: 0.5}}


def test_each_protocol_has_a_section_labelled_with_it() -> None:
    sections = alignment_sections(both())
    assert [section.badge for section in sections] == ["controlled protocol", "published protocol"]
    assert len({section.key for section in sections}) == 2
    assert alignment_sections(empty()) == []


def test_the_table_has_every_number_of_the_cell() -> None:
    record = both()
    score = record.controlled[0]
    tables = {t.caption: t for t in alignment_sections(record)[0].blocks if isinstance(t, Table)}
    table = next(t for caption, t in tables.items() if "Every cell" in caption)
    row = dict(zip([head.name for head in table.heads], *table.rows, strict=True))
    assert row["cell"] == score.benchmark
    assert row["p"] == f"{score.unique_r2.p:.3f}"
    assert f"{score.raw.value:.3f} [" in row["r"]
    assert f"{score.unique_r2.value:.4f} [" in row["unique R²"]
    assert row["people, items, voxels"] == "8, 36, 100"


def test_scores_that_are_no_numbers_are_told_so() -> None:
    record = both()
    (score,) = record.published
    first = score.layers[0].model_copy(update={"raw": math.inf})
    nothing = {"raw": math.nan, "n_voxels": 0, "layers": (first, *score.layers[1:])}
    record.published = [score.model_copy(update=nothing)]
    section = alignment_sections(record)[1]
    (table,) = [
        t for t in section.blocks if isinstance(t, Table) and t.caption.startswith("Every cell")
    ]
    assert table.rows[0][2] == "not a number"
    assert table.rows[0][7] == "n/a"
