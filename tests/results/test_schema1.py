"""Runs that were recorded by schema version 1: they load, say the same, and lose no number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from brainbench.benchmarks import ControlledScore
from brainbench.errors import DataError
from brainbench.quantities import Layer
from brainbench.results import Record, load_record
from brainbench.results.schema1 import REWORDED, read_schema1

FOLDER = Path(__file__).parent / "schema1"
NAMES = ("controlled_behavior_accuracy", "published", "steering_search", "finetuning")
# parts of readings when these records were made → as they are written today
READINGS = {
    "how often True is said": "how often it answers True",
    "True is then said to": "True is then the answer to",
    "says True more often": "answers True more often",
    "says True less often": "answers True less often",
    "says True as often": "answers True as often",
    "log-odds tell True from False": "log-odds separate True from False",
    "cannot be told apart": "cannot be separated",
    "not told from chance": "not distinguishable from chance",
    "tell the answers apart": "separate the answers",
    # the tier takes no part in a verdict
    "inconclusive: reduced tier; ": "inconclusive: ",
    # items were permuted once, which gives no p
    "no clear difference to": "not tested against",
}
OF_A_VERDICT = (
    "verdict", "p_corrected", "family", "detectable_r2", "p_within_condition",
    "permutations_within_condition", "draws_within_condition",
)  # fmt: skip
NOT_BEATEN = "the model has no item wrong that a person has right: every item guides"


def content_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert found["schema_version"] == 1
    return found


def reworded(text: str) -> str:
    for before, now in {**REWORDED, **READINGS}.items():
        text = text.replace(before, now)
    return text


def heads(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in content["scores"] if row["subject"] == "all"]


def pairs(content: dict[str, Any], record: Record) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each score as it was, and as it is."""
    for name in ("controlled", "behavior", "gains", "searches", "answer_bias"):
        yield from zip(content[name], getattr(record, name), strict=True)
    yield from zip(heads(content), record.published, strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_words_that_were_stored_are_those_that_the_numbers_give(name: str) -> None:
    content, record = content_of(name), load_record(FOLDER / f"{name}.json")
    count = 0
    for old, new in pairs(content, record):
        for words in ("reading", "warnings"):
            # what a controlled score reads as was its verdict, which the ladder gives now
            if words in old and not (words == "reading" and isinstance(new, ControlledScore)):
                stored, made = old[words], getattr(new, words)
                if words == "reading":
                    assert made == reworded(stored)
                else:
                    assert list(made) == [reworded(text) for text in stored]
                count += 1
    assert count >= 2


@pytest.mark.parametrize(
    ("name", "part", "field"),
    [("controlled_behavior_accuracy", "controlled", "reaches"),
     ("controlled_behavior_accuracy", "behavior", "reaches_model"),
     ("published", "behavior", "reaches_model")],
)  # fmt: skip
def test_what_controls_reach_follows_from_their_numbers(name: str, part: str, field: str) -> None:
    content, record = content_of(name), load_record(FOLDER / f"{name}.json")
    found = 0
    for old, new in zip(content[part], getattr(record, part), strict=True):
        for before, row in zip(old["controls"], new.controls, strict=True):
            assert before[field] == list(new.reached_by(row))
            found += bool(before[field])
    assert found


def test_flat_rows_of_the_published_protocol_come_together() -> None:
    content, record = content_of("published"), load_record(FOLDER / "published.json")
    for head, score in zip(heads(content), record.published, strict=True):
        own = {
            name: [row for row in content[name] if row["benchmark"] == head["benchmark"]]
            for name in ("scores", "layers", "controls")
        }
        assert (score.dataset, score.layer) == ("xiao2026", (head["site"], head["layer"]))
        assert score.score_layer == Layer(head["score_site"], head["score_layer"])
        people = [row for row in own["scores"] if row["subject"] != "all"]
        for name in ("subject", "raw", "reference", "ceiling", "score", "n_voxels"):
            assert [getattr(one, name) for one in score.subjects] == [row[name] for row in people]
        for name in ("raw", "score"):
            assert [getattr(row, name) for row in score.layers] == [
                row[name] for row in own["layers"]
            ]
        for name in ("control", "raw", "raw_range", "score", "draws", "reason"):
            told = [getattr(row, name) for row in score.controls]
            before = [row[name] for row in own["controls"]]
            assert told == [tuple(one) if isinstance(one, list) else one for one in before]
        reached = [list(score.reached_by(row)) for row in score.controls]
        assert reached == [row["reaches"] for row in own["controls"]]
        assert any(reached)
        warned = [row["warning"] for row in own["controls"] if row["warning"]]
        assert list(score.control_warnings) == warned


def test_layers_of_texts_are_sites_and_numbers() -> None:
    name = "controlled_behavior_accuracy"
    content, record = content_of(name), load_record(FOLDER / f"{name}.json")
    for old, new in zip(content["controlled"], record.controlled, strict=True):
        assert [str(row.layer) for row in new.layers] == [row["layer"] for row in old["layers"]]
        assert [str(layer) for layer in new.nested.chosen] == old["nested"]["chosen"]
    localised = content["controlled"][0]
    localised["layers"][0]["layer"] = "hidden localised"
    first = read_schema1(content).controlled[0].layers[0]
    assert (first.layer, str(first.layer)) == (Layer("hidden", None), "hidden localised")


def test_only_words_that_no_number_gives_are_notes() -> None:
    content = content_of("published")
    stored = content["scores"][0]["warnings"]
    score = read_schema1(content).published[0]
    assert score.notes == ("the model has no chat template: it is asked in plain text",)
    assert score.notes[0] == stored[0]
    content["scores"][0]["warnings"] = [*stored, "a remark of its own"]
    assert read_schema1(content).published[0].notes == (*score.notes, "a remark of its own")


def test_facts_that_stood_in_words_only_are_facts() -> None:
    content = content_of("steering_search")
    found = [gain.oracles for gain in read_schema1(content).gains]
    assert found == [("label as fMRI",), ()]
    content["gains"][1]["warnings"].append(NOT_BEATEN)
    gains = read_schema1(content).gains
    assert [gain.humans_beat_model for gain in gains] == [True, False]
    assert NOT_BEATEN in gains[1].warnings
    assert all(gain.notes == () for gain in gains)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("name", NAMES)
def test_no_number_is_lost_or_another(name: str) -> None:
    record, content = load_record(FOLDER / f"{name}.json"), content_of(name)
    for score in content["controlled"]:
        for judged in OF_A_VERDICT:
            del score[judged]
    # but p values of guidance: items were permuted once, and p corrected over all arms
    for gain in content["gains"]:
        for change in (change for row in gain["differences"] for change in row["changes"]):
            change["p"] = change["p_corrected"] = None
    for row in (row for search in content["searches"] for row in search["rows"]):
        row["p"] = row["p_corrected"] = None
    assert set(numbers(content)) == set(numbers(record.model_dump(mode="json")))


def test_p_of_guidance_needs_other_signals_and_is_not_corrected() -> None:
    content = content_of("finetuning")
    old = content["gains"][0]["differences"][0]["changes"][0]
    assert old["p"] is not None

    def now(permutations: int) -> dict[str, Any]:
        content["gains"][0]["n_permutations"] = permutations
        change = read_schema1(content).gains[0].differences[0].changes[0]
        return change.model_dump(mode="json")

    kept = {name: value for name, value in old.items() if name != "p_corrected"}
    assert now(1) == {**kept, "p": None}
    assert now(2) == kept
    content = content_of("steering_search")
    rows = content["searches"][0]["rows"]
    assert any(row["p"] is not None for row in rows)
    assert all(row.p is None for row in read_schema1(content).searches[0].rows)
    for row in rows:
        row["n_seeds"] = 5
    found = [(row.p, row.p_corrected) for row in read_schema1(content).searches[0].rows]
    assert found == [(row["p"], row["p_corrected"]) for row in rows]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_written_in_the_form_of_today(name: str, tmp_path: Path) -> None:
    record = load_record(FOLDER / f"{name}.json")
    path = tmp_path / "results.json"
    path.write_text(record.model_dump_json(), "utf-8")
    assert json.loads(path.read_text("utf-8"))["schema_version"] == 2
    assert load_record(path) == record


@pytest.mark.parametrize(
    "broken",
    [
        {"scores": [{"benchmark": "a.b.c"}]},
        {"scores": 3},
        {"layers": [{"benchmark": "of none", "site": "hidden", "layer": 1}]},
        {"controlled": [{"layers": [{"layer": "hidden"}]}]},
        {"gains": [{"warnings": None}]},
        {"datasets": None},
        {"run_id": 3},
    ],
)
def test_what_is_not_a_record_is_told(broken: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**content_of("published"), **broken}), "utf-8")
    with pytest.raises(DataError, match=r"is not a record of a run"):
        load_record(path)


def test_two_headlines_of_one_benchmark_are_not_one_score() -> None:
    content = content_of("published")
    content["scores"].append(heads(content)[0])
    with pytest.raises(ValueError, match="not what schema version 1 was"):
        read_schema1(content)


def test_a_verdict_that_schema_2_held_before_its_release_is_left_out(tmp_path: Path) -> None:
    record = load_record(FOLDER / "controlled_behavior_accuracy.json")
    content = record.model_dump(mode="json")
    content["controlled"][0] |= dict.fromkeys(OF_A_VERDICT, "inconclusive")
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content), "utf-8")
    assert load_record(path) == record
