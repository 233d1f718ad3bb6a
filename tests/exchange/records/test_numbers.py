"""Which numbers of a record are results of the model, and that each is the record's."""

from __future__ import annotations

import math

import pytest
from scorecards import PARTIAL
from simulated_records import controlled, empty, gain, search

from brainbench.benchmarks import LadderScore
from brainbench.benchmarks.score import OtherScore
from brainbench.exchange.records import own_numbers
from brainbench.results.finished import FinishedRun


@pytest.mark.parametrize("name", list(PARTIAL))
def test_each_has_a_key_of_its_own_and_lies_within_its_bounds(name: str) -> None:
    found = own_numbers(PARTIAL[name])
    assert found
    assert len({number.key for number in found}) == len(found)
    for number in found:
        low, high = number.bounds
        assert math.isfinite(number.value)
        assert low is None or number.value >= low
        assert high is None or number.value <= high
        assert number.dataset
        assert number.name


def test_encoding_scores() -> None:
    record, score = empty(), controlled()
    record.add(score)
    r, unique = own_numbers(record)
    assert (r.benchmark, r.metric, r.value) == (score.benchmark, "pearson_r", score.raw.value)
    assert (r.interval, r.p, r.n_people) == (score.raw.interval, score.raw.p, score.n_subjects)
    assert (unique.metric, unique.value) == ("unique_r2", score.unique_r2.value)
    # numbers that the model is compared with are not the model's own
    assert all(number.value != score.controls[0].r for number in (r, unique))


def test_the_ladder_is_one_number_with_what_it_says() -> None:
    record = PARTIAL["everything"]
    (score,) = LadderScore.read_from(record)
    (number,) = (each for each in own_numbers(record) if each.metric == "ladder_z")
    assert number.value == score.headline
    assert number.about.startswith(score.outcome)
    assert number.bounds == (None, None)


def test_tasks_have_their_errors_intervals_and_items(asked: FinishedRun) -> None:
    record = asked.record
    found = {number.key: number for number in own_numbers(record)}
    metrics = record.accuracy["brainbench_quick_belief"]
    (bias,) = (each for each in record.answer_bias if each.task == "brainbench_quick_belief")
    accuracy = found["brainbench_quick_belief/acc"]
    assert accuracy.value == metrics["acc,none"] == bias.accuracy
    assert accuracy.stderr == metrics["acc_stderr_clustered,none"]
    assert accuracy.interval == bias.accuracy_interval
    assert accuracy.n_items == 4
    assert accuracy.bounds == (0.0, 1.0)
    assert found["brainbench_scanner_generate/invalid"].lower_is_better
    # a constant answer and the lean of answers describe; they are not how good a model is
    assert not any("always" in key or "bias" in key for key in found)


def test_a_metric_of_a_filter_has_its_name() -> None:
    record = empty(accuracy={"gsm": {"exact_match,strict": 0.5, "exact_match_stderr,strict": 0.1,
                                     "exact_match,loose": 0.75, "alias": "gsm", "name": "gsm",
                                     "word_perplexity,none": 9.0, "sample_len": 7}})  # fmt: skip
    strict, loose, perplexity = own_numbers(record)
    assert (strict.key, strict.stderr, strict.n_items) == ("gsm/exact_match_strict", 0.1, 7)
    assert (loose.value, loose.stderr) == (0.75, None)
    assert perplexity.lower_is_better


def test_guidance_is_what_changed_against_each_arm() -> None:
    record = empty()
    record.add(gain())
    record.add(search())
    found = own_numbers(record)
    changes = [c for difference in record.gains[0].differences for c in difference.changes]
    rows = record.searches[0].rows
    flips = [row.flipped for row in rows if row.arm == "guided"]
    flips += [row.guided_minus for row in rows if row.guided_minus is not None]
    assert [number.value for number in found] == [
        *(change.value for change in changes),
        *flips,
    ]
    assert found[0].about == record.gains[0].verdict


def test_a_score_of_a_plugin_is_its_headline() -> None:
    record = empty()
    record.other.append(OtherScore(kind="rsa", benchmark="x.y-rsa", version=1, dataset="x",
                                   value=0.2, notes=("few items",), score={}))  # fmt: skip
    (number,) = own_numbers(record)
    assert (number.key, number.value, number.about) == ("x.y-rsa/rsa", 0.2, "few items")
