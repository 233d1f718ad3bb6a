"""A run in the shared schema of Every Eval Ever, version 0.3.0.

A file for the run, ``data/brainbench/<developer>/<model>/<uuid>.json``, and beside it, for tasks
whose texts were kept, ``<uuid>_samples.jsonl``. The UUID is made from the run's id, so that a run
that is exported again replaces itself.

Source of the format: https://github.com/evaleval/every_eval_ever, ``eval.schema.json`` and
``instance_level_eval.schema.json``.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from brainbench.atomic import write_whole
from brainbench.exchange.records.logged import (
    Row,
    answer_of,
    choices_of,
    logged_samples,
    metrics_of,
    prompt_of,
    target_of,
)
from brainbench.exchange.records.numbers import Number, own_numbers
from brainbench.exchange.records.options import ExportOptions
from brainbench.results import Record
from brainbench.results.file_names import folder_name
from brainbench.results.finished import FinishedRun

SCHEMA_VERSION = "0.3.0"
COLLECTION = "brainbench"
# whose models have no owner in their name: a file or folder of somebody's machine
_NO_OWNER = "local"
_HASHES = ("doc_hash", "prompt_hash", "target_hash")


def write_every_eval_ever(run: FinishedRun, folder: Path, options: ExportOptions) -> list[Path]:
    """Write the run, and its samples where their texts were kept.

    Parameters
    ----------
    run : with its record.
    folder : that ``data/`` is made in.
    options : who ran it.

    Returns
    -------
    The files.
    """
    record = run.record
    model_id = options.model_id or record.model.identifier
    owner, _, name = model_id.rpartition("/")
    place = Path("data", COLLECTION, folder_name(owner) if owner else _NO_OWNER, folder_name(name))
    stem = str(uuid.UUID(bytes=hashlib.sha256(record.run_id.encode()).digest()[:16], version=4))
    content = _aggregate(record, model_id, options)
    written = []
    lines = [
        json.dumps(row, ensure_ascii=False, allow_nan=False)
        for row in _instances(run, content["evaluation_id"], model_id)
    ]
    if lines:
        samples = "".join(f"{line}\n" for line in lines).encode()
        path = place / f"{stem}_samples.jsonl"
        content["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": path.as_posix(),
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(samples).hexdigest(),
            "total_rows": len(lines),
        }
        write_whole(folder / path, samples)
        written.append(folder / path)
    path = folder / place / f"{stem}.json"
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(path, text.encode())
    return [path, *written]


def _aggregate(record: Record, model_id: str, options: ExportOptions) -> dict[str, Any]:
    started = _epoch(record)
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{COLLECTION}/{model_id}/{started}",
        "evaluation_timestamp": str(record.timing.get("started", "unknown")),
        "retrieved_timestamp": started,
        "source_metadata": {
            "source_name": "brainbench",
            "source_type": "evaluation_run",
            "source_organization_name": options.organization,
            "evaluator_relationship": options.relationship,
            "additional_details": _texts(
                {"run_id": record.run_id, "status": record.status, "notes": record.notes}
            ),
        },
        "eval_library": {
            "name": "brainbench",
            "version": record.versions.get("brainbench") or "unknown",
            "additional_details": _texts(record.versions),
        },
        "model_info": _model(record, model_id),
        "evaluation_results": [_result(record, number) for number in own_numbers(record)],
    }


def _model(record: Record, model_id: str) -> dict[str, Any]:
    model, backend = record.model, record.config.get("backend") or "hf"
    engine = "vllm" if backend == "vllm" else "transformers"
    told = model.model_dump(mode="json", exclude={"identifier", "source", "builtin", "files"})
    found: dict[str, Any] = {
        "name": model.identifier,
        "id": model_id,
        "additional_details": {
            "deployment_type": "self_deployed",
            # brainbench reads states and weights: there is no other way to run it
            "model_availability": "open_weights" if model.weights_sha256 else "unknown",
            **_texts({name: value for name, value in told.items() if value not in (None, [])}),
        },
    }
    if "/" not in model_id:
        found["developer"] = _NO_OWNER
    if version := record.versions.get(engine):
        found["inference_engine"] = {"name": engine, "version": version}
    return found


def _result(record: Record, number: Number) -> dict[str, Any]:
    metric: dict[str, Any] = {
        "evaluation_description": number.name,
        "metric_id": f"brainbench.{number.metric}",
        "metric_name": number.name,
        "lower_is_better": number.lower_is_better,
    }
    low, high = number.bounds
    if low is not None and high is not None:
        metric |= {"score_type": "continuous", "min_score": low, "max_score": high}
    score: dict[str, Any] = {"score": number.value}
    details = {"p": number.p, "n_people": number.n_people, "reading": number.about or None}
    if details := {name: value for name, value in details.items() if value is not None}:
        score["details"] = _texts(details)
    if uncertainty := _uncertainty(number):
        score["uncertainty"] = uncertainty
    found = {
        "evaluation_result_id": number.key,
        "evaluation_name": number.benchmark,
        "source_data": _source(record, number),
        "evaluation_timestamp": str(record.timing.get("started", "unknown")),
        "metric_config": metric,
        "score_details": score,
    }
    if number.benchmark in record.tasks:
        found["generation_config"] = {"additional_details": _texts(_asked(record, number))}
    return found


def _uncertainty(number: Number) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if number.stderr is not None:
        found["standard_error"] = {"value": number.stderr}
    if number.interval is not None:
        lower, upper = number.interval
        found["confidence_interval"] = {"lower": lower, "upper": upper, "confidence_level": 0.95}
    if number.n_items is not None:
        found["num_samples"] = number.n_items
    return found


def _source(record: Record, number: Number) -> dict[str, Any]:
    found: dict[str, Any] = {"dataset_name": number.dataset, "source_type": "other"}
    told = next((each for each in record.datasets if each.name == number.dataset), None)
    task = record.tasks.get(number.benchmark)
    if told is not None:
        found["additional_details"] = _texts({
            "version": told.version, "sha256": told.data_sha256, "licence": told.licence,
            "simulated_people": told.simulated,
        })  # fmt: skip
    elif task is not None:
        found["additional_details"] = _texts({"version": task.version, "sha256": task.sha256})
    return found


def _asked(record: Record, number: Number) -> dict[str, Any]:
    names = ("apply_chat_template", "gen_kwargs", "limit", "seed", "backend", "system_instruction",
             "fewshot_as_multiturn")  # fmt: skip
    held = {name: record.config[name] for name in names if record.config.get(name) is not None}
    return {"num_fewshot": record.tasks[number.benchmark].n_shot, **held}


def _instances(run: FinishedRun, evaluation: str, model_id: str) -> Iterator[dict[str, Any]]:
    known = {number.key for number in own_numbers(run.record)}
    for task, rows in logged_samples(run):
        for row in rows:
            for metric, value in metrics_of(row).items():
                kind = row["filter"]
                key = f"{task}/{metric}" if kind == "none" else f"{task}/{metric}_{kind}"
                if key in known:
                    yield _instance(row, task, key, value, evaluation, model_id)


def _instance(
    row: Row, task: str, key: str, value: float, evaluation: str, model_id: str
) -> dict[str, Any]:
    prompt, target, answer = prompt_of(row), target_of(row), answer_of(row)
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation,
        "model_id": model_id,
        "evaluation_name": task,
        "evaluation_result_id": key,
        "sample_id": str(row.get("id", row["doc_id"])),
        "sample_hash": hashlib.sha256(f"{prompt}{target}".encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": prompt, "reference": [target], "choices": choices_of(row)},
        "output": {"raw": [answer]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": answer,
                "extraction_method": row["filter"],
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": value, "is_correct": value == 1.0},
        "metadata": _texts({name: row[name] for name in _HASHES}),
    }


def _epoch(record: Record) -> str:
    """When the run began, in seconds since 1970; of a record without a time 0."""
    started = record.timing.get("started")
    try:
        return str(datetime.fromisoformat(str(started)).timestamp())
    except ValueError:
        return "0"


def _texts(values: dict[str, Any]) -> dict[str, str]:
    """The schema's free fields hold text alone."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
    }
