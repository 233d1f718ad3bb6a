"""The ladder in words, a table and a picture."""

from __future__ import annotations

from typing import Any

import ladders
import pytest
import simulated_records as runs

from brainbench.benchmarks import LadderRow, LadderScore
from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.benchmarks.ladder.score import BaselineRow, EffectRow, SharedRow
from brainbench.results import Record
from brainbench.results.blocks import Bullets, Figure, Table, Words
from brainbench.results.report.summary import summary
from brainbench.results.sections.ladder import (
    ladder_section,
    read_effect,
    read_ladder,
)


def row(rung: str, p: float, **more: Any) -> dict[str, Any]:
    return {
        "dataset": "toy",
        "rung": rung,
        "term": "larger",
        "roi": "all",
        "reasoning_type": "all",
        "z": 10 * (0.5 - p),
        "p": p,
        "n_permutations": 10_000,
        **more,
    }


def scored(*p_values: float, detectable: float | None = 0.08) -> LadderScore:
    rows = []
    for rung, p in zip(RUNGS, p_values, strict=False):
        rows += [row(rung, p), row(rung, p, term="own"), row(rung, p, term="between")]
        rows.append(row(rung, min(1.0, 2 * p), roi="language", reasoning_type="transitive"))
    baselines = [row("run", 0.3, baseline="untrained", draw=1),
                 row("run", 0.4, baseline="untrained", draw=0),
                 row("run", 0.001, baseline="length alone")]  # fmt: skip
    cell = {"rung": "run", "roi": "language", "reasoning_type": "transitive"}
    context = ladders.context(
        baselines=tuple(BaselineRow(**one) for one in baselines),
        shared=(
            SharedRow(**cell, form="voxels", r=0.05, interval=(-0.02, 0.12)),
            SharedRow(**cell, form="ROI means", r=0.4, interval=(0.2, 0.6)),
        ),
        detectable=detectable,
    )
    return LadderScore(
        benchmark="toy.brain.all-ladder",
        version=1,
        dataset="toy",
        rows=tuple(LadderRow(**one) for one in rows),
        context=context,
    )


def shown(*scores: LadderScore) -> Record:
    record = runs.empty()
    for score in scores:
        score.add_to(record)
    return record


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (
            scored(0.0001, 0.002, 0.79),
            "found beyond position and neighbours (p 0.0020); explained by text length (p 0.7900), "
            "where one layer explaining 8\N{NO-BREAK SPACE}% of each person's variance would have "
            "been found in 8 of 10 such experiments",
        ),
        (
            scored(0.3, detectable=None),
            "not found (p 0.3000); this experiment would have missed even half of each person's "
            "variance",
        ),
        (scored(*[0.0001] * 6), "found beyond everything listed (p < 0.001)"),
    ],
)
def test_outcomes_in_words(score: LadderScore, words: str) -> None:
    assert read_ladder(score) == words


def test_a_section_leads_with_the_outcome_and_shows_every_rung() -> None:
    section = ladder_section(shown(scored(0.01, 0.02, 0.5)))
    assert section is not None
    lead, table, figure = section.blocks[:3]
    assert isinstance(lead, Words)
    assert lead.text == read_ladder(scored(0.01, 0.02, 0.5)) + "."
    assert isinstance(table, Table)
    assert [cells[0] for cells in table.rows] == [
        "run means", "position and neighbours", "text length",
    ]  # fmt: skip
    # the largest of the untrained networks, and the cells where people share anything
    assert table.rows[0][5:] == ("2.0", "1 of 1")
    assert table.is_strong(2)
    assert isinstance(figure, Figure)
    assert "length alone 0: z 5.0" in figure.picture


def test_two_datasets_are_two_parts() -> None:
    one = scored(0.01, 0.5)
    context = one.context.model_copy(update={"dataset": "other"})
    rows = tuple(each.model_copy(update={"dataset": "other"}) for each in one.rows)
    two = one.model_copy(update={"dataset": "other", "rows": rows, "context": context})
    section = ladder_section(shown(one, two))
    assert section is not None
    assert [part.title for part in section.parts] == ["toy", "other"]


def test_without_a_ladder_there_is_no_section() -> None:
    assert ladder_section(runs.empty()) is None


def test_records_without_a_ladder_do_not_mention_it() -> None:
    assert "ladder" not in runs.empty().model_dump_json()
    written = shown(scored(0.01, 0.5)).model_dump_json()
    assert LadderScore.read_from(Record.model_validate_json(written)) == [scored(0.01, 0.5)]


def test_the_summary_of_a_report_begins_with_it() -> None:
    title, items = summary(shown(scored(0.01, 0.02, 0.5)))[:2]
    assert isinstance(title, Words)
    assert title.text == "Aligned, and with what:"
    assert isinstance(items, Bullets)
    assert items.items == [("toy", read_ladder(scored(0.01, 0.02, 0.5)))]


def test_what_a_model_explains_is_printed_with_its_interval() -> None:
    effects = (
        EffectRow(rung="run", term="own", share=0.047, interval=(-0.012, 0.106), n_cells=6),
        EffectRow(rung="run", term="between", share=0.5, interval=(-1.0, 2.0), n_cells=3),
    )
    score = scored(0.2)
    object.__setattr__(score, "context", score.context.model_copy(update={"effects": effects}))
    assert read_effect(score).replace("\xa0", " ") == (
        "Beyond run means, it explains 4.7 % of each person's variance (95 % over people and "
        "items: -1.2 % to 10.6 %)."
    )
    assert read_effect(scored(0.2)) == ""
    # no empty line where there is nothing to say of that rung
    beyond = tuple(one.model_copy(update={"rung": "length"}) for one in effects)
    context = score.context.model_copy(update={"effects": beyond})
    object.__setattr__(score, "context", context)
    section = ladder_section(shown(score))
    assert section is not None
    assert all(block.text for block in section.blocks if isinstance(block, Words))
