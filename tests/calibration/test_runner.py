"""A plan is worked through once, whatever stops it and on however many cores."""

from __future__ import annotations

import os
from typing import Any

import pytest

from brainbench.calibration import Calibration, CalibrationPlan, calibrate, new_calibration

TINY = CalibrationPlan(
    reasoning_types=("transitive",),
    n_tested=3,
    n_planted=2,
    n_mis_specified=2,
    n_narrow=2,
    n_pooled=1,
    n_layer=1,
    n_published=1,
    n_reference=1,
    n_courses=1,
    shares=(0.05, 0.2),
    alike=(0.0, 0.5),
    draws=9,
    tested_draws=9,
    pooled_draws=4,
)


SMALL = TINY.model_copy(update={"n_mis_specified": 0, "n_narrow": 0, "n_pooled": 0})


@pytest.fixture(scope="module")
def whole() -> Calibration:
    return calibrate(seed=3, plan=TINY)


@pytest.fixture(scope="module")
def small() -> tuple[Calibration, list[tuple[int, int]]]:
    """A record, and (done, total) of each step that it told."""
    said: list[tuple[int, int]] = []
    return calibrate(3, SMALL, lambda step: said.append((step.done, step.total))), said


def test_every_row_once(whole: Calibration) -> None:
    assert whole.complete
    assert len(whole.rows) == 4 + 4 + 4 + 1 + 6 + 4
    assert len({row.key for row in whole.rows}) == len(whole.rows)
    assert whole.design.items_of_runs["transitive-01"] == 16
    assert set(whole.people_r) == set(whole.dimensions) == {"transitive"}


@pytest.mark.exhaustive
def test_equal_on_one_core(whole: Calibration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    assert calibrate(seed=3, plan=TINY) == whole


def test_another_seed_is_another_record(whole: Calibration, small: Any) -> None:
    one, other = small[0], calibrate(seed=4, plan=SMALL)
    assert one.rows == tuple(r for r in whole.rows if r in one.rows)
    assert [r.unique_r2 for r in one.rows] != [r.unique_r2 for r in other.rows]


def test_progress_counts_every_step(small: Any) -> None:
    said = small[1]
    total = said[0][1]
    assert said == [(step, total) for step in range(total)]


@pytest.mark.exhaustive
def test_a_killed_run_goes_on_after_its_rows(whole: Calibration) -> None:
    saved: list[Calibration] = []

    def stop(record: Calibration) -> None:
        saved.append(record)
        if len(record.rows) > 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(3, TINY, save=stop)
    kept = saved[-1]
    assert not kept.complete
    assert [len(record.rows) for record in saved] == [0, 4, 6]
    steps: list[str] = []
    again = calibrate(3, TINY, lambda step: steps.append(step.label), kept=kept)
    assert again == whole
    assert not any("nothing and in span: data" in s and s.startswith("tran") for s in steps)


def test_rows_of_another_run_are_not_taken_up() -> None:
    kept = new_calibration(4, SMALL)
    other = new_calibration(3, SMALL)
    assert kept.differs_from(other) == ["seed 4, not 3"]
    assert new_calibration(3, TINY).differs_from(other) == ["another plan: --full or not"]
    changed = other.model_copy(update={"versions": {**other.versions, "source": "0"}})
    assert changed.differs_from(other) == [f"source 0, not {other.versions['source']}"]
    done = changed.model_copy(update={"complete": True})
    assert calibrate(3, SMALL, kept=done).rows


def test_a_complete_record_is_given_back_as_it_is(whole: Calibration) -> None:
    assert calibrate(3, TINY, kept=whole, save=lambda record: pytest.fail("saved")) is whole
