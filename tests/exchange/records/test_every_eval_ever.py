"""The schema of Every Eval Ever, held as facts; its own validator finds no fault either."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from scorecards import PARTIAL

from brainbench.exchange.records import ExportOptions, export_runs, own_numbers
from brainbench.results.finished import FinishedRun

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# required fields of version 0.3.0, and those that may stand beside them
TOP = {"schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info",
       "eval_library", "evaluation_results"}  # fmt: skip
TOP_MAY = {"evaluation_timestamp", "detailed_evaluation_results"}
INSTANCE = {"schema_version", "evaluation_id", "model_id", "evaluation_name", "sample_id",
            "interaction_type", "input", "answer_attribution", "evaluation"}  # fmt: skip
INSTANCE_MAY = {"evaluation_result_id", "sample_hash", "output", "metadata"}
ATTRIBUTION = {"turn_idx", "source", "extracted_value", "extraction_method", "is_terminal"}
RELATIONSHIPS = {"first_party", "third_party", "collaborative", "other"}


def texts(value: dict[str, Any]) -> bool:
    """Free fields hold text alone."""
    return all(isinstance(held, str) for held in value.values())


def check(content: dict[str, Any]) -> None:
    assert TOP <= set(content) <= TOP | TOP_MAY
    assert content["schema_version"] == "0.3.0"
    assert float(content["retrieved_timestamp"]) > 0
    source = content["source_metadata"]
    assert source["source_type"] == "evaluation_run"
    assert source["source_organization_name"]
    assert source["evaluator_relationship"] in RELATIONSHIPS
    assert texts(source["additional_details"])
    assert {"name", "version", "additional_details"} == set(content["eval_library"])
    model = content["model_info"]
    assert {"name", "id", "additional_details"} <= set(model)
    assert model["additional_details"]["deployment_type"] == "self_deployed"
    assert model["additional_details"]["model_availability"] in ("open_weights", "unknown")
    assert texts(model["additional_details"])
    assert "/" in model["id"] or model["developer"]
    for result in content["evaluation_results"]:
        assert {"evaluation_name", "source_data", "metric_config", "score_details"} <= set(result)
        assert result["source_data"]["source_type"] == "other"
        assert texts(result["source_data"].get("additional_details", {}))
        metric, score = result["metric_config"], result["score_details"]
        assert isinstance(metric["lower_is_better"], bool)
        assert isinstance(score["score"], float | int)
        assert texts(score.get("details", {}))
        if metric.get("score_type") is not None:
            assert metric["score_type"] == "continuous"
            assert metric["min_score"] <= score["score"] <= metric["max_score"]
        interval = score.get("uncertainty", {}).get("confidence_interval")
        assert interval is None or interval["lower"] <= interval["upper"]
        if "generation_config" in result:
            assert texts(result["generation_config"]["additional_details"])


@pytest.mark.parametrize("name", list(PARTIAL))
def test_records_fit_the_schema(name: str, tmp_path: Path) -> None:
    run = FinishedRun(PARTIAL[name], tmp_path)
    (path,) = export_runs([run], "every-eval-ever", tmp_path)
    data, collection, _, _, file = path.relative_to(tmp_path).parts
    assert (data, collection) == ("data", "brainbench")
    assert UUID4.fullmatch(Path(file).stem)
    content = json.loads(path.read_text("utf-8"))
    check(content)
    numbers = own_numbers(run.record)
    for result, number in zip(content["evaluation_results"], numbers, strict=True):
        uncertainty = result["score_details"].get("uncertainty", {})
        ends = uncertainty.get("confidence_interval")
        assert result["score_details"]["score"] == number.value
        assert (ends and (ends["lower"], ends["upper"])) == number.interval
        assert uncertainty.get("num_samples") == number.n_items
        assert uncertainty.get("standard_error", {}).get("value") == number.stderr


def test_a_run_exported_again_replaces_itself(whole: FinishedRun, tmp_path: Path) -> None:
    options = ExportOptions(organization="Lab", relationship="third_party")
    first = export_runs([whole], "every-eval-ever", tmp_path, options)
    content = first[0].read_bytes()
    assert export_runs([whole], "every-eval-ever", tmp_path, options) == first
    assert first[0].read_bytes() == content
    assert json.loads(content)["source_metadata"]["source_organization_name"] == "Lab"


def test_the_id_on_the_hub_decides_the_folder(asked: FinishedRun, tmp_path: Path) -> None:
    options = ExportOptions(model_id="brainbench/nano")
    path = export_runs([asked], "every-eval-ever", tmp_path, options)[0]
    assert path.parent == tmp_path / "data/brainbench/brainbench/nano"
    model = json.loads(path.read_text("utf-8"))["model_info"]
    assert (model["id"], model["name"]) == ("brainbench/nano", "nano")
    assert model["inference_engine"]["name"] == "transformers"


def test_samples_with_texts_lie_beside_it(asked: FinishedRun, tmp_path: Path) -> None:
    path, samples = export_runs([asked], "every-eval-ever", tmp_path)
    content = json.loads(path.read_text("utf-8"))
    check(content)
    told = content["detailed_evaluation_results"]
    assert told["file_path"] == samples.relative_to(tmp_path).as_posix()
    assert samples.name == f"{path.stem}_samples.jsonl"
    assert told["checksum"] == hashlib.sha256(samples.read_bytes()).hexdigest()
    rows = [json.loads(line) for line in samples.read_text("utf-8").splitlines()]
    assert told["total_rows"] == len(rows)
    keys = {result["evaluation_result_id"] for result in content["evaluation_results"]}
    for row in rows:
        assert INSTANCE <= set(row) <= INSTANCE | INSTANCE_MAY
        assert row["evaluation_id"] == content["evaluation_id"]
        assert row["evaluation_result_id"] in keys
        assert {"raw", "reference"} <= set(row["input"])
        assert set(row["answer_attribution"][0]) == ATTRIBUTION
        assert row["evaluation"]["is_correct"] == (row["evaluation"]["score"] == 1.0)
        assert texts(row["metadata"])
    belief = "brainbench_quick_belief"
    right = [row for row in rows if row["evaluation_result_id"] == f"{belief}/acc"]
    scores = [row["evaluation"]["score"] for row in right]
    assert sum(scores) / len(scores) == asked.record.accuracy[belief]["acc,none"]
    for row in right:
        assert row["input"]["choices"] == ["True", "False"]
        hit = row["output"]["raw"] == row["input"]["reference"]
        assert hit is row["evaluation"]["is_correct"]
