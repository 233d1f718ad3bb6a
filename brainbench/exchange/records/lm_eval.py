"""Accuracy of a run as lm-eval 0.4 lays its results out.

``<model>/results_<date>.json``, and ``samples_<task>_<date>.jsonl`` of tasks whose texts were kept;
lm-eval's own readers find both. Metrics are lm-eval's, which a run keeps as ``lm_eval.json``.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from brainbench.atomic import write_whole
from brainbench.errors import DataError, UsageError
from brainbench.exchange.records.logged import Row, logged_samples, metrics_of
from brainbench.exchange.records.options import ExportOptions
from brainbench.foreign import parse_json, read_text
from brainbench.results import Record
from brainbench.results.finished import FinishedRun

_LOG = logging.getLogger(__name__)

_RAW = "lm_eval.json"
_PARTS = ("results", "groups", "group_subtasks", "configs", "versions", "n-shot",
          "higher_is_better", "n-samples")  # fmt: skip
# of a sample as lm-eval logs it, in its order; then come its metrics
_FIELDS = ("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
           "doc_hash", "prompt_hash", "target_hash")  # fmt: skip


def write_lm_eval(run: FinishedRun, folder: Path, options: ExportOptions) -> list[Path]:
    """Write the results, and samples of the tasks whose texts were kept.

    Parameters
    ----------
    run : that asked tasks.
    folder : as ``--output_path`` of lm-eval.
    options : of other formats.

    Returns
    -------
    The files.

    Raises
    ------
    UsageError
        When the run asked no task, or its folder does not have lm-eval's own result.
    DataError
        When that result cannot be read.
    """
    record = run.record
    raw = _read(run)
    samples = dict(logged_samples(run))
    started = _started(record)
    date = started.isoformat(timespec="microseconds").replace(":", "-")
    place = folder / _sanitised(record.model.identifier)
    content = {part: raw[part] for part in _PARTS if part in raw} | _about(record, raw, started)
    content["task_hashes"] = {task: _hash(rows) for task, rows in samples.items()}
    text = json.dumps(content, indent=2, ensure_ascii=False)
    written = [place / f"results_{date}.json"]
    write_whole(written[0], text.encode())
    for task, rows in samples.items():
        lines = [json.dumps(_sample(row), ensure_ascii=False) for row in rows]
        written.append(place / f"samples_{task}_{date}.jsonl")
        write_whole(written[-1], "".join(f"{line}\n" for line in lines).encode())
    lacking = [task for task in record.tasks if task not in samples]
    if lacking:
        _LOG.warning(
            "no samples of %s%s: texts are kept by evaluate --log-samples, where licences allow it",
            ", ".join(lacking[:3]),
            f" and {len(lacking) - 3} more tasks" if len(lacking) > 3 else "",
        )
    return written


def _read(run: FinishedRun) -> dict[str, Any]:
    path = run.folder / _RAW
    if not run.record.tasks:
        raise UsageError(f"{run.name} asked no task of lm-eval: nothing to write for its tools")
    if not path.is_file():
        raise UsageError(
            f"{run.folder} has no {_RAW}: give the folder of a run that ended well, not its record"
        )
    held = parse_json(read_text(path))
    if not isinstance(held, dict) or not isinstance(held.get("results"), dict):
        raise DataError(f"{path} is not lm-eval's result of a run: evaluate with --overwrite")
    return held


def _about(record: Record, raw: dict[str, Any], started: datetime) -> dict[str, Any]:
    """What lm-eval says beside the results: how the model was asked, and versions."""
    config, held = record.config, dict(raw.get("config") or {})
    seconds = record.timing.get("seconds")
    instruction = config.get("system_instruction")
    return {
        "config": {
            **held,
            "model": "brainbench",
            "model_args": _arguments(record),
            "limit": config.get("limit"),
        },
        "git_hash": record.versions.get("git"),
        "date": started.timestamp(),
        "pretty_env_info": "; ".join(f"{name} {is_}" for name, is_ in record.versions.items()),
        "transformers_version": record.versions.get("transformers"),
        "lm_eval_version": record.versions.get("lm-eval"),
        "upper_git_hash": None,
        "model_source": "brainbench",
        "model_name": record.model.identifier,
        "model_name_sanitized": _sanitised(record.model.identifier),
        "system_instruction": instruction,
        "system_instruction_sha": None if instruction is None else _sha256(instruction),
        "fewshot_as_multiturn": config.get("fewshot_as_multiturn"),
        # its text is in no record
        "chat_template": None,
        "chat_template_sha": (
            record.model.chat_template_sha256 if config.get("apply_chat_template") else None
        ),
        "total_evaluation_time_seconds": None if seconds is None else str(seconds),
    }


def _arguments(record: Record) -> str:
    """``pretrained=…,dtype=…``, as on lm-eval's command line."""
    options = record.config.get("options") or {}
    given = {"pretrained": record.model.source or record.model.identifier}
    given |= {name: value for name, value in options.items() if value not in (None, False)}
    given.pop("max_new_tokens", None)
    given.pop("readout", None)
    return ",".join(f"{name}={value}" for name, value in given.items())


def _sanitised(name: str) -> str:
    from lm_eval.utils import sanitize_model_name

    found: str = sanitize_model_name(name)
    return found


def _sample(row: Row) -> Row:
    metrics = metrics_of(row)
    held = {
        **row,
        "target": str(row["target"]),
        "arguments": {
            f"gen_args_{i}": {f"arg_{j}": part for j, part in enumerate(asked)}
            for i, asked in enumerate(row["arguments"])
        },
        # lm-eval makes texts of them, so that one column has one type
        "resps": _texts(row["resps"]),
        "filtered_resps": _texts(row["filtered_resps"]),
        "metrics": list(metrics),
    }
    return {name: held[name] for name in _FIELDS} | metrics


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return str(value)


def _hash(rows: list[Row]) -> str:
    hashes = (row[name] for row in rows for name in ("doc_hash", "prompt_hash", "target_hash"))
    return _sha256("".join(hashes))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _started(record: Record) -> datetime:
    try:
        return datetime.fromisoformat(str(record.timing.get("started"))).replace(tzinfo=None)
    except ValueError:
        return datetime.fromtimestamp(0)
