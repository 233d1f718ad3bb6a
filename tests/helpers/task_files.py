"""Task files with data of a few rows, as a user writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_FILE = """task: {name}
dataset_path: {kind}
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{q}}}} Answer:"
doc_to_choice: ["True", "False"]
doc_to_target: y
metric_list: [{{metric: acc}}]
metadata: {{version: 1}}
"""


def lines(rows: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def labelled(*labels: Any) -> bytes:
    """Rows of JSON lines with these labels."""
    return lines([{"q": f"Is {i} so?", "y": label} for i, label in enumerate(labels)])


def write_task(
    folder: Path, data: bytes, name: str = "my_task", kind: str = "json", **fields: str
) -> Path:
    """A task file and its data; ``fields`` replace or add lines, an empty one leaves it out.

    Returns
    -------
    The file of the data.
    """
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.{'jsonl' if kind == 'json' else kind}"
    file.write_bytes(data)
    text = _FILE.format(name=name, kind=kind, data=file)
    for field, value in fields.items():
        kept = [line for line in text.splitlines() if not line.startswith(f"{field}:")]
        text = "\n".join([*kept, *([f"{field}: {value}"] if value else [])]) + "\n"
    (folder / f"{name}.yaml").write_text(text)
    return file
