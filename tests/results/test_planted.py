"""What was planted in simulated people, beside what a run found."""

from __future__ import annotations

from typing import Any

import ladders
import pytest
import simulated_records as runs

from brainbench.benchmarks import LadderRow, LadderScore
from brainbench.benchmarks.ladder.names import RUNGS, Rung
from brainbench.benchmarks.ladder.score import RoiFinding
from brainbench.results import DatasetInfo, ModelInfo, Record
from brainbench.results.blocks import Table
from brainbench.results.planted import judge, planted_rows
from brainbench.results.scorecard import scorecard
from brainbench.results.sections.cautions import run_cautions
from brainbench.results.sections.planted import planted_blocks

GONE, THERE = 0.5, 0.001


def found(*p: float) -> RoiFinding:
    return RoiFinding(dict(zip(RUNGS, p, strict=False)))


def record(name: str = "nano", builtin: bool = True, **more: Any) -> Record:
    """A run on the people of the first run, in which everything is found as planted."""
    held = {"name": "planted", "version": "1", "data_sha256": runs.DATA, "simulated": True}
    made = runs.empty(
        name,
        model=ModelInfo(identifier=name, sha256="a" * 64, builtin=builtin),
        datasets=[DatasetInfo(**{**held, "licence": "MIT", **more})],
        notes=["planted: planted share of variance: signal: 15%", "another note"],
    )
    steps = {"signal": [THERE] * 5, "confound": [THERE] * 2 + [GONE] * 3, "noise": [GONE] * 5}
    cells = [
        LadderRow(
            dataset="planted", rung=rung, term="larger", roi=roi, reasoning_type="transitive",
            z=1.0, p=p, n_permutations=100,
        )
        for roi, values in steps.items()
        for rung, p in zip(RUNGS, values, strict=False)
    ]  # fmt: skip
    every = [row.model_copy(update={"roi": "all", "reasoning_type": "all"}) for row in cells[:5]]
    context = ladders.context(dataset="planted", benchmark="planted.brain.all-ladder")
    LadderScore(
        benchmark=context.benchmark,
        version=1,
        dataset="planted",
        rows=(*every, *cells),
        context=context,
    ).add_to(made)
    return made


def test_each_region_has_its_truth_beside_what_was_found() -> None:
    signal, confound, noise = planted_rows(record())
    assert (signal.roi, confound.roi, noise.roi) == ("signal", "confound", "noise")
    assert (dict(signal.planted), dict(confound.planted)) == ({"signal": 0.15}, {"length": 0.2})
    assert dict(noise.planted) == {}
    assert signal.source == "nano's attention layer 1"
    assert [row.explained_by for row in (signal, confound, noise)] == [None, "length", None]
    assert [row.as_planted for row in (signal, confound, noise)] == [True, True, True]


def test_what_is_planted_from_nano_says_nothing_of_another_model() -> None:
    for other in (record("lab/model", builtin=False), record("nano", builtin=False)):
        assert [row.as_planted for row in planted_rows(other)] == [None, True, True]


def test_no_rows_without_a_truth() -> None:
    assert planted_rows(runs.empty()) == []
    assert planted_rows(record(version="0")) == []
    assert planted_rows(record(simulated=False)) == []
    assert planted_blocks(runs.empty()) == []


@pytest.mark.parametrize(
    ("planted", "p", "own", "as_planted"),
    [
        ({"signal": 0.3, "type": 0.1}, [THERE] * 5, True, True),
        ({"signal": 0.3}, [THERE, THERE, GONE], True, False),
        ({"signal": 0.3}, [THERE] * 5, False, None),
        ({"length": 0.3}, [THERE] * 5, True, False),
        ({"length": 0.3}, [GONE, GONE], True, False),
        ({"length": 0.3}, [GONE, GONE], False, True),
        ({"length": 0.3}, [THERE] * 5, False, False),
        ({"length": 0.1, "drift": 0.1}, [THERE, THERE, GONE], True, True),
        ({"drift": 0.3}, [THERE, GONE], True, True),
        ({"drift": 0.3}, [THERE, THERE, GONE], True, False),
        ({"validity": 0.3}, [THERE, THERE, THERE, GONE], True, True),
        ({}, [THERE, GONE], True, True),
        ({}, [THERE, THERE, GONE], True, False),
    ],
)
def test_when_a_finding_is_what_was_planted(
    planted: dict[str, float], p: list[float], own: bool, as_planted: bool | None
) -> None:
    assert judge(planted, found(*p), own) is as_planted


def test_the_table_comes_first_and_is_not_said_twice() -> None:
    made = record()
    table = scorecard(made).blocks[0]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["signal", "confound", "noise"]
    said = [text for _, text in run_cautions(made)]
    assert "another note" in said
    assert not any("planted share" in text for text in said)
    other = record(version="0")
    assert any("planted share" in text for _, text in run_cautions(other))


def test_the_last_rung_that_was_passed() -> None:
    def beyond(*p: float) -> Rung | None:
        return found(*p).beyond

    assert (beyond(GONE), beyond(THERE, GONE, THERE), beyond(THERE, THERE)) == (
        None, "run", "position",
    )  # fmt: skip
