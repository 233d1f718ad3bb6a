"""Scores as labelled arrays: each number at its place, whatever a record holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scorecards import PARTIAL, passed, record_of
from simulated_records import controlled, full, gain, published, search

from brainbench.benchmarks import DifficultyScore, LadderScore
from brainbench.benchmarks.score import OtherScore
from brainbench.results import Record

DIMS = {"roi", "reasoning_type", "subject", "layer", "rung", "term", "measure", "answer_measure",
        "profile", "control", "arm", "against", "metric", "choice"}  # fmt: skip


def scores_of(record: Record) -> list[Any]:
    return [*LadderScore.read_from(record), *record.controlled, *record.published,
            *record.behavior, *DifficultyScore.read_from(record), *record.answer_bias,
            *record.gains, *record.searches, *record.other]  # fmt: skip


@pytest.mark.parametrize("name", PARTIAL)
def test_every_score_has_arrays_with_named_dimensions(name: str) -> None:
    for score in scores_of(PARTIAL[name]):
        found = score.to_xarray()
        assert set(found.sizes) <= DIMS
        assert found.data_vars
        # a coordinate for every dimension
        assert set(found.sizes) == set(found.coords)


def test_encoding_scores() -> None:
    score = controlled()
    found = score.to_xarray()
    place = {"roi": "language", "reasoning_type": "syllogistic"}
    assert found.r.dims == ("roi", "reasoning_type")
    assert float(found.r.sel(place)) == score.raw.value
    assert (float(found.unique_r2_low.sel(place)), float(found.unique_r2_high.sel(place))) == (
        score.unique_r2.interval
    )
    person, layer = score.subjects[2], score.layers[1]
    assert float(found.r_by_subject.sel(**place, subject=person.subject)) == person.r
    assert float(found.r2_by_layer.sel(**place, layer=str(layer.layer))) == layer.r2
    assert found.attrs["benchmark"] == score.benchmark


def test_scores_of_several_places_are_put_together() -> None:
    cells = [controlled(), controlled("language", "transitive"), controlled("md", "syllogistic")]
    together = xr.combine_by_coords(
        [c.to_xarray() for c in cells], combine_attrs="drop", join="outer"
    )
    assert together.r.sizes == {"roi": 2, "reasoning_type": 2}
    assert np.isnan(float(together.r.sel(roi="md", reasoning_type="transitive")))
    found = float(together.r.sel(roi="language", reasoning_type="transitive"))
    assert found == cells[1].raw.value


def test_published_scores() -> None:
    score = published()
    found = score.to_xarray()
    assert float(found.r.squeeze()) == score.raw
    assert found.r_by_subject.squeeze().to_series().to_dict() == score.by_person


def test_the_ladder_is_a_grid_of_rungs_and_terms() -> None:
    score = passed("run", "position")
    found = score.to_xarray()
    assert found.z.dims == ("roi", "reasoning_type", "rung", "term")
    for row in score.rows[::7]:
        where = row.model_dump(include={"roi", "reasoning_type", "rung", "term"})
        assert float(found.z.sel(where)) == row.z
        assert float(found.p.sel(where)) == row.p


def test_behaviour_has_measures_and_people() -> None:
    score = full().behavior[0]
    found = score.to_xarray().squeeze("reasoning_type")
    assert float(found.value.sel(measure="answer_kappa")) == score.answer_kappa.value
    person = score.people[0]
    assert float(
        found.by_subject.sel(subject=person.subject, answer_measure="agreement")
    ) == pytest.approx(person.agreement)


def test_guidance() -> None:
    score = gain()
    found = score.to_xarray()
    change = score.differences[1].changes[0]
    at = {"against": score.differences[1].against, "metric": change.metric}
    assert float(found.change.sel(at)) == change.value
    assert float(found.auc.sel(arm="guided")) == 0.55
    assert {"dprime", "criterion"} <= set(found)
    assert search().to_xarray().flipped.sel(arm="label only") == 0.5


def test_answers() -> None:
    (score, *_) = record_of("f50c41311891").answer_bias
    found = score.to_xarray()
    assert float(found.always.sel(choice="True")) == score.always["True"]
    assert (float(found.low), float(found.high)) == score.accuracy_interval


def test_a_score_of_a_plugin_is_its_headline() -> None:
    other = OtherScore(kind="rsa", benchmark="x", version=1, dataset="x", value=None, score={})
    assert np.isnan(float(other.to_xarray().value))


@pytest.mark.parametrize("name", PARTIAL)
def test_a_notebook_shows_any_score(name: str) -> None:
    for score in scores_of(PARTIAL[name]):
        text = score._repr_html_()
        assert text.lstrip().startswith("<")
        assert "None" not in text.partition("</style>")[2][:200]


def test_what_a_notebook_shows_is_escaped() -> None:
    score = OtherScore(kind="x", benchmark="<script>alert(1)</script>", version=1, dataset="x",
                       value=1.0, score={})  # fmt: skip
    assert "<script>alert" not in score._repr_html_()
