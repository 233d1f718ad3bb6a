"""Results as the Hugging Face Hub keeps them in a model's repository: ``.eval_results/*.yaml``.

Each entry names a data set of the hub, a task in it and one value. The hub shows those of data sets
that are registered as benchmarks.

Source of the format: https://huggingface.co/docs/hub/eval-results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from brainbench.atomic import write_whole
from brainbench.exchange.records.numbers import Number, own_numbers
from brainbench.exchange.records.options import ExportOptions
from brainbench.results import Record
from brainbench.results.file_names import folder_name
from brainbench.results.finished import FinishedRun

FOLDER = ".eval_results"
# where --hub-dataset names no other
DATASET = "brainbench/brainbench"


def write_hub_results(run: FinishedRun, folder: Path, options: ExportOptions) -> list[Path]:
    """Write ``<folder>/<model>/.eval_results/brainbench-<run id>.yaml``, to be put in a repository.

    Parameters
    ----------
    run : with its record.
    folder : that is written to.
    options : id of the data set, and address of the run.

    Returns
    -------
    The file.
    """
    record = run.record
    entries = [_entry(record, number, options) for number in own_numbers(record)]
    text = yaml.safe_dump(
        eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True, width=100
    )
    model = folder_name(record.model.identifier)
    path = folder / model / FOLDER / f"brainbench-{record.run_id}.yaml"
    write_whole(path, text.encode())
    return [path]


def _entry(record: Record, number: Number, options: ExportOptions) -> EvalResultEntry:
    started = record.timing.get("started")
    source: dict[str, Any] = {}
    if options.source_url is not None:
        source = {"source_url": options.source_url, "source_name": f"brainbench {record.run_id}"}
    return EvalResultEntry(
        dataset_id=options.hub_dataset or DATASET,
        task_id=number.key,
        value=number.value,
        date=started if isinstance(started, str) else None,
        notes=_notes(record, number),
        **source,
    )


def _notes(record: Record, number: Number) -> str:
    """What the format has no field for: interval, error, p, how many items, how it was asked."""
    parts = [number.name]
    if number.interval is not None:
        low, high = number.interval
        parts.append(f"95 % interval {low:.6g} to {high:.6g}")
    if number.stderr is not None:
        parts.append(f"standard error {number.stderr:.6g}")
    if number.p is not None:
        parts.append(f"p {number.p:.4g}")
    parts += [
        f"{count} {what}"
        for count, what in ((number.n_items, "items"), (number.n_people, "people"))
        if count is not None
    ]
    if record.config.get("limit") is not None:
        parts.append(f"limited to {record.config['limit']} items: for trying out only")
    info = record.tasks.get(number.benchmark)
    if info is not None:
        parts.append(f"{info.n_shot}-shot")
        asked = record.config.get("apply_chat_template")
        parts.append("in the model's chat format" if asked else "in plain text")
    parts.append(f"brainbench {record.versions.get('brainbench')}, run {record.run_id}")
    return "; ".join(parts)
